//! Everything that Zino says: replies, notifications, attributes, histories, logs. Whatever the bytes
//! are, reading them ends, and what is made of them can be logged and compared.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zinoargus::zino;

fuzz_target!(|data: &[u8]| {
    let Some(case) = zino::read_anything(data) else { return };
    let _ = (case.name(), case.problem().to_string(), case.is_closed());
    for entry in &case.history {
        let _ = (entry.author(), entry.text_by("zinoargus"), entry.state_change());
    }
});
