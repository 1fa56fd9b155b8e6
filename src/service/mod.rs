//! What the service manager sees: readiness and the watchdog (`notify`), and the line of its status
//! (`status`). Never decides when something is sent.

pub mod board;
pub mod http;
pub mod notify;
pub mod status;
