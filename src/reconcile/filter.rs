//! Which cases get an incident (CASE). Never looks at Argus: a case that has an incident
//! keeps it, whatever the filter says.

use crate::config::Filter;
use crate::zino::case::{Case, CaseKind, CaseState};

/// The judgement on a case that has no incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It gets an incident.
    Wanted,
    /// It gets none as it is now. It is judged again when it changes.
    NotNow,
    /// It never gets one: its type or its router is left out.
    LeftOut,
}

/// Judges a case that has no incident.
/// Rules: CASE-1, CASE-2, CASE-7, CASE-8, CASE-9.
#[must_use]
pub fn verdict(case: &Case, filter: &Filter) -> Verdict {
    if is_left_out(case, filter) {
        return Verdict::LeftOut;
    }
    if is_left_alone(case) || case.priority < filter.min_priority.0 || !production_port_down(case, filter) {
        return Verdict::NotNow;
    }
    Verdict::Wanted
}

/// Whether [`verdict`] cannot judge a case: its log decides, and Zino breaks the log off.
/// Rule: CASE-6.
#[must_use]
pub fn cannot_be_judged(case: &Case, filter: &Filter) -> bool {
    log_is_missing(case, filter) && !is_left_alone(case)
}

/// Rules: CASE-2, CASE-8.
fn is_left_out(case: &Case, filter: &Filter) -> bool {
    !has_type(&case.kind, filter) || filter.ignore_routers.0.iter().any(|pattern| pattern.matches(&case.router))
}

/// Rule: CASE-4.
fn is_left_alone(case: &Case) -> bool {
    case.state == CaseState::Ignored || made_by_maintenance(case)
}

fn has_type(kind: &CaseKind, filter: &Filter) -> bool {
    filter.types.0.iter().any(|wanted| wanted.0 == *kind)
}

fn log_is_missing(case: &Case, filter: &Filter) -> bool {
    wants_log(case, filter) && case.log_says_down.is_none()
}

/// Whether a case may have been wanted at any time, with this filter or the usual one. Its state,
/// its priority and the attributes that a maintenance leaves out can change, its log cannot.
/// Rule: CASE-9.
#[must_use]
pub fn may_have_been_wanted(case: &Case, filter: &Filter) -> bool {
    match &case.kind {
        CaseKind::Portstate => {
            let is_usual = case.descr.as_deref().is_some_and(|descr| descr.contains(Filter::USUAL_MARK));
            (is_usual || is_production(case, filter)) && case.log_says_down != Some(false)
        }
        CaseKind::Reachability | CaseKind::Bgp | CaseKind::Alarm => true,
        kind => has_type(kind, filter),
    }
}

/// Whether a planned maintenance made the case: it makes three for every router, with hardly any
/// attributes, and nobody must be paged for them.
/// Rule: CASE-4.
fn made_by_maintenance(case: &Case) -> bool {
    match case.kind {
        CaseKind::Reachability => case.reachability.is_none(),
        CaseKind::Alarm => case.alarm_count.is_none(),
        CaseKind::Portstate => case.portstate.is_none(),
        CaseKind::Bgp | CaseKind::Bfd | CaseKind::Other(_) => false,
    }
}

/// Whether a port counts: its log says that the link went down, and its description is that of a
/// production interface.
/// Rule: CASE-3.
fn production_port_down(case: &Case, filter: &Filter) -> bool {
    case.kind != CaseKind::Portstate || (is_production(case, filter) && case.log_says_down == Some(true))
}

fn is_production(case: &Case, filter: &Filter) -> bool {
    case.descr.as_deref().unwrap_or_default().contains(&filter.port_description_contains.0)
}

/// Whether the log of the case must be read, because [`verdict`] depends on it.
/// Rule: CASE-6.
#[must_use]
pub fn wants_log(case: &Case, filter: &Filter) -> bool {
    case.kind == CaseKind::Portstate && is_production(case, filter) && !is_left_out(case, filter)
}

/// Whether the attributes of the case say that the fault is over. Such a case gets no incident at a
/// takeover, because operators close cases on the primary only (FAILOVER-9).
/// Rule: FAILOVER-9.
#[must_use]
pub fn fault_is_over(case: &Case) -> bool {
    match case.kind {
        CaseKind::Portstate => case.portstate.as_deref() == Some("up"),
        CaseKind::Bgp => case.bgp_os.as_deref() == Some("established"),
        CaseKind::Reachability => case.reachability.as_deref() == Some("reachable"),
        CaseKind::Alarm => case.alarm_count == Some(0),
        CaseKind::Bfd => case.bfd_state.as_deref() == Some("up"),
        CaseKind::Other(_) => false,
    }
}

#[cfg(test)]
#[path = "filter_tests.rs"]
mod tests;
