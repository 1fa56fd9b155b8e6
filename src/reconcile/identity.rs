//! The problem that an incident is about (IDENT). Pure; never reads events, and never
//! decides which case owns an incident.
//!
//! A case number alone is not identity: after a restart that lost its newest state Zino gives
//! numbers out again. The metadata of an incident names its problem; the tags name it for incidents
//! of the Python program, which have no metadata.

use super::text::tag_value;
use crate::argus::models::{Incident, MadeFor};
use crate::zino::case::{Case, CaseId, CaseKind, Problem};

/// The error of the Python program's times: it uses the offset to UTC of the day of its start for
/// all of them.
pub const PYTHON_OFFSET_SECS: i64 = 3600;
/// An event that Argus received this long after a case opened surely belongs to that case: the
/// clocks of the servers differ.
pub const SURELY_AFTER_SECS: i64 = 60;

/// The keys of the tags that identify an incident of the Python program.
pub const IDENTITY_TAGS: [&str; 5] = ["host", "event_type", "interface", "remote_addr", "alarm_type"];

/// The problem that an incident names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum About {
    /// This program made it: its metadata names the problem.
    Named {
        /// The problem.
        problem: Problem,
        /// `zino.server` of the instance that made it.
        server: String,
    },
    /// The Python program made it: the tags of our source's user name the problem.
    Tagged {
        /// Tag `host`: the router, perhaps with a domain.
        host: String,
        /// Tag `event_type`.
        kind: CaseKind,
        /// Tag `interface` or `remote_addr`.
        what: Option<String>,
    },
    /// It names none.
    Unclear,
}

/// The value of a tag that the user of our source added. Tags of people, perhaps with the same key,
/// are no identity.
fn tag<'a>(incident: &'a Incident, key: &str) -> Option<&'a str> {
    let ours = incident.tags.iter().filter(|t| t.added_by == incident.source_user);
    ours.filter_map(|t| t.text.split_once('=')).find(|(k, _)| *k == key).map(|(_, value)| value)
}

/// The host of an incident whose other tags are ours, if a single person added one. A person who
/// adds it in the moment in which we complete it with the domain is the one that Argus knows.
fn host_by_a_person(incident: &Incident) -> Option<&str> {
    let mut hosts = incident.tags.iter().filter_map(|t| t.text.strip_prefix("host="));
    hosts.next().filter(|_| hosts.next().is_none())
}

/// Reads the problem that an incident names.
#[must_use]
pub fn about(incident: &Incident) -> About {
    incident.made_for.as_deref().map_or_else(|| tagged(incident), named)
}

fn named(made_for: &MadeFor) -> About {
    About::Named {
        problem: Problem::of(made_for.case, &made_for.router, CaseKind::from_word(&made_for.kind), &made_for.subindex),
        server: made_for.server.to_string(),
    }
}

fn tagged(incident: &Incident) -> About {
    let host = tag(incident, "host").or_else(|| host_by_a_person(incident));
    let (Some(host), Some(kind)) = (host, tag(incident, "event_type")) else {
        return About::Unclear;
    };
    let kind = CaseKind::from_word(kind);
    let what = match kind {
        CaseKind::Portstate => tag(incident, "interface"),
        CaseKind::Bgp => tag(incident, "remote_addr"),
        CaseKind::Alarm => tag(incident, "alarm_type"),
        _ => None,
    };
    About::Tagged { host: host.to_owned(), what: what.map(str::to_owned), kind }
}

/// The case number in the number of an incident, also in the form `{number}-{opened}`.
/// Rule: PRINCIPLE-3.
#[must_use]
pub fn number(incident: &Incident) -> Option<CaseId> {
    let id = &*incident.source_incident_id;
    id.split_once('-').map_or(id, |(n, _)| n).parse().ok()
}

/// The Zino of the instance that made or claimed an incident; `None` for the Python program.
#[must_use]
pub fn server(incident: &Incident) -> Option<String> {
    match about(incident) {
        About::Named { server, .. } => Some(server),
        _ => None,
    }
}

/// The part of a name before its first dot. A router and its host tag share it, whatever domain was
/// added.
#[must_use]
pub fn label(name: &str) -> &str {
    name.split_once('.').map_or(name, |(first, _)| first)
}

fn is_host_of(host: &str, router: &str) -> bool {
    host == router || host.strip_prefix(router).is_some_and(|rest| rest.starts_with('.'))
}

/// Whether an incident is about the problem of this case.
/// Rules: IDENT-7, IDENT-8.
#[must_use]
pub fn same_problem(case: &Case, incident: &Incident) -> bool {
    if let Some(made_for) = &incident.made_for {
        // Called for every incident near a case, so it copies nothing.
        return *made_for.kind == *case.kind.word()
            && *made_for.subindex == *case.subindex()
            && made_for.router == case.router
            // Without a sub-index the number stands for it.
            && (!case.lacks_subindex() || CaseId::try_from(made_for.case) == Ok(case.id));
    }
    let same_number = || number(incident) == Some(case.id);
    match about(incident) {
        // The Python program does not tag the type of an alarm: the number distinguishes the two,
        // until the incident has our tag.
        About::Tagged { host, kind, what } => {
            kind == case.kind
                && is_host_of(&host, &case.router)
                && match kind {
                    CaseKind::Alarm if what.is_none() => same_number(),
                    _ if case.lacks_subindex() || what.is_none() && kind != CaseKind::Reachability => {
                        same_value(what.as_deref(), tagged_value(case)) && same_number()
                    }
                    CaseKind::Portstate | CaseKind::Bgp | CaseKind::Alarm => {
                        same_value(what.as_deref(), tagged_value(case))
                    }
                    CaseKind::Reachability => true,
                    _ => same_number(),
                }
        }
        About::Named { .. } | About::Unclear => false,
    }
}

/// The attribute of a case that a tag holds in place of its sub-index.
fn tagged_value(case: &Case) -> Option<&str> {
    match case.kind {
        CaseKind::Portstate => case.port.as_deref(),
        CaseKind::Bgp => case.remote_addr.as_deref(),
        CaseKind::Alarm => case.alarm_type.as_deref(),
        _ => None,
    }
}

fn same_value(tagged: Option<&str>, ours: Option<&str>) -> bool {
    tag_value(tagged.unwrap_or_default()) == tag_value(ours.unwrap_or_default())
}

/// Whether an incident matches a case exactly: in number, problem and start time.
/// Rule: IDENT-1.
#[must_use]
pub fn exact(case: &Case, incident: &Incident) -> bool {
    if number(incident) != Some(case.id) || !same_problem(case, incident) {
        return false;
    }
    let off = (incident.start_time.secs() - case.opened.secs()).abs();
    off == 0 || (off == PYTHON_OFFSET_SECS && matches!(about(incident), About::Tagged { .. }))
}

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
