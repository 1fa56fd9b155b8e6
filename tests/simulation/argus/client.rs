//! What an instance sees of the in-memory Argus: every request with the faults that it meets.
//! Never says what Argus is.

use super::{Argus, Late};
use crate::unwilling::Does;
use crate::world::{Shared, US};
use zinoargus::argus::models::*;
use zinoargus::argus::{ArgusError, ArgusServer};
use zinoargus::reconcile::text::normal;
use zinoargus::time::Stamp;

/// Small pages, so that their boundaries move while they are read: one item where so many are asked
/// for.
const SHRINKS_BY: usize = 25;

/// An instance that has not heard from Argus for so long has to catch up, microseconds.
const PAUSE: i64 = 60_000_000;

/// An instance's view of Argus.
pub struct SimArgus<'a> {
    pub world: &'a Shared,
    pub instance: usize,
}

impl SimArgus<'_> {
    fn read<T>(&self, what: &str, run: impl FnOnce(&Argus) -> T) -> Result<T, ArgusError> {
        self.read_in_turn(what, |argus, _| run(argus))
    }

    /// A read whose answer is another one each time.
    fn read_in_turn<T>(&self, what: &str, run: impl FnOnce(&Argus, u64) -> T) -> Result<T, ArgusError> {
        let world = &mut *self.world.borrow_mut();
        world.before_argus(self.instance)?;
        if world.fault(15) {
            return Err(ArgusError::Unknown { why: "not JSON".into(), status: Some(200) });
        }
        world.requests += 1;
        world.argus.settle(world.now);
        world.note(|| format!("  instance {} reads {what}", self.instance));
        Ok(run(&world.argus, world.requests))
    }

    /// The instance has heard what is new.
    fn hears(&self) {
        let world = &mut *self.world.borrow_mut();
        let now = world.now;
        if let Some(view) = world.instances.get_mut(self.instance) {
            if now - view.heard_at > PAUSE {
                view.hears_since = now;
            }
            view.heard_at = now;
        }
    }

    /// Half of an incident: its row, or its events.
    fn half<T>(
        &self,
        pk: IncidentPk,
        what: &str,
        run: impl FnOnce(&Argus) -> Option<T>,
    ) -> Result<Option<T>, ArgusError> {
        if self.world.borrow().unwilling.barred.contains(&pk) {
            return Err(ArgusError::Request { status: 403, why: "the filter forbids it".into() });
        }
        let hidden = self.world.borrow().unwilling.hidden.contains(&pk);
        let found = self.read(what, run)?.filter(|_| !hidden);
        let world = &mut *self.world.borrow_mut();
        if let Some((_, action)) = world.unwilling.between.take_if(|(on, _)| *on == pk) {
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, pk, &action, at);
            world.note(|| format!("alice on incident {pk}, between two reads: {action:?}"));
        }
        Ok(found)
    }

    /// A write: it may fail before, after, or be executed much later; and a person may do something
    /// between its reading of the row and its writing.
    fn write<T>(
        &self,
        what: &str,
        pk: Option<IncidentPk>,
        late: impl FnOnce() -> Late,
        run: impl FnOnce(&mut Argus, i64, Option<Incident>) -> Result<T, ArgusError>,
    ) -> Result<T, ArgusError> {
        let world = &mut *self.world.borrow_mut();
        world.before_argus(self.instance)?;
        world.note(|| format!("  instance {} {what}", self.instance));
        world.writes += 1;
        world.check_writer(self.instance, "Argus");
        let unknown = |status| Err(ArgusError::Unknown { why: "lost".into(), status });
        if world.fault(20) {
            world.note(|| "    not executed, 502".into());
            return unknown(Some(502));
        }
        if world.fault(20) {
            let due = world.now + world.rng.below(4_000_000) as i64;
            world.note(|| "    executed later".into());
            world.late.push((due, late()));
            world.now += 2_000_000;
            return unknown(None);
        }
        let stormy = world.stormy;
        let does = world.unwilling.meets(what, stormy);
        match does {
            Does::Serve | Does::LoseReply => {}
            Does::Refuse(status) => {
                world.writes -= 1;
                world.note(|| format!("    refused with {status}"));
                return Err(ArgusError::Request { status, why: "the filter forbids it".into() });
            }
            Does::Break => {
                world.writes -= 1;
                world.note(|| "    500".into());
                return unknown(Some(500));
            }
            Does::Nothing => {
                world.writes -= 1;
                world.note(|| "    without effect".into());
                let row = pk.and_then(|pk| world.argus.incidents.get(&pk).cloned());
                return world.argus.pretend(what, |argus| run(argus, world.now, row));
            }
        }
        let row = pk.and_then(|pk| world.argus.incidents.get(&pk).cloned());
        if world.fault(30)
            && let Some(pk) = pk
        {
            world.person_acts_on(pk);
        }
        // Only then: the seeds of the other scenarios would mean something else.
        if world.scenario.doubles && world.fault(60) {
            world.note(|| "    a proxy sends it twice".into());
            let first = late();
            if let Late::Post(pk, event) = &first {
                *world.doubled.entry((*pk, normal(&event.description))).or_default() += 1;
            }
            world.argus.execute(world.now, &first);
        }
        let result = run(&mut world.argus, world.now, row);
        if world.fault(30) || does == Does::LoseReply {
            world.note(|| "    executed, reply lost".into());
            world.now += 2_000_000;
            return unknown(None);
        }
        result
    }
}

impl ArgusServer for SimArgus<'_> {
    fn list(&self, query: &ListQuery, until: Option<Stamp>, most: usize) -> Result<Page<Incident>, ArgusError> {
        let page = self.read_in_turn(&format!("{query:?} until {until:?}, {most}"), |argus, turn| {
            let wanted = |i: &&Incident| match query {
                ListQuery::Open => i.is_open(),
                ListQuery::EndedSince(since) => matches!(i.end_time, EndTime::At(t) if t >= *since),
                ListQuery::Number(n) => *i.source_incident_id == **n,
                ListQuery::OpenTagged(tags) => i.is_open() && is_tagged(i, tags),
                ListQuery::OpenMarked(mark) => mark.is_on(i),
            };
            let bound = argus.bound.filter(|_| *query == ListQuery::Open).unwrap_or(usize::MAX);
            let all = argus.incidents.values().filter(wanted).map(|i| (i.start_time, i.pk, i.clone()));
            page(all.collect(), until, most.div_ceil(SHRINKS_BY).min(bound), turn)
        })?;
        if *query == ListQuery::Open {
            self.hears();
        }
        Ok(page)
    }

    fn count_open(&self, mark: Option<Mark>) -> Result<usize, ArgusError> {
        self.read(
            &format!("how many are open{}", mark.map_or_else(String::new, |mark| format!(" and {mark:?}"))),
            |argus| {
                let counts = |i: &&Incident| mark.map_or_else(|| i.is_open(), |mark| mark.is_on(i));
                argus.incidents.values().filter(counts).count()
            },
        )
    }

    fn newest_events(&self, most: usize, _: u32) -> Result<Page<Event>, ArgusError> {
        let page = self.read_in_turn(&format!("the newest events, {most}"), |argus, turn| {
            let all = argus.events.iter().map(|e| (e.timestamp, e.pk, e.clone()));
            page(all.collect(), None, most.div_ceil(SHRINKS_BY), turn)
        })?;
        self.hears();
        Ok(page)
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        self.half(pk, &format!("incident {pk}"), |argus| argus.incidents.get(&pk).cloned())
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        let found = self.half(pk, &format!("events of {pk}"), |argus| {
            argus.incidents.contains_key(&pk).then(|| argus.events_of(pk))
        })?;
        if let Some(newest) = found.iter().flatten().map(|e| e.pk).max() {
            self.world.borrow_mut().read_up_to.insert((self.instance, pk), newest);
        }
        Ok(found)
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        let now = self.world.borrow().now;
        self.half(pk, &format!("acknowledgements of {pk}"), |argus| {
            argus.incidents.contains_key(&pk).then(|| argus.acks_of(now, pk))
        })
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.world.borrow_mut().check_creation(self.instance, new);
        let what = format!("POST incident {} {}", new.source_incident_id, new.description);
        self.write(&what, None, || Late::Create(new.clone()), |argus, now, _| argus.create(now, new))
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        let run = |argus: &mut Argus, now, row| argus.patch(now, pk, row, patch);
        self.write(&format!("PATCH {pk} {patch:?}"), Some(pk), || Late::Patch(pk, patch.clone()), run)
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        self.world.borrow_mut().check_turn(self.instance, pk, event);
        let what = format!("POST {pk} {:?} {} {:?}", event.kind, event.timestamp, event.description);
        let run = |argus: &mut Argus, now, row| argus.post(now, pk, row, event);
        self.write(&what, Some(pk), || Late::Post(pk, event.clone()), run)
    }

    fn expire(&self, pk: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError> {
        {
            let world = &mut *self.world.borrow_mut();
            let is_persons = world.argus.maker_of(ack) != US;
            world.broken_if(is_persons, &format!("acknowledgement {ack} of incident {pk} is a person's, and is ended"));
        }
        let what = format!("EXPIRE {pk} {ack} {at}");
        self.write(&what, Some(pk), || Late::Expire(ack, at), |argus, now, _| argus.expire(now, ack, at))
    }

    /// Not part of the simulation: it says nothing of incidents.
    fn sign_of_life(&self) -> Result<(), ArgusError> {
        Ok(())
    }

    fn check_token(&self) -> Result<(), ArgusError> {
        self.read("whether the token is good", |_| ())
    }

    /// Without faults of its own, and at once: the seeds of the other scenarios would mean
    /// something else.
    fn reach(&self) -> Result<(), ArgusError> {
        let world = &mut *self.world.borrow_mut();
        let is_there = !world.argus.away && !world.is_cut(self.instance);
        world.note(|| format!("  instance {} asks whether Argus is there: {is_there}", self.instance));
        if is_there { Ok(()) } else { Err(ArgusError::Refused("connection refused".into())) }
    }
}

/// Whether an incident has, of each key, one of these tags.
fn is_tagged(incident: &Incident, tags: &[String]) -> bool {
    let key = |tag: &str| tag.split_once('=').map(|(key, _)| key.to_owned());
    let has = |tag: &String| incident.tags.iter().any(|one| one.text == *tag);
    tags.iter().all(|one| tags.iter().any(|other| key(other) == key(one) && has(other)))
}

/// A page of items with their times and keys, newest first. Those of one time come in another
/// order in each page, as `turn` says.
fn page<T>(mut all: Vec<(Stamp, i64, T)>, until: Option<Stamp>, most: usize, turn: u64) -> Page<T> {
    all.retain(|(at, ..)| until.is_none_or(|until| *at <= until));
    let order = |pk: i64| (pk as u64 ^ turn).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
    all.sort_by_key(|(at, pk, _)| (std::cmp::Reverse(*at), order(*pk)));
    let more = all.len() > most;
    Page { items: all.into_iter().take(most).map(|(_, _, item)| item).collect(), more }
}
