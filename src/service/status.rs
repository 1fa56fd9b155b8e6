//! A summary in words: the line of `systemctl status`, and one line for each thing. Pure; never
//! shows foreign text unescaped or at length.

use crate::engine::{Side, Summary, Waiting};
use crate::failover::Mode;
use crate::sanitise::sanitised_line;
use crate::time::Stamp;

/// The names of the servers in [`details`].
pub const ZINO: &str = "Zino";
/// The name of Argus in [`details`].
pub const ARGUS: &str = "Argus";
/// The most characters of a reason for a server's absence.
const MAX_WHY: usize = 100;
/// The most characters of the last error.
const MAX_ERROR: usize = 150;

/// The summary in one line; `stuck` names the threads that stand still.
#[must_use]
pub fn line(summary: &Summary, stuck: &[String]) -> String {
    let name = |name: &str, side: &Side| format!("{name} {}", words(side));
    let mut parts = vec![work(summary), name("Zino", &summary.zino), name("Argus", &summary.argus)];
    if !stuck.is_empty() {
        parts.push(format!("STANDS STILL: {}", stuck.join(", ")));
    }
    // An outage that still lasts is in the line already.
    let is_said = |at: Stamp| [&summary.zino, &summary.argus].into_iter().any(|side| began(side) == Some(at));
    if let Some((at, what)) = summary.last_error.as_ref().filter(|(at, _)| !is_said(*at)) {
        parts.push(format!("last error {} {}", whole(*at), sanitised_line(what, MAX_ERROR)));
    }
    parts.join("; ")
}

/// In STANDBY nothing waits, and incidents are the primary's business.
fn work(summary: &Summary) -> String {
    let Summary { mode, cases, incidents, waiting, troubled, .. } = summary;
    let troubled = if *troubled > 0 { format!(", {troubled} in trouble") } else { String::new() };
    match mode {
        Mode::Standby => format!("{mode}: {cases} cases"),
        Mode::Active => format!("{mode}: {cases} cases, {incidents} open incidents, {waiting} waiting{troubled}"),
    }
}

fn began(side: &Side) -> Option<Stamp> {
    match side {
        Side::Away { since, .. } => Some(*since),
        Side::NotYet | Side::Reading | Side::Fine => None,
    }
}

/// To the second, as in the log.
fn whole(at: Stamp) -> Stamp {
    Stamp::from_secs(at.secs())
}

fn words(side: &Side) -> String {
    match side {
        Side::NotYet => "not yet asked".to_owned(),
        Side::Reading => "being read".to_owned(),
        Side::Fine => "ok".to_owned(),
        Side::Away { since, why } => {
            format!("CANNOT BE USED since {} ({})", whole(*since), sanitised_line(why, MAX_WHY))
        }
    }
}

/// The summary with one line for each thing: its name, and how it is.
#[must_use]
pub fn details(summary: &Summary, stuck: &[String]) -> Vec<(&'static str, String)> {
    let Summary { mode, cases, incidents, waiting, troubled, .. } = summary;
    let error = summary.last_error.as_ref();
    let error = error.map(|(at, what)| format!("{} {}", whole(*at), sanitised_line(what, MAX_ERROR)));
    let stuck = (!stuck.is_empty()).then(|| stuck.join(", "));
    let optional = [("oldest", summary.oldest.as_ref().map(oldest)), ("stands still", stuck), ("last error", error)];
    let always = [
        ("mode", mode.to_string()),
        (ZINO, words(&summary.zino)),
        (ARGUS, words(&summary.argus)),
        ("cases", format!("{cases} in Zino, {incidents} open incidents in Argus")),
        ("problems", format!("{waiting} waiting, {troubled} in trouble")),
    ];
    let optional = optional.into_iter().filter_map(|(name, text)| Some((name, text?)));
    always.into_iter().chain(optional).collect()
}

fn oldest(waiting: &Waiting) -> String {
    let Waiting { problem, time, why } = waiting;
    let problem = sanitised_line(problem, MAX_WHY);
    let why = why.as_ref().map(|why| format!(" ({})", sanitised_line(why, MAX_WHY)));
    format!("{problem}, waiting for {} s{}", time.as_secs(), why.unwrap_or_default())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::time::Duration;

    pub fn summary() -> Summary {
        Summary {
            mode: Mode::Active,
            cases: 132,
            incidents: 98,
            waiting: 3,
            troubled: 0,
            zino: Side::Fine,
            argus: Side::Fine,
            is_refused_at_start: false,
            pinged: false,
            is_takeover_ready: true,
            oldest: None,
            last_error: None,
        }
    }

    fn away(why: &str) -> Side {
        Side::Away { since: Stamp::from_secs(0), why: why.to_owned() }
    }

    #[test]
    fn a_quiet_day_is_one_short_line() {
        assert_eq!(line(&summary(), &[]), "ACTIVE: 132 cases, 98 open incidents, 3 waiting; Zino ok; Argus ok");
        let standby = Summary { mode: Mode::Standby, argus: Side::NotYet, zino: Side::Reading, ..summary() };
        assert_eq!(line(&standby, &[]), "STANDBY: 132 cases; Zino being read; Argus not yet asked");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_reason() {
        let bad = Summary {
            argus: away("cannot be reached: connection refused"),
            troubled: 2,
            last_error: Some((Stamp::from_secs(60), "gw1: refused".to_owned())),
            ..summary()
        };
        assert_eq!(
            line(&bad, &["zino poller".to_owned()]),
            "ACTIVE: 132 cases, 98 open incidents, 3 waiting, 2 in trouble; Zino ok; Argus CANNOT BE USED since \
             1970-01-01T00:00:00Z (cannot be reached: connection refused); STANDS STILL: zino poller; last error \
             1970-01-01T00:01:00Z gw1: refused"
        );
    }

    #[test]
    fn an_outage_is_not_told_twice_while_it_lasts() {
        let error = Some((Stamp::from_micros(7_500_000), "Zino cannot be used: refused".to_owned()));
        let since = Stamp::from_micros(7_500_000);
        let lasting =
            Summary { zino: Side::Away { since, why: "refused".to_owned() }, last_error: error.clone(), ..summary() };
        assert!(line(&lasting, &[]).ends_with("; Zino CANNOT BE USED since 1970-01-01T00:00:07Z (refused); Argus ok"));
        let over = Summary { last_error: error, ..summary() };
        assert!(line(&over, &[]).ends_with("; last error 1970-01-01T00:00:07Z Zino cannot be used: refused"));
    }

    #[test]
    fn each_thing_has_a_line_and_what_is_not_there_has_none() {
        let names = |summary| details(&summary, &[]).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(summary()), ["mode", "Zino", "Argus", "cases", "problems"]);
        let why = Some("refused\nREADY=1".to_owned());
        let waiting = Waiting { problem: "gw1 portstate 12".to_owned(), time: Duration::from_secs(35), why };
        let error = Some((Stamp::from_secs(60), "gw1: refused".to_owned()));
        let bad = Summary { oldest: Some(waiting), last_error: error, ..summary() };
        let text: Vec<String> = details(&bad, &["zino poller".to_owned()])
            .into_iter()
            .map(|(name, text)| format!("{name}: {text}"))
            .collect();
        assert_eq!(
            text[3..],
            [
                "cases: 132 in Zino, 98 open incidents in Argus",
                "problems: 3 waiting, 0 in trouble",
                "oldest: gw1 portstate 12, waiting for 35 s (refused\\u{a}READY=1)",
                "stands still: zino poller",
                "last error: 1970-01-01T00:01:00Z gw1: refused",
            ]
        );
    }

    #[test]
    fn foreign_text_forges_nothing_and_leaves_room_for_the_rest() {
        let evil = "\nREADY=1\u{202e}".repeat(1000);
        let bad = Summary {
            zino: away(&evil),
            argus: away(&evil),
            last_error: Some((Stamp::from_secs(9), evil.clone())),
            ..summary()
        };
        let line = line(&bad, &[]);
        assert!(!line.contains(['\n', '\u{202e}']));
        assert!(line.contains("Argus CANNOT BE USED") && line.contains("last error"), "{line}");
    }

    #[test]
    fn the_start_is_over_when_both_servers_had_their_first_word() {
        let begun = |zino, argus| Summary { zino, argus, ..summary() }.has_begun();
        assert!(!begun(Side::NotYet, Side::NotYet));
        assert!(!begun(Side::Reading, Side::NotYet));
        assert!(begun(Side::Reading, Side::Reading));
        assert!(begun(Side::Fine, Side::Fine));
        assert!(begun(Side::Fine, away("refused")));
        assert!(begun(away("refused"), Side::NotYet));
        let refused = Summary { zino: away("refused"), is_refused_at_start: true, pinged: true, ..summary() };
        assert!(!refused.has_begun() && !Summary { mode: Mode::Standby, ..refused }.has_begun());
        let standby = |pinged| Summary { mode: Mode::Standby, pinged, zino: Side::NotYet, ..summary() }.has_begun();
        assert!(!standby(false));
        assert!(standby(true));
    }
}
