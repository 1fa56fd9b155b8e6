//! No secret shows in an error or in debug output, wherever it stands in the file.

use super::testing::{MINIMAL, SECRET, TOKEN, loaded, minimal_and, problems};
use super::*;
use proptest::prelude::*;

#[test]
fn a_syntax_error_on_the_line_of_a_secret_does_not_show_it() {
    for broken in [
        "token = sEcReTtOkEn0123456789",
        "token = \"sEcReTtOkEn0123456789",
        "token = \"\"\nsEcReTtOkEn0123456789",
        "token = \"x\" sEcReTtOkEn0123456789",
        "token sEcReTtOkEn0123456789",
        "token = \"x\"\ntoken = \"sEcReTtOkEn0123456789\"",
        "sEcReTtOkEn0123456789 = ",
        "token = \"\\sEcReTtOkEn0123456789\"",
        "token = 2026-13-40T99:00:00sEcReTtOkEn0123456789",
    ] {
        let shown = problems(&format!("[argus]\n{broken}\n")).join("\n");
        assert!(shown.contains("line ") && shown.contains("not TOML: "), "{shown}");
        assert!(!shown.contains(TOKEN), "{shown}");
    }
    let shown = problems("[argus]\ntoken = unquoted\n");
    assert!(shown[0].starts_with("line 2: argus.token: not TOML: "), "{shown:?}");
}

#[test]
fn debug_output_shows_no_secret() {
    let text = minimal_and("[failover]\nprimary_server = 'x'\nsnmp_community = 'c0mmunity'");
    let shown = format!("{:?}", loaded(&text));
    assert!(![TOKEN, SECRET, "c0mmunity"].iter().any(|secret| shown.contains(secret)), "{shown}");
}

/// A key in its section, as text.
fn setting(key: &str, value: &str) -> String {
    let (section, name) = key.rsplit_once('.').unwrap();
    format!("{}\n{name} = {value}\n", keys::written(section))
}

/// Everything that people see of a text, and what debug output shows of its faults.
fn said(text: &str) -> String {
    match parse(text, Path::new("")) {
        Ok(loaded) => loaded.warnings.join("\n"),
        Err(problems) => {
            let error = ConfigError::new(Path::new("z.toml"), problems);
            format!("{error}\n{error:?}")
        }
    }
}

#[test]
fn a_secret_in_any_key_and_of_any_kind_does_not_show() {
    let kinds = [
        "'T'",
        "T",
        "'T",
        "'T \\T'",
        "'''\nT\n'''",
        "'http://user:T@x/'",
        "'https://T/?T'",
        "'T T'",
        "'T:T'",
        "['T']",
        "[['T'], { T = 1 }]",
        "{ T = 1 }",
        "{ x = 'T' }",
        "1979-05-27 # T",
        "true # T",
        "1.5 # T",
        "-1 # T",
    ];
    let mut faults = 0;
    for key in keys() {
        for kind in kinds {
            let value = kind.replace('T', TOKEN);
            let alone = setting(key, &value);
            for text in [minimal_and(&alone), format!("{key} = {value}\n{MINIMAL}"), alone] {
                let said = said(&text);
                faults += usize::from(!said.is_empty());
                assert!(!said.contains(TOKEN), "{text}\n{said}");
            }
        }
    }
    assert!(faults > 2 * kinds.len() * keys().count(), "{faults}");
}

#[test]
fn a_secret_in_place_of_a_section_or_of_a_name_does_not_show() {
    let sections = keys().flat_map(|key| key.match_indices('.').filter_map(|(end, _)| key.get(..end)));
    for section in sections.chain(["nonsense"]) {
        for text in [
            "S = 'T'",
            "S = ['T']",
            "S = [{ T = 1 }]",
            "S = { T = 1 }",
            "S = { T = { x = 1 } }",
            "S = 1979-05-27 # T",
            "[S]\nT = 1",
            "[[S]]\nT = 1",
            "[S.T]\nx = 1",
            "[[S.T]]\nx = 1",
            "T = 1",
            "[T]",
            "[[T]]",
            "[T.S]",
            "[S]\n'T\\\nT' = 1",
        ] {
            let text = text.replace('S', section).replace('T', TOKEN);
            let said = said(&text);
            assert!(!said.is_empty() && !said.contains(TOKEN), "{text}\n{said}");
        }
    }
}

#[test]
fn a_secret_that_is_written_down_is_hidden() {
    let text = minimal_and("[failover]\nprimary_server = 'x'\nsnmp_community = 'c0mmunity'");
    let written = serde_json::to_string(&loaded(&text).config).unwrap();
    assert_eq!(written.matches("(secret)").count(), 3, "{written}");
    assert!(![TOKEN, SECRET, "c0mmunity"].iter().any(|secret| written.contains(secret)), "{written}");
}

/// Lines of the kind that a configuration is made of, whole and torn.
fn a_line() -> impl Strategy<Value = String> {
    let known = proptest::sample::select(keys().collect::<Vec<_>>()).prop_map(|key| {
        let (section, name) = key.rsplit_once('.').unwrap();
        format!("[{section}]\n{name}")
    });
    let value = "( = )?('|\"|\"\"\"|'''|\\[|\\{|#|\\\\)?(-?[0-9.e]{1,5}|true|[a-z:/.]{0,8})('|\"|\"\"\"|\\]|\\}|,)?";
    prop_oneof![(known, value).prop_map(|(key, value)| key + &value), "[\\[\\]a-z.=\"'{}# \\\\]{0,16}", any::<String>(),]
}

proptest! {
    /// Whatever stands around them, and however torn they are: the token and the secret never show.
    #[test]
    fn no_text_makes_a_secret_show(
        before in proptest::collection::vec(a_line(), 0..3),
        torn in 0_usize..9,
        after in proptest::collection::vec(a_line(), 0..3),
    ) {
        let secrets = [
            format!("[argus]\ntoken = \"{TOKEN}\""),
            format!("[argus]\ntoken = {TOKEN}"),
            format!("[argus]\ntoken = \"{TOKEN}"),
            format!("[argus]\ntoken = \"{TOKEN}\" \"{SECRET}\""),
            format!("[argus]\ntoken = [\"{TOKEN}\"]"),
            format!("[argus]\ntoken = '''\n{TOKEN}'''\nurl = \"http://{TOKEN}:x@x\""),
            format!("[zino]\nsecret = \"{SECRET}\"\nuser = \"{SECRET} \""),
            format!("[zino]\nsecret = {SECRET} = \"\""),
            MINIMAL.to_owned(),
        ];
        let text = format!("{}\n{}\n{}", before.join("\n"), secrets[torn], after.join("\n"));
        let shown = format!("{:?}", parse(&text, Path::new("")));
        prop_assert!(!shown.contains(TOKEN) && !shown.contains(SECRET), "{shown}");
    }
}
