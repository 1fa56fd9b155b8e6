//! What the ways of running do: `daemon` until a signal, `once` and out, `check` the configuration
//! and both servers, `status` of a running instance. Never decides anything about cases or
//! incidents.

pub mod check;
pub mod daemon;
pub mod once;
mod outside;
pub(crate) mod parts;
pub mod status;
mod token;
mod versions;
