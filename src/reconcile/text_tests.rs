//! Tests of `text.rs`. Never part of the program.

use super::*;
use proptest::prelude::*;

#[test]
fn what_either_server_does_to_a_text_does_not_change_its_normal_form() {
    let sent = "  ford\n  first line \n\n..double dot\u{85}tail\u{2028}x\r\nlast\n\n";
    let from_zino = "ford\nfirst line\n \n..double dot\ntail\nx\nlast";
    assert_eq!(normal(sent), normal(from_zino));
}

#[test]
fn a_persons_name_survives_any_length_of_text() {
    let text = persons_text(&"å".repeat(1_000_000), "alice");
    assert!(text.len() < MAX_HISTORY_TEXT + 100);
    assert!(text.ends_with("… (alice)"));
    assert_eq!(persons_text(" \r\n", "alice"), "(alice)");
}

#[test]
fn blank_lines_between_others_stay() {
    assert_eq!(persons_text("\n a\r\n\r\n b\n\n\nc\n\n", "alice"), "a\n\nb\n\n\nc (alice)");
}

proptest! {
    #[test]
    fn normal_form_is_stable(text in any::<String>()) {
        prop_assert_eq!(normal(&normal(&text)), normal(&text));
    }

    #[test]
    fn whatever_a_person_types_is_recognised_when_zino_gives_it_back(typed in any::<String>()) {
        for text in [typed.clone(), persons_text(&typed, "anna")] {
            let back = crate::zino::entry::stored_lines(&text).join("\n");
            prop_assert_eq!(normal(&back), normal(&text));
        }
    }

    #[test]
    fn cut_text_is_bounded_and_cutting_again_changes_nothing(text in any::<String>(), max in 3usize..40) {
        let once = cut(&text, max);
        prop_assert!(once.len() <= max);
        prop_assert_eq!(cut(&once, max), once);
    }

    #[test]
    fn tag_values_hold_nothing_that_argus_changes_or_refuses(text in any::<String>()) {
        let value = tag_value(&text);
        prop_assert!(!value.contains('\0') && !value.contains('\n'));
        prop_assert_eq!(tag_value(&value), value);
    }
}
