//! What must be true once the faults have stopped and the program has had its time. Never changes
//! the world.

use crate::driver::{Driver, filter};
use crate::facts::problem_text;
use crate::shown_states;
use crate::world::{OUR_USER, World};
use crate::zino::Held;
use std::collections::BTreeMap;
use zinoargus::argus::models::{EndTime, Event, EventKind, Incident, Tag, UserPk};
use zinoargus::reconcile::filter::{Verdict, may_have_been_wanted, verdict};
use zinoargus::reconcile::link::details_url;
use zinoargus::reconcile::render::{closing, entry_text, tags};
use zinoargus::reconcile::rules::Rules;
use zinoargus::reconcile::text::{normal, persons_text};
use zinoargus::time::Stamp;

/// Checks everything; the first thing that is not true is the error.
pub fn check(driver: &Driver) -> Result<(), String> {
    let world = &*driver.world.borrow();
    let active = driver.active();
    for (z, rules) in &active {
        let Some(zino) = world.zinos.get(*z) else { continue };
        for held in zino.cases.values() {
            let at = |what: String| format!("zino {z} case {} ({}): {what}", held.case.id, problem_text(&held.case));
            let turns = !turns_are_spoilt(world, &problem_text(&held.case));
            if turns {
                one_incident(world, held).map_err(at)?;
            }
            if world.scenario.zinos == 1 && turns {
                right_look(world, held, rules).map_err(at)?;
                history_once(world, *z, held, rules).map_err(at)?;
                let shows = |incident| shown_states::check(world, &held.case, incident, rules);
                incident_of(world, held).map_or(Ok(()), shows).map_err(at)?;
            }
            // What closed before a takeover is the primary's business.
            let is_judged = |i: &Incident| turns || world.argus.is_exactly(&held.case, i);
            if !(rules.secondary && held.case.is_closed()) && incident_of(world, held).is_none_or(is_judged) {
                actions_once(world, *z, held, rules).map_err(at)?;
            }
        }
    }
    nothing_left_open(world, &active)
}

/// Whether Argus never makes, ends or reopens an incident about this problem that it should: what
/// is open then is not ours to say.
fn turns_are_spoilt(world: &World, problem: &str) -> bool {
    let creations = world.zinos.iter().flat_map(|z| z.cases.values()).filter(|h| problem_text(&h.case) == problem);
    let creation = |held: &Held| {
        let number = format!("POST incident {}", held.case.id);
        world.unwilling.spoils(&[&format!("{number} ")]) || world.unwilling.spoils(&[&format!("{number}-")])
    };
    let turn = |incident: &Incident| {
        let post = format!("POST {} ", incident.pk);
        [" End ", " Restart "].iter().any(|kind| world.unwilling.spoils(&[&post, kind]))
    };
    creations.into_iter().any(creation)
        || world.argus.incidents.values().filter(|i| world.argus.made_for(i).0 == problem).any(turn)
}

fn about<'a>(world: &'a World, held: &Held) -> Vec<&'a Incident> {
    let problem = problem_text(&held.case);
    world.argus.incidents.values().filter(|i| world.argus.made_for(i).0 == problem).collect()
}

fn one_incident(world: &World, held: &Held) -> Result<(), String> {
    let counts = |i: &&&Incident| i.is_open() && !is_anothers(world, i) && !is_wanted_double(world, i);
    let open: Vec<i64> = about(world, held).iter().filter(counts).map(|i| i.pk).collect();
    if held.case.is_closed() {
        return Ok(());
    }
    if open.len() > 1 {
        return Err(format!("several open incidents {open:?}"));
    }
    if !about(world, held).iter().any(|i| i.is_open())
        && verdict(&held.case, &filter(world.scenario)) == Verdict::Wanted
    {
        return Err("it is open and has no open incident".into());
    }
    Ok(())
}

/// Whether an incident is exactly that of an earlier, closed case, and a person wants it open.
fn is_anothers(world: &World, incident: &Incident) -> bool {
    let mut closed = world.zinos.iter().flat_map(|z| z.cases.values()).filter(|h| h.case.is_closed());
    closed.any(|h| world.argus.is_exactly(&h.case, incident))
        && world.argus.events_of(incident.pk).iter().any(|e| e.kind == EventKind::Reopen)
}

/// Whether a person reopened an incident that had been ended as a duplicate: it stays, that is a
/// person's will.
fn is_wanted_double(world: &World, incident: &Incident) -> bool {
    let mut events = world.argus.events_of(incident.pk);
    events.sort_by_key(|e| e.pk);
    let mut after = events.iter().skip_while(|e| !e.description.starts_with("Duplicate of incident "));
    after.any(|e| e.kind == EventKind::Reopen)
}

/// The incident that is this case's: the open one, or the one that is exactly its own.
fn incident_of<'a>(world: &'a World, held: &Held) -> Option<&'a Incident> {
    let all = about(world, held);
    let own = |i: &&&Incident| world.argus.is_exactly(&held.case, i);
    let open =
        |i: &&&Incident| i.is_open() && !held.case.is_closed() && !is_anothers(world, i) && !is_wanted_double(world, i);
    let first = all.iter().filter(open).find(own).or_else(|| all.iter().find(open));
    first.or_else(|| all.iter().find(own)).copied()
}

fn right_look(world: &World, held: &Held, rules: &Rules) -> Result<(), String> {
    let Some(incident) = incident_of(world, held).filter(|i| i.is_open() && !held.case.is_closed()) else {
        return Ok(());
    };
    if world.unwilling.spoils(&[&format!("PATCH {} ", incident.pk)]) {
        return Ok(());
    }
    let wanted = tags(&held.case, rules);
    if let Some(missing) = wanted.iter().find(|text| !incident.tags.iter().any(|t| t.text == **text)) {
        return Err(format!("incident {} lacks tag {missing}", incident.pk));
    }
    // The Python program's is known by our own tags, so that one stays where a person has added the
    // one that replaces it.
    let by_alice = |t: &Tag<'_>| {
        let same_key = |other: &Tag<'_>| other.text.split('=').next() == t.text.split('=').next();
        incident.tags.iter().any(|other| other.added_by != incident.source_user && same_key(&other))
    };
    let exempt = |t: &Tag<'_>| world.argus.by_python.contains_key(&incident.pk) && by_alice(t);
    let outdated = |t: &Tag<'_>| t.added_by == incident.source_user && wanted.iter().all(|text| text != t.text);
    let stale = incident.tags.iter().find(|t| outdated(t) && !exempt(t));
    if let Some(stale) = stale {
        return Err(format!("incident {} has the stale tag {}", incident.pk, stale.text));
    }
    let shown = |url: &String| *url == *incident.details_url;
    if let Some(url) = details_url(&held.case, rules).filter(|url| !shown(url)) {
        return Err(format!("incident {} has the link {}, not {url}", incident.pk, incident.details_url));
    }
    let level = rules.level(&held.case);
    if incident.level != level && !world.levelled.contains(&incident.pk) {
        return Err(format!("incident {} has level {}, not {level}", incident.pk, incident.level));
    }
    Ok(())
}

/// Whether an incident is on a list. One that ended longer ago than Zino keeps a case is not, nor
/// one that ended so long before Zino came back with an older state.
fn is_listed(world: &World, z: usize, incident: &Incident) -> bool {
    const HOUR: i64 = 3600 * 1_000_000;
    let forgot_at = world.zinos.get(z).map_or(0, |zino| zino.forgot_at);
    let since = Stamp::from_micros((world.now - 12 * HOUR).max(forgot_at - 9 * HOUR));
    incident.is_open() || matches!(incident.end_time, EndTime::At(t) if t >= since)
}

fn history_once(world: &World, z: usize, held: &Held, rules: &Rules) -> Result<(), String> {
    let case = &held.case;
    // A Zino with an older state may have lost the log line for which the case once got an
    // incident.
    let found =
        |incident: &&Incident| is_listed(world, z, incident) || may_have_been_wanted(case, &filter(world.scenario));
    let Some(incident) = incident_of(world, held).filter(found) else {
        return Ok(());
    };
    let events = world.argus.events_of(incident.pk);
    let ours: Vec<&Event> = events.iter().filter(|e| e.actor == incident.source_user).collect();
    // While it was open it may have lived in another incident of its problem, and its history was
    // posted there. It still lives there where its own was ended as a duplicate, by an instance
    // that did not know of it yet, of one that a person wants open.
    let elsewhere: Vec<Event> = about(world, held)
        .iter()
        .filter(|i| (case.is_closed() || !incident.is_open()) && i.pk != incident.pk)
        .flat_map(|i| world.argus.events_of(i.pk).into_iter().filter(|e| e.actor == i.source_user))
        .collect();
    let closing = closing(case);
    let is_spoilt =
        |text: &str| world.unwilling.spoils(&[&format!("POST {} Other ", incident.pk), &format!("{text:?}")]);
    let mut wanted: BTreeMap<(i64, String), (usize, String)> = BTreeMap::new();
    for (position, entry) in case.history.iter().enumerate() {
        let by_us = entry.text_by(&rules.user).is_some()
            || entry.state_change().is_some_and(|c| c.user == rules.user || c.from == "embryonic");
        if !by_us && closing.as_ref().and_then(|c| c.entry) != Some(position) {
            let raw = entry_text(entry);
            wanted.entry((entry.at.secs(), normal(&raw))).or_insert((0, raw)).0 += 1;
        }
    }
    for ((at, text), (n, raw)) in wanted {
        let has = |e: &Event, kinds: &[EventKind]| {
            let off = e.timestamp.secs() - at;
            kinds.contains(&e.kind) && world.argus.offs(incident).contains(&off) && normal(&e.description) == text
        };
        let posted = |kinds: &[EventKind]| ours.iter().filter(|e| has(e, kinds)).count();
        let there = elsewhere.iter().filter(|e| has(e, &[EventKind::Other, EventKind::End])).count();
        if is_spoilt(&raw) {
            continue;
        }
        let (others, all) = (posted(&[EventKind::Other]), posted(&[EventKind::Other, EventKind::End]) + there);
        let alone = world.scenario.instances == 1;
        // After a person's close the closing is posted as an entry, and two closings can be of one
        // second.
        let is_closing = closing.as_ref().is_some_and(|c| c.at.secs() == at && normal(&c.text) == text);
        let doubled = world.doubled.get(&(incident.pk, text.clone())).copied().unwrap_or_default();
        if all < n || (alone && others > n + usize::from(is_closing) + doubled) {
            return Err(format!("history {text:?} at {at}: {others} events for {n} entries in {}", incident.pk));
        }
    }
    if let Some(closing) = closing.filter(|_| world.argus.is_exactly(case, incident)) {
        let has = |e: &&Event| {
            let off = e.timestamp.secs() - closing.at.secs();
            matches!(e.kind, EventKind::End | EventKind::Other) && world.argus.offs(incident).contains(&off)
        };
        let by_us = closing.text.ends_with(&format!("({})", rules.user));
        let posted = by_us || ours.iter().copied().any(|e| has(&e)) || elsewhere.iter().any(|e| has(&e));
        let wanted_open = events.iter().any(|e| e.kind == EventKind::Reopen && e.received > closing.at);
        if !posted && !wanted_open && !is_spoilt(&closing.text) {
            return Err(format!("incident {} lacks its closing", incident.pk));
        }
    }
    Ok(())
}

fn by_person(event: &Event, us: UserPk) -> bool {
    matches!(event.kind, EventKind::Close | EventKind::Acknowledge) && event.actor != us
}

/// Whether an open incident is exactly that of an earlier case, open for another Zino's case, and no
/// incident of a case that the filter leaves out: that one gets none, and adopts none.
fn is_earlier_cases(world: &World, z: usize, held: &Held, incident: &Incident) -> bool {
    let cases = world.zinos.get(z).into_iter().flat_map(|zino| zino.cases.values());
    let mut others = cases.filter(|other| other.case.id != held.case.id);
    verdict(&held.case, &filter(world.scenario)) != Verdict::Wanted
        && others.any(|other| world.argus.is_exactly(&other.case, incident))
}

/// The events of an incident since it was reopened last.
fn since_reopened(world: &World, incident: &Incident) -> Vec<Event> {
    let mut events = world.argus.events_of(incident.pk);
    events.sort_by_key(|e| e.pk);
    let reopened = events.iter().rposition(|e| matches!(e.kind, EventKind::Reopen | EventKind::Restart));
    events.split_off(reopened.map_or(0, |at| at + 1))
}

/// Every user action on the case's own incident, and on the open one that it has adopted, has its
/// entry, and no entry of ours is more than what people did about the problem.
fn actions_once(world: &World, z: usize, held: &Held, rules: &Rules) -> Result<(), String> {
    let mut entries: BTreeMap<String, usize> = BTreeMap::new();
    for entry in held.case.history.iter().filter(|e| e.author() == Some(OUR_USER)) {
        *entries.entry(normal(&entry.lines.join("\n"))).or_default() += 1;
    }
    // What reached it a working day before it came back with an older state is on no list any more.
    let forgot_at = world.zinos.get(z).map_or(0, |zino| zino.forgot_at);
    let listed = |e: &Event| e.received.micros() > forgot_at - 9 * 3600 * 1_000_000;
    let actions = |incidents: &[&Incident], all: bool| {
        let mut count: BTreeMap<String, usize> = BTreeMap::new();
        for incident in incidents {
            for event in world
                .argus
                .events_of(incident.pk)
                .iter()
                .filter(|e| by_person(e, incident.source_user))
                .filter(|e| all || listed(e))
            {
                *count.entry(normal(&persons_text(&event.description, &event.actor_name))).or_default() += 1;
            }
        }
        count
    };
    let all = about(world, held);
    let most = actions(&all, true);
    for (text, n) in entries.iter().filter(|(text, _)| !text.starts_with("Ticket ")) {
        let most = most.get(text).copied().unwrap_or_default();
        let beside = world.scenario.instances > world.scenario.zinos;
        if *n > most && !beside {
            return Err(format!("{n} entries {text:?} for {most} user actions"));
        }
    }
    for (text, n) in entries.iter().filter(|(text, _)| text.starts_with("Ticket ")) {
        if *n > 1 {
            return Err(format!("{n} entries {text:?}"));
        }
    }
    let owner_of = incident_of(world, held);
    let own: Vec<&Incident> = owner_of.into_iter().filter(|i| world.argus.is_exactly(&held.case, i)).collect();
    let mut needed = actions(&own, false);
    let adopted =
        |i: &&Incident| i.is_open() && !held.case.is_closed() && own.is_empty() && !is_earlier_cases(world, z, held, i);
    for incident in owner_of.into_iter().filter(adopted) {
        for event in since_reopened(world, incident).iter().filter(|e| by_person(e, incident.source_user)) {
            *needed.entry(normal(&persons_text(&event.description, &event.actor_name))).or_default() += 1;
        }
    }
    for (text, n) in needed {
        let have = entries.get(&text).copied().unwrap_or_default();
        if have < n {
            return Err(format!("{have} entries {text:?} for {n} user actions on its own or adopted incident"));
        }
    }
    // Only a Zino that forgot has the case of another one again.
    for incident in own.iter().filter(|i| !i.ticket_url.is_empty() && is_listed(world, z, i)) {
        let entry = format!("Ticket {} added by Argus user", incident.ticket_url);
        if rules.tickets && !entries.keys().any(|text| text.starts_with(&entry)) {
            return Err(format!("ticket {} is not in Zino", incident.ticket_url));
        }
    }
    Ok(())
}

/// No incident is open whose problem's cases are all closed, unless a person wanted it open or it
/// began after.
fn nothing_left_open(world: &World, active: &[(usize, &Rules)]) -> Result<(), String> {
    for incident in world.argus.incidents.values().filter(|i| i.is_open()) {
        let problem = world.argus.made_for(incident).0;
        if turns_are_spoilt(world, &problem) {
            continue;
        }
        let held = || {
            active
                .iter()
                .filter_map(|(z, _)| world.zinos.get(*z))
                .flat_map(|z| z.cases.values())
                .filter(|h| problem_text(&h.case) == problem)
        };
        if held().any(|h| !h.case.is_closed()) {
            continue;
        }
        // Another Zino's incident can be about a fault that ours had before it was looked at.
        let closed_after =
            world.scenario.zinos == 1 && held().filter_map(|h| closing(&h.case)).any(|c| c.at >= incident.start_time);
        let own_closed = held().any(|h| world.argus.is_exactly(&h.case, incident));
        let mut turns = world.argus.events_of(incident.pk);
        turns.sort_by_key(|e| e.pk);
        let wanted = turns.iter().any(|e| matches!(e.kind, EventKind::Reopen | EventKind::Restart));
        if (closed_after || own_closed) && !wanted {
            return Err(format!("incident {} ({problem}) is open, and its case is closed", incident.pk));
        }
    }
    Ok(())
}
