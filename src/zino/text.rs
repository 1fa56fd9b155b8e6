//! Decodes the bytes of a line to text, and sanitises it for a log line. Never knows what a line
//! means.

/// What Windows-1252 has at 0x80..=0x9F; the five bytes that it does not define become U+FFFD.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{FFFD}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{FFFD}', 'Ž', '\u{FFFD}', '\u{FFFD}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{FFFD}', 'ž', 'Ÿ',
];

/// The longest piece of a server's text that a log line or an error message repeats.
const MAX_CHARS: usize = 500;
/// The most bytes of a text that are read for that: a character takes at most four bytes, and
/// secrets are removed before.
const LOOKED_AT: usize = 16 * 1024;

/// Reads UTF-8, and each byte that is not part of UTF-8 as Windows-1252: Zino 1 mixes both in one
/// reply. NUL becomes U+FFFD, because Argus refuses it, and texts are compared with those in Argus.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|&byte| windows_1252(byte)));
    }
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text }
}

fn windows_1252(byte: u8) -> char {
    let row = usize::from(byte).wrapping_sub(0x80);
    WINDOWS_1252.get(row).copied().unwrap_or_else(|| char::from(byte))
}

/// The start of a server's text for a log line or an error message: one line, without control
/// characters and without our secrets.
pub(crate) fn sanitised(bytes: &[u8]) -> String {
    let head = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let mut out = crate::sanitise::sanitised(&decode(head), MAX_CHARS);
    if head.len() < bytes.len() && !out.ends_with('…') {
        out.push('…');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn utf8_and_windows_1252_may_stand_in_one_line() {
        assert_eq!(decode("Ålesund".as_bytes()), "Ålesund");
        assert_eq!(decode(b"Tromso \xc3\xb8 or \xf8, 5 \x80"), "Tromso ø or ø, 5 €");
        assert_eq!(decode(b"\x81\x8d\x8f\x90\x9d"), "\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(decode(b"cut \xc3"), "cut Ã");
    }

    #[test]
    fn what_is_shown_is_one_short_harmless_line() {
        assert_eq!(sanitised(b"500 a\r\nb\x1b[2J"), "500 a\\u{d}\\u{a}b\\u{1b}[2J");
        assert_eq!(sanitised("\u{202E}x".as_bytes()), "\\u{202e}x");
        assert_eq!(sanitised(&vec![b'a'; 1 << 20]).chars().count(), MAX_CHARS + 1);
    }

    proptest! {
        #[test]
        fn any_bytes_become_text(bytes: Vec<u8>) {
            let text = decode(&bytes);
            if let Ok(plain) = std::str::from_utf8(&bytes) {
                prop_assert_eq!(text, plain.replace('\0', "\u{FFFD}"));
            }
            prop_assert!(sanitised(&bytes).chars().all(|c| !crate::sanitise::must_be_escaped(c)));
        }
    }
}
