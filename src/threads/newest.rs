//! A channel that holds only the newest value. Never makes a sender wait.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

/// The sender's end. The receiver's end is closed when it is dropped.
#[derive(Debug)]
pub struct Newest<T> {
    sender: Sender<T>,
    /// To remove a value that was not taken yet.
    unread: Receiver<T>,
}

impl<T> Newest<T> {
    /// A new channel, empty.
    #[must_use]
    pub fn channel() -> (Self, Receiver<T>) {
        let (sender, unread) = bounded(1);
        let receiver = unread.clone();
        (Self { sender, unread }, receiver)
    }

    /// Sends a value. It replaces an earlier one that was not taken yet.
    pub fn send(&self, mut value: T) {
        while let Err(TrySendError::Full(unsent)) = self.sender.try_send(value) {
            drop(self.unread.try_recv());
            value = unsent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_receiver_that_was_busy_gets_the_newest_value_and_then_the_end() {
        let (newest, receiver) = Newest::channel();
        (0..1000).for_each(|n| newest.send(n));
        assert_eq!(receiver.recv(), Ok(999));
        newest.send(7);
        drop(newest);
        assert_eq!(receiver.recv(), Ok(7));
        assert!(receiver.recv().is_err());
    }
}
