//! The attributes that an incident lacks: tags, description and level (TAGS). Pure; never
//! decides about anything else.

use super::identity::{IDENTITY_TAGS, server};
use super::link;
use super::render;
use super::rules::Rules;
use super::text::{normal, tag_value};
use crate::argus::models::{Incident, Patch, Tag};
use crate::zino::case::Case;

/// The change of tags, description and perhaps level that the incident lacks (TAGS).
/// Rules: TAGS-1, TAGS-2, TAGS-4, TAGS-5, TAGS-8.
pub(super) fn attributes(case: &Case, incident: &Incident, rules: &Rules) -> Option<Patch> {
    if case.is_closed() || !incident.is_open() {
        return None;
    }
    let maker = server(incident).filter(|s| *s != rules.server);
    if rules.secondary && maker.is_some() {
        return None;
    }
    let wanted = render::tags(case, rules);
    let has = |text: &str| incident.tags.iter().any(|t| normal_tag(t.text) == text);
    let ours = |t: &Tag<'_>| t.added_by == incident.source_user;
    let others: Vec<&str> = incident.tags.iter().filter(|t| !ours(t)).map(|t| t.text).collect();
    let (stays, outdated): (Vec<Tag<'_>>, Vec<Tag<'_>>) = incident
        .tags
        .iter()
        .filter(|t| ours(t) && !wanted.contains(&normal_tag(t.text)))
        .partition(|t| identifies(incident, t, &wanted, &others));
    let has_tags = outdated.is_empty() && wanted.iter().all(|text| has(text));
    let details_url = link::details_url(case, rules).filter(|url| !link::is_set(url, &incident.details_url));
    if has_tags {
        return details_url.map(|url| Patch { details_url: Some(url), ..Patch::default() });
    }
    let kept = others.iter().copied().chain(stays.iter().map(|t| t.text));
    let mut tags: Vec<String> = kept.map(str::to_owned).collect();
    tags.extend(wanted.into_iter().filter(|text| !tags.contains(text)).collect::<Vec<_>>());
    let description = render::description(case);
    Some(Patch {
        tags: Some(tags),
        details_url,
        description: (normal(&description) != normal(&incident.description)).then_some(description),
        level: priority_changed(case, incident).then(|| rules.level(case)).filter(|l| *l != incident.level),
        // Claims the incident. The other instance then leaves the tags alone; otherwise both would
        // overwrite each other.
        metadata: maker.map(|_| render::metadata(case, rules)),
    })
}

/// Whether an outdated tag of ours has to stay. Our own tags alone identify an incident of the
/// Python program, and somebody else added the tag that would replace this one.
fn identifies(incident: &Incident, tag: &Tag<'_>, wanted: &[String], others: &[&str]) -> bool {
    let key = |text: &str| text.split_once('=').map(|(key, _)| key.trim().to_owned());
    let key_of_it = key(tag.text).filter(|key| incident.made_for.is_none() && IDENTITY_TAGS.contains(&key.as_str()));
    let anothers = others.iter().map(|text| normal_tag(text)).filter(|text| wanted.contains(text));
    key_of_it.is_some() && anothers.map(|text| key(&text)).any(|key| key == key_of_it)
}

fn normal_tag(text: &str) -> String {
    match text.split_once('=') {
        Some((key, value)) => format!("{}={}", key.trim(), tag_value(value)),
        None => text.to_owned(),
    }
}

/// Whether the priority in our tag is outdated: only then does the level change.
/// Rule: TAGS-3.
fn priority_changed(case: &Case, incident: &Incident) -> bool {
    incident
        .tags
        .iter()
        .filter(|t| t.added_by == incident.source_user)
        .filter_map(|t| t.text.strip_prefix("priority="))
        .next()
        .is_some_and(|tagged| tagged.trim() != case.priority.to_string())
}
