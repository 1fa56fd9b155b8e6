//! Which incident is about which problem (design section 5). Pure; never looks at events and never
//! acts.
//!
//! A case number proves nothing by itself: Zino gives numbers out again after a restart that lost
//! its newest state. What an incident is about stands in its metadata; incidents of the Python
//! program have none and are read by their tags.

use super::text::tag_value;
use crate::argus::models::{Incident, MadeFor};
use crate::zino::case::{Case, CaseId, CaseKind, Problem};

/// How far the Python program's times may be off: it gives all of them the offset to UTC of the day
/// on which it was started.
pub const PYTHON_OFFSET_SECS: i64 = 3600;
/// How long after a case opened an act must have been received to be surely about that case: the
/// servers' clocks differ.
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

/// The part of a host or router name before its first dot: what both have in common whatever domain
/// was added.
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

#[cfg(test)]
#[path = "identity_tests.rs"]
mod tests;
