//! What is taken out, and what is left alone. Never part of the program. The secrets here are those
//! of a registry of the test's own.

use super::*;
use proptest::prelude::*;

const TOKEN: &str = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c";

fn known(secrets: &[&str]) -> Known {
    let mut known = Known::default();
    secrets.iter().for_each(|secret| known.learn(secret));
    known
}

fn foreign_of(known: &Known, text: &str) -> String {
    let mut gaps = known.long_in(text);
    gaps.extend(known.short_in(text));
    without(text, gaps).into_owned()
}

/// What becomes of a text that a server sent.
fn foreign(secrets: &[&str], text: &str) -> String {
    foreign_of(&known(secrets), text)
}

#[test]
fn a_token_is_taken_out_wherever_and_in_whatever_letter_case_it_stands() {
    let upper = TOKEN.to_uppercase();
    for (text, expected) in [
        (format!("Token {TOKEN}."), "Token (secret)."),
        (format!("Authorization: Token {upper}"), "Authorization: Token (secret)"),
        (format!("x{TOKEN}{TOKEN}x{upper}"), "x(secret)(secret)x(secret)"),
        (format!("Ålesund {TOKEN} Tromsø"), "Ålesund (secret) Tromsø"),
        ("nothing of it".to_owned(), "nothing of it"),
        (String::new(), ""),
    ] {
        assert_eq!(foreign(&[TOKEN], &text), expected);
    }
    assert_eq!(foreign(&["Straße nach Åsane"], "STRASSE NACH ÅSANE!"), "(secret)!");
}

#[test]
fn a_token_that_is_cut_off_or_goes_on_elsewhere_is_taken_out_piece_by_piece() {
    assert_eq!(foreign(&[TOKEN], &format!("Token {}", &TOKEN[..30])), "Token (secret)");
    assert_eq!(foreign(&[TOKEN], &format!("{}… {}", &TOKEN[..9], &TOKEN[25..])), "(secret)… (secret)");
    assert_eq!(foreign(&[TOKEN], &format!("at {} ms", &TOKEN[..7])), format!("at {} ms", &TOKEN[..7]));
    assert_eq!(foreign(&["correct horse battery"], "the battery of a correct horse b"), "the battery of a (secret)");
    assert_eq!(foreign(&["correct horse battery"], "a horse battery"), "a (secret)");
    assert_eq!(foreign(&["correct horse battery"], "a correct horse"), "a (secret)");
    assert_eq!(foreign(&["correct horse battery"], "a horse"), "a horse", "a word is not the secret");
}

#[test]
fn line_breaks_blanks_and_what_cannot_be_seen_hide_nothing() {
    let (start, end) = TOKEN.split_at(20);
    for between in ["\n", "\r\n\t ", " ", "\u{200b}", "\\n", "\\r\\n", "\u{2028}"] {
        assert_eq!(foreign(&[TOKEN], &format!("<{start}{between}{end}>")), "<(secret)>", "{between:?}");
    }
    assert_eq!(foreign(&["the secret word"], "thesecretword"), "(secret)");
    assert_eq!(foreign(&["new-secret1"], "C:\\new-secret1"), "C:\\(secret)");
}

#[test]
fn json_html_and_urls_spell_a_secret_in_their_own_way() {
    let secret = "a\"b&c <d>'e\\f/ø";
    for spelt in [
        secret,
        r#"a\"b&c <d>'e\\f/ø"#,
        "a&quot;b&amp;c &lt;d&gt;&#x27;e\\f/ø",
        "a%22b%26c%20%3Cd%3E%27e%5Cf%2F%C3%B8",
        "a%22b%26c%20%3cd%3e%27e%5cf%2f%c3%b8",
    ] {
        assert_eq!(foreign(&[secret], &format!("<<{spelt}>>")), "<<(secret)>>", "{spelt}");
    }
}

#[test]
fn a_short_secret_is_taken_out_as_a_word_and_shreds_nothing() {
    for (secret, text, expected) in [
        ("x", "x, the x of xml: X", "(secret), the (secret) of xml: (secret)"),
        ("s3 crét", "user s3  CRÉT refused", "user (secret) refused"),
        ("s3 crét", "s3\r\ncrét", "(secret)"),
        ("s3 crét", "s3crét s3 crété _s3 crét", "s3crét s3 crété _s3 crét"),
        ("ab", "a b", "a b"),
        ("1234567", "12345678 1234567", "12345678 (secret)"),
    ] {
        assert_eq!(foreign(&[secret], text), expected, "{secret}");
        let ours = known(&[secret]).long_in(text);
        assert!(ours.is_empty(), "in a sentence of ours a gap would tell {secret}");
    }
    assert_eq!(foreign(&["", " ", "\n"], "nothing is no secret"), "nothing is no secret");
}

#[test]
fn what_nobody_holds_any_more_is_known_for_a_while_and_what_somebody_holds_for_ever() {
    let mut known = known(&[TOKEN, TOKEN, "an older secret"]);
    known.retire(TOKEN);
    known.retire("an older secret");
    for number in 0..MAX_RETIRED {
        assert_eq!(foreign_of(&known, "an older secret"), "(secret)");
        let passing = format!("passing secret {number}");
        known.learn(&passing);
        known.retire(&passing);
    }
    assert_eq!(foreign_of(&known, "an older secret"), "an older secret");
    assert_eq!(foreign_of(&known, TOKEN), "(secret)");
    assert_eq!(foreign_of(&known, "passing secret 63"), "(secret)");
    assert_eq!(known.retired.len(), MAX_RETIRED);
    known.retire("never learnt");
}

#[test]
fn a_secret_of_many_equal_characters_costs_no_noticeable_time() {
    let known = known(&[&"a".repeat(16 * 1024)]);
    let began = std::time::Instant::now();
    assert_eq!(foreign_of(&known, &"a".repeat(64 * 1024)), "(secret)".repeat(4));
    assert!(began.elapsed() < std::time::Duration::from_secs(20));
}

proptest! {
    #[test]
    fn no_secret_survives_in_any_text(
        before in any::<String>(), secret in "\\PC{8,60}", after in any::<String>(), upper in any::<bool>()
    ) {
        prop_assume!(secret.chars().filter(|c| !is_blank(*c)).count() >= LONG);
        let said = if upper { secret.to_uppercase() } else { secret.clone() };
        let text = foreign(&[&secret], &format!("{before}{said}{after}"));
        prop_assert!(text.contains(GAP));
        prop_assert!(known(&[&secret]).long_in(&text).is_empty() || GAP.contains(&*secret), "{}", text);
    }

    #[test]
    fn a_text_without_the_secret_is_left_alone(text in "[a-m \\n]*") {
        prop_assert_eq!(foreign(&["nopqrstuvwxyz", "z"], &text), text);
    }
}
