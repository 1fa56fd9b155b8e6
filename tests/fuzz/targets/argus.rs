//! Everything that Argus says: pages of incidents and events, single ones, acknowledgements, counts.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zinoargus::argus;
use zinoargus::reconcile::identity::about;

fuzz_target!(|data: &[u8]| {
    for incident in argus::read_anything(data) {
        let _ = (about(&incident), incident.is_open());
    }
});
