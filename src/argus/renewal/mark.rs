//! The line beside the token's file that says which token we made, and when. The date of the
//! token's file proves neither: people put old tokens into new files. Pure.

use crate::secret::Secret;
use crate::time::Stamp;
use sha1::{Digest, Sha1};

/// The line about a token that was made at this time.
pub(super) fn line(token: &Secret, made_at: Stamp) -> String {
    format!("{made_at} {}\n", digest(token))
}

/// When the token was made by us, according to the line; `None` if it is about another one.
pub(super) fn made_at(line: &str, token: &Secret) -> Option<Stamp> {
    let (time, digest_of_made) = line.trim().split_once(' ')?;
    if digest_of_made != digest(token) {
        return None;
    }
    Stamp::parse(time)
}

/// Identifies a token without revealing it.
fn digest(token: &Secret) -> String {
    let digest = Sha1::digest(format!("zinoargus {}", token.reveal()));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_line_is_about_one_token_only() {
        let (ours, other) = (Secret::new("a-token".to_owned()), Secret::new("another-token".to_owned()));
        let when = Stamp::from_secs(1_795_376_392);
        let line = line(&ours, when);
        assert!(!line.contains("a-token"));
        assert_eq!(made_at(&line, &ours), Some(when));
        assert_eq!(made_at(&line, &other), None);
        assert_eq!(made_at(&line.replacen("20", "xx", 1), &ours), None);
    }

    proptest! {
        #[test]
        fn any_text_is_a_line_or_none(text in any::<String>()) {
            let _ = made_at(&text, &Secret::new("a-token".to_owned()));
        }
    }
}
