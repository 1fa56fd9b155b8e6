//! The program from outside: what it prints, and what it ends with.

// In a test a panic is the report; clippy lets it pass by itself only inside the test functions.
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn folder() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR"))
}

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zinoargus"));
    command.args(arguments).env_remove("JOURNAL_STREAM").current_dir(folder());
    command
}

fn zinoargus(arguments: &[&str]) -> Ended {
    let output = command(arguments).output().unwrap();
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn config_file(name: &str, text: &str) -> PathBuf {
    let file = folder().join(name);
    std::fs::write(&file, text).unwrap();
    file
}

const BAD: &str = "\
[argus]
url = \"argus.example.org\"
tokne = \"sEcReTtOkEn0123456789\"
[zino]
server = \"zino.example.org\"
user = \"argus\"
secret = \"sEcReTzInO0123456789\"
port = 0
";

#[test]
fn help_goes_to_standard_output() {
    for argument in ["-h", "--help"] {
        let ended = zinoargus(&[argument]);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        assert!(ended.stdout.contains("\nUsage: zinoargus [-h] [-V] [-v]... [-c FILE] [MODE]\n"));
        assert!(ended.stdout.lines().all(|line| line.len() <= 80), "{}", ended.stdout);
    }
}

#[test]
fn version_is_that_of_the_package() {
    for argument in ["-V", "--version"] {
        let ended = zinoargus(&[argument]);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""));
        let commit = option_env!("ZINOARGUS_COMMIT").filter(|commit| !commit.is_empty());
        let commit = commit.map(|commit| format!(" (commit {commit})")).unwrap_or_default();
        assert_eq!(ended.stdout, format!("zinoargus {}{commit}\n", env!("CARGO_PKG_VERSION")));
    }
}

#[test]
fn a_wrong_command_line_is_named_and_ends_with_64() {
    for (arguments, expected) in [
        (&["--frobnicate"][..], "unknown argument '--frobnicate'"),
        (&["start"], "unknown argument 'start'"),
        (&["-c"], "--config-file needs a file name after it"),
        (&["--config-file="], "--config-file needs a file name after it"),
    ] {
        let ended = zinoargus(arguments);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(64), ""), "{arguments:?}");
        let expected = format!("zinoargus: {expected}\nTry 'zinoargus --help'.\n");
        assert_eq!(ended.stderr, expected);
    }
}

#[test]
fn a_missing_configuration_says_what_to_do_and_ends_with_78() {
    let ended = zinoargus(&["-c", "absent.toml"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""));
    for expected in ["ERROR absent.toml: cannot be read", "-c", "zinoargus.toml.example"] {
        assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    }
}

#[test]
fn without_a_usual_file_both_places_are_named() {
    let empty = folder().join("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let output = command(&["--once"]).current_dir(&empty).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(
        said.contains("zinoargus.toml: there is no such file here, and no /etc/zinoargus/zinoargus.toml"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_in_each_section_is_said_at_once_without_secrets() {
    let file = config_file("bad.toml", BAD);
    let ended = zinoargus(&["-vv", &format!("--config-file={}", file.display())]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(78), ""));
    let lines: Vec<&str> = ended.stderr.lines().collect();
    let expected = [
        "bad.toml, line 3: argus.tokne: unknown key; did you mean argus.token?",
        "bad.toml, line 8: zino.port: must be between 1 and 65535, not 0",
    ];
    assert_eq!(lines.len(), expected.len(), "{}", ended.stderr);
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.contains(" ERROR ") && line.ends_with(expected), "{line}");
    }
    assert!(!ended.stderr.contains("sEcReT"), "{}", ended.stderr);
}

#[test]
fn a_syntax_error_does_not_show_its_line() {
    let file = config_file("syntax.toml", "[argus]\ntoken = sEcReTtOkEn0123456789\n");
    let ended = zinoargus(&["-c", file.to_str().unwrap()]);
    assert_eq!(ended.code, Some(78));
    let expected = "syntax.toml, line 2: argus.token: not TOML: ";
    assert!(ended.stderr.contains(expected), "{}", ended.stderr);
    assert!(!ended.stderr.contains("sEcReT"), "{}", ended.stderr);
}

#[test]
fn options_of_a_later_version_are_refused_not_ignored() {
    let known = zinoargus(&["--help"]).stdout;
    for option in ["--once", "--check"] {
        if !known.contains(option) {
            let ended = zinoargus(&[option]);
            assert_eq!(ended.code, Some(64));
            assert!(ended.stderr.contains("is not available in this version"), "{}", ended.stderr);
        }
    }
}

/// What the program writes to a file as its standard error, with that file's identity for `JOURNAL_STREAM`.
fn stderr_in_file(name: &str, stream: impl Fn(u64, u64) -> String) -> String {
    let path = folder().join(name);
    let file = File::create(&path).unwrap();
    let metadata = file.metadata().unwrap();
    let status = command(&["-c", "absent.toml"])
        .env("JOURNAL_STREAM", stream(metadata.dev(), metadata.ino()))
        .stderr(file)
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(78));
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn under_systemd_lines_carry_a_priority_and_no_time() {
    let text = stderr_in_file("journal", |device, inode| format!("{device}:{inode}"));
    assert!(text.starts_with("<3>absent.toml: "), "{text}");
}

#[test]
fn a_journal_that_is_not_ours_changes_nothing() {
    let text = stderr_in_file("no-journal", |device, inode| format!("{device}:{}", inode + 1));
    assert!(text.contains("Z ERROR absent.toml: "), "{text}");
}

#[test]
fn a_reader_that_went_away_does_not_change_the_exit_code() {
    for (argument, expected) in [("--help", 0), ("--wrong", 64), ("-c=absent.toml", 78)] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let status = command(&[argument]).stdout(writer.try_clone().unwrap()).stderr(writer).status().unwrap();
        assert_eq!(status.code(), Some(expected), "{argument}");
    }
}

/// A configuration that keeps its token in a file of this name, with more lines at its end.
fn with_token_file(name: &str, token: &str, more: &str) -> PathBuf {
    let text = format!(
        "[argus]\nurl = \"http://127.0.0.1:9/\"\ntoken_file = \"{token}\"\n[zino]\nserver = \"127.0.0.1\"\n\
         user = \"argus\"\nsecret = \"sEcReTzInO0123456789\"\n{more}"
    );
    config_file(name, &text)
}

#[test]
fn a_secrets_file_that_cannot_be_read_now_has_a_code_that_a_service_answers_with_another_start() {
    config_file("empty.token", "");
    for (token, expected) in [("absent.token", "cannot be read: No such file"), ("empty.token", "is empty")] {
        let file = with_token_file("token.toml", token, "").display().to_string();
        for mode in [&["-c", &file][..], &["--once", "-c", &file], &["--check", "-c", &file]] {
            let ended = zinoargus(mode);
            assert_eq!(ended.code, Some(66), "{mode:?}: {}", ended.stderr);
            let said = ended.stdout + &ended.stderr;
            assert!(said.contains("argus.token_file: ") && said.contains(expected), "{said}");
        }
        let file = with_token_file("both.toml", token, "port = 0\n").display().to_string();
        assert_eq!(zinoargus(&["-c", &file]).code, Some(78), "another fault is to be mended by a person");
    }
}
