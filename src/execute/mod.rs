//! The loops that ask and write, one problem or case at a time. Never decides anything itself.

pub mod delivery;
mod facts;
mod held;
pub mod host_lock;
pub mod job;
pub mod orphan;
pub mod run;
#[cfg(test)]
#[allow(missing_docs)]
mod testing;
mod writes;
pub mod zino_reads;
