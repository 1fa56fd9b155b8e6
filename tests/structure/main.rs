//! The shape of the sources: which folder may import which, how long files and functions may be,
//! and which words and comments stand in them. Reads the text of the sources; never runs them.
//!
//! Each list of exceptions is a ratchet: it holds what is there today and may only get shorter. An
//! exception that is no longer needed, or is larger than needed, fails the test, too.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a panic is the report of a test

mod imports;
mod scan;
mod sizes;
mod source;
mod words;
