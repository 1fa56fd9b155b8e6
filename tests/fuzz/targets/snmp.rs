//! Datagrams that come where the primary's answer is waited for.

#![no_main]

use libfuzzer_sys::fuzz_target;
use zinoargus::failover::heartbeat::message::Question;

fuzz_target!(|data: &[u8]| {
    let _ = Question::numbered(7, "public").hear(data);
});
