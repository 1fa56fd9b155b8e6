//! An engine for its own tests, with their settings and what the servers have. Never part of the
//! program.

mod admission;
mod news;
mod reading;
mod reload;
mod secondary;
mod slow_feed;
mod standby;
mod unheard;
mod watch;

use crate::argus::ArgusError;
use crate::argus::models::{Event, Incident, ListQuery, Page};
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::failover::Answer;
use crate::failover::Ping;
use crate::reconcile::testing::{case, rules};
use crate::reconcile::work::ProblemReport;
use crate::time::Stamp;
use crate::zino::case::Problem;

/// Those of a primary, as shipped, without what it does for the token and its own life.
pub fn settings() -> Settings {
    Settings {
        rules: rules(),
        connections: 4,
        refresh_interval: Duration::from_secs(30),
        full_interval: Duration::from_secs(900),
        orphan_grace: Duration::from_secs(900),
        failover_threshold: None,
        once: None,
        signs_of_life: false,
        renews_token: false,
        names: Names { zino: "zino:8001".to_owned(), argus: "https://argus/api/v2".to_owned() },
    }
}

/// A engine, the time, and what Argus shows.
pub struct Running {
    pub engine: Engine,
    pub secs: u64,
    /// All open incidents.
    pub open: Vec<Incident>,
    /// The newest events, one page.
    pub newest: Vec<Event>,
    /// How many incidents Argus counts as open beside those.
    pub more_counted: usize,
    /// How often all open ones were listed since the start.
    pub listed: usize,
}

impl Running {
    /// It has just been made.
    pub fn idle(settings: Settings) -> Self {
        Self {
            engine: Engine::new(settings),
            secs: 0,
            open: Vec::new(),
            newest: Vec::new(),
            more_counted: 0,
            listed: 0,
        }
    }

    /// Connected, with everything read of Zino, which has case 1.
    pub fn new(settings: Settings) -> Self {
        let mut running = Self::idle(settings);
        running.step(Input::Zino(ZinoEvent::Connected));
        running.snapshot(&[1]);
        running
    }

    /// As at a reload: another engine goes on with what this one hands on.
    pub fn reload(&mut self, settings: Settings) -> Vec<Output> {
        self.reload_with(settings, |_| {})
    }

    /// The same, with a change to what is handed on.
    pub fn reload_with(&mut self, settings: Settings, change: impl FnOnce(&mut Kept)) -> Vec<Output> {
        let idle = Engine::new(self::settings());
        let mut kept = std::mem::replace(&mut self.engine, idle).end();
        change(&mut kept);
        self.engine = Engine::after_reload(settings, kept);
        self.step(Input::Tick)
    }

    pub fn now(&self) -> Now {
        Now { mono: Duration::from_secs(self.secs), wall: Stamp::from_secs(1_795_376_392) }
    }

    pub fn step(&mut self, input: Input) -> Vec<Output> {
        self.engine.step(self.now(), input)
    }

    pub fn snapshot(&mut self, ids: &[CaseId]) -> Vec<Output> {
        let cases = ids.iter().map(|id| case(*id)).collect();
        let snapshot = Snapshot { ids: ids.iter().copied().collect(), cases };
        self.step(Input::Zino(ZinoEvent::Snapshot(snapshot)))
    }

    /// Answers every read of Argus and every question to Zino, which knows no more, until only
    /// problems are left.
    pub fn look(&mut self, outputs: Vec<Output>) -> Vec<Problem> {
        let mut todo = outputs;
        let mut problems = Vec::new();
        for _ in 0..100 {
            let Some(output) = todo.pop() else { break };
            todo.extend(match output {
                Output::Argus(Job::Page(query, ..)) => {
                    let is_open = query == ListQuery::Open;
                    self.listed += usize::from(is_open && self.secs > 0);
                    let items = if is_open { self.open.clone() } else { Vec::new() };
                    self.step(Input::Argus(listed(Ok(Page { items, more: false }))))
                }
                Output::Argus(Job::Newest(..)) => {
                    let page = Page { items: self.newest.clone(), more: false };
                    self.step(Input::Argus(newest(Ok(page))))
                }
                Output::Argus(Job::CountOpen(_)) => {
                    self.step(Input::Argus(counted(Ok(self.open.len() + self.more_counted))))
                }
                Output::Argus(Job::Problem(job)) => {
                    problems.push(job.problem);
                    Vec::new()
                }
                Output::Zino(ZinoCommand::Read(asked)) => {
                    let found = Found { unknown: asked.clone(), asked, ..Found::default() };
                    self.step(Input::Zino(ZinoEvent::Found(found)))
                }
                _ => Vec::new(),
            });
        }
        problems
    }

    pub fn done(&mut self, problem: Problem) -> Vec<Output> {
        self.step(Input::Argus(Report::Problem(Box::new(ProblemReport::of(problem)))))
    }

    /// One question to the primary, at this moment. Argus answers that it is there.
    pub fn ping(&mut self, up: bool) {
        let outputs = self.step(ping(self.secs, up));
        if outputs.iter().any(|output| matches!(output, Output::Argus(Job::Reach))) {
            self.step(Input::Argus(Report::Reach(Ok(()))));
        }
    }
}

/// A page of a list, which costs Argus next to nothing.
pub fn listed(result: Result<Page<Incident>, ArgusError>) -> Report {
    Report::Page(result, Duration::ZERO)
}

/// A number, which costs Argus next to nothing.
pub fn counted(result: Result<usize, ArgusError>) -> Report {
    Report::OpenCount(result, Duration::ZERO)
}

/// The newest events, which cost Argus next to nothing.
pub fn newest(result: Result<Page<Event>, ArgusError>) -> Report {
    Report::Newest(result, Duration::ZERO)
}

/// A question to the primary that was asked at this second.
pub fn ping(secs: u64, up: bool) -> Input {
    let answer = if up { Answer::Uptime(5) } else { Answer::Silence("no answer".to_owned()) };
    Input::Ping(Ping { asked_at: Duration::from_secs(secs), answer })
}

/// With case 1 in Argus and nothing to do.
pub fn at_rest() -> Running {
    let mut running = Running::new(settings());
    let outputs = vec![Output::Argus(Job::Newest(25, 1))];
    let problems = running.look(outputs);
    assert_eq!(problems, [case(1).problem()]);
    for problem in problems {
        running.done(problem);
    }
    assert_eq!(running.engine.waiting(), 0);
    running
}
