//! Which threads make progress, so that the watchdog is fed only while all of them do. Never ends a
//! thread and never waits for one.
//!
//! Each watched thread either rests (it waits for work, for as long as it likes) or is busy: then
//! it gives a sign of life with [`beat`] before and between the calls that may block, and each of
//! those calls has a time-out. So a thread whose last sign is older than its longest such call can
//! take will not come back by itself.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What `busy_since` holds while the thread rests.
const RESTS: u64 = u64::MAX;

thread_local! {
    static OWN: RefCell<Option<Arc<Activity>>> = const { RefCell::new(None) };
}

/// What one thread does.
#[derive(Debug)]
struct Activity {
    name: String,
    start: Instant,
    /// Microseconds from `start` to the last sign of life, or [`RESTS`].
    busy_since: AtomicU64,
    /// Microseconds that may pass between two signs.
    bound: AtomicU64,
}

impl Activity {
    /// The time since its last sign of life, `None` while it rests.
    fn busy_for(&self, now: Duration) -> Option<Duration> {
        match self.busy_since.load(Ordering::Relaxed) {
            RESTS => None,
            since => Some(now.saturating_sub(Duration::from_micros(since))),
        }
    }
}

/// All threads that are watched.
#[derive(Debug)]
pub struct Progress {
    start: Instant,
    activities: Mutex<Vec<Arc<Activity>>>,
}

/// Ends the watching of a thread when it is dropped, which is to happen in that thread.
#[derive(Debug)]
pub struct Watched<'a> {
    progress: &'a Progress,
    activity: Arc<Activity>,
}

/// Whether a thread stands still: `busy_for` is the time since its last sign of life, `None` while
/// it rests.
#[must_use]
fn stands_still(busy_for: Option<Duration>, bound: Duration) -> bool {
    busy_for.is_some_and(|time| time > bound)
}

impl Progress {
    /// Nobody is watched yet. Times are counted from `start`.
    #[must_use]
    pub fn new(start: Instant) -> Self {
        Self { start, activities: Mutex::default() }
    }

    /// From when times are counted.
    #[must_use]
    pub fn start(&self) -> Instant {
        self.start
    }

    /// Watches the thread that calls this, busy from now; at most `bound` passes between two signs
    /// of its life.
    pub fn watch(&self, name: &str, bound: Duration) -> Watched<'_> {
        let activity = Arc::new(Activity {
            name: name.to_owned(),
            start: self.start,
            busy_since: AtomicU64::new(micros(self.start.elapsed())),
            bound: AtomicU64::new(micros(bound)),
        });
        self.activities.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&activity));
        OWN.set(Some(Arc::clone(&activity)));
        Watched { progress: self, activity }
    }

    /// Stops watching every thread but the calling one. The others were left behind by a reload.
    pub fn forget_others(&self) {
        let is_own = |activity: &Arc<Activity>| {
            OWN.with_borrow(|own| own.as_ref().is_some_and(|own| Arc::ptr_eq(own, activity)))
        };
        self.activities.lock().unwrap_or_else(PoisonError::into_inner).retain(is_own);
    }

    /// The threads that stand still at a time counted from the start, with how long that has been
    /// so.
    #[must_use]
    pub fn stuck(&self, now: Duration) -> Vec<(String, Duration)> {
        let activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        let bound = |activity: &Activity| Duration::from_micros(activity.bound.load(Ordering::Relaxed));
        let found = activities.iter().filter(|activity| stands_still(activity.busy_for(now), bound(activity)));
        found.map(|activity| (activity.name.clone(), activity.busy_for(now).unwrap_or_default())).collect()
    }

    /// The longest time since the last sign of life of a thread that is busy and whose name begins
    /// so.
    #[must_use]
    pub fn busy(&self, name: &str, now: Duration) -> Option<Duration> {
        let activities = self.activities.lock().unwrap_or_else(PoisonError::into_inner);
        activities
            .iter()
            .filter(|activity| activity.name.starts_with(name))
            .filter_map(|activity| activity.busy_for(now))
            .max()
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        OWN.set(None);
        let mut activities = self.progress.activities.lock().unwrap_or_else(PoisonError::into_inner);
        activities.retain(|activity| !Arc::ptr_eq(activity, &self.activity));
    }
}

/// This thread is alive and goes on working. Costs next to nothing; nothing at all in a thread that
/// nobody watches.
pub fn beat() {
    with_own(|activity| activity.busy_since.store(micros(activity.start.elapsed()), Ordering::Relaxed));
}

/// This thread waits for work from now on, until its next [`beat`].
pub fn rest() {
    with_own(|activity| activity.busy_since.store(RESTS, Ordering::Relaxed));
}

/// Another longest time between two signs of this thread's life.
pub fn within(bound: Duration) {
    with_own(|activity| activity.bound.store(micros(bound), Ordering::Relaxed));
}

fn with_own(action: impl FnOnce(&Activity)) {
    OWN.with_borrow(|own| own.as_deref().map(action));
}

/// Below [`RESTS`], whatever somebody configured.
fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(RESTS).min(RESTS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Duration = Duration::from_secs(60);
    const LATER: Duration = Duration::from_secs(3600);

    fn names(progress: &Progress, after: Duration) -> Vec<String> {
        let now = progress.start().elapsed() + after;
        progress.stuck(now).into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn busy_for_longer_than_its_bound_is_stuck_and_resting_never_is() {
        let secs = Duration::from_secs;
        assert!(!stands_still(None, secs(0)));
        assert!(!stands_still(Some(secs(60)), secs(60)));
        assert!(stands_still(Some(secs(61)), secs(60)));
    }

    #[test]
    fn a_thread_that_hangs_is_named_until_it_gives_a_sign_again() {
        let progress = Progress::new(Instant::now());
        let watched = progress.watch("zino poller", BOUND);
        assert!(names(&progress, Duration::ZERO).is_empty());
        assert_eq!(names(&progress, LATER), ["zino poller"]);
        rest();
        assert!(names(&progress, LATER).is_empty());
        beat();
        assert_eq!(names(&progress, LATER), ["zino poller"]);
        within(2 * LATER);
        assert!(names(&progress, LATER).is_empty());
        drop(watched);
        beat();
        assert!(names(&progress, 10 * LATER).is_empty());
    }

    #[test]
    fn one_thread_that_hangs_is_seen_beside_others_that_work() {
        let progress = Progress::new(Instant::now());
        let (end_sender, end_receiver) = crossbeam_channel::bounded::<()>(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let _watched = progress.watch("hangs", BOUND);
                let _ = end_receiver.recv();
            });
            while names(&progress, LATER).is_empty() {
                std::thread::yield_now();
            }
            let _watched = progress.watch("works", 2 * LATER);
            assert_eq!(names(&progress, LATER), ["hangs"]);
            drop(end_sender);
        });
        assert!(names(&progress, LATER).is_empty());
    }

    #[test]
    fn no_bound_overflows() {
        let progress = Progress::new(Instant::now());
        let _watched = progress.watch("patient", Duration::MAX);
        assert!(names(&progress, LATER).is_empty());
    }
}
