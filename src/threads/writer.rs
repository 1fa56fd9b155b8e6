//! The Argus writer: executes jobs over its connections and reports each. Keeps nothing but the client.

use super::Wake;
use super::core::execute;
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, NewEvent, NewIncident, Page, Patch};
use crate::argus::{ArgusError, ArgusServer};
use crate::engine::{Input, Job, Report};
use crate::execute::host_lock::{HostLock, Turn};
use crate::progress;
use crate::reconcile::rules::Rules;
use crate::time::Stamp;
use crossbeam_channel::{Receiver, Sender};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

/// What may pass between two signs of a writer's life besides the one request that is under way.
const SLACK: Duration = Duration::from_secs(60);

/// What all writers work with.
pub struct Setup<A> {
    /// The server.
    pub argus: Arc<A>,
    /// What decisions depend on.
    pub rules: Rules,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// Where all processes of this host meet that write to this server.
    pub host_lock: HostLock,
    /// Called before a probe and before the proof of STANDBY; may give the client a token that was
    /// replaced on disk: a refusal is believed only of the newest one. An error stands for the
    /// answer of Argus.
    pub before_probe: Box<dyn Fn() -> Result<(), ArgusError> + Send + Sync>,
    /// Renews the token if it is old enough.
    pub renew: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl<A> Setup<A> {
    /// How long a writer may be silent while it works: one request, and what is between two.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.timeout.saturating_add(SLACK)
    }
}

/// Where the writers find their setup: each looks before each job, so that a job is done with one setup from its beginning
/// to its end.
pub struct Desk<A>(RwLock<Arc<Setup<A>>>);

impl<A> Desk<A> {
    /// With this setup.
    pub fn new(setup: Setup<A>) -> Self {
        Self(RwLock::new(Arc::new(setup)))
    }

    /// From now on with that one.
    pub fn change(&self, setup: Setup<A>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(setup);
    }

    fn setup(&self) -> Arc<Setup<A>> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Takes jobs until there are no more, one at a time; several of these run beside each other.
pub fn run<A: ArgusServer>(desk: &Desk<A>, halt: &AtomicBool, jobs: &Receiver<Job>, wakes: &Sender<Wake>) {
    loop {
        progress::rest();
        let Ok(job) = jobs.recv() else {
            return;
        };
        let setup = desk.setup();
        progress::within(setup.bound());
        progress::beat();
        let report = match job {
            Job::Probe => {
                let probe = || execute(&Halting { argus: &*setup.argus, halt }, &setup.rules, job);
                (setup.before_probe)().map_or_else(|error| Report::Probe(Err(error)), |()| probe())
            }
            Job::Prove(_) => {
                let proof = || execute(&Halting { argus: &*setup.argus, halt }, &setup.rules, job);
                (setup.before_probe)().map_or_else(|error| Report::Proved(Err(error)), |()| proof())
            }
            Job::Renew => Report::Renewed((setup.renew)()),
            job => {
                let _turn = turn(&setup.host_lock, &job);
                execute(&Halting { argus: &*setup.argus, halt }, &setup.rules, job)
            }
        };
        // This thread may have to wait for the machine, and is not stuck then.
        progress::rest();
        if wakes.send(Wake::Input(Input::Argus(report))).is_err() {
            return;
        }
    }
}

/// What looks before it writes does so alone; what only reads waits for nobody.
fn turn(host_lock: &HostLock, job: &Job) -> Option<Turn> {
    match job {
        Job::Problem(job) => Some(host_lock.enter(&job.problem.to_string())),
        Job::EndOrphan(pk, _) | Job::MarkForgotten(pk, _) => Some(host_lock.enter(&format!("incident {pk}"))),
        _ => None,
    }
}

/// An Argus server that takes no further request once the program is to end: a job stops between two requests, and what
/// is left of it is found lacking at the next start.
struct Halting<'a, A> {
    argus: &'a A,
    halt: &'a AtomicBool,
}

impl<A: ArgusServer> Halting<'_, A> {
    fn go(&self) -> Result<&A, ArgusError> {
        if self.halt.load(Ordering::Relaxed) {
            return Err(ArgusError::Refused("this program is ending".to_owned()));
        }
        Ok(self.argus)
    }
}

impl<A: ArgusServer> ArgusServer for Halting<'_, A> {
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError> {
        self.go()?.list(query, until, most)
    }

    fn count_open(&self) -> Result<usize, ArgusError> {
        self.go()?.count_open()
    }

    fn newest_events(&self, most: usize) -> Result<Page<Event>, ArgusError> {
        self.go()?.newest_events(most)
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.go()?.incident(pk)
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        self.go()?.events(pk)
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.go()?.create(new)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        self.go()?.patch(pk, patch)
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        self.go()?.post_event(pk, event)
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        self.go()?.sign_of_life()
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        self.go()?.check_token()
    }

    fn reach(&self) -> Result<(), ArgusError> {
        self.go()?.reach()
    }
}
