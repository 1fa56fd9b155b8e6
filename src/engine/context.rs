//! What every component is given in a step: the time, the settings, the status that it reports to,
//! and the box for what is to be done. Never decides anything.

use super::status::Status;
use super::{Job, Now, Output, Settings, ZinoCommand};
use crate::argus::ArgusError;
use crate::zino::case::CaseId;
use std::time::Duration;

/// What Argus answers.
pub(super) type Answer<T> = Result<T, ArgusError>;

/// What a component is given.
#[derive(Debug)]
pub(super) struct Context {
    pub(super) now: Now,
    /// When the first step was.
    pub(super) began: Option<Duration>,
    pub(super) settings: Settings,
    pub(super) status: Status,
    pub(super) outbox: Outbox,
}

impl Context {
    pub(super) fn new(settings: Settings) -> Self {
        let now = Now { mono: Duration::ZERO, wall: crate::time::Stamp::default() };
        Self { now, began: None, settings, status: Status::default(), outbox: Outbox::default() }
    }

    /// A step begins.
    pub(super) fn begin(&mut self, now: Now) {
        self.now = now;
        self.began.get_or_insert(now.mono);
    }

    /// Whether this is a single run (`--once`).
    pub(super) fn is_single_run(&self) -> bool {
        self.settings.once.is_some()
    }

    /// The end of a log line about a failure: a single run makes no promise.
    pub(super) fn again(&self) -> &'static str {
        if self.is_single_run() { "" } else { "; trying again later" }
    }
}

/// What one component has for another one. The engine routes it before anything else happens.
#[derive(Debug)]
pub(super) enum Effect {
    /// Zino is to be asked for a case that is not known.
    ReadCase(CaseId),
    /// Zino does not know this case any more.
    CaseForgotten(CaseId),
    /// A request to Argus failed in a way that may be an outage.
    ArgusFailed,
}

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    outputs: Vec<Output>,
    effects: Vec<Effect>,
    busy: usize,
}

impl Outbox {
    /// A job for the Argus writer. It reports once.
    pub(super) fn argus(&mut self, job: Job) {
        self.busy += 1;
        self.outputs.push(Output::Argus(job));
    }

    /// A command for the Zino poller.
    pub(super) fn zino(&mut self, command: ZinoCommand) {
        self.outputs.push(Output::Zino(command));
    }

    /// Anything else.
    pub(super) fn push(&mut self, output: Output) {
        self.outputs.push(output);
    }

    /// Something for another component.
    pub(super) fn effect(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// A job has reported.
    pub(super) fn reported(&mut self) {
        debug_assert!(self.busy > 0, "a report without a job");
        self.busy = self.busy.saturating_sub(1);
    }

    /// How many jobs are under way.
    pub(super) fn busy(&self) -> usize {
        self.busy
    }

    pub(super) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub(super) fn take_outputs(&mut self) -> Vec<Output> {
        debug_assert!(self.effects.is_empty(), "all effects are routed before a step ends");
        std::mem::take(&mut self.outputs)
    }
}
