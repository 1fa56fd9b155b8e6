//! The process: start-up, signals, exit codes. Never decides anything about cases or incidents.

fn main() {}
