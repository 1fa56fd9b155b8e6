//! Servers that are waited for: says so within seconds, and while Zino cannot be used asks Argus
//! whether it answers, so that a person who looks at one outage learns of the other. Never decides
//! about cases or incidents.

use super::summary::Failing;
use super::{Engine, Job, Now, Server};
use log::{info, warn};
use std::time::Duration;

/// Without a connection to Zino for this long after the start, Argus is asked alone.
const FIRST_ALONE: Duration = Duration::from_secs(1);
/// How often it is asked while Zino is away.
const EVERY_ALONE: Duration = Duration::from_secs(30);

/// What was said of servers that do not answer, and when Argus is asked alone.
#[derive(Debug, Default)]
pub(super) struct Unheard {
    /// Zino lets us wait, since when, and whether the log has it.
    pub(super) zino: Option<(Failing, bool)>,
    /// The same of Argus.
    pub(super) argus: Option<(Failing, bool)>,
    /// When Argus is asked alone; `None` before the first step.
    alone_at: Option<Duration>,
    /// Argus has answered the last question that was only about that.
    pub(super) argus_answers: bool,
}

impl Engine {
    /// A server has let a thread of ours wait for so long, or, with `None`, does so no more.
    pub(super) fn take_silence(&mut self, now: Now, server: Server, silent_for: Option<Duration>) {
        let names = &self.settings.names;
        let (name, failing) = match server {
            Server::Zino => (&names.zino, self.told.zino.is_some()),
            Server::Argus => (&names.argus, self.told.argus.is_some()),
        };
        let side = match server {
            Server::Zino => &mut self.unheard.zino,
            Server::Argus => &mut self.unheard.argus,
        };
        match silent_for {
            Some(time) if side.is_none() => {
                let secs = time.as_secs();
                let since = now.wall.plus_secs(-i64::try_from(secs).unwrap_or_default());
                // Of a server that is away already everything is said; and cron wants to hear only
                // what came of it.
                let is_news = !failing && self.run.is_none();
                if is_news {
                    warn!("{server} {name} has not answered for {secs} s; waiting for it");
                }
                let why = format!("{name} has not answered for {secs} s or longer");
                *side = Some((Failing::new(since, why), is_news));
            }
            Some(_) => {}
            None => {
                if let Some((_, true)) = side.take().filter(|_| !failing) {
                    info!("{server} {name} has answered");
                }
            }
        }
    }

    /// Whether Argus answers, if Zino is no reason to ask it anything else.
    pub(super) fn ask_argus_alone(&mut self, now: Now) {
        let at = *self.unheard.alone_at.get_or_insert(now.mono + FIRST_ALONE);
        let failing = self.told.zino.is_some() || self.unheard.zino.is_some();
        let due = now.mono >= at || failing && !self.is_argus_heard();
        if self.asks_argus_alone() && due && self.health.is_fine() && !self.probing {
            self.unheard.alone_at = Some(now.mono + EVERY_ALONE);
            self.probing = true;
            self.send(Job::Probe);
        }
    }

    fn asks_argus_alone(&self) -> bool {
        !self.link.connected && (self.is_active() || self.run.is_some())
    }

    /// Whether anything is known of Argus, good or bad.
    pub(super) fn is_argus_heard(&self) -> bool {
        self.unheard.argus_answers || self.told.argus.is_some() || self.looking.baseline || self.looking.open_listed
    }

    /// When Argus is to be asked alone next.
    pub(super) fn next_alone(&self) -> Option<Duration> {
        self.unheard.alone_at.filter(|_| self.asks_argus_alone() && self.health.is_fine() && !self.probing)
    }
}
