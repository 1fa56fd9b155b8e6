use super::*;

/// The names of the promise, with the type of each.
const PROMISED: [(&str, &str); 20] = [
    ("zinoargus_build_info", "gauge"),
    ("zinoargus_active", "gauge"),
    ("zinoargus_cases", "gauge"),
    ("zinoargus_open_incidents", "gauge"),
    ("zinoargus_problems_waiting", "gauge"),
    ("zinoargus_problems_in_trouble", "gauge"),
    ("zinoargus_server_up", "gauge"),
    ("zinoargus_server_last_success_timestamp_seconds", "gauge"),
    ("zinoargus_requests_total", "counter"),
    ("zinoargus_request_duration_seconds", "histogram"),
    ("zinoargus_writes_total", "counter"),
    ("zinoargus_notification_to_incident_seconds", "histogram"),
    ("zinoargus_zino_reconnects_total", "counter"),
    ("zinoargus_full_reading_duration_seconds", "gauge"),
    ("zinoargus_config_last_reload_successful", "gauge"),
    ("zinoargus_failover_pings_total", "counter"),
    ("zinoargus_failover_transitions_total", "counter"),
    ("zinoargus_takeover_ready", "gauge"),
    ("zinoargus_token_renewed_timestamp_seconds", "gauge"),
    ("zinoargus_last_update_timestamp_seconds", "gauge"),
];

/// Metrics in which each thing happened once.
fn busy() -> Metrics {
    let metrics = Metrics::new();
    let gauges = Gauges { is_active: true, cases: 3, incidents: 2, is_zino_up: true, ..Gauges::default() };
    metrics.set(&gauges);
    metrics.request(Server::Argus, "list", Outcome::Ok, Duration::from_millis(20));
    metrics.request(Server::Zino, "login", Outcome::Refused, Duration::from_millis(3));
    metrics.wrote(Write::Create);
    metrics.created_after(Duration::from_millis(40));
    metrics.reconnected();
    metrics.read_completely(Server::Zino, Duration::from_secs(2));
    metrics.reloaded(false);
    metrics.pinged(Pinged::Silent);
    metrics.changed_mode(true);
    metrics.token_made(1_795_376_392);
    metrics
}

fn value(text: &str, series: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn every_promised_name_is_there_with_its_type_and_none_besides() {
    let text = busy().text();
    let types: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let promised: Vec<String> = PROMISED.iter().map(|(name, kind)| format!("{name} {kind}")).collect();
    assert_eq!(types, promised);
    let guide = include_str!("../../packaging/doc/monitoring.md");
    for (name, _) in PROMISED {
        assert!(guide.contains(&format!("`{name}")), "{name} is missing in the guide");
    }
}

#[test]
fn what_happens_moves_its_number() {
    let text = busy().text();
    for (series, expected) in [
        ("zinoargus_active", 1.0),
        ("zinoargus_cases", 3.0),
        ("zinoargus_open_incidents", 2.0),
        ("zinoargus_server_up{server=\"zino\"}", 1.0),
        ("zinoargus_server_up{server=\"argus\"}", 0.0),
        ("zinoargus_server_last_success_timestamp_seconds{server=\"zino\"}", 0.0),
        ("zinoargus_requests_total{server=\"argus\",operation=\"list\",result=\"ok\"}", 1.0),
        ("zinoargus_requests_total{server=\"zino\",operation=\"login\",result=\"refused\"}", 1.0),
        ("zinoargus_request_duration_seconds_count{server=\"argus\",operation=\"list\"}", 1.0),
        ("zinoargus_writes_total{server=\"argus\",kind=\"create\"}", 1.0),
        ("zinoargus_writes_total{server=\"zino\",kind=\"history\"}", 0.0),
        ("zinoargus_notification_to_incident_seconds_bucket{le=\"0.05\"}", 1.0),
        ("zinoargus_notification_to_incident_seconds_bucket{le=\"0.025\"}", 0.0),
        ("zinoargus_zino_reconnects_total", 1.0),
        ("zinoargus_full_reading_duration_seconds{server=\"zino\"}", 2.0),
        ("zinoargus_config_last_reload_successful", 0.0),
        ("zinoargus_failover_pings_total{result=\"silent\"}", 1.0),
        ("zinoargus_failover_transitions_total{to=\"active\"}", 1.0),
        ("zinoargus_token_renewed_timestamp_seconds", 1_795_376_392.0),
    ] {
        assert_eq!(value(&text, series), Some(expected), "{series}\n{text}");
    }
    let at = value(&text, "zinoargus_server_last_success_timestamp_seconds{server=\"argus\"}");
    assert!(at.is_some_and(|at| (unix_now() - at).abs() < 600.0), "{at:?}");
}
