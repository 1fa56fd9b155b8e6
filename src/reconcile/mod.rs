//! Decisions: what each server lacks of the other. Pure: never asks a server, never opens a
//! connection and never reads a clock.

mod answers;
pub mod carry;
pub mod decide;
pub mod delivery;
pub mod evidence;
pub mod filter;
pub mod identity;
pub mod mapping;
pub mod matching;
pub mod orphan;
pub mod plan;
#[cfg(test)]
mod promises_tests;
pub mod rules;
pub mod setbacks;
#[cfg(test)]
#[allow(missing_docs)]
pub(crate) mod testing;
pub mod text;
pub mod view;
pub mod work;
