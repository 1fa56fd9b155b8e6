//! The program as a service manager sees it: the notify socket, the watchdog, SIGHUP and SIGTERM; between a fake Zino and a
//! fake Argus, all on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod echoes;
#[path = "../support/fake_argus.rs"]
mod fake_argus;
#[path = "../support/fake_zino.rs"]
mod fake_zino;
mod filters;
#[path = "../support/little_argus.rs"]
mod little_argus;
mod notify;
mod program;
mod refusals;
mod reloads;
mod silence;
mod stalled;
mod standby;
mod terminal;
mod unread;
mod watchdog;
