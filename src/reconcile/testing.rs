//! Cases and incidents for unit tests. Never part of the program.

use super::rules::{Band, Rules};
use super::view::{Facts, View};
use super::work::{CaseWork, Chance, Setbacks};
use crate::argus::models::{EndTime, Event, EventKind, Incident};
use crate::config::{Filter, IncidentConfig};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseKind, CaseState, HistoryEntry};

/// When every test case opens.
pub const OPENED: i64 = 1_795_376_392;
/// Our source system's user.
pub const US: i64 = 3;
/// A person.
pub const ALICE: i64 = 7;

pub fn rules() -> Rules {
    Rules {
        server: "zino.example.org".into(),
        user: "argus".into(),
        domain: "example.org".into(),
        acknowledged_state: Some(CaseState::Working),
        acknowledge_history: false,
        acknowledge_from: Vec::new(),
        tickets: true,
        default_level: 3,
        filter: Filter::default(),
        incident: IncidentConfig::default(),
        level_rules: Vec::new(),
        bands: vec![Band { min_priority: 500, level: 1 }, Band { min_priority: 200, level: 2 }],
        secondary: false,
    }
}

/// A case that is to be brought up to date.
pub fn case_work(case: &Case) -> CaseWork {
    CaseWork {
        case: case.clone().into(),
        due: true,
        exempt: false,
        tried: false,
        setbacks: Setbacks::default(),
        chance: Chance::default(),
    }
}

/// A view of the problem of the first case, with a complete list of incidents. It is 10,000 seconds
/// after the opening of every test case.
pub fn view_of<'a>(
    cases: impl IntoIterator<Item = CaseWork>,
    incidents: impl IntoIterator<Item = &'a Incident>,
) -> View {
    let cases: Vec<CaseWork> = cases.into_iter().collect();
    View {
        problem: cases.first().expect("a case").case.problem(),
        cases,
        argus: Facts {
            listed: incidents.into_iter().map(|incident| (incident.pk, incident.clone())).collect(),
            lists_all_open: true,
            ..Facts::default()
        },
        in_doubt: None,
        writes_nothing: false,
        is_early: false,
        now: Stamp::from_secs(OPENED + 10_000),
    }
}

/// An open reachability case about router `gwN`.
pub fn case(id: u64) -> Case {
    Case {
        id,
        router: format!("gw{id}").into(),
        kind: CaseKind::Reachability,
        state: CaseState::Open,
        opened: Stamp::from_secs(OPENED),
        closed: None,
        priority: 100,
        port: None,
        ifindex: None,
        descr: None,
        portstate: None,
        remote_addr: None,
        remote_as: None,
        bgp_os: None,
        reachability: Some("no-response".into()),
        alarm_type: None,
        alarm_count: None,
        bfd_addr: None,
        bfd_state: None,
        history: vec![entry(0, "state change embryonic -> open (monitor)", &[])],
        log_says_down: None,
    }
}

pub fn port_case(id: u64) -> Case {
    Case {
        kind: CaseKind::Portstate,
        reachability: None,
        port: Some("ge-0/0/1".into()),
        ifindex: Some("17".into()),
        descr: Some("NTNU Ålesund, 10G".into()),
        portstate: Some("down".into()),
        log_says_down: Some(true),
        ..case(id)
    }
}

/// A history entry `after` seconds after the opening.
pub fn entry(after: i64, header: &str, lines: &[&str]) -> HistoryEntry {
    HistoryEntry {
        at: Stamp::from_secs(OPENED + after),
        header: header.into(),
        lines: lines.iter().map(|l| (*l).to_owned()).collect(),
    }
}

/// The case, closed by ford `after` seconds after its opening.
pub fn closed(mut case: Case, after: i64) -> Case {
    case.history.push(entry(after, "state change open -> closed (ford)", &[]));
    case.state = CaseState::Closed;
    case.closed = Some(Stamp::from_secs(OPENED + after));
    case
}

/// The incident that this program makes for a case, with primary key `pk`.
pub fn incident(pk: i64, case: &Case) -> Incident {
    let new = super::render::new_incident(case, &rules(), super::render::plain_number(case));
    Incident { end_time: EndTime::Open, open: true, ..new.made(pk, US) }
}

/// An event `after` seconds after the opening of every test case.
pub fn event(pk: i64, actor: i64, kind: EventKind, after: i64, text: &str) -> Event {
    Event {
        pk,
        incident: 1,
        actor,
        actor_name: if actor == US { "zino".into() } else { "alice".into() },
        timestamp: Stamp::from_secs(OPENED + after),
        received: Stamp::from_secs(OPENED + after),
        kind,
        description: text.into(),
    }
}
