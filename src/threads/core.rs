//! The state machine thread: passes each input to the engine and hands out what it wants done.
//! Never waits for anything but its inputs, and never decides anything.

use super::mailbox::CommandSender;
use super::silence::{GLANCE, Silence};
use super::vitals::Vitals;
use super::{End, Never};
use crate::engine::{Engine, Input, Job, Kept, Now, Output};
use crate::failover::Mode;
use crate::metrics::metrics;
use crate::time::Stamp;
use crossbeam_channel::{Receiver, Sender, select_biased};
use log::debug;
use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A turn of the loop that takes longer than this is logged at debug level.
const SLOW_TURN: Duration = Duration::from_millis(200);
/// The longest wait for an input; a clock that stands still must not stop the engine.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The channel ends of the state machine thread.
#[derive(Debug)]
pub struct Channels {
    /// Disconnected when this thread is to end.
    pub stop_receiver: Receiver<Never>,
    /// From the other threads.
    pub input_receiver: Receiver<Input>,
    /// For the writers. Never fills up: the engine counts the jobs under way.
    pub job_sender: Sender<Job>,
    /// For the poller.
    pub command_sender: CommandSender,
    /// For the main thread.
    pub end_sender: Sender<End>,
    /// The number of waiting problems after each turn, for the progress line of a single run. Some
    /// may be dropped.
    pub progress_sender: Option<Sender<usize>>,
}

/// The time now, on both clocks.
fn now(start: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: start.elapsed(), wall: Stamp::from_micros(i64::try_from(wall.as_micros()).unwrap_or(i64::MAX)) }
}

/// Runs until it is stopped. The caller then drops its channel ends, which ends the other threads.
/// Returns what the next generation goes on with.
pub fn run(mut engine: Engine, channels: &Channels, mut vitals: Vitals) -> (Kept, Vitals) {
    let start = vitals.start();
    let mut waiting = Waiting { start, silence: Silence::default(), silences: VecDeque::new() };
    // The first turn begins the time of a single run and sets the engine's next wake-up.
    let mut next = Some(Input::Tick);
    while let Some(input) = next {
        let began = now(start);
        let mode = engine.mode();
        for output in engine.step(began, input) {
            hand_out(output, channels);
        }
        if engine.mode() != mode {
            metrics().changed_mode(engine.mode() == Mode::Active);
        }
        vitals.turn(began.mono, &engine);
        if let Some(progress_sender) = &channels.progress_sender {
            let _ = progress_sender.try_send(engine.waiting());
        }
        let took = start.elapsed().saturating_sub(began.mono);
        if took > SLOW_TURN {
            let (cases, incidents) = engine.known();
            debug!("one turn took {} ms ({cases} cases, {incidents} open incidents)", took.as_millis());
        }
        next = waiting.next(began.mono, &engine, channels, &vitals);
    }
    vitals.publish(start.elapsed(), &engine.summary());
    let _ = channels.end_sender.try_send(End::Stopped);
    (engine.end(), vitals)
}

/// Waits for the next input.
struct Waiting {
    start: Instant,
    silence: Silence,
    silences: VecDeque<Input>,
}

impl Waiting {
    /// The input after a turn that began at this time; `None` if this thread is to end.
    fn next(&mut self, turned: Duration, engine: &Engine, channels: &Channels, vitals: &Vitals) -> Option<Input> {
        loop {
            let mono = self.start.elapsed();
            let wake = engine.next_wake(mono).into_iter().chain(vitals.next_wake(mono)).min();
            let wake = wake.map_or(turned + LONGEST_WAIT, |at| at.min(turned + LONGEST_WAIT));
            let changes = self.silence.look(mono, vitals.progress(), || channels.input_receiver.is_empty());
            self.silences.extend(changes.into_iter().map(|(server, time)| Input::Silent(server, time)));
            if let Some(input) = self.silences.pop_front() {
                return Some(input);
            }
            let due = wake.saturating_sub(self.start.elapsed());
            select_biased! {
                recv(channels.stop_receiver) -> _ => return None,
                recv(channels.input_receiver) -> input => return input.ok(),
                default(due.min(GLANCE)) => if due <= GLANCE {
                    return Some(Input::Tick);
                },
            }
        }
    }
}

/// Never waits, because the receivers may be waiting for this thread. A channel whose receiver is
/// gone belongs to a thread that has ended, which the main thread knows already. Of the messages to
/// the main thread only the first one counts.
fn hand_out(output: Output, channels: &Channels) {
    match output {
        Output::Argus(job) => {
            debug_assert!(!channels.job_sender.is_full(), "more jobs under way than the engine may have");
            drop(channels.job_sender.send(job));
        }
        Output::Zino(command) => channels.command_sender.send(command),
        Output::Refused(why) => drop(channels.end_sender.try_send(End::Refused(why))),
        Output::Finished(end) => drop(channels.end_sender.try_send(End::Finished(end))),
    }
}
