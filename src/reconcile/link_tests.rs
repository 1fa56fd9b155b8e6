//! Tests of `link.rs`. Never part of the program.

use super::*;
use crate::config::IncidentConfig;
use crate::reconcile::render;
use crate::reconcile::testing::{case, port_case, rules};

fn with(details_url: &str, tags: &[&str]) -> Rules {
    let text = serde_json::json!({"details_url": details_url, "tags": tags});
    Rules { incident: serde_json::from_value::<IncidentConfig>(text).unwrap(), ..rules() }
}

fn bgp() -> Case {
    Case { kind: CaseKind::Bgp, remote_addr: Some("2001:db8::1".into()), ..case(3) }
}

#[test]
fn a_link_holds_each_value_as_one_piece_whatever_its_letters() {
    let port = Case { port: Some("ge-0/0/1 {Ås} 100%".into()), ..port_case(17) };
    for (template, case, expected) in [
        ("https://c.example.org/{case}", port.clone(), Some("https://c.example.org/17")),
        ("/{router}/{port}", port.clone(), Some("/gw17/ge-0%2F0%2F1%20%7B%C3%85s%7D%20100%25")),
        ("/{host}?i={ifindex}&t={type}", port.clone(), Some("/gw17.example.org?i=17&t=portstate")),
        ("/{remote_addr}", bgp(), Some("/2001%3Adb8%3A%3A1")),
        ("/{server}/{{{case}}}", bgp(), Some("/zino.example.org/{3}")),
        ("/{remote_addr}", port.clone(), None),
        ("/{alarm_type}", port, None),
        ("", bgp(), None),
    ] {
        assert_eq!(details_url(&case, &with(template, &[])).as_deref(), expected, "{template}");
    }
    let secondary = Rules { server: "zino.example.org (secondary)".into(), ..with("/{server}", &[]) };
    assert_eq!(details_url(&bgp(), &secondary).as_deref(), Some("/zino.example.org"));
}

#[test]
fn a_tag_holds_values_as_they_are_and_one_that_lacks_its_value_is_left_out() {
    let rules =
        with("", &["customer=uninett", "runbook=https://w/{type}/{router}", "alarm={alarm_type}", "who={port}"]);
    let tags = render::tags(&bgp(), &rules);
    for expected in ["customer=uninett", "runbook=https://w/bgp/gw3"] {
        assert!(tags.contains(&expected.to_owned()), "{tags:?}");
    }
    assert!(!tags.iter().any(|tag| tag.starts_with("alarm=") || tag.starts_with("who=")), "{tags:?}");
    let port = Case { port: Some("ge-0/0/1 {Ås} 100%".into()), ..port_case(17) };
    assert!(render::tags(&port, &rules).contains(&"who=ge-0/0/1 {Ås} 100%".to_owned()));
}

#[test]
fn a_relative_link_is_shown_behind_the_address_of_the_source() {
    for (wanted, shown, expected) in [
        ("/case/1", "https://zino.example.org/case/1", true),
        ("case/1", "https://zino.example.org/ui/case/1", true),
        ("/case/1", "/case/1", true),
        ("/case/1", "", false),
        ("https://a/1", "https://a/1", true),
        ("https://a/1", "https://b/https://a/1", false),
    ] {
        assert_eq!(is_set(wanted, shown), expected, "{wanted} {shown}");
    }
}
