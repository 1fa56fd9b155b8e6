//! Runs instances of the program in the world: the machine, the jobs and the deliveries are those of production; only threads,
//! sockets and clocks are replaced. Never decides what the world does.

use crate::argus::SimArgus;
use crate::world::{Cut, OUR_USER, Scenario, Shared, World};
use crate::zino::SimZino;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::time::Duration;
use zinoargus::argus::ArgusServer;
use zinoargus::engine::{
    Change, Engine, Input, Job, Now, Once, Output, Report, RunEnd, Settings, Summary, ZinoCommand, ZinoEvent,
};
use zinoargus::failover::{Answer, Mode, Ping};
use zinoargus::reconcile::delivery::{Reading, Step, snapshot};
use zinoargus::reconcile::rules::{Band, Rules};
use zinoargus::threads::core::execute;
use zinoargus::threads::following::obey;
use zinoargus::threads::notified::Notified;
use zinoargus::time::Stamp;
use zinoargus::zino::case::CaseState;

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

pub fn rules(instance: usize, scenario: Scenario) -> Rules {
    Rules {
        server: format!("zino{}", if scenario.zinos > 1 { instance } else { 0 }),
        user: OUR_USER.into(),
        domain: "example.org".into(),
        acknowledged_state: Some(CaseState::Working),
        tickets: true,
        default_level: 3,
        bands: vec![Band { min_priority: 500, level: 1 }, Band { min_priority: 200, level: 2 }],
        secondary: scenario.failover && instance > 0,
    }
}

struct Instance {
    machine: Engine,
    rules: Rules,
    zino: usize,
    connected: bool,
    reconnect_at: i64,
    ping_at: i64,
    wake_at: Option<Duration>,
    commands: VecDeque<ZinoCommand>,
    /// A complete reading that other things happen in between of.
    reading: Option<Reading>,
    jobs: VecDeque<Job>,
    /// New settings wait for the work under way to end.
    pausing: bool,
    /// The poller is to leave its Zino and tell that it has.
    moving: Option<u64>,
    /// How the last single run ended.
    ended: Option<RunEnd>,
    /// It is over, and the next one begins then.
    next_run_at: Option<i64>,
}

pub struct Driver {
    pub world: Shared,
    instances: Vec<Instance>,
    scenario: Scenario,
}

fn fresh(n: usize, scenario: Scenario) -> Instance {
    let rules = rules(n, scenario);
    let machine = Engine::new(settings(n, &rules, scenario));
    Instance {
        machine,
        rules,
        zino: n % scenario.zinos,
        connected: false,
        reconnect_at: 0,
        ping_at: 0,
        wake_at: None,
        commands: VecDeque::new(),
        reading: None,
        jobs: VecDeque::new(),
        pausing: false,
        moving: None,
        ended: None,
        next_run_at: None,
    }
}

fn settings(n: usize, rules: &Rules, scenario: Scenario) -> Settings {
    Settings {
        rules: rules.clone(),
        connections: 1 + n % 2 * 3,
        refresh_interval: Duration::from_secs(30),
        full_interval: Duration::from_secs(900),
        orphan_grace: if scenario.single { Duration::ZERO } else { Duration::from_secs(900) },
        failover_threshold: rules.secondary.then_some(3),
        once: scenario.single.then_some(Once { longest: LONGEST_RUN, given: LONGEST_RUN }),
        signs_of_life: false,
        renews_token: false,
        names: zinoargus::engine::Names::default(),
    }
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

    /// The faults and the people stop; returns whether the program then put everything right and fell still.
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
        if let Some((what, times)) = in_vain.into_iter().find(|(_, times)| *times > (looks + 4) * self.instances.len())
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

    fn feed(&mut self, n: usize, input: Input) {
        let now = self.now();
        let Some(instance) = self.instances.get_mut(n) else { return };
        let mut outputs = instance.machine.step(now, input);
        let mut moved = None;
        if instance.pausing && instance.machine.is_quiet() {
            instance.pausing = false;
            let mut world = self.world.borrow_mut();
            let another_argus = world.rng.chance(300);
            // The time numbers the moves.
            let another_zino = world.rng.chance(300).then(|| u64::try_from(world.now).unwrap_or_default());
            world.note(|| {
                format!("instance {n} has new settings: another Argus {another_argus}, Zino {another_zino:?}")
            });
            let settings = settings(n, &instance.rules, self.scenario);
            let change = Change { settings, another_argus, another_token: false, another_zino, another_primary: false };
            outputs.extend(instance.machine.resume(now, change));
            moved = another_zino;
        }
        let mut reaches = false;
        for output in outputs {
            match output {
                // Only where it matters it takes its time: the seeds of the other scenarios would
                // mean something else.
                Output::Argus(Job::Reach) if !self.scenario.cuts => reaches = true,
                Output::Argus(job) => instance.jobs.push_back(job),
                Output::Zino(command) => instance.commands.push_back(command),
                Output::Finished(end) => {
                    let mut world = self.world.borrow_mut();
                    let pause = if world.stormy { world.rng.below(30_000_000) as i64 } else { BETWEEN_RUNS };
                    world.note(|| format!("instance {n}: the run is over: {end:?}"));
                    instance.ended = Some(*end);
                    instance.next_run_at = Some(world.now + pause);
                }
                Output::Refused(why) => panic!("the token was refused: {why}"),
            }
        }
        instance.moving = moved.or(instance.moving);
        instance.wake_at = instance.machine.next_wake(now.mono);
        let waiting = instance.machine.waiting();
        let (cases, _) = instance.machine.known();
        let standby = instance.machine.mode() == Mode::Standby && instance.jobs.is_empty();
        let mut world = self.world.borrow_mut();
        world.broken_if(waiting > cases + 8, "more work in memory than one entry per case");
        if let Some(view) = world.instances.get_mut(n) {
            view.standby = standby && instance.commands.is_empty();
        }
        drop(world);
        if reaches {
            let answer = SimArgus { world: &self.world, instance: n }.reach();
            self.feed(n, Input::Argus(Report::Reached(answer)));
        }
    }

    fn ping(&mut self, n: usize, both_active: bool) {
        let primary_down = self.world.borrow().zinos.first().is_some_and(|z| z.down);
        let now = self.world.borrow().now;
        let Some(instance) = self.instances.get_mut(n).filter(|i| i.rules.secondary && i.ping_at <= now) else {
            return;
        };
        instance.ping_at = now + 5 * SECOND;
        let silent = primary_down || both_active || self.scenario.beside || self.world.borrow_mut().fault(100);
        let mut world = self.world.borrow_mut();
        let (lost, cut) = (silent || world.is_cut(n), world.is_cut(n));
        world.note(|| format!("instance {n} asks the primary: answered {}, cut off {cut}", !lost));
        if let Some(view) = world.instances.get_mut(n) {
            view.unanswered |= silent && !cut;
            view.unanswered &= lost || !view.standby;
        }
        drop(world);
        let answer = if lost { Answer::Silence("no answer".into()) } else { Answer::Uptime(7) };
        let asked_at = self.now().mono;
        self.feed(n, Input::Ping(Ping { asked_at, answer }));
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
            world.note(|| format!("instance {n} starts again"));
            if let Some(view) = world.instances.get_mut(n) {
                view.unanswered = false;
            }
            drop(world);
            if let Some(instance) = self.instances.get_mut(n) {
                *instance = fresh(n, self.scenario);
            }
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

    /// Whether an instance is a single run that is over; when its time has come the next one starts.
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

    /// Somebody sends SIGHUP: a pause, and the new settings once everything is quiet.
    fn perhaps_reload(&mut self, n: usize) {
        // Only then: the seeds of the other scenarios would mean something else.
        if self.scenario.reloads
            && self.world.borrow_mut().rng.chance(10)
            && let Some(instance) = self.instances.get_mut(n).filter(|i| !i.pausing)
        {
            instance.pausing = true;
            instance.machine.pause();
            self.feed(n, Input::Tick);
        }
    }

    /// As the poller does when the login is another: whatever comes before `Moved` was the old Zino's.
    fn leave(&mut self, n: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(number) = instance.moving.take() else { return false };
        if instance.connected {
            self.lose(n);
        }
        self.feed(n, Input::Zino(ZinoEvent::Moved(number)));
        true
    }

    /// As the shell does: a tick when the machine wanted one after its last step.
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
        let Some(job) = instance.jobs.remove(turn) else { return false };
        let report = execute(&SimArgus { world: &self.world, instance: n }, &instance.rules, job);
        if !self.world.borrow().dead.contains(&n) {
            self.feed(n, Input::Argus(report));
        }
        true
    }

    fn zino_side(&mut self, n: usize) -> bool {
        let Some(instance) = self.instances.get(n) else { return false };
        let z = instance.zino;
        let (now, up, known) = {
            let world = self.world.borrow();
            let zino = world.zinos.get(z);
            let up = !world.is_cut_from_zino(n) && zino.is_some_and(|z| !z.down);
            (world.now, up, zino.is_some_and(|z| z.clients.contains_key(&n)))
        };
        if instance.moving.is_some() {
            return self.leave(n);
        }
        if !instance.connected {
            if now < instance.reconnect_at || (!up && !self.scenario.single) {
                return false;
            }
            if !up {
                return self.cannot_connect(n);
            }
            self.connect(n, z);
            return true;
        }
        if !known {
            self.lose(n);
            return true;
        }
        self.obey_one(n, z) || self.listen(n, z) || self.read_on(n, z)
    }

    fn cannot_connect(&mut self, n: usize) -> bool {
        let now = self.world.borrow().now;
        if let Some(instance) = self.instances.get_mut(n) {
            instance.reconnect_at = now + SECOND;
        }
        self.feed(n, Input::Zino(ZinoEvent::Unusable("nothing listens there".into())));
        true
    }

    fn connect(&mut self, n: usize, z: usize) {
        if let Some(zino) = self.world.borrow_mut().zinos.get_mut(z) {
            zino.clients.insert(n, Vec::new());
        }
        if let Some(instance) = self.instances.get_mut(n) {
            instance.connected = true;
            instance.commands.clear();
        }
        self.feed(n, Input::Zino(ZinoEvent::Connected));
        self.read_everything(n, z);
    }

    /// At once, or so that other things happen in between.
    fn read_everything(&mut self, n: usize, z: usize) {
        let mut zino = SimZino { world: &self.world, zino: z, instance: n };
        if self.scenario.slow {
            let reading = Reading::begin(&mut zino).ok();
            if reading.is_none() {
                self.lose(n);
            } else if let Some(instance) = self.instances.get_mut(n) {
                instance.reading = reading;
            }
            return;
        }
        let mut parts = Vec::new();
        let read = snapshot(&mut zino, PART, |cases| parts.push(cases));
        for cases in parts {
            self.feed(n, Input::Zino(ZinoEvent::Part(cases)));
        }
        match read {
            Ok(snapshot) => self.feed(n, Input::Zino(ZinoEvent::Snapshot(snapshot))),
            Err(_) => self.lose(n),
        }
    }

    /// The next part of a complete reading; false if none is under way.
    fn read_on(&mut self, n: usize, z: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(mut reading) = instance.reading.take() else { return false };
        match reading.step(&mut SimZino { world: &self.world, zino: z, instance: n }, PART) {
            Ok(Step::Part(cases)) => {
                instance.reading = Some(reading);
                self.feed(n, Input::Zino(ZinoEvent::Part(cases)));
            }
            Ok(Step::End(snapshot)) => self.feed(n, Input::Zino(ZinoEvent::Snapshot(snapshot))),
            Err(_) => self.lose(n),
        }
        true
    }

    fn lose(&mut self, n: usize) {
        let now = {
            let mut world = self.world.borrow_mut();
            for zino in &mut world.zinos {
                zino.clients.remove(&n);
            }
            world.now
        };
        if let Some(instance) = self.instances.get_mut(n) {
            instance.connected = false;
            instance.reading = None;
            instance.commands.clear();
            instance.reconnect_at = now + SECOND;
        }
        self.feed(n, Input::Zino(ZinoEvent::Disconnected));
        if let Some(instance) = self.instances.get_mut(n) {
            instance.commands.clear();
        }
    }

    fn obey_one(&mut self, n: usize, z: usize) -> bool {
        let Some(instance) = self.instances.get_mut(n) else { return false };
        let Some(command) = instance.commands.pop_front() else { return false };
        if matches!(command, ZinoCommand::Reread) {
            self.read_everything(n, z);
            return true;
        }
        let mut zino = SimZino { world: &self.world, zino: z, instance: n };
        let (event, lost) = obey(command, &mut zino, &instance.rules);
        if let Some(event) = event {
            self.feed(n, Input::Zino(event));
        }
        if lost.is_some() {
            self.lose(n);
        }
        true
    }

    fn listen(&mut self, n: usize, z: usize) -> bool {
        let notices = {
            let mut world = self.world.borrow_mut();
            world.zinos.get_mut(z).and_then(|zino| zino.clients.get_mut(&n)).map(std::mem::take).unwrap_or_default()
        };
        if notices.is_empty() {
            return false;
        }
        let mut notified = Notified::default();
        notified.take(&notices);
        while !notified.is_empty() {
            match notified.read_part(&mut SimZino { world: &self.world, zino: z, instance: n }, NOTIFIED) {
                Ok(events) => events.into_iter().for_each(|event| self.feed(n, Input::Zino(event))),
                Err(_) => {
                    self.lose(n);
                    break;
                }
            }
        }
        true
    }

    /// What the first instance tells people.
    pub fn summary(&self) -> Option<Summary> {
        self.instances.first().map(|instance| instance.machine.summary())
    }

    /// How the last single run of an instance ended.
    pub fn ended(&self, n: usize) -> Option<RunEnd> {
        self.instances.get(n).and_then(|instance| instance.ended.clone())
    }

    /// The instances that are active at the end, with their Zino and rules.
    pub fn active(&self) -> Vec<(usize, &Rules)> {
        self.instances.iter().filter(|i| i.machine.mode() == Mode::Active).map(|i| (i.zino, &i.rules)).collect()
    }
}
