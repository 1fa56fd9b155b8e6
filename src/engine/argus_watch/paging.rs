//! How a list that Argus orders by time alone is read page by page without a gap. Knows nothing of
//! what is on the list.
//!
//! Items of one time come in another order in each page, so that a page which ends between two of
//! them says nothing of that time: the next one begins with it again. A page that holds nothing
//! else is asked for anew, twice as large.

use crate::time::Stamp;

/// How many items a page has. A list costs Argus about 3 ms for each, so that a larger page would
/// run into time-outs.
pub const USUAL_PAGE: usize = 100;
/// What a page that could not be had is divided by.
const SHRINKS_BY: usize = 4;
/// The largest page that is ever asked for: about 10 MB of incidents.
const LARGEST_PAGE: usize = 10_000;
/// How often a page is asked for that must be so large, before its time is left out.
const TRIES: u32 = 2;
/// How many times are left out before the whole list is given up.
const MOST_LEFT_OUT: usize = 100;

/// How much is asked for at a time. A page can take too long or hold too much, and one incident or
/// event never does.
#[derive(Debug)]
pub struct PageSize(usize);

impl Default for PageSize {
    fn default() -> Self {
        Self(USUAL_PAGE)
    }
}

impl PageSize {
    /// In items.
    #[must_use]
    pub fn items(&self) -> usize {
        self.0
    }

    /// A page was not to be had although Argus answers.
    pub fn shrink(&mut self) {
        self.0 = (self.0 / SHRINKS_BY).max(1);
    }

    /// A list was read to its end.
    pub fn grow(&mut self) {
        self.0 = self.0.saturating_mul(2).min(USUAL_PAGE);
    }
}

/// How a list goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// There is another page.
    More,
    /// That was all, but for the times that were left out.
    End,
}

/// Where the reading of a list has got.
#[derive(Debug, Default)]
pub struct Paging {
    /// What is newer was read.
    until: Option<Stamp>,
    /// How many items the next page must have to get past those of one time.
    wanted: usize,
    /// How many were asked for last.
    asked: usize,
    /// The time that filled the last page, and with how many items.
    filled: Option<(Stamp, usize)>,
    /// How often a page of this size could not be had.
    failed: u32,
    /// The smallest page that could not be had.
    too_large: Option<usize>,
    left_out: LeftOut,
}

/// The times of which a list is incomplete, because Argus does not give so many items at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LeftOut {
    times: Vec<Stamp>,
    /// The list may lack anything of this time and all before it.
    before: Option<Stamp>,
}

impl LeftOut {
    /// Whether the list is complete.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.times.is_empty() && self.before.is_none()
    }

    /// Whether the list is incomplete at this time.
    #[must_use]
    pub fn contains(&self, time: Stamp) -> bool {
        self.before.is_some_and(|before| time <= before) || self.times.contains(&time)
    }
}

impl std::fmt::Display for LeftOut {
    /// For a log line: the newest few.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LISTED: usize = 3;
        let mut words: Vec<String> = self.times.iter().take(LISTED).map(|time| format!("at {time}")).collect();
        if self.times.len() > LISTED {
            words.push(format!("at {} more times", self.times.len() - LISTED));
        }
        words.extend(self.before.map(|before| format!("at {before} or before")));
        f.write_str(&words.join(", "))
    }
}

impl Paging {
    /// The next page: up to which time, and how many items, usually so many.
    pub fn ask(&mut self, usual: usize) -> (Option<Stamp>, usize) {
        self.asked = usual.max(self.wanted).min(LARGEST_PAGE);
        (self.until, self.asked)
    }

    /// What the pages lack.
    #[must_use]
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Takes the times of a page's items, and whether there are more behind them.
    pub fn take(&mut self, times: &[Stamp], more: bool) -> Progress {
        self.failed = 0;
        if !more {
            return Progress::End;
        }
        let (Some(newest), Some(oldest)) = (times.iter().max().copied(), times.iter().min().copied()) else {
            // More, and nothing there: that server's pages prove nothing.
            return self.give_up(self.until.unwrap_or(Stamp::from_micros(i64::MAX)));
        };
        // A server that does not keep to the time gives the same page for ever, unless it is asked
        // for a larger one.
        let heeds = self.until.is_none_or(|until| newest <= until);
        if oldest < newest && heeds {
            // What one time had on this page, another may have on the next. A server with a bound
            // of its own gives fewer than it is asked for.
            let largest = largest_group(times).saturating_mul(self.asked).div_ceil(times.len().max(1));
            self.wanted = (largest + largest / 4 + 1).min(self.asked);
            self.until = Some(oldest);
            self.filled = None;
            return Progress::More;
        }
        let next = self.asked.saturating_mul(2);
        let bounded = self.filled.is_some_and(|(_, count)| times.len() <= count);
        self.filled = Some((oldest, times.len()));
        if bounded || self.asked >= LARGEST_PAGE || self.too_large.is_some_and(|size| next >= size) {
            return if heeds { self.leave_out(oldest) } else { self.give_up(oldest) };
        }
        self.wanted = next;
        Progress::More
    }

    /// The last page could not be had, although Argus answers. Nothing says so but the error, so
    /// that the page is not given up at once.
    pub fn fail(&mut self) -> Failed {
        let Some((time, _)) = self.filled else {
            let usual = self.asked > self.wanted;
            self.wanted = 0;
            return if usual { Failed::Shrink } else { Failed::Again };
        };
        self.failed = self.failed.saturating_add(1);
        if self.failed < TRIES {
            return Failed::Again;
        }
        self.failed = 0;
        self.too_large = Some(self.asked);
        match self.leave_out(time) {
            Progress::More => Failed::Again,
            Progress::End => Failed::End,
        }
    }

    /// Argus was away: what failed meanwhile says nothing of what it can give.
    pub fn forget_failures(&mut self) {
        self.failed = 0;
    }

    /// Goes on behind a time.
    fn leave_out(&mut self, time: Stamp) -> Progress {
        let next = Stamp::from_micros(time.micros().saturating_sub(1));
        // Nothing is before the first of all times.
        if next >= time || self.left_out.times.len() >= MOST_LEFT_OUT {
            return self.give_up(time);
        }
        self.left_out.times.push(time);
        (self.until, self.wanted, self.filled) = (Some(next), 0, None);
        Progress::More
    }

    /// Ends the reading: what is of this time or before it was not read.
    pub fn give_up(&mut self, before: Stamp) -> Progress {
        self.left_out.before = Some(before);
        Progress::End
    }
}

/// What to do about a page that could not be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failed {
    /// All pages are to be smaller.
    Shrink,
    /// It is to be asked for again, or the one behind what was left out.
    Again,
    /// The list has come to its end without it.
    End,
}

/// How many items the commonest time has.
fn largest_group(times: &[Stamp]) -> usize {
    let mut sorted = times.to_vec();
    sorted.sort_unstable();
    sorted.chunk_by(|a, b| a == b).map(<[Stamp]>::len).max().unwrap_or_default()
}

#[cfg(test)]
#[path = "paging_tests.rs"]
mod tests;
