//! What systemd is told while the program starts, works and ends.

use crate::fake_zino::FakeZino;
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, config};
use crate::refusals::refuse_logins;
use std::net::{TcpListener, UdpSocket};

/// A port that nothing listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

#[test]
fn it_is_ready_once_zino_is_connected_and_argus_was_looked_at_and_says_when_it_stops() {
    let (zino, argus) = (FakeZino::with_cases(2), LittleArgus::start());
    argus.shut();
    let mut program = Program::start(&config(&zino, &argus), Manager::on_a_path(), &[]);
    program.manager.wait_for_status("Zino ok; Argus not yet asked");
    assert_eq!(program.manager.count("READY=1"), 0, "Argus has not answered yet");
    argus.open();
    program.manager.wait_for("READY=1", 1);
    let status = program.manager.wait_for_status("2 open incidents, 0 waiting");
    assert_eq!(status, "STATUS=ACTIVE: 2 cases, 2 open incidents, 0 waiting; Zino ok; Argus ok");
    program.signal("TERM");
    assert_eq!(program.wait(), Some(0));
    program.manager.wait_for("STOPPING=1\nSTATUS=ending on signal 15", 1);
    assert_eq!(program.manager.count("READY=1"), 1);
    assert_eq!(program.manager.count("WATCHDOG=1"), 0, "nobody asked for it");
}

#[test]
fn a_server_that_is_down_does_not_hold_up_the_start_and_stands_in_the_status() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let text = config(&zino, &argus);
    let no_zino = text.replace(&format!("port = {}", zino.login.port), &format!("port = {}", closed_port()));
    let program = Program::start(&no_zino, Manager::new(), &[]);
    program.manager.wait_for("READY=1", 1);
    let status = program.manager.wait_for_status("Zino CANNOT BE USED since ");
    assert!(status.contains(": nothing listens there: is Zino running, and is zino.port right?)"), "{status}");
    program.manager.wait_for_status("; Argus ok");

    let no_argus = text.replace(&argus.fake.url(), &format!("http://127.0.0.1:{}/api/v2/", closed_port()));
    let program = Program::start(&no_argus, Manager::new(), &[]);
    program.manager.wait_for_status("Zino ok; Argus CANNOT BE USED since ");
    program.manager.wait_for("READY=1", 1);
}

#[test]
fn a_wrong_secret_is_a_failed_start_with_its_reason() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    let text = config(&zino, &argus).replace("secret = \"s3", "secret = \"s4");
    let mut program = Program::start(&text, Manager::new(), &[]);
    assert_eq!(program.wait(), Some(77));
    program.manager.wait_for("STOPPING=1\nSTATUS=Zino refuses user testuser", 1);
    assert_eq!(program.manager.count("READY=1"), 0);
}

#[test]
fn a_secondary_is_ready_after_its_first_question_to_the_primary() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    // It takes the question and never answers.
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = agent.local_addr().unwrap().port();
    let failover =
        format!("[failover]\nprimary_server = \"127.0.0.1\"\nprimary_snmp_port = {port}\nping_timeout = 1\n");
    let program = Program::start(&(config(&zino, &argus) + &failover), Manager::new(), &[]);
    let status = program.manager.wait_for_status("STANDBY: 0 cases; Zino ok; Argus ok");
    assert!(!status.contains("waiting"));
    program.manager.wait_for("READY=1", 1);
}

#[test]
fn foreign_text_in_the_status_forges_nothing() {
    let (zino, argus) = (FakeZino::start(), LittleArgus::start());
    refuse_logins(&zino, 100, b"500 no\x07 \x1b[2J READY=1 \xe2\x80\xae\r\n");
    let mut program = Program::start(&config(&zino, &argus), Manager::new(), &[]);
    assert_eq!(program.wait(), Some(77));
    program.manager.wait_for("STOPPING=1", 1);
    let told = program.manager.told().join("\n");
    assert!(
        told.lines().all(|line| !line.starts_with("READY") && !line.contains(['\x07', '\x1b', '\u{202e}'])),
        "{told}"
    );
}

#[test]
fn without_a_listener_it_works_as_ever() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    for name in ["", "/nonexistent/notify", "vsock:1:2"] {
        let program = Program::start(&config(&zino, &argus), Manager::new(), &[("NOTIFY_SOCKET", name)]);
        program.wait_for_log("open incidents in Argus");
        assert!(program.manager.told().is_empty());
    }
}
