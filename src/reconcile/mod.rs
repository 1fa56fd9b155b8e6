//! Decisions: what each server lacks of the other. Pure, except `job.rs`, `creation.rs`,
//! `reading.rs`, `spares.rs`, `writing.rs`, `orphan.rs` and `delivery.rs`, which carry decisions out
//! through the two narrow traits. Never opens a connection and never reads a clock.

pub mod carry;
pub mod creation;
pub mod delivery;
pub mod evidence;
pub mod filter;
pub mod identity;
pub mod job;
pub mod mapping;
pub mod orphan;
pub mod plan;
pub mod reading;
pub mod rules;
pub mod setbacks;
mod spares;
#[cfg(test)]
#[allow(missing_docs)]
pub(crate) mod testing;
pub mod text;
pub mod work;
mod writing;
