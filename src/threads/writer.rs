//! The Argus writer: executes jobs over its connections and reports each. Keeps nothing but the client.

use super::Wake;
use super::core::execute;
use crate::argus::models::{Event, Incident, IncidentPk, ListQuery, NewEvent, NewIncident, Page, Patch};
use crate::argus::{ArgusError, ArgusServer};
use crate::machine::{Input, Job};
use crate::sync::rules::Rules;
use crossbeam_channel::{Receiver, Sender};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Takes jobs until there are no more, one at a time; several of these run beside each other. `before_probe` may give the
/// client a token that was replaced on disk: a refusal is believed only of the newest one.
pub fn run<A: ArgusServer>(
    argus: &A,
    rules: &Rules,
    halt: &Arc<AtomicBool>,
    before_probe: impl Fn(),
    jobs: &Receiver<Job>,
    wakes: &Sender<Wake>,
) {
    let argus = Halting { argus, halt };
    for job in jobs {
        if matches!(job, Job::Probe) {
            before_probe();
        }
        let report = execute(&argus, rules, job);
        if wakes.send(Wake::Input(Input::Argus(report))).is_err() {
            return;
        }
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
    fn list(&self, query: &ListQuery, cursor: Option<&str>) -> Result<Page<Incident>, ArgusError> {
        self.go()?.list(query, cursor)
    }

    fn newest_events(&self, cursor: Option<&str>) -> Result<Page<Event>, ArgusError> {
        self.go()?.newest_events(cursor)
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

    fn check_token(&self) -> Result<(), ArgusError> {
        self.go()?.check_token()
    }
}
