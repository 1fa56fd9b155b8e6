//! SIGHUP: a new configuration is used, and a wrong one is refused.

use crate::fake_zino::{FakeZino, SECRET, USER};
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, TOKEN, config, eventually, incident, new_case};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

/// Has the program begin a request for this case that Argus does not answer while it is shut.
fn hold_a_request(program: &Program, zino: &FakeZino, argus: &LittleArgus, id: u64) {
    argus.shut();
    new_case(zino, id);
    program.manager.wait_for_status(&format!("{id} cases, {} open incidents, 1 waiting", id - 1));
}

/// Begins a reload to a configuration that differs in `argus.timeout`, and that cannot end at once.
fn begin_reload(program: &Program, text: &str) {
    program.write("zinoargus.toml", &text.replace("timeout = 20", "timeout = 19"));
    program.signal("HUP");
    program.wait_for_log("configuration read again: argus.timeout changed");
}

fn zino_connections(zino: &FakeZino) -> usize {
    zino.world().connections.len()
}

#[test]
fn a_bad_file_is_reported_and_the_old_configuration_kept() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    incident(&argus, 1);
    let connections = zino_connections(&zino);
    program.reload(&text.replace("connections = 2", "connections = 0").replace("notify_port", "prot = 1\nnotify_port"));
    let log = program.log();
    assert!(log.contains("zinoargus.toml, line 5: argus.connections: "), "{log}");
    assert!(log.contains("zinoargus.toml, line 9: zino.prot: unknown key; did you mean zino.port?"), "{log}");
    assert!(log.contains("ERROR the new configuration cannot be used; going on with the old one"), "{log}");
    program.write("ca.pem", "no certificate");
    program.reload(&text.replace("timeout = 20", "timeout = 20\nca_file = \"ca.pem\""));
    assert_eq!(program.log().matches("going on with the old one").count(), 2, "{}", program.log());
    new_case(&zino, 2);
    incident(&argus, 2);
    assert_eq!(zino_connections(&zino), connections);
    assert_eq!(program.manager.count("RELOADING=1\nMONOTONIC_USEC="), 2);
}

#[test]
fn a_big_wrong_file_is_refused_in_few_lines_and_trips_no_watchdog() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::start(&text, Manager::new(), &[("WATCHDOG_USEC", "2000000")]);
    program.manager.wait_for("READY=1", 1);
    program.reload(&format!("{text}{}", "x y\n".repeat(60_000)));
    let log = program.log();
    assert_eq!(log.matches(" ERROR ").count(), 22, "{log}");
    assert!(log.contains("zinoargus.toml: 59980 more things are wrong"), "{log}");
    assert!(!log.contains("has stood still"), "{log}");
    new_case(&zino, 2);
    incident(&argus, 2);
}

#[test]
fn a_file_that_does_not_end_while_it_is_read_again_does_not_keep_the_program_from_ending() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let mut program = Program::ready(&config(&zino, &argus));
    let _writer = program.put_a_pipe("zinoargus.toml");
    program.signal("HUP");
    program.manager.wait_for("RELOADING=1", 1);
    // Meanwhile its work goes on.
    new_case(&zino, 2);
    incident(&argus, 2);
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
}

#[test]
fn an_unchanged_file_changes_nothing_and_says_so_with_its_warnings() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus) + "[metadata]\nports_url = \"https://ports.example.org/\"\n";
    let program = Program::ready(&text);
    program.reload(&text);
    let log = program.log();
    assert!(log.contains("WARN  configuration read again: nothing has changed"), "{log}");
    assert_eq!(log.matches("metadata.ports_url has no effect").count(), 2, "{log}");
    let told = program.manager.told();
    let reloading = told.iter().position(|message| message.starts_with("RELOADING=1\nMONOTONIC_USEC=")).unwrap();
    let micros: u64 = told[reloading].rsplit('=').next().unwrap().parse().unwrap();
    assert!(micros > 0);
    assert!(told[reloading..].iter().any(|message| message == "READY=1"));
}

#[test]
fn another_token_is_used_from_the_next_request_on() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    incident(&argus, 1);
    program.reload(&text.replace(TOKEN, "fedcba9876543210"));
    new_case(&zino, 2);
    incident(&argus, 2);
    assert_eq!(argus.tokens(), [format!("Token {TOKEN}"), "Token fedcba9876543210".to_owned()]);
    let log = program.log();
    assert!(log.contains("configuration read again: argus.token changed"), "{log}");
    assert!(!log.contains("fedcba9876543210") && !log.contains(TOKEN));
}

#[test]
fn a_secret_that_was_replaced_in_its_own_file_is_taken_too() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    program.write("token", TOKEN);
    let filed = text.replace(&format!("token = \"{TOKEN}\""), "token_file = \"token\"");
    program.reload(&filed);
    program.write("token", "fedcba9876543210\n");
    program.reload(&filed);
    assert_eq!(program.log().matches("configuration read again: argus.token_file changed").count(), 2);
    new_case(&zino, 2);
    incident(&argus, 2);
    assert_eq!(argus.tokens().last().unwrap(), "Token fedcba9876543210");
}

#[test]
fn a_token_that_was_renewed_is_no_change_of_the_configuration() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    program.write("token", TOKEN);
    let filed = text.replace(&format!("token = \"{TOKEN}\""), "token_file = \"token\"\nrenew_token = true");
    program.reload(&filed);
    program.wait_for_log("the Argus token was renewed");
    program.reload(&filed);
    program.wait_for_log("configuration read again: nothing has changed");
    program.reload(&filed.replace("timeout = 20", "timeout = 19"));
    new_case(&zino, 2);
    incident(&argus, 2);
    assert!(argus.tokens().last().unwrap().starts_with("Token 0011223344"), "{:?}", argus.tokens().len());
    assert!(program.log().contains("configuration read again: argus.timeout changed"), "{}", program.log());
}

#[test]
fn another_severity_is_that_of_new_incidents() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    assert_eq!(incident(&argus, 1)["level"], 3);
    program.reload(&text.replace("severity.default = 3", "severity.default = 5"));
    new_case(&zino, 2);
    assert_eq!(incident(&argus, 2)["level"], 5);
    assert_eq!(argus.incident(1).unwrap()["level"], 3, "it may have been set by hand");
    assert!(program.log().contains("configuration read again: sync.severity.default changed"));
}

#[test]
fn another_domain_reaches_the_incidents_that_are_there() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    incident(&argus, 1);
    program.reload(&text.replace("notify_port", "default_domain = \"example.org\"\nnotify_port"));
    let tags = || argus.incident(1).unwrap()["tags"].to_string();
    eventually("the new host tag", tags, || tags().contains("host=r1-gw.example.org").then_some(()));
}

#[test]
fn a_wrong_zino_secret_breaks_the_connection_only_until_it_is_mended() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    incident(&argus, 1);
    program.reload(&text.replace(SECRET, "wrong"));
    program.wait_for_log("ERROR Zino refuses the login");
    program.manager.wait_for_status("Zino CANNOT BE USED");
    zino.add_port_case(2);
    program.reload(&text);
    incident(&argus, 2);
    program.manager.wait_for_status("Zino ok");
    assert!(program.log().contains("configuration read again: zino.secret changed"));
    assert!(!program.log().contains(SECRET));
}

#[test]
fn another_zino_brings_its_own_cases_and_none_of_the_old_ones() {
    let (zino, argus) = (FakeZino::with_cases(2), LittleArgus::start());
    let other = FakeZino::start();
    for id in [7, 8] {
        other.add_port_case(id);
    }
    let program = Program::ready(&config(&zino, &argus));
    incident(&argus, 2);
    let elsewhere = LittleArgus::start();
    program.reload(&config(&other, &elsewhere));
    incident(&elsewhere, 8);
    program.manager.wait_for_status("2 cases, 2 open incidents, 0 waiting");
    new_case(&zino, 3);
    new_case(&other, 9);
    incident(&elsewhere, 9);
    assert!([1, 2, 3].iter().all(|id| elsewhere.incident(*id).is_none()));
    assert!([3, 7, 8, 9].iter().all(|id| argus.incident(*id).is_none()));
    let log = program.log();
    let keys = ["argus.url", "zino.port", "zino.notify_port"];
    let names_all = |line: &str| keys.iter().all(|key| line.contains(key));
    assert!(log.lines().any(|line| line.contains("configuration read again: ") && names_all(line)), "{log}");
}

#[test]
fn another_argus_gets_all_open_cases_and_the_old_one_nothing_more() {
    let (zino, argus) = (FakeZino::with_cases(3), LittleArgus::start());
    let program = Program::ready(&config(&zino, &argus));
    (1..=3).for_each(|id| drop(incident(&argus, id)));
    let elsewhere = LittleArgus::start();
    program.reload(&config(&zino, &elsewhere));
    (1..=3).for_each(|id| drop(incident(&elsewhere, id)));
    let asked = argus.fake.seen().len();
    new_case(&zino, 4);
    incident(&elsewhere, 4);
    assert_eq!(argus.fake.seen().len(), asked);
}

#[test]
fn a_request_under_way_is_waited_for_and_counts_as_unknown_after_four_seconds() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let mut program = Program::ready(&text);
    incident(&argus, 1);
    hold_a_request(&program, &zino, &argus, 2);
    let changed = text.replace(TOKEN, "fedcba9876543210").replace("default = 3", "default = 5");
    program.write("zinoargus.toml", &changed);
    program.signal("HUP");
    program.manager.wait_for("RELOADING=1", 1);
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(program.manager.count("READY=1"), 1, "the request under way was not waited for");
    argus.open();
    program.manager.wait_for("READY=1", 2);
    new_case(&zino, 3);
    assert_eq!(incident(&argus, 2)["level"], 3);
    assert_eq!(incident(&argus, 3)["level"], 5);

    program.manager.wait_for_status("3 cases, 3 open incidents, 0 waiting");
    hold_a_request(&program, &zino, &argus, 4);
    let began = Instant::now();
    program.reload(&text);
    assert!(began.elapsed() < Duration::from_secs(6), "{:?}", began.elapsed());
    program.wait_for_log("does not end; going on without it");
    argus.open();
    incident(&argus, 4);
    program.manager.wait_for_status("4 cases, 4 open incidents, 0 waiting");
    assert!(argus.incident(5).is_none() && program.is_running());
}

#[test]
fn a_signal_to_end_during_a_reload_ends_the_program_in_five_seconds() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let mut program = Program::ready(&text);
    incident(&argus, 1);
    hold_a_request(&program, &zino, &argus, 2);
    begin_reload(&program, &text);
    let began = Instant::now();
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn a_watchdog_is_fed_and_no_signal_lost_while_a_reload_waits() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::start(&text, Manager::new(), &[("WATCHDOG_USEC", "1000000")]);
    program.manager.wait_for("READY=1", 1);
    incident(&argus, 1);
    hold_a_request(&program, &zino, &argus, 2);
    begin_reload(&program, &text);
    let fed = program.manager.count("WATCHDOG=1");
    program.write("zinoargus.toml", &text.replace("timeout = 20", "timeout = 18"));
    program.signal("HUP");
    program.manager.wait_for("WATCHDOG=1", fed + 4);
    assert_eq!(program.manager.count("READY=1"), 1, "the first reload still waits");
    argus.open();
    program.manager.wait_for("READY=1", 3);
    assert_eq!(program.log().matches("configuration read again: argus.timeout changed").count(), 2);
    incident(&argus, 2);
}

#[test]
fn there_are_as_many_writers_as_connections() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    let text = config(&zino, &argus);
    let program = Program::ready(&text);
    program.wait_for_threads("argus writer", 2);
    program.reload(&text.replace("connections = 2", "connections = 5"));
    program.wait_for_threads("argus writer", 5);
    program.reload(&text);
    program.wait_for_threads("argus writer", 2);
    new_case(&zino, 2);
    incident(&argus, 2);
}

#[test]
fn failover_that_comes_and_goes_changes_the_mode_and_nothing_else_does() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    // It takes each question and never answers; the threshold is out of reach.
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = agent.local_addr().unwrap().port();
    let text = config(&zino, &argus);
    let secondary = format!(
        "{text}[failover]\nprimary_server = \"127.0.0.1\"\nprimary_snmp_port = {port}\nping_timeout = 1\n\
         ping_interval = 1\nthreshold = 1000\n"
    );
    let program = Program::ready(&text);
    incident(&argus, 1);
    program.reload(&secondary);
    program.manager.wait_for_status("STANDBY: 1 cases");
    program.wait_for_threads("heartbeat", 1);
    new_case(&zino, 2);
    program.manager.wait_for_status("STANDBY: 2 cases");
    assert!(argus.incident(2).is_none(), "STANDBY writes nothing");

    program.reload(&secondary.replace("threshold = 1000", "threshold = 1"));
    program.wait_for_log("mode STANDBY -> ACTIVE: ");
    incident(&argus, 2);
    program.reload(&secondary.replace("threshold = 1000", "threshold = 2").replace("default = 3", "default = 4"));
    new_case(&zino, 3);
    assert_eq!(incident(&argus, 3)["level"], 4, "the mode stays ACTIVE");
    program.wait_for_threads("heartbeat", 1);

    program.reload(&text);
    program.wait_for_threads("heartbeat", 0);
    new_case(&zino, 4);
    incident(&argus, 4);
    program.reload(&secondary);
    program.reload(&text);
    program.wait_for_log("mode STANDBY -> ACTIVE: there is no [failover] in the configuration any more");
    new_case(&zino, 5);
    incident(&argus, 5);
    assert!(program.log().contains("configuration read again: [failover] changed"));
    assert!(program.log().contains(&format!("connected to Zino 127.0.0.1:{}", zino.login.port)) && USER == "testuser");
}
