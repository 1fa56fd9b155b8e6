//! Tests of `template.rs`. Never part of the program.

use super::*;
use crate::config::testing::{loaded, minimal_and, problems};

fn read(keys: &str) -> IncidentConfig {
    loaded(&minimal_and(&format!("[incident]\n{keys}\n"))).config.incident
}

#[test]
fn a_template_is_text_placeholders_and_braces() {
    let link = read("details_url = \"https://cases.example.org/{case}?r={{{router}}}\"").details_url;
    let text = |text: &str| Part::Text(text.to_owned());
    let expected = [
        text("https://cases.example.org/"),
        Part::Of(Placeholder::Case),
        text("?r={"),
        Part::Of(Placeholder::Router),
        text("}"),
    ];
    assert_eq!(link.0.parts(), expected);
    assert_eq!(IncidentConfig::default(), loaded(&minimal_and("")).config.incident);
    for (name, placeholder) in PLACEHOLDERS {
        assert_eq!(read(&format!("details_url = \"/{{{name}}}\"")).details_url.0.parts()[1], Part::Of(placeholder));
    }
}

#[test]
fn a_tag_is_a_key_of_ones_own_and_a_template() {
    let tags = read("tags = [\"customer=uninett\", \"runbook=https://wiki.example.org/{type}/{router}?a=b\"]").tags.0;
    let keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    assert_eq!((keys, tags[1].value.parts().len()), (vec!["customer", "runbook"], 5));
}

#[test]
fn what_is_wrong_with_a_template_is_said_when_the_file_is_read() {
    let names = "{case} {router} {host} {type} {port} {ifindex} {remote_addr} {alarm_type} {server}";
    for (keys, expected) in [
        ("details_url = \"/{cas}\"", format!("incident.details_url: has an unknown placeholder; there are {names}; did you mean {{case}}?")),
        ("details_url = \"/{}\"", format!("incident.details_url: has an unknown placeholder; there are {names}")),
        ("details_url = \"/{case\"", "incident.details_url: has a brace without its partner; write {{ or }} for a brace itself".into()),
        ("details_url = \"/case}\"", "incident.details_url: has a brace without its partner; write {{ or }} for a brace itself".into()),
        ("details_url = \"javascript:{case}\"", "incident.details_url: must begin with http:// or https://, or be relative to the address of the source in Argus".into()),
        ("details_url = \"{server}:80/{case}\"", "incident.details_url: must begin with http:// or https://, or be relative to the address of the source in Argus".into()),
        ("details_url = \"a/../{case}\"", "incident.details_url: must be a relative address without //, . and ..".into()),
        ("details_url = \"//x/{case}\"", "incident.details_url: must be a relative address without //, . and ..".into()),
        ("details_url = \"/a b\"", "incident.details_url: must have no blanks; write %20".into()),
        ("details_url = 7", "incident.details_url: must be text, not a whole number (put it in quotes)".into()),
        ("tags = [\"customer\"]", "incident.tags: must be KEY=VALUE".into()),
        ("tags = [\"Customer=x\"]", "incident.tags: must have a key of a to z, 0 to 9 and _ before its =".into()),
        ("tags = [\"=x\"]", "incident.tags: must have a key of a to z, 0 to 9 and _ before its =".into()),
        ("tags = [\"customer= \"]", "incident.tags: must have a value behind its =".into()),
        ("tags = [\"host=x\"]", format!("incident.tags: must have another key: every incident can have {} by itself", OUR_TAGS.join(", "))),
        ("tags = [\"a={x}\"]", format!("incident.tags: has an unknown placeholder; there are {names}")),
        ("tags = [\"a=1\", \"a={case}\"]", "incident.tags: has the key a twice".into()),
        ("tags = \"a=1\"", "incident.tags: must be a list, not text (put it in brackets)".into()),
    ] {
        assert_eq!(problems(&minimal_and(&format!("[incident]\n{keys}\n"))), [format!("line 10: {expected}")], "{keys}");
    }
}
