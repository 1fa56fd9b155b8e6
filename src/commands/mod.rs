//! What the three ways of running do: `daemon` until a signal, `once` and out, `check` the
//! configuration and both servers. Never decides anything about cases or incidents.

pub mod check;
pub mod daemon;
pub mod once;
pub(crate) mod parts;
mod token;
mod versions;
