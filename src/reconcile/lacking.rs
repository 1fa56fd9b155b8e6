//! Everything that the incident of a case lacks, in the order of its writes. Pure; never decides
//! whether the incident is to be open.

use super::acknowledge::acknowledgement;
use super::attributes::attributes;
use super::evidence::Evidence;
use super::history::missing_history;
use super::rules::Rules;
use super::view::{Action, Rule, Stop, View};
use crate::argus::models::{EventKind, NewEvent};
use crate::zino::case::Case;

/// What an incident lacks: history, acknowledgements, attributes, and last the turn that opens or
/// ends it. The second value is what could not be found out; nothing of the rest waits for it.
/// Rule: HISTORY-4.
pub(super) fn lacking(
    view: &View,
    case: &Case,
    evidence: &Evidence<'_>,
    turn: Option<(Rule, NewEvent)>,
    rules: &Rules,
) -> (Vec<(Rule, Action)>, Result<(), Stop>) {
    let pk = evidence.pk();
    let post = |rule, event| (rule, Action::Post(pk, event));
    let ends = turn.as_ref().is_some_and(|(_, event)| event.kind == EventKind::End);
    let history = missing_history(case, ends, evidence, rules);
    let mut lacking: Vec<_> = history.into_iter().map(|event| post(Rule::History, event)).collect();
    let unknown = acknowledgement(view, case, evidence, rules).map(|acks| lacking.extend(acks));
    lacking
        .extend(attributes(case, evidence.incident, rules).map(|patch| (Rule::Attributes, Action::Patch(pk, patch))));
    lacking.extend(turn.map(|(rule, event)| post(rule, event)));
    (lacking, unknown)
}
