//! The metrics by name, with what each of them means. Never decides when one changes.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Metric, Registry};
use std::sync::atomic::AtomicU64;

/// The labels of a series: names and values, all of them ours.
type Labels<const N: usize> = [(&'static str, &'static str); N];
/// Seconds or a point in time, which need fractions.
type Seconds = Gauge<f64, AtomicU64>;

/// Requests take from a millisecond to the time-out of a large page.
const REQUEST_BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0];
/// From what nobody notices to an outage of hours.
const INCIDENT_BUCKETS: [f64; 13] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 1800.0, 7200.0];

/// All metrics, and the registry that knows their names.
#[derive(Debug)]
pub(super) struct Families {
    pub registry: Registry,
    pub active: Gauge,
    pub cases: Gauge,
    pub incidents: Gauge,
    pub waiting: Gauge,
    pub troubled: Gauge,
    pub server_up: Family<Labels<1>, Gauge>,
    pub last_success: Family<Labels<1>, Seconds>,
    pub requests: Family<Labels<3>, Counter>,
    pub durations: Family<Labels<2>, Histogram, fn() -> Histogram>,
    pub writes: Family<Labels<2>, Counter>,
    pub until_incident: Histogram,
    pub reconnects: Counter,
    pub full_reading: Family<Labels<1>, Seconds>,
    pub reload_succeeded: Gauge,
    pub pings: Family<Labels<1>, Counter>,
    pub transitions: Family<Labels<1>, Counter>,
    pub takeover_ready: Gauge,
    pub token_made: Seconds,
    pub last_update: Seconds,
}

/// Gives each metric its name and its meaning.
struct Names(Registry);

impl Names {
    fn add<M: Metric + Clone>(&mut self, metric: M, name: &str, meaning: &str) -> M {
        self.0.register(name, meaning, metric.clone());
        metric
    }
}

impl Families {
    /// All at zero.
    pub fn new() -> Self {
        let mut names = Names(Registry::with_prefix("zinoargus"));
        let build = Family::<Labels<1>, Gauge>::default();
        build.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        names.add(build, "build_info", "Always 1; the label is the version of the program");
        let durations = Family::new_with_constructor((|| Histogram::new(REQUEST_BUCKETS)) as fn() -> Histogram);
        Self {
            active: names.add(Gauge::default(), "active", "1 if this instance synchronises, 0 in STANDBY"),
            cases: names.add(Gauge::default(), "cases", "Cases of Zino that are known"),
            incidents: names.add(Gauge::default(), "open_incidents", "Open incidents of this source that are known"),
            waiting: names.add(Gauge::default(), "problems_waiting", "Problems that wait for synchronisation"),
            troubled: names.add(
                Gauge::default(),
                "problems_in_trouble",
                "Problems that cannot be synchronised although Argus answers",
            ),
            server_up: names.add(Family::default(), "server_up", "1 if the server can be used now"),
            last_success: names.add(
                Family::default(),
                "server_last_success_timestamp_seconds",
                "When the server last answered a request as it should; 0 if never",
            ),
            requests: names.add(Family::default(), "requests", "Requests to the servers, by how they ended"),
            durations: names.add(durations, "request_duration_seconds", "How long the requests took"),
            writes: names.add(Family::default(), "writes", "Writes that the servers took"),
            until_incident: names.add(
                Histogram::new(INCIDENT_BUCKETS),
                "notification_to_incident_seconds",
                "From the notification of a new case to its incident",
            ),
            reconnects: names.add(
                Counter::default(),
                "zino_reconnects",
                "How often the connection to Zino was made again after it was lost",
            ),
            full_reading: names.add(
                Family::default(),
                "full_reading_duration_seconds",
                "How long the last complete reading took: all cases, or all open incidents",
            ),
            reload_succeeded: names.add(
                Gauge::default(),
                "config_last_reload_successful",
                "0 if the configuration was read again and could not be used",
            ),
            pings: names.add(Family::default(), "failover_pings", "Questions of a secondary to its primary"),
            transitions: names.add(Family::default(), "failover_transitions", "Changes of the mode"),
            takeover_ready: names.add(
                Gauge::default(),
                "takeover_ready",
                "1 if this instance acts, or could take over now",
            ),
            token_made: names.add(
                Seconds::default(),
                "token_renewed_timestamp_seconds",
                "When the program made the token that it uses; 0 if it did not make it",
            ),
            last_update: names.add(
                Seconds::default(),
                "last_update_timestamp_seconds",
                "When the state of the program was last looked at",
            ),
            registry: names.0,
        }
    }
}
