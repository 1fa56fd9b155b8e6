//! Whether Argus can be used: one probe tells an outage from the failure of one problem, and a
//! refused token ends the program at the start. While Zino is away it asks Argus whether it
//! answers, so that a person who looks at one outage learns of the other. Never decides about cases
//! or incidents.

use super::admission::{Admission, Refusal};
use super::backoff::Backoff;
use super::component::{Component, Reset, Situation};
use super::context::{Answer, Context};
use super::periodic::Periodic;
use super::{Job, Output};
use crate::argus::ArgusError;
use log::{error, info, warn};
use std::time::Duration;

/// The longest time between two probes during an outage.
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// Argus is asked without a connection to Zino after this time from the start, and then so often.
const FIRST_ALONE: Duration = Duration::from_secs(1);
const EVERY_ALONE: Duration = Duration::from_secs(30);
/// What a refused token means, and what helps.
pub(super) const TOKEN_ADVICE: &str = "Argus deletes a token 14 days after it was made, used or not: make a new one for \
    the source system in Argus' admin pages, and put it into the configuration";

/// What is known of the server.
#[derive(Debug, Default)]
enum State {
    /// It answers.
    #[default]
    Fine,
    /// Something failed; a probe shows whether it was Argus or that one request.
    Suspect,
    /// It is away.
    Away { since: Duration, retry: Backoff },
}

/// The health of Argus.
#[derive(Debug, Default)]
pub(super) struct Health {
    state: State,
    /// Whether Argus accepts our token.
    token: Admission,
    /// The probe. Its times are about asking while Zino is away.
    probe: Periodic,
    /// The last probe was answered.
    answers: bool,
}

/// What a probe showed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Probed {
    /// Argus answers, so what failed is the failure of single problems.
    Fine,
    /// It answers again.
    Back,
    /// It cannot be used.
    Away,
}

impl Health {
    /// At a reload: whether Argus accepted the token is kept.
    pub(super) fn after_reload(token: Admission) -> Self {
        let token = token.after_reload();
        // The probe shows when Argus accepts the token again.
        let state = if token.is_refused() { State::Suspect } else { State::Fine };
        Self { state, token, ..Self::default() }
    }

    /// What the next engine goes on with.
    pub(super) fn keep(self) -> Admission {
        self.token
    }

    /// Something failed that may be an outage.
    pub(super) fn suspect(&mut self) {
        if self.is_fine() {
            self.state = State::Suspect;
        }
    }

    /// Whether Argus answers, as far as is known.
    pub(super) fn is_fine(&self) -> bool {
        matches!(self.state, State::Fine)
    }

    /// Whether the last probe was answered.
    pub(super) fn answers(&self) -> bool {
        self.answers
    }

    /// When a refusal of the token is confirmed; `None` without one at the start.
    pub(super) fn is_refused_at_start(&self) -> bool {
        self.token.confirmed_at().is_some()
    }

    /// Argus accepts the token, or the mode has changed: a refusal does not end the program now.
    pub(super) fn end_start(&mut self) {
        self.token.end_start();
    }

    /// Asks whether Argus answers, if Zino is no reason to ask it anything else. `is_read`: whether
    /// anything of Argus was read.
    pub(super) fn ask_alone(&mut self, ctx: &mut Context, at: &Situation, is_read: bool) {
        if !self.asks_alone(at) || self.probe.is_running() {
            return;
        }
        self.probe.not_before(ctx.began.unwrap_or_default() + FIRST_ALONE);
        let is_known = is_read || self.answers || ctx.status.argus().is_some();
        let is_urgent = ctx.status.lacks_zino() && !is_known;
        if is_urgent || self.probe.is_due(ctx.now.mono) {
            self.probe.start(ctx.now.mono, EVERY_ALONE);
            ctx.outbox.argus(Job::Probe);
        }
    }

    fn asks_alone(&self, at: &Situation) -> bool {
        !at.is_connected && (at.is_active || at.is_single_run) && self.is_fine()
    }

    /// Sends one probe while Argus is away or suspect. What is under way ends by itself.
    pub(super) fn probe(&mut self, ctx: &mut Context) {
        let is_due = match &self.state {
            State::Fine => false,
            State::Suspect => true,
            State::Away { retry, .. } => retry.is_due(ctx.now.mono),
        };
        if is_due && !self.probe.is_running() {
            self.probe.start_out_of_turn(ctx.now.mono);
            ctx.outbox.argus(Job::Probe);
        }
    }

    /// Takes what came of a probe. `waiting`: how many problems wait.
    pub(super) fn take_probe(
        &mut self,
        ctx: &mut Context,
        at: &Situation,
        waiting: usize,
        result: Answer<()>,
    ) -> Probed {
        self.probe.stop();
        match result {
            Ok(()) => self.take_answer(ctx, at, waiting),
            Err(ArgusError::Unauthorized(why)) if at.is_active || ctx.is_single_run() => {
                self.take_refusal(ctx, why);
                Probed::Away
            }
            Err(error) => {
                self.token.doubted();
                ctx.status.argus_failed(ctx.now, &error);
                let is_news = self.is_away(ctx.now.mono);
                // A single run that knows nothing ends over it and says so then.
                let is_logged = !ctx.is_single_run() || at.is_ready;
                if is_logged && (is_news || ctx.status.reminds(ctx.now)) {
                    ctx.status.logged(ctx.now);
                    let again = if ctx.is_single_run() { "" } else { "trying again; " };
                    warn!("Argus cannot be used: {error} ({again}{waiting} problems wait)");
                }
                Probed::Away
            }
        }
    }

    fn take_answer(&mut self, ctx: &mut Context, at: &Situation, waiting: usize) -> Probed {
        ctx.status.argus_answered();
        let refused = self.token.admitted(ctx.now.mono);
        if !std::mem::replace(&mut self.answers, true) && !at.is_connected {
            info!("Argus answers and takes our token");
        }
        let State::Away { since, .. } = std::mem::take(&mut self.state) else {
            return Probed::Fine;
        };
        let (is_back, lasted) = match refused {
            Some(lasted) => ("takes our token again", lasted),
            None => ("is back", ctx.now.mono.saturating_sub(since)),
        };
        warn!("Argus {is_back} after {} s; problems that waited: {waiting}", lasted.as_secs());
        Probed::Back
    }

    /// Argus itself refuses the newest token that we have.
    fn take_refusal(&mut self, ctx: &mut Context, why: String) {
        match self.token.refused(ctx.now.mono, ctx.is_single_run()) {
            Refusal::Fatal => {
                let zino = ctx.status.zino().filter(|_| ctx.is_single_run());
                let zino = zino.map(|outage| format!(". And Zino cannot be used: {outage}")).unwrap_or_default();
                ctx.outbox.push(Output::Refused(format!("Argus refuses our token ({why}). {TOKEN_ADVICE}{zino}")));
            }
            Refusal::News if self.token.is_at_start() => {
                warn!("Argus refuses our token ({why}); asking again for 10 s, then this program ends");
            }
            Refusal::News => error!("Argus refuses our token ({why}); trying again. {TOKEN_ADVICE}"),
            Refusal::Again => {}
        }
        ctx.status.argus_failed(ctx.now, &ArgusError::Unauthorized(why));
        self.is_away(ctx.now.mono);
        if let (State::Away { retry, .. }, Some(at)) = (&mut self.state, self.token.confirmed_at()) {
            retry.retry_by(at);
        }
    }

    /// A probe failed; returns whether that is news.
    fn is_away(&mut self, now: Duration) -> bool {
        if let State::Away { retry, .. } = &mut self.state {
            retry.failed(now, LONGEST_WAIT);
            return false;
        }
        let mut retry = Backoff::default();
        retry.failed(now, LONGEST_WAIT);
        self.state = State::Away { since: now, retry };
        true
    }
}

impl Component for Health {
    fn next_wake(&self, at: &Situation) -> Option<Duration> {
        match &self.state {
            State::Away { retry, .. } => Some(retry.next_wake()),
            State::Fine if self.asks_alone(at) => self.probe.next_wake(),
            State::Fine | State::Suspect => None,
        }
    }

    fn is_idle(&self) -> bool {
        self.is_fine() && !self.probe.is_running()
    }

    fn reset(&mut self, why: Reset) {
        self.answers = false;
        if why == Reset::Takeover {
            // Whoever has waited in STANDBY for this moment does not give up over a token.
            self.token.end_start();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_when_argus_goes_and_one_when_it_comes_back() {
        let secs = Duration::from_secs;
        let mut health = Health::default();
        health.suspect();
        assert!(!health.is_fine());
        assert!(health.is_away(secs(0)), "news");
        for n in 1..10 {
            assert!(!health.is_away(secs(n * 5)), "no news");
            let State::Away { retry, .. } = &health.state else { panic!("{health:?}") };
            assert!(retry.next_wake() > secs(n * 5) && retry.next_wake() <= secs(n * 5 + 5));
        }
    }
}
