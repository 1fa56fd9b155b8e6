//! Reads the command line: arguments in, a [`Command`] or a [`UsageError`] out. Never touches a
//! file and never prints.

use crate::exit::ExitCode;
use pico_args::Arguments;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// All options.
const SHORT: [&str; 4] = ["-c", "-v", "-V", "-h"];
const LONG: [&str; 9] =
    ["--config-file", "--verbose", "--once", "--dry-run", "--timeout", "--check", "--status", "--version", "--help"];

/// What `--timeout` may be.
const SHORTEST_SECS: f64 = 0.1;
const LONGEST_SECS: f64 = 24.0 * 3600.0;

/// What `--help` prints.
pub const HELP: &str = "\
Keeps Zino cases and Argus incidents in step, both ways.

Usage: zinoargus [-h] [-V] [-v]... [-c FILE] [MODE]

Options:
  -c, --config-file FILE  configuration file (default: ./zinoargus.toml, or else
                          /etc/zinoargus/zinoargus.toml)
  -v, --verbose           say more: -v what is done, -vv also the protocols
      --once              synchronise once, both ways, and exit (for cron)
      --dry-run           print what a single run would write; write nothing
      --timeout SECONDS   longest duration of a single run (default: 600)
      --check             try everything, change nothing, and exit
      --status            ask the running instance how it is, and exit
  -V, --version           print the version and exit
  -h, --help              print this help and exit

Without -v, warnings and errors are logged, to standard error.
";

/// What `--version` prints, without the line end: with the commit, if the build names one
/// (`packaging/static` does).
#[must_use]
pub fn version() -> String {
    let commit = option_env!("ZINOARGUS_COMMIT").filter(|commit| !commit.is_empty());
    let commit = commit.map_or_else(String::new, |commit| format!(" (commit {commit})"));
    concat!("zinoargus ", env!("CARGO_PKG_VERSION")).to_owned() + &commit
}

/// What the user asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Print the [`version`].
    Version,
    /// Do the program's work.
    Run(Options),
}

/// How to do the program's work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// What to run.
    pub mode: RunMode,
    /// How often `-v` was given.
    pub verbosity: usize,
    /// The configuration file, as given; `None` for the usual ones.
    pub config_file: Option<PathBuf>,
}

/// The ways to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunMode {
    /// Synchronise until stopped.
    Daemon,
    /// `--once`: synchronise completely, then exit; not longer than `--timeout` seconds.
    Once {
        /// The longest that the run may take, if limited.
        timeout: Option<Duration>,
        /// `--dry-run`: print what would be written, and write nothing.
        dry: bool,
    },
    /// `--check`: try everything, change nothing.
    Check,
    /// `--status`: ask the running instance how it is.
    Status,
}

/// The command line is wrong; the text says why, for the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageError(String);

impl UsageError {
    /// What the process ends with.
    pub const EXIT: ExitCode = ExitCode::Usage;
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\nTry 'zinoargus --help'.", self.0)
    }
}

impl std::error::Error for UsageError {}

/// Reads the arguments (without the program's name).
///
/// # Errors
/// An unknown argument, a missing or wrong value, or options that exclude each other.
pub fn parse(arguments: Vec<OsString>) -> Result<Command, UsageError> {
    let given: Vec<String> = arguments.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    // `-check` is refused here: the parser would read it as `-c` with the file `heck`.
    if let Some(argument) = given.iter().find(|argument| LONG.contains(&format!("-{argument}").as_str())) {
        return Err(unknown(argument));
    }
    let mut arguments = Arguments::from_vec(arguments);
    // Options with a value are read first: of a joined `-cFILE`, the flags would take letters.
    let config_file = value(&mut arguments, ["-c", "--config-file"], "a file name")?;
    let timeout = value(&mut arguments, ["--timeout", ""], "a number of seconds")?;
    let help = arguments.contains(["-h", "--help"]);
    let version = arguments.contains(["-V", "--version"]);
    let once = arguments.contains("--once");
    let dry = arguments.contains("--dry-run");
    let check = arguments.contains("--check");
    let status = arguments.contains("--status");
    let mut verbosity = 0;
    while arguments.contains(["-v", "--verbose"]) {
        verbosity += 1;
    }
    if let Some(rest) = arguments.finish().first() {
        return Err(leftover(&rest.to_string_lossy(), &given));
    }
    if help {
        return Ok(Command::Help);
    }
    if version {
        return Ok(Command::Version);
    }
    Ok(Command::Run(Options {
        mode: run_mode([once, check, status], dry, timeout)?,
        verbosity,
        config_file: config_file.map(PathBuf::from),
    }))
}

/// Takes an option's value, which must not be empty and must not be the next option.
fn value(
    arguments: &mut Arguments,
    [first, second]: [&'static str; 2],
    what: &str,
) -> Result<Option<String>, UsageError> {
    let taken = if second.is_empty() {
        arguments.opt_value_from_str::<_, String>(first)
    } else {
        arguments.opt_value_from_str::<_, String>([first, second])
    };
    let name = if second.is_empty() { first } else { second };
    match taken {
        Ok(Some(text)) if text.is_empty() || (text.len() > 1 && text.starts_with('-')) => {
            Err(UsageError(format!("{name} needs {what} after it")))
        }
        Ok(text) => Ok(text),
        Err(pico_args::Error::NonUtf8Argument) => Err(UsageError(format!("the value of {name} is not valid UTF-8"))),
        Err(_) => Err(UsageError(format!("{name} needs {what} after it"))),
    }
}

fn run_mode(given: [bool; 3], dry: bool, timeout: Option<String>) -> Result<RunMode, UsageError> {
    let named = ["--once", "--check", "--status"].into_iter().zip(given).filter(|(_, is_given)| *is_given);
    let mode = match named.map(|(name, _)| name).collect::<Vec<_>>().as_slice() {
        ["--once"] => return Ok(RunMode::Once { timeout: timeout.as_deref().map(seconds).transpose()?, dry }),
        [one, other, ..] => return Err(UsageError(format!("{one} and {other} exclude each other"))),
        ["--check"] => RunMode::Check,
        ["--status"] => RunMode::Status,
        _ => RunMode::Daemon,
    };
    match (dry, timeout) {
        (true, _) => Err(UsageError("--dry-run goes with --once".to_owned())),
        (false, Some(_)) => Err(UsageError("--timeout goes with --once".to_owned())),
        (false, None) => Ok(mode),
    }
}

fn seconds(text: &str) -> Result<Duration, UsageError> {
    let seconds = text.parse::<f64>().ok().filter(|seconds| (SHORTEST_SECS..=LONGEST_SECS).contains(seconds));
    seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        let bounds = format!("between {SHORTEST_SECS} and {LONGEST_SECS} (a day)");
        UsageError(format!("--timeout needs a number of seconds {bounds}"))
    })
}

/// The error for an argument that no option took.
fn leftover(argument: &str, given: &[String]) -> UsageError {
    let name = argument.split('=').next().unwrap_or_default();
    if matches!(name, "-c" | "--config-file") {
        return UsageError("-c is given twice, or joined to other options".to_owned());
    }
    if SHORT.contains(&name) || LONG.contains(&name) {
        let takes_value = name == "--timeout";
        let fault = if argument == name || takes_value { "is given twice" } else { "takes no value" };
        return UsageError(format!("{name} {fault}"));
    }
    // Of joined letters, the known ones have been taken already.
    let joined = |one: &&String| {
        let rest: String = one.chars().filter(|c| !"vVh".contains(*c)).collect();
        one.starts_with('-') && !one.starts_with("--") && rest == argument && one.len() > 3
    };
    unknown(given.iter().find(joined).map_or(argument, String::as_str))
}

fn unknown(argument: &str) -> UsageError {
    let name = argument.split('=').next().unwrap_or_default();
    let distance = |option: &&&str| strsim::osa_distance(option, name);
    let nearest = LONG.iter().filter(|option| distance(option) <= 2).min_by_key(distance);
    let hint = nearest.map(|option| format!("; did you mean '{option}'?")).unwrap_or_default();
    UsageError(format!("unknown argument '{}'{hint}", argument.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn parsed(line: &[&str]) -> Result<Command, String> {
        parse(line.iter().map(OsString::from).collect()).map_err(|error| error.0)
    }

    fn options(line: &[&str]) -> Options {
        match parsed(line) {
            Ok(Command::Run(options)) => options,
            other => panic!("{line:?}: {other:?}"),
        }
    }

    #[test]
    fn nothing_given_means_the_daemon_with_the_usual_file() {
        let expected = Options { mode: RunMode::Daemon, verbosity: 0, config_file: None };
        assert_eq!(options(&[]), expected);
    }

    #[test]
    fn verbosity_counts_in_every_spelling() {
        for (line, expected) in [(&["-v"][..], 1), (&["-vv"], 2), (&["-v", "-v"], 2), (&["--verbose", "-vv"], 3)] {
            assert_eq!(options(line).verbosity, expected, "{line:?}");
        }
    }

    #[test]
    fn the_config_file_is_taken_in_every_spelling() {
        for line in [
            &["-c", "v/V.toml"][..],
            &["-cv/V.toml"],
            &["--config-file", "v/V.toml"],
            &["--config-file=v/V.toml"],
            &["-v", "-c", "v/V.toml", "--verbose"],
        ] {
            assert_eq!(options(line).config_file, Some(PathBuf::from("v/V.toml")), "{line:?}");
        }
    }

    #[test]
    fn help_and_version_win_over_running() {
        assert_eq!(parsed(&["-v", "-h", "-V"]), Ok(Command::Help));
        assert_eq!(parsed(&["--version", "-c", "x"]), Ok(Command::Version));
        assert_eq!(parsed(&["-vV"]), Ok(Command::Version));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (line, expected) in [
            (&["--frobnicate"][..], "unknown argument '--frobnicate'"),
            (&["-x"], "unknown argument '-x'"),
            (&["a\nb"], "unknown argument 'a\\nb'"),
            (&["-c"], "--config-file needs a file name after it"),
            (&["-c", ""], "--config-file needs a file name after it"),
            (&["-c", "-v"], "--config-file needs a file name after it"),
            (&["-c", "a", "-c", "b"], "-c is given twice, or joined to other options"),
            (&["-help"], "unknown argument '-help'; did you mean '--help'?"),
            (&["-check"], "unknown argument '-check'; did you mean '--check'?"),
            (&["-hello"], "unknown argument '-hello'"),
            (&["--chekc"], "unknown argument '--chekc'; did you mean '--check'?"),
            (&["--once", "--once"], "--once is given twice"),
            (&["-h", "--help"], "--help is given twice"),
            (&["--once", "--timeout", "5", "--timeout=6"], "--timeout is given twice"),
            (&["--once=yes"], "--once takes no value"),
            (&["--once", "--check"], "--once and --check exclude each other"),
            (&["--check", "--status"], "--check and --status exclude each other"),
            (&["--timeout", "5"], "--timeout goes with --once"),
            (&["--dry-run"], "--dry-run goes with --once"),
            (&["--check", "--dry-run"], "--dry-run goes with --once"),
            (&["--once", "--timeout", "0"], "--timeout needs a number of seconds between 0.1 and 86400 (a day)"),
            (&["--once", "--timeout=inf"], "--timeout needs a number of seconds between 0.1 and 86400 (a day)"),
            (&["--once", "--timeout=1e9"], "--timeout needs a number of seconds between 0.1 and 86400 (a day)"),
            (&["--once", "--timeout=ten"], "--timeout needs a number of seconds between 0.1 and 86400 (a day)"),
        ] {
            assert_eq!(parsed(line), Err(expected.to_owned()), "{line:?}");
        }
    }

    #[test]
    fn the_ways_to_run_are_known() {
        assert_eq!(options(&["--check"]).mode, RunMode::Check);
        assert_eq!(options(&["--status"]).mode, RunMode::Status);
        let timeout = Some(Duration::from_millis(2500));
        assert_eq!(options(&["--once", "--timeout=2.5"]).mode, RunMode::Once { timeout, dry: false });
        assert_eq!(options(&["--dry-run", "--once"]).mode, RunMode::Once { timeout: None, dry: true });
    }

    #[test]
    fn the_readme_lists_exactly_the_options_of_the_help() {
        let help: Vec<&str> = HELP.split(|c: char| !(c.is_ascii_lowercase() || c == '-')).collect();
        let in_help = help.iter().filter(|word| word.starts_with("--"));
        let table = include_str!("../README.md").lines().filter(|line| line.starts_with("| `-"));
        let in_readme: String = table.map(|line| line.split('|').nth(1).unwrap()).collect();
        let mut count = 0;
        for option in in_help {
            assert!(in_readme.contains(option), "{option}");
            count += 1;
        }
        assert_eq!(in_readme.matches("--").count(), count);
    }

    #[test]
    fn help_names_every_option_that_is_available() {
        for name in SHORT.iter().chain(&LONG) {
            assert!(HELP.contains(name), "{name}");
        }
    }

    proptest! {
        #[test]
        fn any_arguments_give_a_command_or_an_error(line in proptest::collection::vec("(-|--)?[cvVhxé=]{0,6}", 0..5)) {
            let _ = parse(line.iter().map(OsString::from).collect());
        }

        #[test]
        fn arguments_that_are_not_utf8_are_no_reason_to_panic(bytes in proptest::collection::vec(any::<u8>(), 0..8)) {
            use std::os::unix::ffi::OsStringExt;
            let argument = OsString::from_vec(bytes);
            let _ = parse(vec!["-c".into(), argument.clone()]);
            let _ = parse(vec![argument]);
        }
    }
}
