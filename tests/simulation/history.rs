//! Invariants over the way there: what must be true of a write in the moment in which it is made,
//! by what its instance can know and by everything that ever happened. Never changes anything but
//! the note that a rule was broken.

use crate::facts::problem_text;
use crate::world::{InstanceView, US, World};
use zinoargus::argus::models::{Event, EventKind, Incident, IncidentPk, MadeFor, NewEvent, NewIncident};
use zinoargus::zino::case::CaseId;

/// How long a change in Zino is on its way into the job that goes by it.
const UNREAD: i64 = 1_000_000;
/// How long a lost notification can leave an instance with an old view of Zino.
const STALE: i64 = 1_200_000_000;
/// How long after an incident has opened an instance may not have heard of it.
const UNHEARD: i64 = 120_000_000;
/// The same where no other instance makes incidents.
const UNHEARD_ALONE: i64 = 5_000_000;
/// How long until an instance looks at what people did, also where a look fails once.
const LOOK: i64 = 60_000_000;
/// How long an instance takes to hear what happened during an outage.
const CATCHES_UP: i64 = 35_000_000;

impl World {
    /// We are about to close a case: a person must have closed its problem's incident, and have
    /// done so during the case's life unless the incident had stayed open into it all the same.
    pub fn check_our_close(&mut self, z: usize, id: CaseId) {
        let Some(held) = self.zinos.get(z).and_then(|zino| zino.cases.get(&id)) else {
            return;
        };
        let (name, opened) = (problem_text(&held.case), held.opened);
        let argus = &self.argus;
        let later = |e: &Event| argus.arrived.get(&e.pk).is_some_and(|at| *at >= opened);
        let was_lost = |e: &Event, incident: &Incident| {
            let mut after = argus.events.iter().filter(|other| other.incident == e.incident && other.pk > e.pk);
            incident.is_open() || after.any(|end| end.kind == EventKind::End && end.actor == US && later(end))
        };
        let closes = |e: &Event| {
            let incident = argus.incidents.get(&e.incident).filter(|i| argus.made_for(i).0 == name);
            e.kind == EventKind::Close && incident.is_some_and(|incident| later(e) || was_lost(e, incident))
        };
        let by_person = argus.events.iter().any(closes);
        self.broken_if(!by_person, &format!("case {id} of zino {z} is closed, and no person closed it"));
    }

    /// We are about to make an open incident: no other one about its problem is open for so long that
    /// the instance can have heard of it, but for those of cases that closed, which keep their own.
    /// And no person closed one of this very case for good.
    pub fn check_creation(&mut self, instance: usize, new: &NewIncident) {
        let Some(made_for) = MadeFor::read(&new.metadata.to_string()).filter(|_| new.end_time.is_none()) else {
            return;
        };
        let id = u64::try_from(made_for.case).unwrap_or_default();
        let problem = format!("{} {} {}", made_for.kind, made_for.router, made_for.subindex);
        let unheard = if self.scenario.instances > 1 { UNHEARD } else { UNHEARD_ALONE };
        let number = &new.source_incident_id;
        let others = self.argus.incidents.values().filter(|i| **number != *i.source_incident_id);
        let about = others.filter(|i| self.argus.made_for(i).0 == problem);
        // What it decided on, and what it had heard of Argus until then.
        let catches_up = |view: &&InstanceView| view.decided_at < view.hears_since + CATCHES_UP;
        let view = self.instances.get(instance).filter(|view| !catches_up(view));
        let heard = view.map_or(0, |view| view.decided_at.min(view.heard_at));
        let heard = if self.scenario.instances > 1 { heard } else { self.now };
        let mut known = about.filter(|i| {
            // A person's reopening shows at the next look only.
            let patience = if self.was_reopened(i.pk) { unheard.max(LOOK) } else { unheard };
            self.newest_turn(i.pk).is_some_and(|at| at < heard - patience)
        });
        let broken = known.find_map(|i| {
            let own = self.argus.made_for(i) == (problem.clone(), id, made_for.opened);
            if i.is_open() && !self.ever_closed(i) {
                Some(format!("incident {number} is made, and {} is about its problem", i.pk))
            } else if own && self.is_closed_for_good(instance, i.pk) {
                Some(format!("incident {number} is made, and a person closed {} of its case", i.pk))
            } else {
                None
            }
        });
        self.broken_if(broken.is_some(), &broken.unwrap_or_default());
    }

    /// When an incident was opened or closed last.
    fn newest_turn(&self, pk: IncidentPk) -> Option<i64> {
        let stays = [EventKind::Other, EventKind::Change, EventKind::Acknowledge];
        let turns = self.argus.events.iter().filter(|e| e.incident == pk && !stays.contains(&e.kind));
        turns.map(|e| self.arrived(e)).max()
    }

    /// Whether a person opened an incident last.
    fn was_reopened(&self, pk: IncidentPk) -> bool {
        let kinds = [EventKind::Reopen, EventKind::Restart, EventKind::Start];
        let opened = self.argus.events.iter().filter(|e| e.incident == pk && kinds.contains(&e.kind));
        opened.max_by_key(|e| e.pk).is_some_and(|e| e.kind == EventKind::Reopen)
    }

    /// Whether a person closed an incident, as the instance has read, and no case about its problem
    /// has opened since.
    fn is_closed_for_good(&self, instance: usize, pk: IncidentPk) -> bool {
        let will = [EventKind::Close, EventKind::Reopen, EventKind::Restart];
        let newest = self.newest_read(instance, pk, &will);
        newest.filter(|e| e.kind == EventKind::Close).is_some_and(|close| {
            let (problem, since) = (self.problem_of(pk), self.arrived(close));
            let mut turns = self.zinos.iter().flat_map(|zino| zino.turns(&problem));
            !turns.any(|(at, open)| open && at > since)
        })
    }

    /// Whether the case that an incident was made for ever closed, also where another instance has
    /// claimed the incident since: its number and its start stay.
    fn ever_closed(&self, incident: &Incident) -> bool {
        let (problem, case, opened) = self.argus.made_for(incident);
        let number = incident.source_incident_id.split('-').next().and_then(|number| number.parse().ok());
        let lives = [Some((case, opened)), number.map(|number| (number, incident.start_time.secs()))];
        let closed = |life: (u64, i64)| self.lives.get(&(life.0, life.1, problem.clone())).copied().unwrap_or(false);
        lives.into_iter().flatten().any(closed)
    }

    /// We are about to post an event that may change the state of an incident.
    pub fn check_turn(&mut self, instance: usize, pk: IncidentPk, event: &NewEvent) {
        if !self.argus.incidents.contains_key(&pk) {
            return;
        }
        let broken = match event.kind {
            EventKind::Restart => self.wrong_restart(instance, pk),
            EventKind::End if event.description.contains("no longer in Zino") => self.wrong_orphan_end(pk),
            EventKind::End if event.description.starts_with("Duplicate of incident ") => {
                self.wrong_duplicate(pk, &event.description)
            }
            EventKind::End if event.description.starts_with("Closed in Argus by ") => self.wrong_close(instance, pk),
            EventKind::End => self.wrong_end(instance, pk),
            _ => None,
        };
        if let Some(rule) = broken {
            self.broken_if(true, &format!("incident {pk} {rule}"));
        }
    }

    /// Since when an instance may have its view of Zino, which it goes by although an incident turned
    /// then: where another instance knows better, it may be from before a lost notification.
    fn view_of(&self, instance: usize, turned: i64) -> i64 {
        let decided = self.instances.get(instance).map_or(0, |view| view.decided_at);
        turned.min(decided) - if self.scenario.instances > 1 { STALE } else { UNREAD }
    }

    /// The newest event of these kinds that the instance has read.
    fn newest_read(&self, instance: usize, pk: IncidentPk, kinds: &[EventKind]) -> Option<&Event> {
        let read = self.read_up_to.get(&(instance, pk)).copied().unwrap_or_default();
        let events = self.argus.events.iter().filter(|e| e.incident == pk && e.pk <= read);
        events.filter(|e| kinds.contains(&e.kind)).max_by_key(|e| e.pk)
    }

    fn problem_of(&self, pk: IncidentPk) -> String {
        self.argus.incidents.get(&pk).map(|incident| self.argus.made_for(incident).0).unwrap_or_default()
    }

    fn arrived(&self, event: &Event) -> i64 {
        self.argus.arrived.get(&event.pk).copied().unwrap_or_default()
    }

    /// RES: somebody's case is open, and no person closed the incident for good.
    fn wrong_restart(&self, instance: usize, pk: IncidentPk) -> Option<String> {
        if self.is_closed_for_good(instance, pk) {
            return Some("is restarted, a person closed it for good, and no case opened since".into());
        }
        let problem = self.problem_of(pk);
        let turns = [EventKind::End, EventKind::Close, EventKind::Reopen, EventKind::Restart];
        let ended = self.newest_read(instance, pk, &turns)?;
        let since = self.view_of(instance, self.arrived(ended));
        let was_open = self.zinos.iter().any(|zino| zino.was(&problem, true, since));
        (!was_open).then(|| "is restarted, and no case about its problem was open since it ended".into())
    }

    /// END with a case's closing: a case was not open at some time since the incident opened. On an
    /// incident that was created closed it only says why.
    fn wrong_end(&self, instance: usize, pk: IncidentPk) -> Option<String> {
        self.argus.incidents.get(&pk).filter(|incident| incident.is_open())?;
        let opens = [EventKind::Start, EventKind::Reopen, EventKind::Restart];
        let since = self.view_of(instance, self.newest_read(instance, pk, &opens).map(|e| self.arrived(e))?);
        let (problem, id, _) = self.argus.made_for(self.argus.incidents.get(&pk)?);
        let zino = self.zinos.get(instance % self.zinos.len())?;
        let was_closed = zino.was(&problem, false, since) || zino.was(&format!("{id} {problem}"), false, since);
        (!was_closed).then(|| "is ended, and its case was open all the time".into())
    }

    /// END because a person closed it: that person's will stands.
    fn wrong_close(&self, instance: usize, pk: IncidentPk) -> Option<String> {
        let will = [EventKind::Close, EventKind::Reopen, EventKind::Restart];
        let newest = self.newest_read(instance, pk, &will);
        let stands = newest.is_some_and(|e| e.kind == EventKind::Close);
        (!stands).then(|| "is ended as closed by a person, and nobody closed it".into())
    }

    /// END as a duplicate: the one that stays is older and about the same problem.
    fn wrong_duplicate(&self, pk: IncidentPk, text: &str) -> Option<String> {
        let kept: IncidentPk = text.rsplit(' ').next().and_then(|word| word.parse().ok()).unwrap_or_default();
        let fits = kept < pk && self.problem_of(kept) == self.problem_of(pk);
        (!fits).then(|| format!("is ended as a duplicate of {kept}, which is younger or about another problem"))
    }

    /// END because Zino deleted the case: that case must have closed once.
    fn wrong_orphan_end(&self, pk: IncidentPk) -> Option<String> {
        let incident = self.argus.incidents.get(&pk)?;
        (!self.ever_closed(incident)).then(|| "is ended as scavenged, and its case was only forgotten".into())
    }
}
