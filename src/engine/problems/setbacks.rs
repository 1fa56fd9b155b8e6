//! What Argus refuses of each case, or accepts without effect: logged once, and tried again when
//! the case changes or at the next complete reading. It is kept with the case, so that nothing
//! clears it but its own success or the case's end. Never writes.

use super::cases::KnownCase;
use crate::engine::context::Context;
use crate::engine::problems::Problems;
use crate::reconcile::setbacks::Setback;
use crate::reconcile::work::{Setbacks, WriteKey};
use crate::zino::case::Case;
use log::{debug, info, warn};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How many of these warnings are logged between two complete readings.
const MAX_LOGGED: u32 = 20;

/// The complete readings that gave what was left out another try.
#[derive(Debug, Default)]
pub struct FullLooks {
    count: u64,
    last_at: Option<Duration>,
    /// How many warnings were logged since.
    logged: u32,
}

impl FullLooks {
    pub fn count(&self) -> u64 {
        self.count
    }

    /// A complete reading ended. Returns whether it gives another try: readings that come one after
    /// the other do not.
    pub fn note(&mut self, ctx: &Context) -> bool {
        let now = ctx.now.mono;
        if self.last_at.is_some_and(|at| now < at + ctx.settings.full_interval / 2) {
            return false;
        }
        *self = Self { count: self.count.wrapping_add(1), last_at: Some(now), logged: 0 };
        true
    }

    /// The next complete reading gives another try, however early it comes.
    pub fn forget(&mut self) {
        self.last_at = None;
    }

    /// A job has changed what is known of these cases' setbacks.
    pub fn take_setbacks(&mut self, ctx: &mut Context, problems: &mut Problems, changed: Vec<(Arc<Case>, Setbacks)>) {
        for (case, setbacks) in changed {
            let Some(known) = problems.case_mut(&case) else {
                continue;
            };
            let before = std::mem::replace(&mut known.setbacks, setbacks.clone());
            let is_logged =
                |(key, setback): &(&WriteKey, &Setback)| before.get(key).is_some_and(|old| old.is_like(setback));
            let (logged, news): (Vec<_>, Vec<_>) = setbacks.given_up().partition(is_logged);
            for line in lines(logged.into_iter()) {
                debug!("{}: {line}, again", case.name());
            }
            for line in lines(news.into_iter()) {
                ctx.status.failed(ctx.now, format!("{}: {line}", case.name()));
                self.log(&case, &line);
            }
            for line in lines(before.given_up().filter(|(key, _)| setbacks.get(key).is_none())) {
                info!("{}: went through, or is needed no more: {line}", case.name());
            }
        }
    }

    fn log(&mut self, case: &Case, line: &str) {
        self.logged = self.logged.saturating_add(1);
        match self.logged {
            n if n < MAX_LOGGED => {
                warn!("{}: {line}; left out until the case changes or the next full look", case.name());
            }
            MAX_LOGGED => warn!("many cases have such setbacks; further ones are not logged before the next full look"),
            _ => {}
        }
    }
}

/// One line for each incident of a case: its first setback, and how many more are like it.
fn lines<'a>(setbacks: impl Iterator<Item = (&'a WriteKey, &'a Setback)>) -> Vec<String> {
    let mut groups: BTreeMap<_, Vec<&Setback>> = BTreeMap::new();
    for (key, setback) in setbacks {
        groups.entry(key.incident).or_default().push(setback);
    }
    let line = |group: &Vec<&Setback>| {
        let first = group.first()?;
        Some(match group.len() {
            1 => first.to_string(),
            n => format!("{first}, and {} more", n - 1),
        })
    };
    groups.values().filter_map(line).collect()
}

/// Logs what of a case is not in Argus when the case is dropped.
pub(super) fn log_undelivered(known: &KnownCase) {
    for line in lines(known.setbacks.given_up()) {
        warn!("{}: Zino has deleted this case, and something of it is not in Argus: {line}", known.case.name());
    }
}

/// What Argus does not accept of a case, one line for each incident.
pub fn lines_of(known: &KnownCase) -> Vec<String> {
    lines(known.setbacks.given_up()).into_iter().map(|line| format!("{}: {line}", known.case.name())).collect()
}
