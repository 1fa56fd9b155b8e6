//! An Argus with so many years of events that the newest ones cost it seconds. Never part of the
//! program.

use super::watch::Watched;
use super::{counted, listed, newest, settings};
use crate::argus::ArgusError;
use crate::argus::models::{EndTime, EventKind, Incident, ListQuery, Mark, Page};
use crate::engine::*;
use crate::reconcile::testing::{ALICE, case, event, incident};
use crate::time::Stamp;
use std::cell::{Cell, RefCell};

fn millis(took: u64) -> Duration {
    Duration::from_millis(took)
}

fn late() -> ArgusError {
    ArgusError::Unknown { why: "no answer in time".to_owned(), status: None }
}

/// An Argus with one incident, whose newest events take so long; `None`: longer than anybody
/// waits.
struct OldArgus {
    takes: Cell<Option<Duration>>,
    incident: RefCell<Incident>,
    /// It does not know the filters of marks.
    is_plain: bool,
}

impl OldArgus {
    fn new(takes: Option<Duration>) -> Self {
        Self { takes: Cell::new(takes), incident: RefCell::new(incident(1, &case(1))), is_plain: false }
    }

    fn answer(&self, job: &Job) -> Option<Report> {
        let incident = self.incident.borrow().clone();
        let page = |fits: bool| Page { items: fits.then(|| incident.clone()).into_iter().collect(), more: false };
        let fits = |mark: Mark| self.is_plain || mark.is_on(&incident);
        match job {
            Job::Newest(_, times) => Some(match self.takes.get() {
                Some(takes) => Report::Newest(
                    Ok(Page { items: vec![event(9, ALICE, EventKind::Other, 0, "")], more: false }),
                    takes,
                ),
                None => Report::Newest(Err(late()), millis(2000) * *times),
            }),
            Job::Page(ListQuery::Open, ..) => Some(listed(Ok(page(incident.is_open())))),
            Job::Page(ListQuery::OpenMarked(mark), ..) => Some(listed(Ok(page(mark.is_on(&incident))))),
            Job::Page(ListQuery::EndedSince(_), ..) => Some(listed(Ok(page(!incident.is_open())))),
            Job::CountOpen(None) => Some(counted(Ok(usize::from(incident.is_open())))),
            Job::CountOpen(Some(mark)) => Some(counted(Ok(usize::from(fits(*mark))))),
            Job::Incident(1) => Some(Report::Incident(1, Ok(Some(incident)))),
            _ => None,
        }
    }

    /// People do something to its incident.
    fn change(&self, how: impl Fn(&mut Incident)) {
        how(&mut self.incident.borrow_mut());
    }
}

#[test]
fn events_that_cost_argus_much_are_read_rarely_and_lists_show_in_between_what_people_did() {
    let argus = OldArgus::new(Some(millis(1500)));
    let mut watched = Watched::new(settings(), &[1], |job| argus.answer(job));
    watched.until(1000);
    // The baseline and two more tell what they cost. Then they take a hundredth of the time.
    assert_eq!(watched.when("events")[..3], [0, 0, 30]);
    let rarely = watched.when("events")[3..].to_vec();
    assert!(rarely.windows(2).all(|two| (150..=180).contains(&(two[1] - two[0]))), "{rarely:?}");
    assert!(watched.when("ended").len() > 20, "every half minute: {:?}", watched.when("ended"));
    assert!(watched.when("count Acknowledged").is_empty() && watched.when("count Ticketed").len() > 20);
    assert_eq!(watched.when("list"), [0; 0], "nothing differs");
    argus.takes.set(Some(millis(20)));
    watched.until(1400);
    let soon = watched.when("events").into_iter().filter(|at| *at > 1200).collect::<Vec<_>>();
    assert!(soon.windows(2).all(|two| two[1] - two[0] <= 30), "somebody has made an index: {soon:?}");
}

#[test]
fn what_people_do_reaches_the_case_within_a_refresh_though_the_events_are_never_to_be_had() {
    let argus = OldArgus::new(None);
    let mut watched = Watched::new(settings(), &[1], |job| argus.answer(job));
    watched.until(130);
    let changes: [fn(&mut Incident); 5] = [
        |incident| incident.acked = true,
        |incident| incident.ticket_url = "https://tickets/1".into(),
        |incident| incident.acked = false,
        |incident| (incident.open, incident.end_time) = (false, EndTime::At(Stamp::from_secs(1_795_376_392))),
        |incident| (incident.open, incident.end_time) = (true, EndTime::Open),
    ];
    for (number, change) in (1..).zip(changes) {
        let before = watched.worked_on.len();
        argus.change(change);
        watched.until(130 + number * 31);
        assert!(
            watched.worked_on.len() > before,
            "change {number}: {:?}",
            watched.asked_since(130 + (number - 1) * 31)
        );
    }
    let before = watched.worked_on.len();
    watched.until(800);
    assert_eq!(watched.worked_on.len(), before, "nothing more happens");
}

#[test]
fn an_argus_that_never_shows_its_newest_events_is_no_outage_and_holds_up_nothing() {
    let argus = OldArgus::new(None);
    let mut watched = Watched::new(settings(), &[1, 2], |job| argus.answer(job));
    watched.until(5);
    assert_eq!(watched.worked_on.len(), 2, "both cases, after two tries");
    assert_eq!(watched.when("events"), [0, 1]);
    watched.until(8000);
    // Three times half a minute of waiting, each a hundredth of the time until the next.
    assert_eq!(watched.when("events 25 for 15 times as long"), [211, 3211, 6211]);
    argus.takes.set(Some(millis(10_000)));
    watched.until(13_000);
    let patient =
        watched.when("events 25 for 15 times as long").into_iter().filter(|at| *at > 9000).collect::<Vec<_>>();
    assert!(
        patient.len() >= 3 && watched.when("events 25").into_iter().filter(|at| *at > 9000).eq(patient),
        "so it stays"
    );
    argus.takes.set(Some(millis(20)));
    watched.until(15_000);
    assert!(watched.when("events").into_iter().filter(|at| *at > 14_500).count() >= 6, "{:?}", watched.when("events"));
}

#[test]
fn what_happened_in_an_outage_is_listed_if_no_events_show_it_afterwards() {
    let (argus, is_away) = (OldArgus::new(Some(millis(20))), Cell::new(false));
    let refused = || ArgusError::Refused("no".to_owned());
    let mut watched = Watched::new(settings(), &[1], |job| match job {
        Job::Newest(..) if is_away.get() => Some(newest(Err(refused()))),
        Job::CountOpen(_) if is_away.get() => Some(counted(Err(refused()))),
        Job::Probe if is_away.get() => Some(Report::Probe(Err(refused()))),
        _ => argus.answer(job),
    });
    watched.until(100);
    is_away.set(true);
    watched.until(200);
    is_away.set(false);
    argus.takes.set(None);
    watched.until(240);
    let listed = watched.when("open").into_iter().filter(|at| *at > 150).count();
    assert_eq!(listed, 1, "{:?}", watched.asked_since(195));
    watched.until(800);
    assert_eq!(watched.when("open").into_iter().filter(|at| *at > 150).count(), 1, "once");
}

#[test]
fn a_connection_that_breaks_at_once_is_a_failure_with_back_off_and_not_a_slow_answer() {
    let broken = |job: &Job| matches!(job, Job::Newest(..)).then(|| Report::Newest(Err(late()), millis(3)));
    let mut watched = Watched::new(settings(), &[1], broken);
    watched.until(600);
    assert!(watched.when("events").len() < 30 && watched.worked_on.is_empty(), "{:?}", watched.when("events"));
}

#[test]
fn a_number_that_argus_does_not_give_in_time_is_asked_for_once_and_holds_up_no_other() {
    let argus = OldArgus::new(None);
    let mut watched = Watched::new(settings(), &[1], |job| match job {
        Job::CountOpen(Some(Mark::Acknowledged)) => Some(Report::OpenCount(Err(late()), millis(10_000))),
        _ => argus.answer(job),
    });
    watched.until(600);
    assert_eq!(watched.when("count Acknowledged").len(), 1);
    assert!(watched.when("count Ticketed").len() > 10, "{:?}", watched.when("count Ticketed"));
}

#[test]
fn a_filter_that_argus_does_not_know_costs_one_list_and_no_more() {
    let argus = OldArgus { is_plain: true, ..OldArgus::new(None) };
    let mut watched = Watched::new(settings(), &[1], |job| argus.answer(job));
    watched.until(600);
    assert_eq!((watched.when("list Ack").len(), watched.when("list Tick").len()), (1, 1));
}

#[test]
fn a_list_of_all_open_incidents_takes_a_hundredth_of_the_time_of_argus_at_most() {
    let mut watched = Watched::new(settings(), &[1], |_| None);
    watched.takes = Duration::from_secs(34);
    watched.until(20_000);
    // The first was read before it grew. The least of three tells what a list costs.
    assert_eq!(watched.when("open"), [0, 900, 1834, 2768, 6202, 9636, 13_070, 16_504, 19_938]);
}
