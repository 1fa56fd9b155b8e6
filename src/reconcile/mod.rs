//! Decisions: what each server lacks of the other. Pure: never asks a server, never opens a
//! connection and never reads a clock.

mod acknowledge;
mod answers;
mod attributes;
pub mod decide;
pub mod deliver;
pub mod evidence;
pub mod filter;
mod history;
pub mod identity;
mod lacking;
pub mod link;
pub mod matching;
pub mod orphan;
#[cfg(test)]
mod promises_tests;
pub mod render;
pub mod rules;
pub mod setbacks;
#[cfg(test)]
#[allow(missing_docs)]
pub(crate) mod testing;
pub mod text;
pub mod user_actions;
pub mod view;
pub mod work;
