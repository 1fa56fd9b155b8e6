//! A configuration file: TOML, every key, templates, patterns, durations, addresses.

#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::Path;
use zinoargus::config;

fuzz_target!(|text: &str| {
    // Files that a text names are not read: what is in this machine's is no matter of the text.
    if text.contains("_file") {
        return;
    }
    match config::parse(text, Path::new("/nonexistent")) {
        Ok(_) => {}
        Err(faults) => {
            assert!(!faults.is_empty(), "a configuration that is refused names a fault");
            faults.iter().for_each(|fault| assert!(!fault.to_string().is_empty()));
        }
    }
});
