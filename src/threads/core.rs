//! The state machine thread: feeds the machine and hands out what it wants done. Never waits for anything but its inputs.

use super::mailbox::CommandSender;
use super::silence::{GLANCE, Silence};
use super::vitals::Vitals;
use super::{End, Wake};
use crate::argus::ArgusServer;
use crate::argus::models::ListQuery;
use crate::engine::{Engine, Input, Job, Now, Output};
use crate::time::Stamp;
use crossbeam_channel::{Receiver, Sender, select_biased};
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
    /// The orders of the main thread.
    pub orders: Receiver<Wake>,
    /// What happens.
    pub wakes: Receiver<Wake>,
    /// For the writers. Never fills up: the machine counts the jobs under way.
    pub jobs: Sender<Job>,
    /// For the poller.
    pub commands: CommandSender,
    /// For the main thread.
    pub end: Sender<End>,
    /// The number of waiting problems after each turn, for the progress line of a single run. Some
    /// may be dropped.
    pub progress: Option<Sender<usize>>,
}

/// The time now, on both clocks.
fn now(start: Instant) -> Now {
    let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Now { mono: start.elapsed(), wall: Stamp::from_micros(i64::try_from(wall.as_micros()).unwrap_or(i64::MAX)) }
}

/// Runs until it is told to stop. Dropping its channel ends then ends the other threads.
pub fn run(mut machine: Engine, channels: &Channels, mut vitals: Vitals) {
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
        let wake = if let Some((server, silent_for)) = heard.pop_front() {
            Ok(Wake::Input(Input::Silent(server, silent_for)))
        } else {
            select_biased! {
                recv(channels.orders) -> order => order,
                recv(channels.wakes) -> wake => wake,
                default(due.min(GLANCE)) => {
                    if due > GLANCE {
                        continue;
                    }
                    Ok(Wake::Input(Input::Tick))
                }
            }
        };
        let Ok(wake) = wake else { break };
        let began = now(start);
        turned = began.mono;
        let outputs = match wake {
            Wake::Input(input) => machine.step(began, input),
            Wake::Pause(quiet) => {
                machine.pause();
                pausing = Some(quiet);
                Vec::new()
            }
            Wake::Resume(change) => {
                let mut outputs = take_waiting(&mut machine, began, &channels.wakes);
                outputs.extend(machine.resume(began, *change));
                outputs
            }
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
        if let Some(progress) = &channels.progress {
            let _ = progress.try_send(machine.waiting());
        }
        let took = start.elapsed().saturating_sub(began.mono);
        if took > SLOW_TURN {
            let (cases, incidents) = machine.known();
            debug!("one turn took {} ms ({cases} cases, {incidents} open incidents)", took.as_millis());
        }
    }
    let _ = channels.end.try_send(End::Stopped);
}

/// Takes the inputs that were sent before new settings, under the old settings.
fn take_waiting(machine: &mut Engine, now: Now, wakes: &Receiver<Wake>) -> Vec<Output> {
    let waiting = wakes.try_iter().take(wakes.len());
    let inputs = waiting.filter_map(|wake| if let Wake::Input(input) = wake { Some(input) } else { None });
    inputs.flat_map(|input| machine.step(now, input)).collect()
}

/// Never waits, because the receivers may be waiting for this thread. A channel whose receiver is
/// gone belongs to a thread that has ended, which main knows already. Of the words to main only the
/// first one counts.
fn hand_out(output: Output, channels: &Channels) {
    match output {
        Output::Argus(job) => {
            debug_assert!(!channels.jobs.is_full(), "more jobs under way than the machine may have");
            drop(channels.jobs.send(job));
        }
        Output::Zino(command) => channels.commands.send(command),
        Output::Refused(why) => drop(channels.end.try_send(End::Refused(why))),
        Output::Finished(end) => drop(channels.end.try_send(End::Finished(end))),
    }
}

/// What a job is, for any server: the shell of the writer and the simulation's step alike.
pub fn execute<A: ArgusServer + ?Sized>(
    argus: &A,
    rules: &crate::reconcile::rules::Rules,
    job: Job,
) -> crate::engine::Report {
    use crate::engine::Report;
    use crate::execute::orphan;
    match job {
        Job::Problem(job) => Report::Problem(Box::new(crate::execute::run::run(argus, rules, &job))),
        Job::Page(query, until, most) => Report::Page(argus.list(&query, until, most)),
        Job::Newest(most) => Report::Newest(argus.newest_events(most)),
        Job::CountOpen => Report::OpenCount(argus.count_open()),
        Job::Incident(pk) => Report::Incident(pk, argus.incident(pk)),
        Job::EndOrphan(pk, end) => Report::EndOrphan(pk, orphan::end(argus, rules, pk, &end)),
        Job::MarkForgotten(pk, now) => Report::MarkForgotten(pk, orphan::mark_forgotten(argus, pk, now)),
        Job::SignOfLife => Report::SignOfLife(argus.sign_of_life()),
        // The writer does it where there is a file to keep; elsewhere there is nothing to do.
        Job::Renew => Report::Renewed(Ok(())),
        Job::Probe => Report::Probe(argus.check_token()),
        Job::Prove(most) => Report::Proved(argus.list(&ListQuery::Open, None, most).map(drop)),
        Job::Reach => Report::Reached(argus.reach()),
    }
}
