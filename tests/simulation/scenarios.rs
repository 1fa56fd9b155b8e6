//! The scenarios: how many instances and servers there are, and what may go wrong. Never says what
//! must be true.

/// How much goes wrong and what may happen.
#[derive(Debug, Clone, Copy)]
pub struct Scenario {
    /// How many instances there are; each has its own Zino if `zinos` is 2.
    pub instances: usize,
    pub zinos: usize,
    /// Whether the second instance is a secondary with a heartbeat.
    pub failover: bool,
    /// Whether a Zino may lose its state.
    pub amnesia: bool,
    /// Whether the process may be killed.
    pub kills: bool,
    /// Whether people give a running program new settings, with other names of the same servers
    /// among them.
    pub reloads: bool,
    /// Whether the instances are single runs, started again and again.
    pub single: bool,
    /// Whether something on the way to Argus may send a write twice.
    pub doubles: bool,
    /// Whether Argus may refuse single writes, for a while or for good, or accept them without
    /// effect.
    pub unwilling: bool,
    /// Whether Zino is so slow that much happens while it is read completely.
    pub slow: bool,
    /// Whether the secondary's host may lose its network.
    pub cuts: bool,
    /// Whether the Python program ran before, and people give its incidents tags with the same
    /// keys.
    pub python: bool,
    /// Whether the secondary never gets an answer, so that both are active, and people often change
    /// what was ended as a duplicate.
    pub beside: bool,
    /// Whether routers fail that have many cases in one second, and an Argus gives a few incidents
    /// at a time only.
    pub crowds: bool,
    /// Whether every start and reload narrows or widens the filter, and rules give levels.
    pub narrows: bool,
    /// Whether it is narrow now.
    pub narrow: bool,
    /// Whether states show in Argus as acknowledgements. The seed says so: half of them in each
    /// scenario.
    pub acknowledges: bool,
}

/// One instance and one Zino that never forgets; the process may be killed.
pub const ALONE: Scenario = Scenario {
    instances: 1,
    zinos: 1,
    failover: false,
    amnesia: false,
    kills: true,
    reloads: false,
    single: false,
    doubles: false,
    unwilling: false,
    slow: false,
    cuts: false,
    python: false,
    beside: false,
    crowds: false,
    narrows: false,
    narrow: false,
    acknowledges: false,
};

const SCENARIOS: [(&str, Scenario); 16] = [
    ("alone", ALONE),
    ("amnesia", Scenario { amnesia: true, ..ALONE }),
    ("twins", Scenario { instances: 2, ..ALONE }),
    ("failover", Scenario { instances: 2, zinos: 2, failover: true, ..ALONE }),
    ("cuts", Scenario { instances: 2, zinos: 2, failover: true, cuts: true, ..ALONE }),
    ("reloads", Scenario { instances: 2, zinos: 2, failover: true, reloads: true, ..ALONE }),
    ("once", Scenario { single: true, kills: false, ..ALONE }),
    ("cron", Scenario { instances: 2, amnesia: true, single: true, ..ALONE }),
    ("proxy", Scenario { doubles: true, ..ALONE }),
    ("filter", Scenario { unwilling: true, ..ALONE }),
    ("filters", Scenario { unwilling: true, instances: 2, zinos: 2, failover: true, ..ALONE }),
    ("slow", Scenario { amnesia: true, slow: true, ..ALONE }),
    ("python", Scenario { python: true, ..ALONE }),
    ("beside", Scenario { instances: 2, zinos: 2, failover: true, kills: false, beside: true, ..ALONE }),
    ("crowds", Scenario { amnesia: true, crowds: true, ..ALONE }),
    ("narrows", Scenario { reloads: true, narrows: true, ..ALONE }),
];

pub fn scenario(name: &str) -> Scenario {
    let found = SCENARIOS.iter().find(|(n, _)| *n == name);
    found.map(|(_, s)| *s).unwrap_or_else(|| panic!("no scenario is called {name}"))
}
