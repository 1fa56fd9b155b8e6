//! Which incident is about which problem (design section 5). Pure; never looks at events and never acts.
//!
//! A case number proves nothing by itself: Zino gives numbers out again after a restart that lost its newest state. What
//! an incident is about stands in its metadata; incidents of the Python program have none and are read by their tags.

use super::mapping::closing;
use super::text::tag_value;
use crate::argus::models::{EndTime, Incident, IncidentPk, MadeFor};
use crate::zino::case::{Case, CaseId, CaseKind, Problem};

/// How far the Python program's times may be off: it gives all of them the offset to UTC of the day
/// on which it was started.
pub const PYTHON_OFFSET_SECS: i64 = 3600;
/// How long after a case opened an act must have been received to be surely about that case: the servers' clocks differ.
pub const SURELY_AFTER_SECS: i64 = 60;

/// The keys of the tags by which an incident of the Python program says what it is about.
pub const IDENTITY_TAGS: [&str; 4] = ["host", "event_type", "interface", "remote_addr"];

/// What an incident says that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// Made by this program: its metadata says it.
    Told {
        /// The problem.
        problem: Problem,
        /// `zino.server` of the instance that made it.
        server: String,
    },
    /// Made by the Python program: the tags that our source's user added say it.
    Tagged {
        /// Tag `host`: the router, perhaps with a domain.
        host: String,
        /// Tag `event_type`.
        kind: CaseKind,
        /// Tag `interface` or `remote_addr`.
        what: Option<String>,
    },
    /// It does not say.
    Unclear,
}

/// The value of a tag that our source's user added. What people tag besides, perhaps with the same
/// key, says nothing of identity.
fn tag<'a>(incident: &'a Incident, key: &str) -> Option<&'a str> {
    let ours = incident.tags.iter().filter(|t| t.added_by == incident.source_user);
    ours.filter_map(|t| t.text.split_once('=')).find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// Reads what an incident says that it is about.
#[must_use]
pub fn about(incident: &Incident) -> About {
    incident.made_for.as_deref().map_or_else(|| tagged(incident), told)
}

fn told(made_for: &MadeFor) -> About {
    About::Told {
        problem: Problem::of(made_for.case, &made_for.router, CaseKind::from_word(&made_for.kind), &made_for.subindex),
        server: made_for.server.to_string(),
    }
}

fn tagged(incident: &Incident) -> About {
    let (Some(host), Some(kind)) = (tag(incident, "host"), tag(incident, "event_type")) else {
        return About::Unclear;
    };
    let kind = CaseKind::from_word(kind);
    let what = match kind {
        CaseKind::Portstate => tag(incident, "interface"),
        CaseKind::Bgp => tag(incident, "remote_addr"),
        _ => None,
    };
    About::Tagged { host: host.to_owned(), what: what.map(str::to_owned), kind }
}

/// The case number that an incident carries, also where it has the form `{number}-{opened}`.
#[must_use]
pub fn number(incident: &Incident) -> Option<CaseId> {
    let id = &*incident.source_incident_id;
    id.split_once('-').map_or(id, |(n, _)| n).parse().ok()
}

/// The instance that made an incident (or claimed it); `None` for the Python program's.
#[must_use]
pub fn server(incident: &Incident) -> Option<String> {
    match about(incident) {
        About::Told { server, .. } => Some(server),
        _ => None,
    }
}

/// The part of a host or router name before its first dot: what both have in common whatever domain was added.
#[must_use]
pub fn label(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

fn is_host_of(host: &str, router: &str) -> bool {
    host == router || host.strip_prefix(router).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether an incident is about the problem of this case.
#[must_use]
pub fn same_problem(case: &Case, incident: &Incident) -> bool {
    if let Some(made_for) = &incident.made_for {
        // Asked of every incident near a case, so nothing is copied for it.
        return *made_for.kind == *case.kind.word()
            && *made_for.subindex == *case.subindex()
            && made_for.router == case.router
            // A number is its sub-index then.
            && (!case.lacks_subindex() || CaseId::try_from(made_for.case) == Ok(case.id));
    }
    let same_number = || number(incident) == Some(case.id);
    match about(incident) {
        // An alarm's type is not tagged, so that its number must say which of the two it is.
        About::Tagged { host, kind, what } => {
            kind == case.kind
                && is_host_of(&host, &case.router)
                && match kind {
                    _ if case.lacks_subindex() || what.is_none() && kind != CaseKind::Reachability => {
                        same_value(what.as_deref(), tagged_value(case)) && same_number()
                    }
                    CaseKind::Portstate | CaseKind::Bgp => same_value(what.as_deref(), tagged_value(case)),
                    CaseKind::Reachability => true,
                    _ => same_number(),
                }
        }
        About::Told { .. } | About::Unclear => false,
    }
}

/// What the tag of the Python program tells of a case's sub-index.
fn tagged_value(case: &Case) -> Option<&str> {
    match case.kind {
        CaseKind::Portstate => case.port.as_deref(),
        CaseKind::Bgp => case.remote_addr.as_deref(),
        _ => None,
    }
}

fn same_value(tagged: Option<&str>, ours: Option<&str>) -> bool {
    tag_value(tagged.unwrap_or_default()) == tag_value(ours.unwrap_or_default())
}

/// Whether an incident belongs to this very case: number, problem and start time are its own.
#[must_use]
pub fn exact(case: &Case, incident: &Incident) -> bool {
    if number(incident) != Some(case.id) || !same_problem(case, incident) {
        return false;
    }
    let off = (incident.start_time.secs() - case.opened.secs()).abs();
    off == 0 || (off == PYTHON_OFFSET_SECS && matches!(about(incident), About::Tagged { .. }))
}

/// Where a case's incident is to be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Home {
    /// This incident; `exact` if it is this very case's.
    Incident {
        /// Its primary key.
        pk: IncidentPk,
        /// Whether it is this very case's, and not adopted from another life or another Zino.
        exact: bool,
    },
    /// One of these ended incidents about the same problem, if its events show that it lived during the case's life; the
    /// most recently ended first.
    Perhaps(Vec<IncidentPk>),
    /// An open incident that another case has taken covers it; nothing to do for it.
    Covered,
    /// None that is known.
    None,
}

/// How the incidents about one problem belong to the cases of that problem.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Assignment {
    /// The home of each case, by number.
    pub homes: Vec<(CaseId, Home)>,
    /// Open incidents to end because an open case has another one: (the one to end, the one that stays).
    pub duplicates: Vec<(IncidentPk, IncidentPk)>,
    /// Open incidents of no case, to end because this closed case was their problem's last: (incident, case).
    pub left_behind: Vec<(IncidentPk, CaseId)>,
    /// Incidents that are exactly a case's beside its home: what people did there counts too.
    pub also_exact: Vec<(IncidentPk, CaseId)>,
}

/// Assigns the incidents about one problem to the cases of that problem.
///
/// Of several open incidents the one with the lowest primary key stays, also before the case's own: it is the one choice
/// that two instances on one source make alike, so that neither ends what the other keeps.
#[must_use]
pub fn assign(cases: &[&Case], incidents: &[&Incident]) -> Assignment {
    let mut out = Assignment::default();
    let owner = |i: &Incident| cases.iter().find(|c| exact(c, i)).map(|c| c.id);
    let relevant: Vec<&Incident> = incidents
        .iter()
        .copied()
        .filter(|i| i.end_time != EndTime::Stateless && cases.iter().any(|c| same_problem(c, i)))
        .collect();
    let mut free_open: Vec<&Incident> =
        relevant.iter().copied().filter(|i| i.is_open() && owner(i).is_none()).collect();
    free_open.sort_by_key(|i| i.pk);
    let mut free_ended: Vec<&Incident> =
        relevant.iter().copied().filter(|i| !i.is_open() && owner(i).is_none()).collect();
    free_ended.sort_by_key(|i| std::cmp::Reverse((ended_at(i), i.pk)));

    let open_case = cases.iter().filter(|c| !c.is_closed()).max_by_key(|c| c.id);
    let exactly = |case: &Case| {
        let mut mine: Vec<&Incident> = relevant.iter().copied().filter(|i| exact(case, i)).collect();
        mine.sort_by_key(|i| (!i.is_open(), i.pk));
        mine
    };
    if let Some(case) = open_case {
        assign_open(case, &exactly(case), &free_open, &free_ended, &mut out);
    }
    let last_closed = cases.iter().filter(|c| c.is_closed()).max_by_key(|c| (closing(c).map(|e| e.at), c.id));
    for case in cases.iter().filter(|c| c.is_closed()) {
        let ends_free = open_case.is_none() && last_closed.is_some_and(|last| last.id == case.id);
        let free = if ends_free { free_open.as_slice() } else { &[] };
        let taken = open_case.is_some() && free_open.iter().any(|i| covers(i, case));
        assign_closed(case, &exactly(case), free, &free_ended, taken, &mut out);
    }
    out
}

fn assign_open(
    case: &Case,
    mine: &[&Incident],
    free_open: &[&Incident],
    free_ended: &[&Incident],
    out: &mut Assignment,
) {
    let mut open: Vec<&Incident> = mine.iter().chain(free_open).copied().filter(|i| i.is_open()).collect();
    open.sort_by_key(|i| i.pk);
    let home = match (open.first(), mine.first()) {
        (Some(first), _) | (None, Some(first)) => Home::Incident { pk: first.pk, exact: exact(case, first) },
        (None, None) => perhaps(free_ended.iter().copied()),
    };
    if let Some(kept) = open.first() {
        out.duplicates.extend(open.iter().skip(1).map(|i| (i.pk, kept.pk)));
        out.also_exact.extend(mine.iter().filter(|i| i.pk != kept.pk).map(|i| (i.pk, case.id)));
    } else {
        out.also_exact.extend(mine.iter().skip(1).map(|i| (i.pk, case.id)));
    }
    out.homes.push((case.id, home));
}

fn assign_closed(
    case: &Case,
    mine: &[&Incident],
    free_open: &[&Incident],
    free_ended: &[&Incident],
    taken: bool,
    out: &mut Assignment,
) {
    let ended_before = closing(case).map(|c| c.at).unwrap_or(case.opened);
    let left: Vec<IncidentPk> = free_open.iter().filter(|i| i.start_time <= ended_before).map(|i| i.pk).collect();
    let record = free_ended.iter().find(|i| covers(i, case));
    let home = if let Some(own) = mine.first() {
        Home::Incident { pk: own.pk, exact: true }
    } else if let Some(pk) = left.first() {
        Home::Incident { pk: *pk, exact: false }
    } else if let Some(record) = record {
        Home::Incident { pk: record.pk, exact: false }
    } else if taken {
        Home::Covered
    } else {
        perhaps(free_ended.iter().copied().filter(|i| i.start_time <= ended_before))
    };
    let home_pk = match home {
        Home::Incident { pk, .. } => Some(pk),
        _ => None,
    };
    out.left_behind.extend(left.into_iter().filter(|pk| Some(*pk) != home_pk).map(|pk| (pk, case.id)));
    out.homes.push((case.id, home));
}

/// The home of a case that has no open incident: one of those ended ones whose close was received
/// during the case's life, whatever time it was dated to.
fn perhaps<'a>(ended: impl Iterator<Item = &'a Incident>) -> Home {
    let pks: Vec<IncidentPk> = ended.map(|i| i.pk).collect();
    if pks.is_empty() { Home::None } else { Home::Perhaps(pks) }
}

fn ended_at(incident: &Incident) -> Option<crate::time::Stamp> {
    match incident.end_time {
        EndTime::At(t) => Some(t),
        EndTime::Open | EndTime::Stateless => None,
    }
}

/// Whether an incident's life and a closed case's life overlap.
fn covers(incident: &Incident, case: &Case) -> bool {
    let case_end = closing(case).map(|c| c.at).unwrap_or(case.opened);
    incident.start_time <= case_end && ended_at(incident).is_none_or(|end| end >= case.opened)
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
