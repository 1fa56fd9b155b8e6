//! The program in its two ways of running once, `--check` and `--once`, as people and cron see it:
//! what it prints, how long it takes, and what it ends with; between fakes on loopback.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod check;
#[path = "../support/fake_argus.rs"]
mod fake_argus;
#[path = "../support/fake_zino.rs"]
mod fake_zino;
#[path = "../support/little_argus.rs"]
mod little_argus;
mod once;
mod program;
