//! Runs instances of the program in the world: the engine, the jobs and the deliveries are those of
//! production; only threads, sockets and clocks are replaced. Never decides what the world does.

mod instance;
mod zino_side;

use crate::argus::SimArgus;
use crate::scenarios::Scenario;
use crate::world::{Cut, Shared, World};
use instance::{Instance, fresh, reloaded};
pub use instance::{filter, rules};
use std::cell::RefCell;
use std::time::Duration;
use zinoargus::engine::{Input, Job, Now, Report, RunEnd, Summary};
use zinoargus::execute::job::execute;
use zinoargus::execute::run::run_observed;
use zinoargus::failover::Mode;
use zinoargus::reconcile::rules::Rules;
use zinoargus::time::Stamp;

/// A complete reading comes in parts of so many cases.
const PART: usize = 2;
/// So many of the cases that were notified are read together.
const NOTIFIED: usize = 100;
const SECOND: i64 = 1_000_000;
/// How long the world must stay still at the end without a single write.
const STILL: i64 = 3600 * SECOND;
/// How long a single run may take.
const LONGEST_RUN: Duration = Duration::from_secs(600);
/// How long after one single run the next one begins.
const BETWEEN_RUNS: i64 = 60 * SECOND;
/// How long the program has to put everything right once the faults have stopped.
const HEALING: i64 = 5400 * SECOND;

pub struct Driver {
    pub world: Shared,
    instances: Vec<Instance>,
    scenario: Scenario,
}

impl Driver {
    pub fn new(seed: u64, scenario: Scenario) -> Self {
        let instances = (0..scenario.instances).map(|n| fresh(n, scenario)).collect();
        Self { world: RefCell::new(World::new(seed, scenario)), instances, scenario }
    }

    /// Lets everything happen for a while.
    pub fn storm(&mut self, steps: u64) {
        for _ in 0..steps {
            let n = {
                let mut world = self.world.borrow_mut();
                let pause = match world.rng.below(20) {
                    0 => 20 * SECOND,
                    1..=5 => SECOND,
                    _ => 20_000,
                };
                world.pass(pause);
                if world.rng.chance(120) {
                    world.something_happens();
                }
                if self.scenario.cuts && world.rng.chance(20) {
                    world.cut_off();
                }
                world.rng.below(self.instances.len() as u64) as usize
            };
            self.step(n, true);
        }
    }

    /// A still world for some seconds; returns how many reads and writes Argus got.
    pub fn still(&mut self, seconds: i64) -> (u64, u64) {
        let count = |world: &World| (world.requests, world.writes);
        let before = count(&self.world.borrow());
        self.world.borrow_mut().stormy = false;
        let end = self.world.borrow().now + seconds * SECOND;
        self.run_until(end, false);
        let after = count(&self.world.borrow());
        (after.0 - before.0, after.1 - before.1)
    }

    /// The faults and the people stop; returns whether the program then put everything right and
    /// fell still.
    pub fn calm(&mut self, both_active: bool) -> Result<(), String> {
        let came = {
            let mut world = self.world.borrow_mut();
            world.stormy = false;
            world.argus.away = false;
            world.cut = Cut::default();
            for zino in &mut world.zinos {
                zino.down = false;
            }
            world.note(|| "the storm is over".to_owned());
            world.unwilling.came.len()
        };
        let end = self.world.borrow().now + HEALING;
        self.run_until(end, both_active);
        let writes = self.world.borrow().writes;
        let end = end + STILL;
        self.run_until(end, both_active);
        let world = self.world.borrow();
        if let Some(rule) = &world.violation {
            return Err(rule.clone());
        }
        if world.writes != writes {
            return Err(format!("{} writes in a still world", world.writes - writes));
        }
        // At each full look, and when something changes.
        let looks = usize::try_from((HEALING + STILL) / (900 * SECOND)).unwrap_or_default() + 3;
        let in_vain = world.unwilling.in_vain_since(came);
        if let Some((what, times)) =
            in_vain.into_iter().find(|(_, times)| *times > (2 * looks + 4) * self.instances.len())
        {
            return Err(format!("{times} times in vain: {what}"));
        }
        drop(world);
        self.runs_found_nothing_to_do()
    }

    /// The last single run of each instance came to its end and found everything as it should be.
    fn runs_found_nothing_to_do(&self) -> Result<(), String> {
        for (n, instance) in self.instances.iter().enumerate().filter(|_| self.scenario.single) {
            let end = &instance.ended;
            let idle = end.as_ref().is_some_and(|end| RunEnd { unchanged: 0, ..end.clone() } == RunEnd::default());
            if !idle {
                return Err(format!("the last run of instance {n} ended with {end:?}"));
            }
        }
        Ok(())
    }

    fn run_until(&mut self, end: i64, both_active: bool) {
        while self.world.borrow().now < end && self.world.borrow().violation.is_none() {
            let mut busy = false;
            for n in 0..self.instances.len() {
                self.ping(n, both_active);
                while self.step(n, false) {
                    busy = true;
                    if self.world.borrow().violation.is_some() {
                        return;
                    }
                }
            }
            if !busy {
                self.world.borrow_mut().pass(SECOND);
            }
        }
    }

    fn now(&self) -> Now {
        let now = self.world.borrow().now;
        Now { mono: Duration::from_micros(u64::try_from(now).unwrap_or_default()), wall: Stamp::from_micros(now) }
    }

    /// One thing that one instance does; false if it had nothing to do.
    fn step(&mut self, n: usize, stormy: bool) -> bool {
        if stormy {
            self.ping(n, false);
            self.perhaps_reload(n);
        }
        if self.rests(n) {
            return false;
        }
        if self.world.borrow_mut().dead.remove(&n) {
            let mut world = self.world.borrow_mut();
            for zino in &mut world.zinos {
                zino.clients.remove(&n);
            }
            let pause = 200_000 + world.rng.below(3_000_000) as i64;
            world.pass(pause);
            // In the middle of a request that was waited for in vain, or a new process.
            let is_reload = self.scenario.reloads && world.rng.chance(500);
            world.note(|| format!("instance {n} starts again, {}", if is_reload { "a reload" } else { "anew" }));
            if let Some(view) = world.instances.get_mut(n) {
                view.unanswered &= is_reload;
            }
            drop(world);
            self.restart(n, is_reload);
            return true;
        }
        let choice = if stormy { self.world.borrow_mut().rng.below(4) } else { 4 };
        match choice {
            0 => self.job(n),
            1 => self.zino_side(n),
            2 => self.tick(n),
            _ => self.zino_side(n) || self.job(n) || self.tick(n),
        }
    }

    /// Whether an instance is a single run that is over; when its time has come the next one
    /// starts.
    fn rests(&mut self, n: usize) -> bool {
        let now = self.world.borrow().now;
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(until) = instance.next_run_at else { return false };
        let over = now >= until;
        let mut world = self.world.borrow_mut();
        world.zinos.iter_mut().for_each(|zino| drop(zino.clients.remove(&n)));
        world.dead.remove(&n);
        if over {
            *instance = Instance { ended: instance.ended.take(), ..fresh(n, self.scenario) };
        }
        !over
    }

    /// Somebody sends SIGHUP.
    fn perhaps_reload(&mut self, n: usize) {
        // Only then: the seeds of the other scenarios would mean something else.
        if self.scenario.reloads && self.world.borrow_mut().rng.chance(10) {
            let mut world = self.world.borrow_mut();
            world.note(|| format!("instance {n} reloads"));
            world.zinos.iter_mut().for_each(|zino| drop(zino.clients.remove(&n)));
            drop(world);
            self.restart(n, true);
        }
    }

    /// The threads of an instance are stopped, and others started.
    fn restart(&mut self, n: usize, is_reload: bool) {
        if self.scenario.narrows {
            self.scenario.narrow = !self.scenario.narrow;
            self.world.borrow_mut().scenario = self.scenario;
        }
        if let Some(instance) = self.instances.get_mut(n) {
            let before = std::mem::replace(instance, fresh(n, self.scenario));
            if is_reload {
                *instance = reloaded(n, self.scenario, before);
                self.feed(n, Input::Tick);
            }
        }
    }

    /// As the shell does: a tick when the engine wanted one after its last step.
    fn tick(&mut self, n: usize) -> bool {
        let now = self.now().mono;
        let due = self.instances.get(n).and_then(|i| i.wake_at).is_some_and(|at| at <= now);
        if due {
            self.feed(n, Input::Tick);
        }
        due
    }

    fn job(&mut self, n: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let turn = self.world.borrow_mut().rng.below(instance.jobs.len() as u64) as usize;
        let Some((decided_at, job)) = instance.jobs.remove(turn) else { return false };
        if let Some(view) = self.world.borrow_mut().instances.get_mut(n) {
            view.decided_at = decided_at;
        }
        let (argus, rules) = (SimArgus { world: &self.world, instance: n }, &instance.rules);
        let report = match job {
            Job::Problem(job) => {
                let example = self.world.borrow().example.clone();
                let observe = &mut |view: &_, next: &_| crate::record::record(example.as_deref(), rules, view, next);
                Report::Problem(Box::new(run_observed(&argus, rules, &job, observe)))
            }
            job => execute(&argus, rules, job),
        };
        if !self.world.borrow().dead.contains(&n) {
            self.feed(n, Input::Argus(report));
        }
        true
    }

    /// The summary of the first instance.
    pub fn summary(&self) -> Option<Summary> {
        self.instances.first().map(|instance| instance.engine.summary())
    }

    /// How the last single run of an instance ended.
    pub fn ended(&self, n: usize) -> Option<RunEnd> {
        self.instances.get(n).and_then(|instance| instance.ended.clone())
    }

    /// The instances that are active at the end, with their Zino and rules.
    pub fn active(&self) -> Vec<(usize, &Rules)> {
        self.instances.iter().filter(|i| i.engine.mode() == Mode::Active).map(|i| (i.zino, &i.rules)).collect()
    }
}
