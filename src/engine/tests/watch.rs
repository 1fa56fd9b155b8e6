//! What the engine asks of an Argus that orders its lists badly, bounds them, or fails in the
//! middle of them. Never part of the program.

use super::{counted, listed, newest, settings};
use crate::argus::ArgusError;
use crate::argus::models::EventKind;
use crate::argus::models::{Incident, ListQuery, Page};
use crate::engine::*;
use crate::execute::zino_reads::{Found, Snapshot};
use crate::reconcile::testing::{ALICE, case, event, incident};
use crate::reconcile::work::ProblemReport;
use crate::time::Stamp;
use crate::zino::case::Problem;
use std::cell::Cell;

/// An Argus that answers as a test wants it to, and what was asked of it when.
pub(super) struct Watched<F> {
    engine: Engine,
    now: Duration,
    argus: F,
    asked: Vec<(Duration, String)>,
    /// The problems that were worked on, and whether all open incidents were known then.
    pub(super) worked_on: Vec<(Problem, bool)>,
    read_of_zino: Vec<CaseId>,
    ended: Option<RunEnd>,
    /// How long Argus takes for a page of open incidents.
    pub(super) takes: Duration,
}

/// A look at Argus in one word, with where a page begins.
fn word(job: &Job) -> String {
    let from = |until: &Option<Stamp>| if until.is_some() { "on" } else { "top" };
    match job {
        Job::Page(ListQuery::Open, until, most) => format!("open {} {most}", from(until)),
        Job::Page(ListQuery::EndedSince(_), until, most) => format!("ended {} {most}", from(until)),
        Job::Page(ListQuery::OpenTagged(_), ..) => "tagged".to_owned(),
        Job::Newest(most, 1) => format!("events {most}"),
        Job::Newest(most, times) => format!("events {most} for {times} times as long"),
        Job::CountOpen(None) => "count".to_owned(),
        Job::CountOpen(Some(mark)) => format!("count {mark:?}"),
        Job::Page(ListQuery::OpenMarked(mark), ..) => format!("list {mark:?}"),
        Job::Incident(pk) => format!("incident {pk}"),
        _ => "other".to_owned(),
    }
}

impl<F: FnMut(&Job) -> Option<Report>> Watched<F> {
    /// Connected to a Zino that has these cases. What `argus` gives no answer to gets an empty one.
    pub(super) fn new(settings: Settings, cases: &[CaseId], argus: F) -> Self {
        let (asked, worked_on, read_of_zino) = (Vec::new(), Vec::new(), Vec::new());
        let engine = Engine::new(settings);
        let (now, ended, takes) = (Duration::ZERO, None, Duration::ZERO);
        let mut new = Self { engine, now, argus, asked, worked_on, read_of_zino, ended, takes };
        new.step(Input::Zino(ZinoEvent::Connected));
        let cases: Vec<Case> = cases.iter().map(|id| case(*id)).collect();
        new.step(Input::Zino(ZinoEvent::Snapshot(Snapshot { ids: cases.iter().map(|case| case.id).collect(), cases })));
        new
    }

    /// One input, and all that follows at once.
    fn step(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let now = Now { mono: self.now, wall: Stamp::from_secs(1_795_376_392) };
            for output in self.engine.step(now, input) {
                match output {
                    Output::Argus(job) => inputs.push(Input::Argus(self.answer(job))),
                    Output::Zino(ZinoCommand::Read(ids)) => {
                        self.read_of_zino.extend(&ids);
                        let found = Found { unknown: ids.clone(), asked: ids, ..Found::default() };
                        inputs.push(Input::Zino(ZinoEvent::Found(found)));
                    }
                    Output::Finished(end) => self.ended = Some(*end),
                    _ => {}
                }
            }
        }
    }

    fn answer(&mut self, job: Job) -> Report {
        self.asked.push((self.now, word(&job)));
        if matches!(job, Job::Page(ListQuery::Open, ..)) && self.takes > Duration::ZERO {
            self.now += self.takes;
            return Report::Page(Ok(Page { items: Vec::new(), more: false }), self.takes);
        }
        if let Some(report) = (self.argus)(&job) {
            return report;
        }
        match job {
            Job::Page(..) => listed(Ok(Page { items: Vec::new(), more: false })),
            Job::Newest(..) => newest(Ok(Page { items: Vec::new(), more: false })),
            Job::CountOpen(_) => counted(Ok(0)),
            Job::Incident(pk) => Report::Incident(pk, Ok(None)),
            Job::Problem(job) => {
                self.worked_on.push((job.problem.clone(), job.lists_all_open));
                Report::Problem(Box::new(ProblemReport::of(job.problem)))
            }
            _ => Report::Probe(Ok(())),
        }
    }

    /// Zino has this case now.
    pub(super) fn found(&mut self, case: Case) {
        let found = Found { asked: vec![case.id], cases: vec![case], ..Found::default() };
        self.step(Input::Zino(ZinoEvent::Found(found)));
    }

    /// Time passes; the engine is woken whenever it wants to be.
    pub(super) fn until(&mut self, secs: u64) {
        let end = Duration::from_secs(secs);
        while let Some(at) = self.engine.next_wake(self.now).filter(|at| *at <= end && self.ended.is_none()) {
            self.now = at;
            self.step(Input::Tick);
        }
        self.now = end;
    }

    /// What was asked since then.
    pub(super) fn asked_since(&self, secs: u64) -> &[(Duration, String)] {
        let from = self.asked.partition_point(|(at, _)| at.as_secs() < secs);
        self.asked.get(from..).unwrap_or_default()
    }

    /// In which seconds this was asked.
    pub(super) fn when(&self, word: &str) -> Vec<u64> {
        self.asked.iter().filter(|(_, asked)| asked.starts_with(word)).map(|(at, _)| at.as_secs()).collect()
    }
}

fn broken() -> ArgusError {
    ArgusError::Unknown { why: "500: Server Error".to_owned(), status: Some(500) }
}

/// A full page of open incidents, each of another second.
fn full_page(most: usize) -> Page<Incident> {
    let items = (0..most).filter_map(|n| i64::try_from(n).ok());
    let items = items.map(|n| Incident { start_time: Stamp::from_secs(1_000_000 - n), ..incident(n + 1, &case(1)) });
    Page { items: items.collect(), more: true }
}

/// An Argus whose lists always break at their second page.
fn breaks_at_the_second_page(job: &Job) -> Option<Report> {
    match job {
        Job::Page(_, Some(_), _) => Some(listed(Err(broken()))),
        Job::Page(ListQuery::Open, None, most) => Some(listed(Ok(full_page(*most)))),
        _ => None,
    }
}

#[test]
fn a_list_that_breaks_at_its_second_page_is_one_failure_whose_back_off_grows() {
    let mut watched = Watched::new(settings(), &[1], breaks_at_the_second_page);
    watched.until(120);
    assert_eq!(watched.when("open top"), [0], "what was had is not asked for again");
    assert_eq!(watched.when("open on"), [0, 1, 3, 7, 15, 31, 61, 91]);
}

#[test]
fn a_single_run_ends_when_the_list_broke_three_times_at_its_second_page() {
    let once = Some(Once { longest: Duration::from_secs(600), given: Duration::from_secs(600) });
    let mut watched = Watched::new(Settings { once, ..settings() }, &[1], breaks_at_the_second_page);
    watched.until(600);
    assert_eq!(watched.when("open on"), [0, 1, 3]);
    let hopeless = watched.ended.and_then(|end| end.hopeless);
    let Some(Hopeless::Unreachable(why)) = hopeless else { panic!("{hopeless:?}") };
    assert!(why.contains("Argus") && why.contains("list the incidents") && why.contains("500"), "{why}");
}

#[test]
fn the_newest_events_are_read_though_the_list_is_broken_and_the_other_way_round() {
    let mut lists_work = true;
    let full_interval = Duration::from_secs(60);
    let mut watched = Watched::new(Settings { full_interval, ..settings() }, &[1], move |job| {
        let is_list = matches!(job, Job::Page(..));
        let report = (is_list && !lists_work).then(|| listed(Err(broken())));
        // The two lists of the start.
        lists_work &= !matches!(job, Job::Page(ListQuery::EndedSince(_), ..));
        report
    });
    watched.until(300);
    assert!(watched.when("open").len() > 6, "it is tried again and again: {:?}", watched.when("open"));
    assert!(watched.when("events").len() > 10, "as if nothing were wrong: {:?}", watched.when("events"));

    let mut started = false;
    let mut watched = Watched::new(Settings { full_interval, ..settings() }, &[1], move |job| match job {
        Job::Newest(..) if started => Some(newest(Err(broken()))),
        Job::Newest(..) => {
            started = true;
            None
        }
        _ => None,
    });
    watched.until(300);
    assert!(watched.when("open").len() >= 5, "{:?}", watched.when("open"));
}

#[test]
fn a_reading_of_events_that_breaks_at_its_second_page_is_one_failure_whose_back_off_grows() {
    let mut pages = 0;
    let mut watched = Watched::new(settings(), &[1], move |job| match job {
        Job::Newest(25, _) => {
            pages += 1;
            let items = (0..25).map(|n| event(pages * 100 + n, ALICE, EventKind::Other, pages * 100 + n, ""));
            Some(newest(Ok(Page { items: items.collect(), more: true })))
        }
        Job::Newest(..) => Some(newest(Err(ArgusError::Busy("too much".to_owned())))),
        _ => None,
    });
    watched.until(120);
    let larger = watched.when("events 100");
    assert_eq!(larger.iter().map(|at| at - larger[0]).collect::<Vec<_>>(), [0, 1, 3, 7, 15, 31, 61, 91]);
}

#[test]
fn a_single_run_that_cannot_read_what_people_do_meanwhile_ends_and_says_so() {
    let mut readings = 0;
    let once = Some(Once { longest: Duration::from_secs(600), given: Duration::from_secs(600) });
    let mut watched = Watched::new(Settings { once, ..settings() }, &[1], move |job| match job {
        Job::Newest(..) => {
            readings += 1;
            (readings > 1).then(|| newest(Err(broken())))
        }
        _ => None,
    });
    watched.until(600);
    let end = watched.ended.clone().expect("it has ended");
    assert_eq!((watched.when("events"), end.hopeless), (vec![0, 0, 1, 3, 7], None));
    assert!(end.failed.iter().any(|what| what.contains("read the newest events")), "{:?}", end.failed);
}

/// An Argus with so many open incidents of one second about other things, and that of case 1 among
/// them; a list never gives more than a hundred, and never that one.
fn bounds_its_lists(job: &Job) -> Option<Report> {
    let of = |n: i64, about: CaseId| Incident { start_time: Stamp::from_secs(5000), ..incident(n, &case(about)) };
    match job {
        Job::Page(ListQuery::Open, None, _) => {
            Some(listed(Ok(Page { items: (1000..1100).map(|n| of(n, 500)).collect(), more: true })))
        }
        Job::CountOpen(_) => Some(counted(Ok(101))),
        _ => None,
    }
}

#[test]
fn before_a_case_gets_an_incident_its_own_is_looked_for_where_no_list_tells_everything() {
    let mut watched = Watched::new(settings(), &[1], bounds_its_lists);
    watched.until(20);
    assert_eq!(watched.worked_on, [(case(1).problem(), false)]);
    watched.until(800);
    let looks = watched.when("open").len();
    assert!(looks < 12, "a list that stays so is not read over and over: {looks} pages");
}

#[test]
fn after_an_outage_of_argus_an_incident_is_looked_for_until_what_happened_meanwhile_is_read() {
    let is_away = Cell::new(false);
    let away = || ArgusError::Refused("no".to_owned());
    let argus = |job: &Job| match job {
        _ if !is_away.get() => None,
        Job::Newest(..) => Some(newest(Err(away()))),
        Job::Page(..) => Some(listed(Err(away()))),
        Job::CountOpen(_) => Some(counted(Err(away()))),
        _ => Some(Report::Probe(Err(away()))),
    };
    let mut watched = Watched::new(settings(), &[1], argus);
    let opens = |watched: &mut Watched<_>, id: CaseId| {
        let new = Case { router: format!("gw{id}").into(), ..case(id) };
        let problem = new.problem();
        watched.found(new);
        watched.worked_on.iter().find(|(worked_on, _)| *worked_on == problem).map(|(_, all)| *all)
    };
    watched.until(20);
    assert_eq!(opens(&mut watched, 2), Some(true));
    is_away.set(true);
    watched.until(200);
    assert_eq!(opens(&mut watched, 3), None, "Argus is away");
    is_away.set(false);
    watched.until(300);
    assert_eq!(opens(&mut watched, 3), Some(false), "it was in line before the events were read");
    assert_eq!(opens(&mut watched, 4), Some(true));
}

#[test]
fn what_is_missing_on_a_list_that_does_not_tell_everything_is_not_taken_for_ended() {
    let full_interval = Duration::from_secs(60);
    let mut watched = Watched::new(Settings { full_interval, ..settings() }, &[1], bounds_its_lists);
    watched.until(59);
    let work = watched.worked_on.len();
    watched.until(70);
    assert_eq!(watched.worked_on.len(), work, "nothing has changed");
    assert!(watched.when("incident").is_empty(), "{:?}", watched.asked);
}

#[test]
fn a_number_that_zino_does_not_know_is_asked_for_once_at_a_start() {
    let mut watched = Watched::new(settings(), &[1, 5], |_| None);
    watched.until(100);
    let mut once = watched.read_of_zino.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once, [2, 3, 4].into_iter().chain(6..=25).collect::<Vec<_>>());
    assert_eq!(watched.read_of_zino.len(), once.len(), "{:?}", watched.read_of_zino);
}
