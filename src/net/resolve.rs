//! Looks names up, by one set of rules for Zino, Argus and SNMP, whatever C library the program is
//! linked with. Never blocks longer than the caller wants, and never repeats a question that is not
//! answered yet, so that a look-up that hangs occupies its threads once. These threads are not
//! joined: nothing can end a look-up that hangs in the C library.

use super::library::{self, Answer, Failure, Family};
use super::search;
use super::stages::{self, Stage, Step};
use log::debug;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Why a name has no address now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResolveError {
    /// The name.
    pub name: String,
    /// What is the matter.
    pub kind: ResolveErrorKind,
    /// Whether this host names a name server to ask.
    has_servers: bool,
}

/// Why a look-up failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ResolveErrorKind {
    /// There is no such name, or it has no address.
    NoAddress,
    /// The look-up failed, for this reason.
    Unanswered(String),
    /// No answer within this time. The look-up continues, and its result serves the next caller.
    TimedOut(Duration),
}

impl ResolveError {
    /// Whether this host names a name server. Without one, no other cause is reported.
    #[must_use]
    pub fn has_servers(&self) -> bool {
        self.has_servers
    }

    /// The error in words for a message that has named the host already.
    #[must_use]
    pub fn of_the_name(&self) -> String {
        self.of("the name")
    }

    fn of(&self, name: &str) -> String {
        let what = match &self.kind {
            ResolveErrorKind::NoAddress => format!("{name} has no address"),
            ResolveErrorKind::Unanswered(why) => format!("{name} could not be looked up: {why}"),
            ResolveErrorKind::TimedOut(after) => format!("{name} could not be looked up within {after:?}"),
        };
        if self.has_servers {
            return what;
        }
        format!("{what} (this host or container has no /etc/resolv.conf, which says what name server to ask)")
    }
}

impl std::fmt::Display for ResolveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.of(&format!("the name {}", self.name)))
    }
}

impl std::error::Error for ResolveError {}

/// The addresses of a host, those to be tried first in front. An address in figures (IPv6 also in
/// brackets) is itself. Blocks for at most `wait`.
///
/// # Errors
/// See [`ResolveError`].
pub fn addresses(host: &str, port: u16, wait: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
    SYSTEM.addresses(host, port, wait)
}

/// The addresses that this process found last for a host, however long ago; empty if it has found
/// none. Does not block.
#[must_use]
pub fn last_known(host: &str, port: u16) -> Vec<SocketAddr> {
    SYSTEM.last_known(host, port)
}

/// The resolver of this process.
static SYSTEM: LazyLock<Resolver> = LazyLock::new(|| Resolver::new(search::candidates, library::ask));

/// Looks names up, and remembers the last results. The process has one ([`addresses`]); tests have
/// their own.
#[derive(Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
}

/// One question to the C library.
type Key = (String, Family);
type Looks = HashMap<Key, Look>;

type Candidates = dyn Fn(&str) -> Vec<String> + Send + Sync;
type Ask = dyn Fn(&str, Family) -> Answer + Send + Sync;

struct Shared {
    candidates: Box<Candidates>,
    ask: Box<Ask>,
    /// Names come from the configuration and the environment, so they are few.
    looks: Mutex<Looks>,
    answered: Condvar,
}

/// The state of one question.
#[derive(Default)]
struct Look {
    /// When the thread that asks it began.
    under_way: Option<Instant>,
    /// How often it was answered.
    answers: u64,
    /// The newest answer, and when it came.
    newest: Option<(Instant, Answer)>,
    /// The addresses that were found last, and when.
    known: Option<(Instant, Vec<SocketAddr>)>,
}

/// The questions of one stage of a look-up.
struct Questions {
    keys: Vec<Key>,
    /// Once they were asked: when, and how often each had been answered before.
    put: Option<(Instant, Vec<u64>)>,
}

impl std::fmt::Debug for Resolver {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl Resolver {
    /// The resolver of this process.
    #[must_use]
    pub fn system() -> Self {
        SYSTEM.clone()
    }

    /// One that asks by `ask`, each time in a thread of its own. `candidates` gives the whole names
    /// that a short one may stand for.
    pub fn new(
        candidates: impl Fn(&str) -> Vec<String> + Send + Sync + 'static,
        ask: impl Fn(&str, Family) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let shared = Shared {
            candidates: Box::new(candidates),
            ask: Box::new(ask),
            looks: Mutex::default(),
            answered: Condvar::new(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// See [`addresses`].
    ///
    /// # Errors
    /// See [`ResolveError`].
    pub fn addresses(&self, host: &str, port: u16, wait: Duration) -> Result<Vec<SocketAddr>, ResolveError> {
        let name = match literal(host) {
            Ok(address) => return Ok(vec![SocketAddr::new(address, port)]),
            Err(name) => name,
        };
        let began = Instant::now();
        let mut questions = self.questions(name);
        let mut looks = self.shared.lock();
        loop {
            let now = Instant::now();
            let left = wait.saturating_sub(now.duration_since(began));
            let stages: Vec<Stage> = questions.iter().map(|questions| questions.stage(&looks)).collect();
            let until = match stages::next(&stages, now) {
                Step::Take(found) => return Ok(with_port(found, port)),
                Step::Ask(stage) if !left.is_zero() => {
                    if let Some(questions) = questions.get_mut(stage) {
                        questions.put = Some(self.put(&mut looks, &questions.keys));
                    }
                    continue;
                }
                Step::Wait(until) if !left.is_zero() => until,
                Step::Ask(_) | Step::Wait(_) | Step::GiveUp => return Err(error(name, stages::failure(&stages), wait)),
            };
            let patience = until.map_or(left, |until| left.min(until.saturating_duration_since(now)));
            let waited = self.shared.answered.wait_timeout(looks, patience);
            looks = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// See [`last_known`].
    #[must_use]
    pub fn last_known(&self, host: &str, port: u16) -> Vec<SocketAddr> {
        let name = match literal(host) {
            Ok(address) => return vec![SocketAddr::new(address, port)],
            Err(name) => name,
        };
        let questions = self.questions(name);
        let looks = self.shared.lock();
        let known = questions.iter().filter_map(|questions| questions.known(&looks)).max_by_key(|(at, _)| *at);
        with_port(known.map(|(_, found)| found).unwrap_or_default(), port)
    }

    fn questions(&self, name: &str) -> Vec<Questions> {
        let key = |name: &str, family| (name.to_owned(), family);
        let both = Questions { keys: vec![key(name, Family::Both)], put: None };
        let mut meant = (self.shared.candidates)(name);
        if meant.is_empty() {
            meant.push(name.to_owned());
        }
        let by_family =
            |name: String| Questions { keys: vec![key(&name, Family::V6), key(&name, Family::V4)], put: None };
        std::iter::once(both).chain(meant.into_iter().map(by_family)).collect()
    }

    /// Asks those questions that no thread asks already.
    fn put(&self, looks: &mut Looks, keys: &[Key]) -> (Instant, Vec<u64>) {
        let (mut began, mut before) = (Instant::now(), Vec::new());
        for key in keys {
            let look = looks.entry(key.clone()).or_default();
            before.push(look.answers);
            if let Some(since) = look.under_way {
                began = began.min(since);
                continue;
            }
            look.under_way = Some(Instant::now());
            let (shared, asked) = (Arc::clone(&self.shared), key.clone());
            let work = move || {
                let answer = (shared.ask)(&asked.0, asked.1);
                shared.record(&asked, answer);
            };
            if let Err(error) = thread::Builder::new().name("name look-up".to_owned()).spawn(work) {
                look.record(Err(Failure::Unanswered(format!("cannot start a thread: {error}"))));
            }
        }
        (began, before)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Looks> {
        self.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn record(&self, key: &Key, answer: Answer) {
        debug!("{} ({:?}): {answer:?}", key.0, key.1);
        if let Some(look) = self.lock().get_mut(key) {
            look.record(answer);
        }
        self.answered.notify_all();
    }
}

impl Look {
    fn record(&mut self, answer: Answer) {
        let now = Instant::now();
        if let Ok(found) = &answer {
            self.known = Some((now, found.clone()));
        }
        self.under_way = None;
        self.answers = self.answers.wrapping_add(1);
        self.newest = Some((now, answer));
    }
}

impl Questions {
    /// Their answers since they were asked.
    fn stage(&self, looks: &Looks) -> Stage {
        let Some((began, before)) = &self.put else { return Stage::default() };
        let newer = |(key, before): (&Key, &u64)| {
            looks.get(key).filter(|look| look.answers != *before).and_then(|look| look.newest.clone())
        };
        Stage { began: Some(*began), answers: self.keys.iter().zip(before).map(newer).collect() }
    }

    /// Their last results, of any age.
    fn known(&self, looks: &Looks) -> Option<(Instant, Vec<SocketAddr>)> {
        let known = self.keys.iter().filter_map(|key| looks.get(key)?.known.as_ref());
        let newest = known.clone().map(|(at, _)| *at).max()?;
        Some((newest, stages::together(known.map(|(_, found)| found.as_slice()))))
    }
}

fn error(name: &str, failure: Option<Failure>, waited: Duration) -> ResolveError {
    let kind = match failure {
        Some(Failure::NoAddress) => ResolveErrorKind::NoAddress,
        Some(Failure::Unanswered(why)) => ResolveErrorKind::Unanswered(why),
        None => ResolveErrorKind::TimedOut(waited),
    };
    ResolveError { name: name.to_owned(), kind, has_servers: search::has_name_servers() }
}

fn with_port(mut addresses: Vec<SocketAddr>, port: u16) -> Vec<SocketAddr> {
    addresses.iter_mut().for_each(|address| address.set_port(port));
    addresses
}

/// A host as an address, if it is one.
fn literal(host: &str) -> Result<IpAddr, &str> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    bare.parse().map_err(|_| bare)
}

#[cfg(test)]
#[path = "resolve_tests.rs"]
mod tests;
