//! From a configuration to what the threads are started with: the parts that the ways of running
//! share. Never starts anything.

use super::token::{Keeper, Tokens};
use crate::argus::ArgusServer;
use crate::argus::client::{Client, Settings as ArgusSettings};
use crate::argus::measured::Measured;
use crate::argus::proxy::Environment;
use crate::argus::rehearsal::Rehearsal;
use crate::config::{Config, FailoverConfig};
use crate::engine::{Engine, Names, Settings};
use crate::execute::host_lock::HostLock;
use crate::exit::ExitCode;
use crate::failover::heartbeat::Target;
use crate::log as logging;
use crate::net::host_port::host_and_port;
use crate::reconcile::rules::Rules;
use crate::service::board::Board;
use crate::service::notify::{Notifier, watchdog_from_environment};
use crate::threads::generation::Plan;
use crate::threads::vitals::Vitals;
use crate::threads::{heartbeat, poller, writer};
use crate::zino::rehearsal::Memory;
use crate::zino::session::Login;
use log::error;
use std::sync::Arc;
use std::time::Duration;

/// The longest that the end takes if no thread hangs: five seconds, and a little less.
pub(super) const PROMPT_END: Duration = Duration::from_millis(4800);
/// A request under way may take this long to finish when its thread is to end.
const LONGEST_JOIN: Duration = Duration::from_secs(4);
/// How long one process waits for another that works on the same problem or case: longer than the
/// requests for it take, unless a server hangs.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long the threads of this configuration are waited for when they are to end.
pub(super) fn to_join(config: &Config) -> Duration {
    config.argus.timeout.0.min(LONGEST_JOIN)
}

/// The beginning of each way of running that talks to Argus: a panic ends the process from here on.
///
/// # Errors
/// The exit code. The log says what is wrong.
pub(super) fn begin(config: &Config) -> Result<Client, ExitCode> {
    exit_on_panic();
    client(config).map_err(|why| {
        error!("{why}");
        ExitCode::Config
    })
}

/// # Errors
/// What is wrong, by the name of the key.
pub(super) fn client(config: &Config) -> Result<Client, String> {
    Client::new(&ArgusSettings {
        url: config.argus.url.clone(),
        token: config.argus.token.clone(),
        timeout: config.argus.timeout.0,
        ca_file: config.argus.ca_file.as_ref().map(|file| file.0.clone()),
        connections: config.argus.connections.0,
        environment: Environment::of_this_process(),
    })
}

/// What the daemon's engine is set up with.
pub(super) fn engine_settings(config: &Config) -> Settings {
    Settings {
        rules: Rules::from(config),
        connections: config.argus.connections.0,
        refresh_interval: config.sync.refresh_interval.0,
        full_interval: config.sync.full_interval.0,
        orphan_grace: config.sync.orphan_grace.0,
        failover_threshold: config.failover.as_ref().map(|f| f.threshold.0),
        once: None,
        signs_of_life: true,
        renews_token: config.argus.renew_token.0,
        names: Names {
            zino: host_and_port(&config.zino.server.0, config.zino.port.0),
            argus: config.argus.url.as_str().to_owned(),
        },
    }
}

/// Where our Zino is, and who we are there.
pub(super) fn login(config: &Config) -> Login {
    Login {
        server: config.zino.server.0.clone(),
        port: config.zino.port.0,
        notify_port: config.zino.notify_port.0,
        user: config.zino.user.0.clone(),
        secret: config.zino.secret.clone(),
    }
}

/// Whom a secondary asks, and how.
pub(super) fn target(failover: &FailoverConfig) -> Target {
    Target {
        server: failover.primary_server.0.clone(),
        port: failover.primary_snmp_port.0,
        community: failover.snmp_community.0.clone(),
        timeout: failover.ping_timeout.0,
    }
}

/// What the service manager and the board are given, from nothing on.
pub(super) fn vitals(notifier: &Arc<Notifier>, board: &Arc<Board>) -> Vitals {
    Vitals::new(Arc::clone(notifier), Arc::clone(board), watchdog_from_environment())
}

/// The threads of the daemon with this configuration.
pub(super) fn plan(config: &Config, client: Client, tokens: &mut Tokens, engine: Engine, vitals: Vitals) -> Plan {
    plan_of(config, client, tokens, engine, vitals, false)
}

/// The threads of a dry run, which write to memory only.
pub(super) fn dry_plan(config: &Config, client: Client, engine: Engine, vitals: Vitals) -> Plan {
    plan_of(config, client, &mut Tokens::default(), engine, vitals, true)
}

fn plan_of(config: &Config, client: Client, tokens: &mut Tokens, engine: Engine, vitals: Vitals, dry: bool) -> Plan {
    let client = Arc::new(client);
    let zino = format!("{}:{} {}", config.zino.server.0, config.zino.port.0, config.zino.user.0);
    Plan {
        engine,
        vitals,
        poller: poller::Setup {
            login: login(config),
            rules: Rules::from(config),
            host_lock: (!dry).then(|| HostLock::new(zino, PATIENCE)),
            memory: dry.then(Memory::default),
            is_single_run: false,
        },
        writer: writer_setup(config, &client, tokens, dry),
        client,
        writers: config.argus.connections.0,
        heartbeat: config
            .failover
            .as_ref()
            .map(|failover| heartbeat::Setup { target: target(failover), interval: failover.ping_interval.0 }),
        asked: None,
        progress_sender: None,
    }
}

/// What all writers work with, on whatever server.
type WriterSetup = Arc<writer::Setup<dyn ArgusServer + Send + Sync>>;

fn writer_setup(config: &Config, client: &Arc<Client>, tokens: &mut Tokens, dry: bool) -> WriterSetup {
    let keeper = Arc::new(Keeper::new(config, client, tokens.renewer(config)));
    let renewing = Arc::clone(&keeper);
    let host_lock = (!dry).then(|| HostLock::new(config.argus.url.as_str().to_owned(), PATIENCE));
    let argus: Arc<dyn ArgusServer + Send + Sync> =
        if dry { Arc::new(Rehearsal::new(Arc::clone(client))) } else { Arc::new(Measured(Arc::clone(client))) };
    Arc::new(writer::Setup {
        argus,
        rules: Rules::from(config),
        timeout: config.argus.timeout.0,
        host_lock,
        before_probe: Box::new(move || keeper.refresh()),
        renew: Box::new(move || renewing.renew()),
    })
}

/// A panic in any thread ends the whole process: half a daemon is worse than none, and systemd
/// starts a new one.
pub(crate) fn exit_on_panic() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(|l| format!("{}:{}", l.file(), l.line())).unwrap_or_default();
        let payload = panic.payload();
        let text = payload.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no reason given");
        error!("internal error at {location}: {text}; please report this");
        logging::finish();
        std::process::exit(i32::from(ExitCode::Internal.code()));
    }));
}
