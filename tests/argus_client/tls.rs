//! Whom the client believes: the CA it was given, or the system's, and nobody else.

use super::*;
use crate::fake_argus::{FakeArgus, Manners, json};
use crate::own_ca::OwnCa;
use std::path::PathBuf;
use zinoargus::argus::ArgusServer;

fn server(ca: &OwnCa) -> FakeArgus {
    let manners = Manners { tls: Some(ca.server.clone()), ..Manners::default() };
    FakeArgus::with(manners, |_| json("200 OK", INCIDENT))
}

/// A file that is this test's own.
pub(crate) fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

fn trusting(fake: &FakeArgus, ca_file: Option<PathBuf>) -> Client {
    Client::new(&Settings { ca_file, ..settings(&fake.url()) }).unwrap()
}

#[test]
fn an_internal_ca_named_in_the_configuration_is_believed_and_connections_are_kept() {
    let ca = OwnCa::new("127.0.0.1");
    let fake = server(&ca);
    let argus = trusting(&fake, Some(file("right.pem", &ca.pem)));
    assert_eq!(argus.create(&new_incident()).unwrap().pk, 1);
    assert_eq!(argus.incident(1).unwrap().unwrap().pk, 1);
    assert_eq!(fake.connections(), 1);
}

#[test]
fn an_unknown_ca_is_refused_before_anything_is_sent_and_the_error_says_what_to_do() {
    let ca = OwnCa::new("127.0.0.1");
    let fake = server(&ca);
    let argus = trusting(&fake, None);
    let why = refused(argus.create(&new_incident()));
    assert!(why.contains("argus.ca_file"), "{why}");
    refused(argus.incident(1));
    let other = trusting(&fake, Some(file("other.pem", &OwnCa::new("127.0.0.1").pem)));
    assert!(refused(other.create(&new_incident())).contains("other.pem"));
    assert_eq!(fake.seen().len(), 0);
}

#[test]
fn a_certificate_for_another_name_is_refused() {
    let ca = OwnCa::new("argus.example.org");
    let fake = server(&ca);
    let why = refused(trusting(&fake, Some(file("name.pem", &ca.pem))).create(&new_incident()));
    assert!(why.contains("certificate"), "{why}");
    assert_eq!(fake.seen().len(), 0);
}

#[test]
fn tls_and_no_tls_mixed_up_is_refused_or_no_answer() {
    let plain = FakeArgus::always(json("200 OK", INCIDENT));
    let url = plain.url().replace("http://", "https://");
    let argus = Client::new(&Settings { timeout: Duration::from_secs(1), ..settings(&url) }).unwrap();
    refused(argus.create(&new_incident()));

    let ca = OwnCa::new("127.0.0.1");
    let fake = server(&ca);
    let url = fake.url().replace("https://", "http://");
    let argus = Client::new(&settings(&url)).unwrap();
    unknown(argus.create(&new_incident()));
    assert_eq!(fake.seen().len(), 0);
}

#[test]
fn a_handshake_that_stands_still_is_refused() {
    let fake = FakeArgus::with(Manners { deaf: true, ..Manners::default() }, |_| json("200 OK", INCIDENT));
    let url = fake.url().replace("http://", "https://");
    let argus = Client::new(&Settings { timeout: Duration::from_secs(1), ..settings(&url) }).unwrap();
    refused(argus.create(&new_incident()));
    refused(argus.incident(1));
}

#[test]
fn a_ca_file_without_certificates_is_an_error_at_the_start() {
    let text = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for (name, text) in
        [("empty.pem", ""), ("noise.pem", "hello"), ("key.pem", text), ("cut.pem", "-----BEGIN CERTIFICATE-----\nAA")]
    {
        let ca_file = Some(file(name, text));
        let why = Client::new(&Settings { ca_file, ..settings("https://h/") }).unwrap_err();
        assert!(why.contains("argus.ca_file") && why.contains(name), "{why}");
    }
}

/// Run by the test below, in a process of its own, with the store that it makes.
#[test]
#[ignore = "needs SSL_CERT_FILE and a server; run by another test"]
fn with_this_store() {
    let Ok(url) = std::env::var("TEST_ARGUS_URL") else { return };
    assert_eq!(Client::new(&settings(&url)).unwrap().incident(1).unwrap().unwrap().pk, 1);
}

#[test]
fn an_internal_ca_in_the_systems_store_is_believed() {
    let ca = OwnCa::new("127.0.0.1");
    let fake = server(&ca);
    let store = file("store.pem", &ca.pem);
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    child.args(["--ignored", "--exact", "tls::with_this_store"]);
    child.env("SSL_CERT_FILE", &store).env_remove("SSL_CERT_DIR").env("TEST_ARGUS_URL", fake.url());
    let output = child.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(fake.seen().len(), 1);
}
