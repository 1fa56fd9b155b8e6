//! Removes our secrets from text for people, whichever server repeats them: a Zino that sends our
//! command back, a proxy that shows the headers of a request. Never decides where a text goes, and
//! never changes what is sent to a server.
//!
//! [`foreign`] is for what a server sent, and [`own_line`] for a whole line before it leaves the
//! program: for the log, the status, the output of `--check`. The secrets are those that
//! [`Secret`](crate::secret::Secret) registers: all that exist, and the last `MAX_RETIRED` that
//! existed, because an error may be reported long after its token was renewed.
//!
//! A secret is found in any letter case, with line breaks and blanks in it, and as JSON, HTML or a
//! URL spells it. Of a long one made of hexadecimal digits, as tokens and digests are, every piece
//! of 8 digits is found, of another long one every half: a text may be cut off, or go on in another
//! line. A secret of fewer than 8 characters is removed from foreign text only, and only as a whole
//! word: the gap in a sentence of ours would reveal it.
//!
//! No crate does that: those that mask logs mask patterns or structured fields, and those that
//! search for many texts at once know neither letter case beyond ASCII, nor characters to skip, nor
//! pieces.

use crate::sanitise::must_be_escaped;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock};

/// The text that replaces a secret.
const GAP: &str = "(secret)";
/// The shortest secret that is found inside a word, in characters; the shortest piece of any.
const LONG: usize = 8;
/// The shortest piece of a secret that may be made of words.
const LONG_PIECE: usize = 12;
/// Secrets that are known although no [`Secret`](crate::secret::Secret) holds them any more.
const MAX_RETIRED: usize = 64;
/// The most positions of one piece in one secret that are compared.
const MAX_POSITIONS: usize = 16;
/// What a URL spells as it is (RFC 3986).
const ESCAPED_IN_URL: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

#[cfg(not(test))]
static KNOWN: LazyLock<RwLock<Known>> = LazyLock::new(RwLock::default);

// The library's own tests share a process; the secrets of one are words of another.
#[cfg(test)]
thread_local! {
    static KNOWN: LazyLock<RwLock<Known>> = const { LazyLock::new(RwLock::default) };
}

fn reading<T>(work: impl FnOnce(&Known) -> T) -> T {
    let read = |known: &LazyLock<RwLock<Known>>| work(&known.read().unwrap_or_else(PoisonError::into_inner));
    #[cfg(test)]
    return KNOWN.with(read);
    #[cfg(not(test))]
    read(&KNOWN)
}

fn writing(work: impl FnOnce(&mut Known)) {
    let write = |known: &LazyLock<RwLock<Known>>| work(&mut known.write().unwrap_or_else(PoisonError::into_inner));
    // A secret may outlive the registry of a test's thread.
    #[cfg(test)]
    let _ = KNOWN.try_with(write);
    #[cfg(not(test))]
    write(&KNOWN);
}

/// Registers a text as a secret, once more for each call.
pub(crate) fn learn(secret: &str) {
    writing(|known| known.learn(secret));
}

/// Undoes one call of [`learn`]. The text stays known for a while.
pub(crate) fn retire(secret: &str) {
    writing(|known| known.retire(secret));
}

/// The text of a server, without our secrets.
#[must_use]
pub fn foreign(text: &str) -> Cow<'_, str> {
    let gaps = reading(|known| known.long_in(text).into_iter().chain(known.short_in(text)).collect());
    without(text, gaps)
}

/// A line of ours that may hold foreign text, without our secrets.
#[must_use]
pub fn own_line(text: &str) -> Cow<'_, str> {
    without(text, reading(|known| known.long_in(text)))
}

/// The text with these parts taken out.
fn without(text: &str, mut gaps: Vec<Range<usize>>) -> Cow<'_, str> {
    if gaps.is_empty() {
        return Cow::Borrowed(text);
    }
    gaps.sort_by_key(|gap| gap.start);
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    for gap in gaps {
        if gap.start >= kept {
            out.push_str(text.get(kept..gap.start).unwrap_or_default());
            out.push_str(GAP);
        }
        kept = kept.max(gap.end);
    }
    out.push_str(text.get(kept..).unwrap_or_default());
    Cow::Owned(out)
}

/// A character as it is compared, and where it stands in the text.
struct Folded {
    character: char,
    start: usize,
    end: usize,
}

/// Gives each character of a text without its letter case.
fn fold(text: &str, mut take: impl FnMut(Folded)) {
    for (start, original) in text.char_indices() {
        let end = start + original.len_utf8();
        if original.is_ascii() {
            take(Folded { character: original.to_ascii_lowercase(), start, end });
        } else {
            // First to upper case: "ß" and "ss" are one.
            let folded = original.to_uppercase().flat_map(char::to_lowercase);
            folded.for_each(|character| take(Folded { character, start, end }));
        }
    }
}

fn is_blank(character: char) -> bool {
    match character.is_ascii() {
        true => character == ' ' || character.is_ascii_control(),
        false => character.is_whitespace() || must_be_escaped(character),
    }
}

/// The characters that are no blanks, and where `without_spelt_breaks` no line break that the text
/// spells as `\n`.
fn visible(text: &str, without_spelt_breaks: bool) -> Vec<Folded> {
    let mut out: Vec<Folded> = Vec::with_capacity(text.len());
    fold(text, |folded| {
        let spells_break = without_spelt_breaks
            && matches!(folded.character, 'n' | 'r' | 't')
            && out.last().is_some_and(|last| last.character == '\\' && last.end == folded.start);
        if spells_break {
            out.pop();
        } else if !is_blank(folded.character) {
            out.push(folded);
        }
    });
    out
}

/// All characters, each run of blanks as one.
fn words(text: &str) -> Vec<Folded> {
    let mut out: Vec<Folded> = Vec::with_capacity(text.len());
    fold(text, |mut folded| {
        if is_blank(folded.character) {
            folded.character = ' ';
        }
        match out.last_mut() {
            Some(last) if last.character == ' ' && folded.character == ' ' => last.end = folded.end,
            _ => out.push(folded),
        }
    });
    out
}

fn characters(folded: &[Folded]) -> Vec<char> {
    folded.iter().map(|folded| folded.character).collect()
}

/// Every way in which a secret may be spelt.
fn spellings(secret: &str) -> BTreeSet<String> {
    let json = serde_json::to_string(secret).unwrap_or_default();
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let html = html.replace('"', "&quot;").replace('\'', "&#x27;");
    let url = utf8_percent_encode(secret, ESCAPED_IN_URL).to_string();
    [secret.to_owned(), json.trim_matches('"').to_owned(), html, url].into()
}

/// A long secret in one spelling.
#[derive(Debug)]
struct Pattern {
    characters: Vec<char>,
    /// So much of it in one piece is taken out.
    piece: usize,
}

impl Pattern {
    fn new(characters: Vec<char>) -> Self {
        let length = characters.len();
        let is_hexadecimal = characters.iter().all(char::is_ascii_hexdigit);
        let piece = if is_hexadecimal { LONG } else { length.min(LONG_PIECE.max(length / 2)) };
        Self { characters, piece }
    }
}

/// The secrets, and how to find them.
#[derive(Debug, Default)]
struct Known {
    /// Those that somebody holds, and how many do.
    live: BTreeMap<String, usize>,
    /// Those that nobody holds any more, the oldest first.
    retired: VecDeque<String>,
    long: Vec<Pattern>,
    /// Without their letter case.
    short: BTreeSet<Vec<char>>,
    /// Where each piece of [`LONG`] characters stands: in which pattern, and from which character
    /// on.
    anchors: HashMap<[char; LONG], Vec<(usize, usize)>>,
}

impl Known {
    fn learn(&mut self, secret: &str) {
        let holders = self.live.entry(secret.to_owned()).or_default();
        *holders = holders.saturating_add(1);
        if *holders == 1 && !self.retired.iter().any(|retired| retired == secret) {
            self.rebuild();
        }
    }

    fn retire(&mut self, secret: &str) {
        let Some(holders) = self.live.get_mut(secret) else {
            return;
        };
        debug_assert!(*holders > 0, "a secret without a holder is retired already");
        *holders = holders.saturating_sub(1);
        if *holders > 0 {
            return;
        }
        self.live.remove(secret);
        self.retired.retain(|retired| retired != secret);
        self.retired.push_back(secret.to_owned());
        if self.retired.len() > MAX_RETIRED {
            self.retired.pop_front();
            self.rebuild();
        }
    }

    fn rebuild(&mut self) {
        (self.long, self.short, self.anchors) = Default::default();
        let spelt: BTreeSet<String> = self.live.keys().chain(&self.retired).flat_map(|one| spellings(one)).collect();
        for spelling in spelt {
            let visible = characters(&visible(&spelling, false));
            if visible.len() >= LONG {
                self.add_long(Pattern::new(visible));
            } else if !visible.is_empty() {
                self.short.insert(characters(&words(spelling.trim())));
            }
        }
    }

    fn add_long(&mut self, pattern: Pattern) {
        let pieces = pattern.characters.windows(LONG).filter_map(<[char]>::first_chunk::<LONG>);
        for (from, piece) in pieces.enumerate() {
            let positions = self.anchors.entry(*piece).or_default();
            // Further ones of a secret repeat the first, from which on more of it follows.
            let of_this = positions.iter().rev().take_while(|(pattern, _)| *pattern == self.long.len());
            if of_this.take(MAX_POSITIONS).count() < MAX_POSITIONS {
                positions.push((self.long.len(), from));
            }
        }
        self.long.push(pattern);
    }

    /// Where long secrets, or pieces of them, stand.
    fn long_in(&self, text: &str) -> Vec<Range<usize>> {
        if self.anchors.is_empty() || text.len() < LONG {
            return Vec::new();
        }
        let mut gaps = self.long_among(&visible(text, false));
        if text.contains('\\') {
            gaps.extend(self.long_among(&visible(text, true)));
        }
        gaps
    }

    fn long_among(&self, visible: &[Folded]) -> Vec<Range<usize>> {
        let characters = characters(visible);
        let mut gaps = Vec::new();
        let mut at = 0;
        while let Some(rest) = characters.get(at..)
            && let Some(start) = rest.first_chunk::<LONG>()
        {
            let positions = self.anchors.get(start).into_iter().flatten();
            let length =
                positions.filter_map(|position| self.length_of_piece(*position, rest)).max().unwrap_or_default();
            if let (Some(first), Some(last)) = (visible.get(at), visible.get((at + length).saturating_sub(1)))
                && length > 0
            {
                gaps.push(first.start..last.end);
            }
            at += length.max(1);
        }
        gaps
    }

    /// How much of a pattern, from this character of it on, the text begins with; `None` if that is
    /// too little.
    fn length_of_piece(&self, (pattern, from): (usize, usize), text: &[char]) -> Option<usize> {
        let pattern = self.long.get(pattern)?;
        let same = pattern.characters.get(from..)?.iter().zip(text).take_while(|(one, other)| one == other).count();
        (same >= pattern.piece).then_some(same)
    }

    /// Where short secrets stand as words.
    fn short_in(&self, text: &str) -> Vec<Range<usize>> {
        let mut gaps = Vec::new();
        if self.short.is_empty() {
            return gaps;
        }
        let folded = words(text);
        let is_letter = |at: Option<usize>| {
            let character = at.and_then(|at| folded.get(at)).map(|folded| folded.character);
            character.is_some_and(|character| character.is_alphanumeric() || character == '_')
        };
        for at in 0..folded.len() {
            for secret in &self.short {
                let found = folded.get(at..at + secret.len()).unwrap_or_default();
                let is_same = !found.is_empty() && found.iter().map(|folded| &folded.character).eq(secret);
                if is_same
                    && !is_letter(at.checked_sub(1))
                    && !is_letter(Some(at + secret.len()))
                    && let (Some(first), Some(last)) = (found.first(), found.last())
                {
                    gaps.push(first.start..last.end);
                }
            }
        }
        gaps
    }
}

#[cfg(test)]
#[path = "redact_tests.rs"]
mod tests;
