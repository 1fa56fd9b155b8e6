//! What the templates of `[incident]` give for a case: its link and its tags. Never looks at what
//! Argus holds now.

use super::render::{bfd_neighbour, host};
use super::rules::Rules;
use super::text::tag_value;
use crate::config::{Part, Placeholder, Template};
use crate::zino::case::{Case, CaseKind};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use std::borrow::Cow;

/// What is encoded in a URL: a value is one piece of it, whatever it holds.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The link of a case; `None` without a template, and where the case lacks a placeholder.
/// Rule: TAGS-8.
#[must_use]
pub fn details_url(case: &Case, rules: &Rules) -> Option<String> {
    let template = &rules.incident.details_url.0;
    let encode = |value: &str| utf8_percent_encode(value, ENCODED).to_string();
    fill(template, case, rules, encode).filter(|url| !url.is_empty())
}

/// The tags of a case by templates. One whose placeholder the case lacks is left out.
/// Rule: TAGS-8.
pub(super) fn tags<'a>(case: &'a Case, rules: &'a Rules) -> impl Iterator<Item = (&'a str, String)> {
    rules.incident.tags.0.iter().filter_map(|tag| {
        let value = fill(&tag.value, case, rules, str::to_owned)?;
        Some((tag.key.as_str(), value)).filter(|(_, value)| !tag_value(value).is_empty())
    })
}

/// Whether Argus shows this link. It puts the address of the source before a relative one.
pub(super) fn is_set(wanted: &str, found: &str) -> bool {
    let is_relative = !wanted.starts_with("http://") && !wanted.starts_with("https://");
    found == wanted || is_relative && found.ends_with(wanted)
}

fn fill(template: &Template, case: &Case, rules: &Rules, encode: impl Fn(&str) -> String) -> Option<String> {
    let mut text = String::new();
    for part in template.parts() {
        match part {
            Part::Text(piece) => text.push_str(piece),
            Part::Of(placeholder) => text.push_str(&encode(&value(*placeholder, case, rules)?)),
        }
    }
    Some(text)
}

fn value<'a>(placeholder: Placeholder, case: &'a Case, rules: &'a Rules) -> Option<Cow<'a, str>> {
    let given = |text: &'a Option<Box<str>>| text.as_deref().map(Cow::Borrowed);
    let value = match placeholder {
        Placeholder::Case => Some(case.id.to_string().into()),
        Placeholder::Router => Some(Cow::Borrowed(&*case.router)),
        Placeholder::Host => Some(host(&case.router, &rules.domain).into()),
        Placeholder::Type => Some(case.kind.word().into()),
        Placeholder::Port => given(&case.port),
        Placeholder::Ifindex => given(&case.ifindex),
        Placeholder::RemoteAddr if case.kind == CaseKind::Bfd => bfd_neighbour(case).map(Cow::Borrowed),
        Placeholder::RemoteAddr => given(&case.remote_addr),
        Placeholder::AlarmType => given(&case.alarm_type),
        Placeholder::Server => Some(rules.server_name().into()),
    };
    value.map(|text| Cow::Owned(text.trim().to_owned())).filter(|text: &Cow<'_, str>| !text.is_empty())
}

#[cfg(test)]
#[path = "link_tests.rs"]
mod tests;
