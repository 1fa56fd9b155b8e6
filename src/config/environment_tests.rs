//! Tests of the secrets that stand in the environment. Never part of the program: the environment
//! here is one of the test's own.

use super::*;
use crate::config::resolve::resolve;
use crate::config::testing::{MINIMAL, SECRET as IN_FILE, TOKEN as TOKEN_IN_FILE};
use std::path::Path;

fn environment(token: Option<&str>, secret: Option<&str>) -> Environment {
    let variable = |text: Option<&str>| text.map_or(Variable::Absent, |text| Variable::Given(Secret::new(text.into())));
    Environment { token: variable(token), secret: variable(secret) }
}

fn problems(text: &str, environment: &Environment) -> Vec<String> {
    let problems = resolve(text, Path::new(""), environment).expect_err(text);
    problems.iter().map(ToString::to_string).collect()
}

/// The minimal configuration without its secrets.
fn without_secrets() -> String {
    let is_secret = |line: &&str| !line.starts_with("token") && !line.starts_with("secret");
    MINIMAL.lines().filter(is_secret).map(|line| format!("{line}\n")).collect()
}

#[test]
fn secrets_of_the_environment_stand_in_for_those_of_the_file() {
    let both = environment(Some("tOkEnFrOmEnV42"), Some("sEcReT fRoM eNv"));
    let config = resolve(&without_secrets(), Path::new(""), &both).unwrap().config;
    assert_eq!((config.argus.token.reveal(), config.zino.secret.reveal()), ("tOkEnFrOmEnV42", "sEcReT fRoM eNv"));
    assert_eq!(both.names().as_deref(), Some("ARGUS_TOKEN and ZINO_SECRET"));
    assert_eq!(environment(None, Some("x y z")).names().as_deref(), Some("ZINO_SECRET"));
    assert_eq!(Environment::default().names(), None);
}

#[test]
fn a_secret_in_two_places_names_both_and_shows_none() {
    let both = environment(Some("tOkEnFrOmEnV42"), Some("sEcReTfRoMeNv42"));
    let found = problems(MINIMAL, &both);
    assert_eq!(
        found,
        [
            "line 4: argus.token: is given here and in the environment (ARGUS_TOKEN): give one of the two",
            "line 8: zino.secret: is given here and in the environment (ZINO_SECRET): give one of the two",
        ]
    );
    let in_file = without_secrets().replace("[zino]", "token_file = \"t\"\n[zino]");
    let found = [found, problems(&in_file, &both)].concat();
    let expected = "line 4: argus.token_file: excludes ARGUS_TOKEN in the environment: give one of the two";
    assert!(found.contains(&expected.to_owned()), "{found:?}");
    let secrets = ["tOkEnFrOmEnV42", "sEcReTfRoMeNv42", IN_FILE, TOKEN_IN_FILE];
    assert!(!found.iter().any(|line| secrets.iter().any(|secret| line.contains(secret))), "{found:?}");
}

#[test]
fn what_cannot_be_a_secret_is_said_by_the_name_of_the_variable() {
    let blanks = environment(Some("two words"), Some("two\nlines"));
    let expected = [
        "ARGUS_TOKEN: in the environment must be one word of plain letters, digits and signs",
        "ZINO_SECRET: in the environment must be one line of text",
    ];
    assert_eq!(problems(&without_secrets(), &blanks), expected);
    let illegible = Environment { token: Variable::Illegible, ..environment(None, Some("s")) };
    assert_eq!(problems(&without_secrets(), &illegible), ["ARGUS_TOKEN: in the environment is no text in UTF-8"]);
    let renewed = without_secrets().replace("[zino]", "renew_token = true\n[zino]");
    let found = problems(&renewed, &environment(Some("token"), Some("s")));
    assert_eq!(found, ["line 4: argus.renew_token: needs argus.token_file, where the new token can be kept"]);
}
