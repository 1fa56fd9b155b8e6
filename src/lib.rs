//! zinoargus keeps Zino cases and Argus incidents telling the same truth, both ways.
//!
//! The library holds everything but the process itself, so that tests can drive it; `src/README.md` is the map.

pub mod argus;
pub mod check;
pub mod cli;
pub mod config;
pub mod daemon;
pub mod exit;
pub mod failover;
mod file;
pub mod heartbeat;
pub mod logging;
pub mod machine;
pub mod net;
pub mod once;
pub mod outlet;
pub mod place;
pub mod pulse;
pub mod redact;
pub mod reload;
pub mod renewal;
pub mod secret;
pub mod shown;
pub mod stamp;
pub mod status;
pub mod sync;
pub mod systemd;
pub mod threads;
pub mod turnstile;
pub mod zino;
