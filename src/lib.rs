//! zinoargus keeps Zino cases and Argus incidents in step, both ways.
//!
//! The library holds everything but the process itself, so that tests can drive it; `src/README.md`
//! is the map.

pub mod argus;
pub mod cli;
pub mod commands;
pub mod config;
pub mod engine;
pub mod execute;
pub mod exit;
pub mod failover;
mod file;
pub mod log;
pub mod metrics;
pub mod net;
pub mod progress;
pub mod reconcile;
pub mod sanitise;
pub mod secret;
pub mod service;
pub mod threads;
pub mod time;
pub mod zino;
