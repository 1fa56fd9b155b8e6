//! A small Argus for unit tests, which logs each request and fails as a test says. Never part of
//! the program.

use crate::argus::models::{
    Acks, EndTime, Event, EventKind, EventPk, Incident, IncidentPk, ListQuery, Mark, NewEvent, NewIncident, Page, Patch,
};
use crate::argus::{ArgusError, ArgusServer};
use crate::reconcile::testing::US;
use crate::reconcile::work::ProblemJob;
use crate::reconcile::{testing, work};
use crate::time::Stamp;
use crate::zino::case::Case;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

type Fault = Box<dyn Fn(&str) -> Option<ArgusError>>;
type Happening = Box<dyn FnOnce(&FakeArgus)>;

#[derive(Default)]
pub struct FakeArgus {
    pub incidents: RefCell<BTreeMap<IncidentPk, Incident>>,
    pub events: RefCell<Vec<Event>>,
    /// Each request, as `GET incident 1` or `POST Other 1`.
    pub requests: RefCell<Vec<String>>,
    /// What a request that begins so is answered.
    pub faults: RefCell<Vec<Fault>>,
    /// END, RES and PATCH are accepted and change no row.
    pub without_effect: Cell<bool>,
    /// A created incident is answered for and not kept.
    pub forgets: Cell<bool>,
    /// What happens just after the events of an incident were read.
    pub after_events: RefCell<Option<Happening>>,
}

pub fn refused(status: u16) -> ArgusError {
    ArgusError::Request { status, why: "no".into() }
}

pub fn lost() -> ArgusError {
    ArgusError::Unknown { why: "time-out".into(), status: None }
}

pub fn broken() -> ArgusError {
    ArgusError::Unknown { why: "500".into(), status: Some(500) }
}

impl FakeArgus {
    /// With these incidents and no events.
    pub fn with(incidents: impl IntoIterator<Item = Incident>) -> Self {
        let argus = Self::default();
        argus.incidents.borrow_mut().extend(incidents.into_iter().map(|incident| (incident.pk, incident)));
        argus
    }

    pub fn fails(&self, request: &'static str, error: ArgusError) {
        let fault = move |line: &str| line.starts_with(request).then(|| error.clone());
        self.faults.borrow_mut().push(Box::new(fault));
    }

    pub fn relents(&self) {
        self.faults.borrow_mut().clear();
        self.without_effect.set(false);
    }

    /// The requests since the last call.
    pub fn took(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.borrow_mut())
    }

    pub fn is_open(&self, pk: IncidentPk) -> bool {
        self.incidents.borrow().get(&pk).is_some_and(Incident::is_open)
    }

    /// An event that Argus has received, without its effect.
    pub fn event(&self, pk: IncidentPk, actor: i64, kind: EventKind, after: i64, text: &str) {
        let next = i64::try_from(self.events.borrow().len()).expect("a few") + 1;
        self.events.borrow_mut().push(Event { incident: pk, ..testing::event(next, actor, kind, after, text) });
    }

    pub fn set_end(&self, pk: IncidentPk, end: Option<Stamp>) {
        self.change(pk, |incident| {
            incident.end_time = end.map_or(EndTime::Open, EndTime::At);
            incident.open = end.is_none();
        });
    }

    pub fn change(&self, pk: IncidentPk, how: impl FnMut(&mut Incident)) {
        self.incidents.borrow_mut().get_mut(&pk).into_iter().for_each(how);
    }

    fn request(&self, line: String) -> Result<(), ArgusError> {
        let fault = self.faults.borrow().iter().find_map(|fault| fault(&line));
        self.requests.borrow_mut().push(line);
        fault.map_or(Ok(()), Err)
    }
}

/// The job about these cases, all of them due, with what a complete list shows.
pub fn job(cases: &[Case], argus: &FakeArgus) -> ProblemJob {
    let view = testing::view_of(cases.iter().map(testing::case_work), argus.incidents.borrow().values());
    ProblemJob {
        problem: view.problem,
        cases: view.cases,
        incidents: view.argus.listed.into_values().collect(),
        lists_all_open: true,
        is_early: false,
        doubt: None,
        now: view.now,
    }
}

/// The same job with what a run reported: what was refused, what was found, which cases are done.
pub fn after(job: &ProblemJob, report: &work::ProblemReport) -> ProblemJob {
    let mut next = job.clone();
    for work in &mut next.cases {
        let is_it = |case: &std::sync::Arc<Case>| case.id == work.case.id;
        work.due &= !report.settled.contains(&work.case.id);
        work.tried |= report.tried.iter().any(is_it);
        if let Some((_, setbacks)) = report.setbacks.iter().find(|(case, _)| is_it(case)) {
            work.setbacks = setbacks.clone();
        }
    }
    for incident in &report.incidents {
        next.incidents.retain(|known| known.pk != incident.pk);
        next.incidents.push(incident.clone());
    }
    next.incidents.retain(|known| !report.gone.contains(&known.pk));
    next
}

impl ArgusServer for FakeArgus {
    fn list(&self, query: &ListQuery, _: Option<Stamp>, _: usize) -> Result<Page<Incident>, ArgusError> {
        self.request(format!("LIST {query:?}"))?;
        let incidents = self.incidents.borrow();
        let is_wanted = |i: &&Incident| match query {
            ListQuery::Number(number) => *i.source_incident_id == **number,
            ListQuery::Open | ListQuery::OpenTagged(_) => i.is_open(),
            ListQuery::OpenMarked(mark) => mark.is_on(i),
            ListQuery::EndedSince(_) => !i.is_open(),
        };
        Ok(Page { items: incidents.values().filter(is_wanted).cloned().collect(), more: false })
    }

    fn count_open(&self, _: Option<Mark>) -> Result<usize, ArgusError> {
        Err(refused(404))
    }

    fn newest_events(&self, _: usize, _: u32) -> Result<Page<Event>, ArgusError> {
        Err(refused(404))
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.request(format!("GET incident {pk}"))?;
        Ok(self.incidents.borrow().get(&pk).cloned())
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        self.request(format!("GET events {pk}"))?;
        if !self.incidents.borrow().contains_key(&pk) {
            return Ok(None);
        }
        let events = self.events.borrow().iter().filter(|event| event.incident == pk).cloned().collect();
        if let Some(happens) = self.after_events.take() {
            happens(self);
        }
        Ok(Some(events))
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        self.request(format!("GET acks {pk}"))?;
        Ok(Some(Acks::default()))
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.request(format!("CREATE {}", new.source_incident_id))?;
        if self.incidents.borrow().values().any(|i| *i.source_incident_id == *new.source_incident_id) {
            return Err(refused(400));
        }
        let pk = self.incidents.borrow().keys().max().copied().unwrap_or_default() + 1;
        let incident = new.made(pk, US);
        if !self.forgets.get() {
            self.incidents.borrow_mut().insert(pk, incident.clone());
        }
        Ok(incident)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        self.request(format!("PATCH {pk}"))?;
        let mut incidents = self.incidents.borrow_mut();
        let row = incidents.get_mut(&pk).ok_or_else(|| refused(404))?;
        if !self.without_effect.get() {
            if let Some(tags) = &patch.tags {
                row.tags = tags.iter().map(|text| (text, US)).collect();
            }
            if let Some(url) = &patch.details_url {
                row.details_url = url.as_str().into();
            }
            row.level = patch.level.unwrap_or(row.level);
        }
        Ok(row.clone())
    }

    fn post_event(&self, pk: IncidentPk, new: &NewEvent) -> Result<Event, ArgusError> {
        self.request(format!("POST {:?} {pk}", new.kind))?;
        if !self.incidents.borrow().contains_key(&pk) {
            return Err(refused(404));
        }
        self.event(pk, US, new.kind.clone(), 0, &new.description);
        let mut events = self.events.borrow_mut();
        let posted = events.last_mut().expect("it was posted");
        posted.timestamp = new.timestamp;
        let posted = posted.clone();
        drop(events);
        match new.kind {
            EventKind::End if !self.without_effect.get() => self.set_end(pk, Some(new.timestamp)),
            EventKind::Restart if !self.without_effect.get() => self.set_end(pk, None),
            _ => {}
        }
        Ok(posted)
    }

    fn expire(&self, pk: IncidentPk, ack: EventPk, _: Stamp) -> Result<(), ArgusError> {
        self.request(format!("EXPIRE {pk} {ack}"))
    }

    fn sign_of_life(&self) -> Result<(), ArgusError> {
        Ok(())
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        Ok(())
    }

    fn reach(&self) -> Result<(), ArgusError> {
        Ok(())
    }
}
