//! What an incident of a case looks like (CREATE). Never looks at what Argus holds now.

use super::evidence::restart_text;
use super::filter;
use super::link;
use super::rules::Rules;
use super::text::{MAX_EVENT_TEXT, cut, one_line, tag_value};
use crate::argus::limits::clean;
use crate::argus::models::{EventKind, NewEvent, NewIncident};
use crate::time::Stamp;
use crate::zino::case::{Case, CaseKind, HistoryEntry};
use serde_json::{Value, json};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;

/// The incident number of a case. The Python program uses it too.
#[must_use]
pub fn plain_number(case: &Case) -> String {
    case.id.to_string()
}

/// The second number of a case, for when another life of Zino has the plain one.
/// Rule: CREATE-6.
#[must_use]
pub fn second_number(case: &Case) -> String {
    format!("{}-{}", case.id, case.opened.secs())
}

/// The router, with the default domain if it has no dot.
#[must_use]
pub fn host(router: &str, domain: &str) -> String {
    if router.contains('.') || domain.is_empty() { router.to_owned() } else { format!("{router}.{domain}") }
}

/// The description: one line that says what failed.
#[must_use]
pub fn description(case: &Case) -> String {
    let router = &case.router;
    let or_empty = |text: &Option<Box<str>>| text.clone().unwrap_or_default();
    let text = match &case.kind {
        CaseKind::Reachability => format!("{router} is not reachable"),
        CaseKind::Bgp => {
            format!("{router} BGP Neighbor AS{}/{} is DOWN", or_empty(&case.remote_as), or_empty(&case.remote_addr))
        }
        CaseKind::Portstate => {
            format!("{router} port {} changed state to DOWN ({})", or_empty(&case.port), or_empty(&case.descr))
        }
        CaseKind::Alarm => match case.alarm_type.as_deref().map(str::trim) {
            None | Some("") => format!("{router} Active alarms reported"),
            Some(colour) => format!("{router} Active {colour} alarms reported"),
        },
        CaseKind::Bfd => match bfd_neighbour(case) {
            Some(neighbour) => format!("{router} BFD session with {neighbour} is DOWN"),
            None => format!("{router} BFD session on interface {} is DOWN", or_empty(&case.ifindex)),
        },
        CaseKind::Other(_) => format!("{router} {} case", case.kind.word()),
    };
    one_line(&text)
}

/// The neighbour of a BFD session; `None` where Zino does not know it and says so in a word.
pub(super) fn bfd_neighbour(case: &Case) -> Option<&str> {
    case.bfd_addr.as_deref().map(str::trim).filter(|address| address.parse::<IpAddr>().is_ok())
}

/// The tags of an incident of this case, sorted.
/// Rule: TAGS-7.
#[must_use]
pub fn tags(case: &Case, rules: &Rules) -> Vec<String> {
    let mut tags = vec![
        tag("host", &host(&case.router, &rules.domain)),
        tag("event_type", case.kind.word()),
        tag("priority", &case.priority.to_string()),
    ];
    let mut optional = |key: &str, value: &Option<Box<str>>| {
        if let Some(value) = value.as_deref().filter(|v| !v.trim().is_empty()) {
            tags.push(tag(key, value));
        }
    };
    match case.kind {
        CaseKind::Portstate => {
            optional("interface", &case.port);
            optional("description", &case.descr);
        }
        CaseKind::Bgp => {
            optional("remote_as", &case.remote_as);
            optional("remote_addr", &case.remote_addr);
        }
        CaseKind::Alarm => optional("alarm_type", &case.alarm_type),
        CaseKind::Bfd => {
            optional("interface", &case.ifindex);
            optional("remote_addr", &bfd_neighbour(case).map(Into::into));
        }
        _ => {}
    }
    tags.extend(link::tags(case, rules).map(|(key, value)| tag(key, &value)));
    tags.sort();
    tags
}

/// Tags to find the incidents about the problem of a case: each has one of these for every key.
/// `None` if Argus cannot be asked, because a comma ends a tag in its query.
#[must_use]
pub fn tags_of_problem(case: &Case, rules: &Rules) -> Option<Vec<String>> {
    let mut tags = vec![tag("event_type", case.kind.word()), tag("host", &case.router)];
    tags.push(tag("host", &host(&case.router, &rules.domain)));
    tags.dedup();
    if tags.iter().any(|tag| tag.contains(',')) {
        return None;
    }
    let (key, value) = match case.kind {
        CaseKind::Portstate => ("interface", &case.port),
        CaseKind::Bgp => ("remote_addr", &case.remote_addr),
        CaseKind::Bfd => ("interface", &case.ifindex),
        _ => return Some(tags),
    };
    let value = value.as_deref().filter(|value| !value.trim().is_empty() && !value.contains(','));
    tags.extend(value.map(|value| tag(key, value)));
    Some(tags)
}

fn tag(key: &str, value: &str) -> String {
    format!("{key}={}", tag_value(value))
}

/// The identity of an incident, as later decisions read it (CREATE-2).
#[must_use]
pub fn metadata(case: &Case, rules: &Rules) -> Value {
    let problem = case.problem();
    json!({"zino": {
        "case": case.id,
        "opened": case.opened.secs(),
        "router": problem.router,
        "type": problem.kind.word(),
        "subindex": case.subindex(),
        "server": rules.server,
    }})
}

/// The incident to create for a case. For a closed case it is created closed.
/// Rules: CREATE-1, CASE-5.
#[must_use]
pub fn new_incident(case: &Case, rules: &Rules, number: String) -> NewIncident {
    let end_time = closing(case).map(|c| c.at.max(case.opened));
    NewIncident {
        start_time: case.opened,
        end_time,
        source_incident_id: number,
        description: description(case),
        details_url: link::details_url(case, rules),
        level: rules.level(case),
        tags: tags(case, rules),
        metadata: metadata(case, rules),
    }
}

/// How a case ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closing {
    /// When.
    pub at: Stamp,
    /// The text that goes with it.
    pub text: String,
    /// The position of the closing entry in the history, if there is one.
    pub entry: Option<usize>,
}

/// How a closed case ended: by its last change to `closed`, without one by the attribute `closed`,
/// without that by the last entry. `None` if the case is not closed.
/// Rules: CLOSE-1, CLOSE-2.
#[must_use]
pub fn closing(case: &Case) -> Option<Closing> {
    if !case.is_closed() {
        return None;
    }
    let last_closing = case
        .history
        .iter()
        .enumerate()
        .rev()
        .find(|(_, e)| e.state_change().is_some_and(|change| change.to == "closed"));
    if let Some((position, entry)) = last_closing {
        return Some(Closing { at: entry.at, text: entry_text(entry), entry: Some(position) });
    }
    let last = case.history.last();
    let at = case.closed.or(last.map(|e| e.at)).unwrap_or(case.opened);
    Some(Closing { at, text: "Closed in Zino".to_owned(), entry: None })
}

/// The RES on the incident of a case that is open.
#[must_use]
pub fn restart(case: &Case, now: Stamp, rules: &Rules) -> NewEvent {
    let description = restart_text(case.id, &case.state, &rules.server);
    NewEvent { kind: EventKind::Restart, timestamp: now, description }
}

/// A history entry as the text of an event: its header line, then its lines.
#[must_use]
pub fn entry_text(entry: &HistoryEntry) -> String {
    let mut text = entry.header.clone();
    for line in &entry.lines {
        text.push('\n');
        text.push_str(line);
    }
    cut(clean(&text).trim(), MAX_EVENT_TEXT)
}

/// A hash of everything of a case that shows in Argus. A case that changes without changing it
/// needs no run.
#[must_use]
pub fn fingerprint(case: &Case, rules: &Rules) -> u64 {
    let mut hasher = DefaultHasher::new();
    case.state.hash(&mut hasher);
    case.opened.hash(&mut hasher);
    case.history.hash(&mut hasher);
    filter::verdict(case, &rules.filter).hash(&mut hasher);
    filter::fault_is_over(case).hash(&mut hasher);
    tags(case, rules).hash(&mut hasher);
    description(case).hash(&mut hasher);
    link::details_url(case, rules).hash(&mut hasher);
    closing(case).map(|c| c.at).hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
#[path = "render_tests.rs"]
mod tests;
