//! Parts Rust source into code and comments, and finds functions and test items in it. Never fails:
//! text that is not Rust gives a result without meaning.
//!
//! Both parts keep every line break and every column of the source: what belongs to the other part
//! is blank. The contents of strings and characters are blank in both.

/// A source file in two parts.
pub struct Scanned {
    pub code: String,
    pub comments: String,
}

/// A function: its name, its first line (from 1), and how many lines it has.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Code,
    Comment,
    Literal,
}

/// Parts a source.
pub fn scan(text: &str) -> Scanned {
    let chars: Vec<char> = text.chars().collect();
    let mut scanned = Scanned { code: String::with_capacity(text.len()), comments: String::new() };
    let mut at = 0;
    while at < chars.len() {
        let (part, length) = next(&chars, at);
        for &c in &chars[at..(at + length).min(chars.len())] {
            let blank = if c == '\n' { '\n' } else { ' ' };
            scanned.code.push(if part == Part::Code { c } else { blank });
            scanned.comments.push(if part == Part::Comment { c } else { blank });
        }
        at += length;
    }
    scanned
}

/// What begins here, and how many characters it has.
fn next(chars: &[char], at: usize) -> (Part, usize) {
    let follows = |offset: usize| chars.get(at + offset).copied().unwrap_or(' ');
    let starts_word = at == 0 || !is_word(chars[at - 1]);
    match (chars[at], follows(1)) {
        ('/', '/') => (Part::Comment, chars[at..].iter().take_while(|c| **c != '\n').count()),
        ('/', '*') => (Part::Comment, block_comment(&chars[at..])),
        ('"', _) => (Part::Literal, quoted(&chars[at..], '"')),
        ('\'', '\\') => (Part::Literal, quoted(&chars[at..], '\'')),
        ('\'', _) if follows(2) == '\'' => (Part::Literal, 3),
        ('r', '"' | '#') if starts_word => raw_string(&chars[at..], 1),
        ('b' | 'c', 'r') if starts_word => raw_string(&chars[at..], 2),
        _ => (Part::Code, 1),
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Block comments nest.
fn block_comment(chars: &[char]) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => depth += 1,
            ('*', '/') => depth -= 1,
            _ => {
                at += 1;
                continue;
            }
        }
        at += 2;
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn quoted(chars: &[char], quote: char) -> usize {
    let mut at = 1;
    while at < chars.len() && chars[at] != quote {
        at += if chars[at] == '\\' { 2 } else { 1 };
    }
    at + 1
}

/// A raw string whose prefix has so many letters, or code: a raw identifier, or another word.
fn raw_string(chars: &[char], prefix: usize) -> (Part, usize) {
    let hashes = chars[prefix..].iter().take_while(|c| **c == '#').count();
    let open = prefix + hashes;
    if chars.get(open) != Some(&'"') {
        return (Part::Code, 1);
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &chars[open + 1..];
    let length = body.windows(end.len()).position(|window| window == end).unwrap_or(body.len());
    (Part::Literal, open + 1 + length + end.len())
}

/// All functions with a body, in the order of their first lines. An inner function counts for the
/// outer one, too.
pub fn functions(code: &str) -> Vec<Function> {
    let line_of = |offset: usize| 1 + code[..offset].matches('\n').count();
    let mut found = Vec::new();
    for (start, word) in words(code).filter(|(_, word)| *word == "fn") {
        let rest = &code[start + word.len()..];
        let name: String = rest.trim_start().chars().take_while(|c| is_word(*c)).collect();
        // Without a name it is the type of a function.
        if let Some(end) = item_end(code, start).filter(|end| !name.is_empty() && code[..*end].ends_with('}')) {
            let line = line_of(start);
            found.push(Function { name, line, lines: line_of(end) + 1 - line });
        }
    }
    found
}

/// The words of a code with their offsets.
pub fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = 0;
    code.split(|c| !is_word(c)).filter_map(move |word| {
        let start = offset;
        // Every separator is one character of any length in bytes.
        offset += word.len() + code[start + word.len()..].chars().next().map_or(0, char::len_utf8);
        (!word.is_empty()).then_some((start, word))
    })
}

/// The end of the item that starts here: behind its `;`, or behind the brace that closes its body.
fn item_end(code: &str, start: usize) -> Option<usize> {
    let (mut braces, mut others) = (0, 0);
    for (offset, c) in code[start..].char_indices() {
        match c {
            '(' | '[' => others += 1,
            ')' | ']' => others -= 1,
            '{' => braces += 1,
            '}' => braces -= 1,
            _ => {}
        }
        let ended = (c == ';' && braces == 0) || (c == '}' && braces <= 0);
        if ended && others == 0 {
            return Some(start + offset + 1);
        }
        if others < 0 || braces < 0 {
            // The end of what holds the item.
            return None;
        }
    }
    None
}

/// The code without items that are compiled for tests only; they become blank.
pub fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = code.to_owned();
    while let Some(start) = out.find(MARK) {
        let end = item_end(&out, start).unwrap_or(out.len());
        let blank: String = out[start..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect();
        out.replace_range(start..end, &blank);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRAPS: &str = r####"
fn one<'a>(x: &'a str) -> char { // }}} fn in_a_comment() {}
    let quote = '"'; let brace = '{'; let tick = '\''; let slash = '\\';
    /* { /* nested " */ } */ let s = "} \" // not a comment
    fn in_a_string() {";
    let raw = r#"" } // fn in_a_raw_string() {"#; let bytes = br"\"; let r#type = b'}';
    quote
}
type Callback = fn(&str) -> [u8; 3];
trait Three { fn declared(&self, of: [u8; 2]); fn with_body(&self) { fn inner() {
} } }
#[cfg(test)]
mod tests { use crate::above::X; fn hidden() { let _ = "}"; } }
#[cfg(test)] #[path = "x_tests.rs"] mod more;
fn last() {}
"####;

    #[test]
    fn strings_characters_and_comments_do_not_confuse_it() {
        let code = scan(TRAPS).code;
        let found: Vec<_> = functions(&code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
        let expected = [("one", 2, 7), ("with_body", 10, 2), ("inner", 10, 2), ("hidden", 13, 1), ("last", 15, 1)];
        assert_eq!(found, expected.map(|(name, line, lines)| (name.to_owned(), line, lines)));
    }

    #[test]
    fn both_parts_keep_lines_and_columns() {
        let Scanned { code, comments } = scan(TRAPS);
        for part in [&code, &comments] {
            assert_eq!(part.lines().count(), TRAPS.lines().count());
            assert!(part.lines().zip(TRAPS.lines()).all(|(part, whole)| part.len() == whole.len()));
        }
        assert!(comments.contains("// }}} fn in_a_comment() {}") && comments.contains("/* { /* nested \" */ } */"));
        assert!(!comments.contains("not a comment") && !code.contains("not a comment"));
        assert!(code.contains("let r#type") && code.contains("<'a>"));
    }

    #[test]
    fn items_for_tests_are_left_out() {
        let code = without_tests(&scan(TRAPS).code);
        assert!(!code.contains("above") && !code.contains("more") && code.contains("fn last"));
    }

    #[test]
    fn a_word_is_found_where_it_stands() {
        let found: Vec<_> = words("aé→b_c, d").collect();
        assert_eq!(found, [(0, "aé"), (6, "b_c"), (11, "d")]);
    }
}
