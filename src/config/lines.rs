//! The lines of a text: which one a position is in, found without reading the text again for each.
//! Never looks at what they say.

/// Where the lines begin.
#[derive(Debug)]
pub struct Lines(Vec<usize>);

impl Lines {
    /// Those of this text.
    pub fn of(text: &str) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        Self(std::iter::once(0).chain(breaks.map(|(at, _)| at + 1)).collect())
    }

    /// The line of a position, counted from 1.
    pub fn number(&self, position: usize) -> usize {
        self.0.partition_point(|start| *start <= position)
    }

    /// Where the line of a position begins.
    pub fn start(&self, position: usize) -> usize {
        self.0.get(self.number(position).saturating_sub(1)).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_is_in_the_line_that_begins_before_it() {
        let lines = Lines::of("a\n\nbc\n");
        let found: Vec<(usize, usize)> = (0..8).map(|at| (lines.number(at), lines.start(at))).collect();
        assert_eq!(found, [(1, 0), (1, 0), (2, 2), (3, 3), (3, 3), (3, 3), (4, 6), (4, 6)]);
        assert_eq!(Lines::of("").number(0), 1);
    }
}
