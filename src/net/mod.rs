//! The ground floor of every connection: names into addresses (`resolve.rs`; `stages.rs` decides
//! what to ask and when to be content, `library.rs` asks, `search.rs` reads the search list), and
//! addresses into a connection (`dial.rs` by name, `connect.rs` by address). `host_name.rs` says
//! what can be a name at all. Never knows what a server says, and imports nothing of this program.

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
