//! What people do in the middle of a read (DECIDE-3), against a small Argus.

use crate::argus::models::EventKind;
use crate::execute::run::run;
use crate::execute::testing::{FakeArgus, job};
use crate::reconcile::testing::{ALICE, case, incident, rules};

#[test]
fn what_a_person_does_between_the_two_requests_of_a_read_is_delivered_by_the_same_run() {
    let acts: [fn(&FakeArgus); 2] = [
        |argus| {
            argus.event(1, ALICE, EventKind::Acknowledge, 30, "I see");
            argus.change(1, |incident| incident.acked = true);
        },
        |argus| {
            argus.event(1, ALICE, EventKind::Change, 30, "Change: \"ticket_url\":  \u{2192} https://t/1");
            argus.change(1, |incident| incident.ticket_url = "https://t/1".into());
        },
    ];
    for act in acts {
        let argus = FakeArgus::with([incident(1, &case(1))]);
        *argus.after_events.borrow_mut() = Some(Box::new(act));
        let report = run(&argus, &rules(), &job(&[case(1)], &argus));
        assert_eq!(report.actions.first().map(|(_, actions)| actions.len()), Some(1));
    }
}
