//! What every connection is made of. `resolve.rs` looks names up: `stages.rs` decides what to ask
//! next and when to stop, `library.rs` asks the C library, `search.rs` reads the search list.
//! `dial.rs` connects to a name, `connect.rs` to addresses. `host_name.rs` checks names,
//! `host_port.rs` writes a name with a port. Never knows a protocol, and imports nothing of this
//! program.

pub mod connect;
pub mod dial;
pub mod host_name;
pub mod host_port;
pub mod library;
pub mod resolve;
mod search;
mod stages;
#[cfg(test)]
mod testing;
