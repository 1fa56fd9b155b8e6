//! Who may look at the daemon from outside: starts and stops the listener and the writer of the
//! metrics' file, as the configuration wants them. Never decides what they see.

use crate::config::MetricsConfig;
use crate::service::board::Board;
use crate::threads::{Never, listener, metrics_file};
use crossbeam_channel::{Sender, bounded};
use log::error;
use std::io;
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

/// A thread, and what ends it when it is dropped.
struct Running<What, Stop> {
    what: What,
    stop: Stop,
    thread: JoinHandle<()>,
}

/// What runs now. It outlives every reload that does not change it.
pub(super) struct Outside {
    board: Arc<Board>,
    listener: Option<Running<SocketAddr, UnixStream>>,
    file: Option<Running<PathBuf, Sender<Never>>>,
}

impl Outside {
    /// Nobody looks yet.
    pub fn new(board: Arc<Board>) -> Self {
        Self { board, listener: None, file: None }
    }

    /// Starts what is wanted and stops what is not. What cannot be started is logged: it is no
    /// reason to stop synchronising.
    pub fn apply(&mut self, wanted: &MetricsConfig) {
        let listen = wanted.listen.as_ref().map(|listen| listen.0);
        let file = wanted.file.as_ref().map(|file| file.0.clone());
        self.board.want(listen.is_some() || file.is_some());
        if self.listener.as_ref().map(|running| running.what) != listen {
            if let Some(Running { stop, thread, .. }) = self.listener.take() {
                drop(stop);
                // It waits for nobody, so it ends at once and gives the address back.
                let _ = thread.join();
            }
            self.listener = listen.and_then(|address| started(self.listen(address)));
        }
        if self.file.as_ref().map(|running| &running.what) != file.as_ref() {
            // A file system that hangs must not hold up a reload: this thread is not waited for.
            self.file = file.and_then(|file| started(self.write(file)));
        }
    }

    fn listen(&self, address: SocketAddr) -> io::Result<Running<SocketAddr, UnixStream>> {
        let (stop, stopped) = UnixStream::pair()?;
        let board = Arc::clone(&self.board);
        let run = move || listener::run(address, &board, &stopped);
        let thread = thread::Builder::new().name("listener".to_owned()).spawn(run)?;
        Ok(Running { what: address, stop, thread })
    }

    fn write(&self, file: PathBuf) -> io::Result<Running<PathBuf, Sender<Never>>> {
        let (stop, stop_receiver) = bounded(0);
        let (board, what) = (Arc::clone(&self.board), file.clone());
        let run = move || metrics_file::run(&file, &board, &stop_receiver);
        let thread = thread::Builder::new().name("metrics file".to_owned()).spawn(run)?;
        Ok(Running { what, stop, thread })
    }
}

fn started<T>(result: io::Result<T>) -> Option<T> {
    result.map_err(|why| error!("cannot start a thread for the metrics: {why}")).ok()
}
