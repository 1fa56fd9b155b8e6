//! Tests of `plan.rs`. Never part of the program.

use super::*;
use crate::reconcile::testing::{port_case, rules};

#[test]
fn a_change_that_does_not_show_in_argus_leaves_the_fingerprint() {
    let c = port_case(1);
    let same = Case { portstate: Some("lowerLayerDown".into()), ..c.clone() };
    let up = Case { portstate: Some("up".into()), ..c.clone() };
    assert_eq!(fingerprint(&c, &rules()), fingerprint(&same, &rules()));
    assert_ne!(fingerprint(&c, &rules()), fingerprint(&up, &rules()), "a repaired fault counts at a takeover");
    assert_ne!(fingerprint(&c, &rules()), fingerprint(&Case { priority: 1, ..c.clone() }, &rules()));
}
