//! Small worlds, one after the other: two cases, two incidents, a few events. Whatever they hold, a
//! run ends within its budget, asks nothing twice, and what it leaves needs no more writes. Argus
//! has no faults here, and nothing is by chance.

use crate::argus::{Argus, ByPerson};
use crate::zino::fresh_case;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use zinoargus::argus::models::*;
use zinoargus::argus::{ArgusError, ArgusServer};
use zinoargus::execute::run::run_observed;
use zinoargus::reconcile::render::{new_incident, plain_number};
use zinoargus::reconcile::rules::Rules;
use zinoargus::reconcile::setbacks::{Chance, Setbacks};
use zinoargus::reconcile::view::{Next, Question};
use zinoargus::reconcile::work::{CaseWork, Outcome, ProblemJob};
use zinoargus::time::Stamp;
use zinoargus::zino::case::{Case, CaseId, CaseState, HistoryEntry};

const SECOND: i64 = 1_000_000;
/// When the first case opened. The second one opened a thousand seconds after it.
const BEGAN: i64 = 1_795_376_392;
/// The time of the decision.
const NOW: i64 = BEGAN + 10_000;
/// How many runs may be needed until both servers agree.
const MOST_RUNS: usize = 4;
/// How many views one run may decide about: twelve questions before each of 25 writes is more.
const MOST_VIEWS: usize = 60;

/// What can happen to an incident.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Happens {
    OurEnd,
    Duplicate,
    Close,
    Reopen,
    OurRestart,
    OthersRestart,
    Acknowledge,
    Entry,
}

use Happens::*;

const ALL: [Happens; 8] = [OurEnd, Duplicate, Close, Reopen, OurRestart, OthersRestart, Acknowledge, Entry];
const FEW: [Happens; 4] = [OurEnd, Close, Reopen, OthersRestart];

/// Which cases Zino has: whether each is open.
const CASES: [&[bool]; 6] = [&[true], &[false], &[false, true], &[false, false], &[true, false], &[true, true]];
/// What an incident was made for: the first or the second case, or one of another Zino.
const MADE_FOR: [usize; 3] = [0, 1, 2];

/// An Argus without faults.
struct Still<'a>(&'a RefCell<Argus>);

impl ArgusServer for Still<'_> {
    fn list(&self, query: &ListQuery, _: Option<Stamp>, _: usize) -> Result<Page<Incident>, ArgusError> {
        let argus = self.0.borrow();
        let fits = |i: &&Incident| match query {
            ListQuery::Number(number) => *i.source_incident_id == **number,
            ListQuery::Open | ListQuery::OpenTagged(_) => i.is_open(),
            ListQuery::OpenMarked(mark) => mark.is_on(i),
            ListQuery::EndedSince(_) => !i.is_open(),
        };
        Ok(Page { items: argus.incidents.values().filter(fits).cloned().collect(), more: false })
    }

    fn count_open(&self, _: Option<Mark>) -> Result<usize, ArgusError> {
        Ok(self.0.borrow().incidents.values().filter(|i| i.is_open()).count())
    }

    fn newest_events(&self, _: usize, _: u32) -> Result<Page<Event>, ArgusError> {
        Ok(Page { items: self.0.borrow().events.clone(), more: false })
    }

    fn incident(&self, pk: IncidentPk) -> Result<Option<Incident>, ArgusError> {
        Ok(self.0.borrow().incidents.get(&pk).cloned())
    }

    fn events(&self, pk: IncidentPk) -> Result<Option<Vec<Event>>, ArgusError> {
        Ok(Some(self.0.borrow().events_of(pk)))
    }

    fn acks(&self, pk: IncidentPk) -> Result<Option<Acks>, ArgusError> {
        Ok(Some(self.0.borrow().acks_of(NOW * SECOND, pk)))
    }

    fn create(&self, new: &NewIncident) -> Result<Incident, ArgusError> {
        self.0.borrow_mut().create(NOW * SECOND, new)
    }

    fn patch(&self, pk: IncidentPk, patch: &Patch) -> Result<Incident, ArgusError> {
        let argus = &mut *self.0.borrow_mut();
        let row = argus.incidents.get(&pk).cloned();
        argus.patch(NOW * SECOND, pk, row, patch)
    }

    fn post_event(&self, pk: IncidentPk, event: &NewEvent) -> Result<Event, ArgusError> {
        let argus = &mut *self.0.borrow_mut();
        let row = argus.incidents.get(&pk).cloned();
        argus.post(NOW * SECOND, pk, row, event)
    }

    fn expire(&self, _: IncidentPk, ack: EventPk, at: Stamp) -> Result<(), ArgusError> {
        self.0.borrow_mut().expire(NOW * SECOND, ack, at)
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

/// An incident of a small world.
#[derive(Debug, Clone)]
struct Small {
    made_for: usize,
    happened: Vec<Happens>,
    /// Argus lost the last END or CLO: it is on record, and the incident is open.
    lost: bool,
}

fn case(n: usize, is_open: bool) -> Case {
    let opened = Stamp::from_secs(BEGAN + 1000 * n as i64);
    let entry =
        |after: i64, header: &str| HistoryEntry { at: opened.plus_secs(after), header: header.into(), lines: vec![] };
    let mut history = vec![entry(0, "state change embryonic -> open (monitor)")];
    history.push(HistoryEntry { lines: vec!["seen".into()], ..entry(10, "ford") });
    let mut case = Case { id: 17 + n as CaseId, opened, history, ..fresh_case(0) };
    if !is_open {
        case.history.push(entry(900, "state change open -> closed (ford)"));
        (case.state, case.closed) = (CaseState::Closed, Some(opened.plus_secs(900)));
    }
    case
}

fn put(argus: &mut Argus, small: &Small, rules: &Rules) {
    let server = if small.made_for == 2 { "another" } else { &rules.server };
    let made_for = case(small.made_for, true);
    let rules = Rules { server: server.to_owned(), ..rules.clone() };
    let number = if small.made_for == 2 { "517".to_owned() } else { plain_number(&made_for) };
    let opened = made_for.opened;
    let Ok(incident) = argus.create(opened.micros(), &new_incident(&made_for, &rules, number)) else { return };
    let pk = incident.pk;
    for (n, happens) in small.happened.iter().enumerate() {
        let at = opened.plus_secs(900 + 20 * n as i64);
        let mut ours = |kind: EventKind, text: &str| {
            let event = NewEvent { kind, timestamp: at, description: text.to_owned() };
            let row = argus.incidents.get(&pk).cloned();
            argus.post(at.micros(), pk, row, &event).expect("Argus takes it");
        };
        match happens {
            OurEnd => ours(EventKind::End, "state change open -> closed (ford)"),
            Duplicate => ours(EventKind::End, "Duplicate of incident 1"),
            OurRestart => ours(EventKind::Restart, &format!("Case 17 is open in Zino {}", rules.server)),
            OthersRestart => ours(EventKind::Restart, "Case 517 is open in Zino another"),
            Entry => ours(EventKind::Other, "ford\nseen"),
            Close => drop(argus.person(at.micros(), pk, &ByPerson::Close("fixed".into()), at)),
            Reopen => drop(argus.person(at.micros(), pk, &ByPerson::Reopen, at)),
            Acknowledge => drop(argus.person(at.micros(), pk, &ByPerson::Acknowledge("on it".into()), at)),
        }
    }
    if small.lost
        && let Some(incident) = argus.incidents.get_mut(&pk)
    {
        (incident.end_time, incident.open) = (EndTime::Open, true);
    }
}

/// Every sequence of so many events at the most.
fn sequences(of: &[Happens], most: usize) -> Vec<Vec<Happens>> {
    let mut all = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..most {
        let longer = longest.iter().flat_map(|one| of.iter().map(|next| [one.as_slice(), &[*next]].concat()));
        longest = longer.collect();
        all.extend(longest.clone());
    }
    all
}

/// Every incident with these sequences of events, also where Argus lost the last one.
fn smalls(of: &[Happens], most: usize) -> Vec<Small> {
    let mut all = Vec::new();
    for made_for in MADE_FOR {
        for happened in sequences(of, most) {
            let ends = matches!(happened.last(), Some(OurEnd | Close));
            all.push(Small { made_for, happened: happened.clone(), lost: false });
            if ends {
                all.push(Small { made_for, happened, lost: true });
            }
        }
    }
    all
}

/// Runs until both servers agree; gives how many views were decided about.
fn check(open: &[bool], incidents: &[&Small], rules: &Rules) -> Result<usize, String> {
    let mut argus = Argus::default();
    incidents.iter().for_each(|small| put(&mut argus, small, rules));
    let argus = RefCell::new(argus);
    let cases: Vec<Arc<Case>> = open.iter().enumerate().map(|(n, open)| Arc::new(case(n, *open))).collect();
    let mut tried = BTreeSet::new();
    let mut views = 0;
    let mut done = false;
    for _ in 0..MOST_RUNS {
        let work = cases.iter().map(|case| CaseWork {
            case: Arc::clone(case),
            due: true,
            exempt: false,
            tried: tried.contains(&case.id),
            setbacks: Setbacks::default(),
            chance: Chance::default(),
        });
        let job = ProblemJob {
            is_early: false,
            problem: cases[0].problem(),
            cases: work.collect(),
            incidents: argus.borrow().incidents.values().cloned().collect(),
            lists_all_open: true,
            doubt: None,
            now: Stamp::from_secs(NOW),
        };
        let mut seen = 0;
        let mut asked: BTreeSet<Question> = BTreeSet::new();
        let mut broken = None;
        let events = argus.borrow().events.len();
        let report = run_observed(&Still(&argus), rules, &job, &mut |view, next| {
            seen += 1;
            crate::record::record(None, rules, view, next);
            match next {
                Next::Ask(_, question) if !asked.insert(question.clone()) => {
                    broken = Some(format!("{question:?} is asked twice"));
                }
                Next::Write(writes) => {
                    asked.clear();
                    if writes.is_empty() {
                        broken = Some("an empty batch of writes".to_owned());
                    }
                }
                _ => {}
            }
        });
        views += seen;
        let wrote = argus.borrow().events.len() - events;
        if seen > MOST_VIEWS {
            broken = Some(format!("{seen} views in one run"));
        }
        if done && wrote > 0 {
            broken = Some(format!("{wrote} events after both servers agreed"));
        }
        if let Some(broken) = broken {
            return Err(broken);
        }
        match report.outcome {
            Outcome::Done if done => return Ok(views),
            Outcome::Done => done = true,
            Outcome::Fresh | Outcome::Unfinished => {}
            outcome => return Err(format!("it ends with {outcome:?}")),
        }
        tried.extend(report.tried.iter().map(|case| case.id));
    }
    Err(format!("they do not agree after {MOST_RUNS} runs"))
}

fn check_all(first: &[Small], second: &[Option<Small>], least: usize) {
    let rules = crate::driver::rules(0, crate::scenarios::ALONE);
    let (mut worlds, mut views, mut failures) = (0, 0, Vec::new());
    for open in CASES {
        for one in first {
            for other in second {
                let incidents: Vec<&Small> = [Some(one), other.as_ref()].into_iter().flatten().collect();
                worlds += 1;
                match check(open, &incidents, &rules) {
                    Ok(seen) => views += seen,
                    Err(why) => failures.push(format!("{why}: cases open {open:?}, {incidents:?}")),
                }
            }
        }
    }
    println!("{worlds} worlds, {views} views");
    let some: Vec<&String> = failures.iter().take(10).collect();
    assert!(failures.is_empty(), "{} of {worlds} worlds:\n{some:#?}", failures.len());
    assert!(views > least, "{views} views of {worlds} worlds");
}

/// `WIDE=1`: more events on each of two incidents. It takes a minute.
fn is_wide() -> bool {
    std::env::var_os("WIDE").is_some()
}

#[test]
fn every_small_world_with_one_incident_comes_to_rest_and_stays_so() {
    check_all(&smalls(&ALL, 3), &[None], 90_000);
}

#[test]
fn every_small_world_with_two_incidents_comes_to_rest_and_stays_so() {
    let second: Vec<Option<Small>> = smalls(&FEW, 1).into_iter().map(Some).collect();
    let most = if is_wide() { 2 } else { 1 };
    check_all(&smalls(&ALL, most), &second, 25_000);
}
