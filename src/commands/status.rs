//! `--status`: asks the instance of this configuration how it is, through its listener or its
//! metrics' file, and prints that for a person. Never talks to Zino or Argus, and changes nothing.

use crate::config::MetricsConfig;
use crate::exit::ExitCode;
use crate::file;
use crate::sanitise::sanitised_line;
use crate::service::board::{FINE, FOR_PEOPLE, HEALTH, LONGEST_SILENCE};
use crate::service::status::{ARGUS, ZINO};
use std::io::Write;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use ureq::Agent;

/// The longest that the listener may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest text of metrics.
const LONGEST: u64 = 1024 * 1024;
/// The longest line on the screen.
const WIDEST: usize = 400;

/// Prints how the instance is. Returns 0 if it does its work, and 69 if it does not or cannot be
/// asked.
#[must_use]
pub fn run(at: &MetricsConfig, mut out: impl Write) -> ExitCode {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let (text, code) = match ask(at) {
        Ok(text) => screen(&text, now.as_secs_f64()),
        Err(why) => (format!("{why}\n"), ExitCode::Unavailable),
    };
    // A reader that went away is no reason to fail.
    let _ = out.write_all(text.as_bytes());
    code
}

/// The text of the metrics, by the listener or else from the file.
///
/// # Errors
/// Why neither can be had, and what to do.
fn ask(at: &MetricsConfig) -> Result<String, String> {
    let asked = at.listen.as_ref().map(|listen| listener(listen.0));
    if let Some(Ok(text)) = asked {
        return Ok(text);
    }
    let read = at.file.as_ref().map(|file| written(&file.0));
    if let Some(Ok(text)) = read {
        return Ok(text);
    }
    let why: Vec<String> = [asked, read].into_iter().flatten().filter_map(Result::err).collect();
    if why.is_empty() {
        let help = "give the instance metrics.listen = \"127.0.0.1:9798\" (or metrics.file) and restart or reload it";
        return Err(format!("the instance of this configuration cannot be asked: {help}"));
    }
    Err(format!("the instance of this configuration does not run, or cannot be asked: {}", why.join("; ")))
}

fn listener(listen: SocketAddr) -> Result<String, String> {
    let here = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    let address = SocketAddr::new(here, listen.port());
    // Whatever answers there must not lead elsewhere.
    let config = Agent::config_builder().timeout_global(Some(PATIENCE)).proxy(None).max_redirects(0);
    let agent = Agent::new_with_config(config.build());
    let answer = agent.get(format!("http://{address}/metrics")).call();
    let text = answer.and_then(|mut answer| answer.body_mut().with_config().limit(LONGEST).read_to_string());
    text.map_err(|error| format!("metrics.listen {address}: {error}"))
}

fn written(file: &Path) -> Result<String, String> {
    let fault = |why: &str| format!("metrics.file {} {why}", file.display());
    let content = file::read(file, LONGEST).map_err(|error| fault(&error.text))?;
    String::from_utf8(content.bytes).map_err(|_| fault("is not valid UTF-8"))
}

/// The value of a metric; `None` if it is not there.
fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.trim().parse().ok())
}

/// A time that is so many seconds long, for people.
fn span(seconds: f64) -> String {
    let time = Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or_default().as_secs();
    match time {
        0..120 => format!("{time} s"),
        120..7200 => format!("{} min", time / 60),
        7200..172_800 => format!("{} h", time / 3600),
        _ => format!("{} days", time / 86_400),
    }
}

/// What a person reads, and the exit code. `now`: seconds since 1970.
fn screen(text: &str, now: f64) -> (String, ExitCode) {
    let details: Vec<(&str, &str)> =
        text.lines().filter_map(|line| line.strip_prefix(FOR_PEOPLE)?.split_once(": ")).collect();
    let health = details.iter().find(|(name, _)| *name == HEALTH).map(|(_, health)| *health);
    let (Some(health), Some(looked)) = (health, value(text, "zinoargus_last_update_timestamp_seconds")) else {
        return ("what answers is no zinoargus, or one of another version\n".to_owned(), ExitCode::Unavailable);
    };
    let ago = |at: f64| (at > 0.0).then(|| span(now - at));
    let last = |server: &str| {
        let series = format!("zinoargus_server_last_success_timestamp_seconds{{server=\"{server}\"}}");
        value(text, &series).and_then(ago).map(|ago| format!(", last answer {ago} ago")).unwrap_or_default()
    };
    let is_old = now - looked > LONGEST_SILENCE.as_secs_f64();
    let mut lines: Vec<(&str, String)> = Vec::new();
    for (name, what) in details.iter().filter(|(name, _)| *name != HEALTH) {
        let last = if *name == ZINO || *name == ARGUS { last(&name.to_ascii_lowercase()) } else { String::new() };
        lines.push((name, format!("{what}{last}")));
    }
    if let Some(age) = value(text, "zinoargus_token_renewed_timestamp_seconds").and_then(ago) {
        lines.push(("token", format!("renewed {age} ago")));
    }
    let looked = ago(looked).map_or_else(|| "never".to_owned(), |ago| format!("{ago} ago"));
    lines.push(("looked", looked.clone()));
    let wide = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    let verdict = if is_old {
        format!("does not run any more, or stands still: this is from {looked}")
    } else {
        health.to_owned()
    };
    let rest: String =
        lines.iter().map(|(name, what)| format!("  {name:wide$}  {}\n", sanitised_line(what, WIDEST))).collect();
    let code = if health == FINE && !is_old { ExitCode::Done } else { ExitCode::Unavailable };
    (format!("zinoargus {}\n{rest}", sanitised_line(&verdict, WIDEST)), code)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# zinoargus health: does its work
# zinoargus mode: ACTIVE
# zinoargus Zino: ok
# zinoargus Argus: ok
# zinoargus cases: 132 in Zino, 98 open incidents in Argus
# zinoargus problems: 3 waiting, 0 in trouble
# zinoargus oldest: gw1 portstate 12, waiting for 35 s
# HELP zinoargus_active 1 if it synchronises.
zinoargus_active 1
zinoargus_server_last_success_timestamp_seconds{server=\"zino\"} 1000
zinoargus_server_last_success_timestamp_seconds{server=\"argus\"} 0.0
zinoargus_token_renewed_timestamp_seconds 0.0
zinoargus_last_update_timestamp_seconds 1297.5
";

    #[test]
    fn a_person_sees_each_thing_on_a_line_of_its_own() {
        let (screen, code) = screen(TEXT, 1300.0);
        assert_eq!(code, ExitCode::Done);
        assert_eq!(
            screen,
            "zinoargus does its work\n\
             \x20 mode      ACTIVE\n\
             \x20 Zino      ok, last answer 5 min ago\n\
             \x20 Argus     ok\n\
             \x20 cases     132 in Zino, 98 open incidents in Argus\n\
             \x20 problems  3 waiting, 0 in trouble\n\
             \x20 oldest    gw1 portstate 12, waiting for 35 s\n\
             \x20 looked    2 s ago\n"
        );
    }

    #[test]
    fn one_that_does_not_do_its_work_or_does_not_run_any_more_is_69() {
        let ill = TEXT.replace("health: does its work", "health: does NOT do its work: Zino CANNOT BE USED");
        let (text, code) = screen(&ill, 1300.0);
        assert_eq!(code, ExitCode::Unavailable);
        assert!(text.starts_with("zinoargus does NOT do its work: Zino CANNOT BE USED\n"), "{text}");
        let (text, code) = screen(TEXT, 1400.0);
        assert_eq!(code, ExitCode::Unavailable);
        assert!(
            text.starts_with("zinoargus does not run any more, or stands still: this is from 102 s ago\n"),
            "{text}"
        );
    }

    #[test]
    fn another_server_is_no_zinoargus() {
        for text in ["", "hello", "# zinoargus health: does its work\n", "zinoargus_last_update_timestamp_seconds 5\n"]
        {
            assert_eq!(screen(text, 1300.0).1, ExitCode::Unavailable, "{text}");
        }
    }

    #[test]
    fn what_cannot_be_asked_says_what_to_do() {
        let why = ask(&MetricsConfig::default()).unwrap_err();
        assert!(why.contains("metrics.listen = "), "{why}");
    }
}
