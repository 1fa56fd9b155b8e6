//! One instance of the program: its engine, what the engine asked for and has not got yet, and its
//! settings. Never decides what the world does.

use super::{BETWEEN_RUNS, Driver, LONGEST_RUN, SECOND};
use crate::argus::SimArgus;
use crate::scenarios::Scenario;
use crate::world::OUR_USER;
use std::collections::VecDeque;
use std::time::Duration;
use zinoargus::argus::ArgusServer;
use zinoargus::config::{Filter, IncidentConfig, LevelRule};
use zinoargus::engine::{Engine, Input, Job, Once, Output, Report, RunEnd, Settings, ZinoCommand};
use zinoargus::execute::zino_reads::Reading;
use zinoargus::failover::{Answer, Mode, Ping};
use zinoargus::reconcile::rules::{Band, Rules};
use zinoargus::zino::case::CaseState;

pub fn rules(instance: usize, scenario: Scenario) -> Rules {
    Rules {
        server: format!("zino{}", if scenario.zinos > 1 { instance } else { 0 }),
        user: OUR_USER.into(),
        domain: "example.org".into(),
        acknowledged_state: Some(CaseState::Working),
        acknowledge_history: false,
        acknowledge_from: shown_states(scenario),
        tickets: true,
        default_level: 3,
        filter: filter(scenario),
        incident: incident(scenario),
        level_rules: level_rules(scenario),
        bands: vec![Band { min_priority: 500, level: 1 }, Band { min_priority: 200, level: 2 }],
        secondary: scenario.failover && instance > 0,
    }
}

/// The filter of a scenario as it is now.
pub fn filter(scenario: Scenario) -> Filter {
    let narrow = r#"{"types": ["reachability", "portstate", "alarm"], "min_priority": 200, "ignore_routers": ["r2*"]}"#;
    if scenario.narrow { serde_json::from_str(narrow).expect("a filter") } else { Filter::default() }
}

/// The templates of a scenario as they are now.
fn incident(scenario: Scenario) -> IncidentConfig {
    let text = match (scenario.narrows, scenario.narrow) {
        (false, _) => return IncidentConfig::default(),
        (true, false) => r#"{"details_url": "https://cases.example.org/{case}", "tags": ["customer={router}"]}"#,
        (true, true) => r#"{"details_url": "/{type}/{router}?{port}", "tags": ["site={host}", "port={ifindex}"]}"#,
    };
    serde_json::from_str(text).expect("templates")
}

/// One that `setstate` gives is among them.
fn shown_states(scenario: Scenario) -> Vec<CaseState> {
    let some = [CaseState::Working, CaseState::Ignored];
    if scenario.acknowledges { some.into() } else { Vec::new() }
}

fn level_rules(scenario: Scenario) -> Vec<LevelRule> {
    let some = r#"[{"type": "alarm", "level": 1}, {"router": "r?", "min_priority": 250, "level": 4}]"#;
    if scenario.narrows { serde_json::from_str(some).expect("rules") } else { Vec::new() }
}

pub(super) struct Instance {
    pub(super) engine: Engine,
    pub(super) rules: Rules,
    pub(super) zino: usize,
    pub(super) connected: bool,
    pub(super) reconnect_at: i64,
    pub(super) ping_at: i64,
    pub(super) wake_at: Option<Duration>,
    pub(super) commands: VecDeque<ZinoCommand>,
    /// A complete reading that other things happen in between of.
    pub(super) reading: Option<Reading>,
    /// The jobs, each with when the engine decided on it.
    pub(super) jobs: VecDeque<(i64, Job)>,
    /// How the last single run ended.
    pub(super) ended: Option<RunEnd>,
    /// It is over, and the next one begins then.
    pub(super) next_run_at: Option<i64>,
}

pub(super) fn fresh(n: usize, scenario: Scenario) -> Instance {
    let rules = rules(n, scenario);
    let engine = Engine::new(settings(n, &rules, scenario));
    Instance {
        engine,
        rules,
        zino: n % scenario.zinos,
        connected: false,
        reconnect_at: 0,
        ping_at: 0,
        wake_at: None,
        commands: VecDeque::new(),
        reading: None,
        jobs: VecDeque::new(),
        ended: None,
        next_run_at: None,
    }
}

/// As after a reload: new threads, and an engine that goes on with what the one before hands on.
pub(super) fn reloaded(n: usize, scenario: Scenario, before: Instance) -> Instance {
    let instance = fresh(n, scenario);
    let settings = settings(n, &instance.rules, scenario);
    let engine = Engine::after_reload(settings, before.engine.end());
    Instance { engine, ping_at: before.ping_at, ..instance }
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
    pub(super) fn feed(&mut self, n: usize, input: Input) {
        let now = self.now();
        let Some(instance) = self.instances.get_mut(n) else { return };
        let outputs = instance.engine.step(now, input);
        let mut asks_reach = false;
        for output in outputs {
            match output {
                // Only where it matters it takes its time: the seeds of the other scenarios would
                // mean something else.
                Output::Argus(Job::Reach) if !self.scenario.cuts => asks_reach = true,
                Output::Argus(job) => instance.jobs.push_back((self.world.borrow().now, job)),
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
        instance.wake_at = instance.engine.next_wake(now.mono);
        let waiting = instance.engine.waiting();
        let (cases, _) = instance.engine.known();
        let standby = instance.engine.mode() == Mode::Standby && instance.jobs.is_empty();
        let mut world = self.world.borrow_mut();
        world.broken_if(waiting > cases + 8, "more work in memory than one entry per case");
        if let Some(view) = world.instances.get_mut(n) {
            view.standby = standby && instance.commands.is_empty();
        }
        drop(world);
        if asks_reach {
            let answer = SimArgus { world: &self.world, instance: n }.reach();
            self.feed(n, Input::Argus(Report::Reach(answer)));
        }
    }

    pub(super) fn ping(&mut self, n: usize, both_active: bool) {
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
}
