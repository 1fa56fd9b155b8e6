//! What people outside may see of this process now: its health, and the text of its metrics. Never
//! decides when it is looked at, and never talks to anybody.

use super::status;
use crate::engine::Summary;
use crate::failover::Mode;
use crate::metrics::{Gauges, metrics};
use crate::progress::Progress;
use std::fmt::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How the lines begin that are for people: for the text format they are comments.
pub const FOR_PEOPLE: &str = "# zinoargus ";
/// The name of the line that says whether the program does its work.
pub const HEALTH: &str = "health";
/// What it says then.
pub const FINE: &str = "does its work";
/// A state that is older than this is no health: the engine looks at least every ten seconds.
pub const LONGEST_SILENCE: Duration = Duration::from_secs(60);
/// The status line before the first look at the servers.
const NOTHING: &str = "nothing is known yet";

/// Whether the program does its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// It does.
    pub is_fine: bool,
    /// The status line.
    pub line: String,
}

/// The state after the last turn of the engine that was published.
#[derive(Debug, Default)]
struct Seen {
    /// When that was; `None` before the first one.
    at: Option<Duration>,
    is_healthy: bool,
    line: String,
    details: Vec<(&'static str, String)>,
}

/// The one place that the engine's thread writes to and others read.
#[derive(Debug)]
pub struct Board {
    progress: Arc<Progress>,
    is_wanted: AtomicBool,
    seen: Mutex<Seen>,
}

impl Board {
    /// Nothing is known yet, and nobody looks.
    #[must_use]
    pub fn new(progress: Arc<Progress>) -> Self {
        Self { progress, is_wanted: AtomicBool::new(false), seen: Mutex::default() }
    }

    /// How the threads are.
    #[must_use]
    pub fn progress(&self) -> &Arc<Progress> {
        &self.progress
    }

    /// A single run is over, perhaps before an engine was started: a secondary whose primary lives
    /// has nothing to do.
    pub fn end_run(&self, was_good: bool) {
        if self.seen().at.is_none() {
            metrics().set(&Gauges { is_takeover_ready: was_good, ..Gauges::default() });
        }
    }

    /// Whether anybody looks from now on.
    pub fn want(&self, is_wanted: bool) {
        self.is_wanted.store(is_wanted, Ordering::Relaxed);
    }

    /// Whether anybody looks.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.is_wanted.load(Ordering::Relaxed)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How things are after a turn of the engine.
    pub fn publish(&self, now: Duration, summary: &Summary) {
        metrics().set(&gauges(summary));
        let stuck: Vec<String> = self.progress.stuck(now).into_iter().map(|(name, _)| name).collect();
        let (line, details) = (status::line(summary, &stuck), status::details(summary, &stuck));
        *self.seen() = Seen { at: Some(now), is_healthy: summary.is_healthy(), line, details };
    }

    /// Whether the program does its work now. A thread that stands still counts as ill.
    #[must_use]
    pub fn health(&self) -> Health {
        let now = self.progress.start().elapsed();
        let stuck = self.progress.stuck(now);
        let seen = self.seen();
        let (is_fine, line) = match seen.at {
            None => (false, NOTHING.to_owned()),
            Some(at) if now.saturating_sub(at) > LONGEST_SILENCE => {
                let secs = now.saturating_sub(at).as_secs();
                (false, format!("STANDS STILL for {secs} s; before that {}", seen.line))
            }
            Some(_) => (seen.is_healthy && stuck.is_empty(), seen.line.clone()),
        };
        Health { is_fine, line }
    }

    /// The metrics, with comments in front for people.
    #[must_use]
    pub fn text(&self) -> String {
        let health = self.health();
        let health = if health.is_fine { FINE.to_owned() } else { format!("does NOT do its work: {}", health.line) };
        let mut text = format!("{FOR_PEOPLE}{HEALTH}: {health}\n");
        for (name, what) in &self.seen().details {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{FOR_PEOPLE}{name}: {what}");
        }
        text + &metrics().text()
    }
}

fn gauges(summary: &Summary) -> Gauges {
    Gauges {
        is_active: summary.mode == Mode::Active,
        cases: summary.cases,
        incidents: summary.incidents,
        waiting: summary.waiting,
        troubled: summary.troubled,
        is_zino_up: summary.zino.is_usable(),
        is_argus_up: summary.argus.is_usable(),
        is_takeover_ready: summary.is_takeover_ready,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::{Side, Waiting};
    use crate::service::status::tests::summary;
    use std::time::Instant;

    fn board_of(age: Duration) -> Board {
        let start = Instant::now().checked_sub(age).unwrap();
        Board::new(Arc::new(Progress::new(start)))
    }

    fn health_of(summary: &Summary) -> bool {
        let board = board_of(Duration::ZERO);
        board.publish(Duration::ZERO, summary);
        board.health().is_fine
    }

    #[test]
    fn it_is_healthy_while_it_does_its_work_or_could_take_over() {
        assert!(health_of(&summary()));
        assert!(health_of(&Summary { argus: Side::Reading, ..summary() }));
        assert!(!health_of(&Summary { argus: Side::NotYet, ..summary() }));
        assert!(!health_of(&Summary { zino: Side::NotYet, ..summary() }));
        let standby = Summary { mode: Mode::Standby, argus: Side::NotYet, ..summary() };
        assert!(health_of(&standby));
        assert!(!health_of(&Summary { is_takeover_ready: false, ..standby }));
    }

    #[test]
    fn before_the_first_look_and_long_after_the_last_one_it_is_ill() {
        let board = board_of(Duration::from_secs(3600));
        assert_eq!(board.health(), Health { is_fine: false, line: NOTHING.to_owned() });
        board.publish(Duration::from_secs(3600), &summary());
        assert!(board.health().is_fine);
        board.publish(Duration::from_secs(3500), &summary());
        let Health { is_fine, line } = board.health();
        assert!(!is_fine && line.starts_with("STANDS STILL for 10"), "{line}");
    }

    #[test]
    fn what_people_read_is_one_comment_each_whatever_a_server_said() {
        let board = board_of(Duration::ZERO);
        let why = Some("refused\nzinoargus_active 7".to_owned());
        let waiting = Waiting { problem: "gw1 portstate 12".to_owned(), time: Duration::from_secs(35), why };
        board.publish(Duration::ZERO, &Summary { oldest: Some(waiting), ..summary() });
        let text = board.text();
        let people: Vec<&str> = text.lines().take_while(|line| line.starts_with(FOR_PEOPLE)).collect();
        assert_eq!(people.first(), Some(&"# zinoargus health: does its work"));
        assert_eq!(
            people.last(),
            Some(&"# zinoargus oldest: gw1 portstate 12, waiting for 35 s (refused\\u{a}zinoargus_active 7)")
        );
        let next = text.lines().nth(people.len()).unwrap();
        assert!(next.starts_with("# HELP zinoargus_build_info "), "{next}");
    }
}
