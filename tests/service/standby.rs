//! A secondary in STANDBY.

use crate::fake_zino::{FakeZino, Fault};
use crate::little_argus::LittleArgus;
use crate::program::{Manager, Program, TOKEN, config, eventually};
use std::net::UdpSocket;
use std::path::Path;

#[test]
fn a_token_that_was_replaced_in_its_file_is_the_one_that_standby_proves() {
    let (zino, argus) = (FakeZino::with_cases(1), LittleArgus::start());
    // It takes each question and never answers; the threshold is out of reach.
    let agent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("replaced-token-{}", std::process::id()));
    std::fs::write(&file, "0ldt0ken").unwrap();
    let text = config(&zino, &argus).replace(&format!("token = \"{TOKEN}\""), &format!("token_file = {file:?}"));
    let failover = format!(
        "[failover]\nprimary_server = \"127.0.0.1\"\nprimary_snmp_port = {}\nthreshold = 1000\n",
        agent.local_addr().unwrap().port()
    );
    // The proof waits until Zino is read, which it is not before the file is another.
    zino.fault("CASEIDS", Fault::Stall);
    let program = Program::start(&(text + &failover), Manager::new(), &[]);
    let asked = || zino.received().iter().any(|line| line.starts_with("CASEIDS")).then_some(());
    eventually("the first reading", || zino.received(), asked);
    std::fs::write(&file, "newt0ken").unwrap();
    zino.cut_all();
    program.wait_for_log("a takeover would work: ");
    assert_eq!(argus.tokens(), ["Token newt0ken"]);
    std::fs::remove_file(&file).unwrap();
}
