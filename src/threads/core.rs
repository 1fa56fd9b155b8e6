//! The state machine thread: feeds the machine and hands out what it wants done. Never waits for anything but its inputs.

use super::silence::{GLANCE, Silence};
use super::vitals::Vitals;
use super::{End, Wake};
use crate::argus::ArgusServer;
use crate::machine::{Input, Job, Machine, Now, Output, ZinoCommand};
use crate::stamp::Stamp;
use crossbeam_channel::{Receiver, RecvTimeoutError, Sender};
use log::debug;
use std::collections::VecDeque;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A turn of the loop that takes longer than this is worth a debug line.
const SLOW_TURN: Duration = Duration::from_millis(200);
/// The longest wait for an input; a clock that stands still must not stop the machine.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The channel ends of the state machine thread.
#[derive(Debug)]
pub struct Channels {
    /// What happens.
    pub wakes: Receiver<Wake>,
    /// For the writer. Never fills up: the machine has at most `argus.connections` jobs under way.
    pub jobs: Sender<Job>,
    /// For the poller. At most one errand and one reading are under way.
    pub commands: Sender<ZinoCommand>,
    /// For the main thread.
    pub end: Sender<End>,
    /// Whether the main thread wants to know how far it has got, after every turn.
    pub tells_progress: bool,
}

/// The time now, on both clocks.
fn now(start: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: start.elapsed(), wall: Stamp::from_micros(i64::try_from(wall.as_micros()).unwrap_or(i64::MAX)) }
}

/// Runs until it is told to stop. Dropping its channel ends then ends the other threads.
pub fn run(mut machine: Machine, channels: &Channels, mut vitals: Vitals) {
    let start = vitals.start();
    // Who waits for the work under way to end.
    let mut pausing: Option<Sender<()>> = None;
    let mut silence = Silence::default();
    let mut heard = VecDeque::new();
    // The first turn begins the time of a single run and sets the machine's next wake-up.
    let first = now(start);
    let mut turned = first.mono;
    for output in machine.step(first, Input::Tick) {
        hand_out(output, channels);
    }
    loop {
        let mono = start.elapsed();
        let wake = machine.next_wake(mono).into_iter().chain(vitals.next_wake(mono)).min();
        let longest = (turned + LONGEST_WAIT).saturating_sub(start.elapsed());
        let due = wake.map_or(LONGEST_WAIT, |at| at.saturating_sub(start.elapsed())).min(longest);
        heard.extend(silence.look(start.elapsed(), vitals.progress(), || channels.wakes.is_empty()));
        let wake = match heard.pop_front() {
            Some((server, silent_for)) => Wake::Input(Input::Silent(server, silent_for)),
            None => match channels.wakes.recv_timeout(due.min(GLANCE)) {
                Ok(wake) => wake,
                Err(RecvTimeoutError::Timeout) if due > GLANCE => continue,
                Err(RecvTimeoutError::Timeout) => Wake::Input(Input::Tick),
                Err(RecvTimeoutError::Disconnected) => break,
            },
        };
        let began = now(start);
        turned = began.mono;
        let outputs = match wake {
            Wake::Input(input) => machine.step(began, input),
            Wake::Pause(quiet) => {
                machine.pause();
                pausing = Some(quiet);
                Vec::new()
            }
            Wake::Resume(change) => machine.resume(began, *change),
            Wake::Stop => break,
        };
        for output in outputs {
            hand_out(output, channels);
        }
        if machine.is_quiet()
            && let Some(quiet) = pausing.take()
        {
            // Whoever asked may be ending the program instead.
            let _ = quiet.send(());
        }
        vitals.turn(began.mono, &machine);
        if channels.tells_progress {
            let _ = channels.end.send(End::Progress(machine.waiting()));
        }
        let took = start.elapsed().saturating_sub(began.mono);
        if took > SLOW_TURN {
            let (cases, incidents) = machine.known();
            debug!("one turn took {} ms ({cases} cases, {incidents} open incidents)", took.as_millis());
        }
    }
    let _ = channels.end.send(End::Stopped);
}

/// A channel whose other end is gone belongs to a thread that has ended, which main knows already.
fn hand_out(output: Output, channels: &Channels) {
    match output {
        Output::Argus(job) => drop(channels.jobs.send(job)),
        Output::Zino(command) => drop(channels.commands.send(command)),
        Output::Refused(why) => drop(channels.end.send(End::Refused(why))),
        Output::Finished(end) => drop(channels.end.send(End::Finished(end))),
    }
}

/// What a job is, for any server: the shell of the writer and the simulation's step alike.
pub fn execute<A: ArgusServer + ?Sized>(
    argus: &A,
    rules: &crate::sync::rules::Rules,
    job: Job,
) -> crate::machine::Report {
    use crate::machine::Report;
    use crate::sync::orphan;
    match job {
        Job::Problem(job) => Report::Problem(Box::new(crate::sync::job::run(argus, rules, &job))),
        Job::Page(query, cursor, most) => Report::Page(argus.list(&query, cursor.as_deref(), most)),
        Job::Newest(cursor, most) => Report::Newest(argus.newest_events(cursor.as_deref(), most)),
        Job::CountOpen => Report::OpenCount(argus.count_open()),
        Job::Incident(pk) => Report::Incident(pk, argus.incident(pk)),
        Job::EndOrphan(pk, end) => Report::EndOrphan(pk, orphan::end(argus, rules, pk, &end)),
        Job::MarkForgotten(pk, now) => Report::MarkForgotten(pk, orphan::mark_forgotten(argus, pk, now)),
        Job::SignOfLife => Report::SignOfLife(argus.sign_of_life()),
        // The writer does it where there is a file to keep; elsewhere there is nothing to do.
        Job::Renew => Report::Renewed(Ok(())),
        Job::Probe => Report::Probe(argus.check_token()),
    }
}
