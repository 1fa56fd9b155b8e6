//! The Argus writer: executes jobs over its connections and reports each. Keeps nothing but the
//! client.

use crate::argus::{ArgusError, ArgusServer};
use crate::engine::{Input, Job, Report};
use crate::execute::host_lock::{HostLock, Turn};
use crate::execute::job::execute;
use crate::progress;
use crate::reconcile::rules::Rules;
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use std::time::Duration;

/// What may pass between two signs of a writer's life besides the one request that is under way.
const SLACK: Duration = Duration::from_secs(60);

/// What all writers work with.
pub struct Setup<A: ?Sized> {
    /// The server.
    pub argus: Arc<A>,
    /// What decisions depend on.
    pub rules: Rules,
    /// The longest that one request may take.
    pub timeout: Duration,
    /// Where all processes of this host meet that write to this server; `None`: nothing is written.
    pub host_lock: Option<HostLock>,
    /// Called before a probe and before the proof of STANDBY; may give the client a token that was
    /// replaced on disk: a refusal is believed only of the newest one. An error stands for the
    /// answer of Argus.
    pub before_probe: Box<dyn Fn() -> Result<(), ArgusError> + Send + Sync>,
    /// Renews the token if it is old enough.
    pub renew: Box<dyn Fn() -> Result<(), String> + Send + Sync>,
}

impl<A: ?Sized> Setup<A> {
    /// How long a writer may be silent while it works: one request, and what is between two.
    #[must_use]
    pub fn bound(&self) -> Duration {
        self.timeout.saturating_add(SLACK)
    }
}

/// Takes jobs until there are no more, one at a time; several of these run beside each other.
pub fn run<A: ArgusServer + ?Sized>(setup: &Setup<A>, job_receiver: &Receiver<Job>, input_sender: &Sender<Input>) {
    loop {
        progress::rest();
        let Ok(job) = job_receiver.recv() else {
            return;
        };
        progress::beat();
        let report = match job {
            Job::Probe | Job::Prove(_) => match (setup.before_probe)() {
                Ok(()) => execute(&*setup.argus, &setup.rules, job),
                Err(error) if matches!(job, Job::Probe) => Report::Probe(Err(error)),
                Err(error) => Report::Proved(Err(error)),
            },
            Job::Renew => Report::Renewed((setup.renew)()),
            job => {
                let _turn = setup.host_lock.as_ref().and_then(|lock| turn(lock, &job));
                execute(&*setup.argus, &setup.rules, job)
            }
        };
        // This thread may have to wait for the engine, and is not stuck then.
        progress::rest();
        if input_sender.send(Input::Argus(report)).is_err() {
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
