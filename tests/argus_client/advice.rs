//! What a person reads when Argus cannot be used: the cause, and what to do about this cause and no
//! other.

use super::*;
use crate::fake_argus::{Act, Manners, answer, html, json, redirect};
use crate::own_ca::{OwnCa, serving};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use zinoargus::argus::ArgusServer;

/// What belongs to one cause each; whoever reads two of them knows nothing.
const ADVICE: &[&str] = &[
    "/api/v2/",
    "is argus.url the address",
    "must be the very address",
    "is Argus running",
    "is the name in argus.url right",
    "is the port in argus.url right",
    "should argus.url begin with http",
    "a firewall",
    "hangs or is slow",
    "argus.ca_file",
    "put one of the names",
    "renew it",
    "openssl req",
];

/// The error has these words, and of all advice only those of its own cause.
fn says(why: &str, words: &[&str], advice: &[&str]) {
    for word in words {
        assert!(why.contains(word), "{word:?} is not in: {why}");
    }
    let given: Vec<&str> = ADVICE.iter().copied().filter(|one| why.contains(one)).collect();
    assert_eq!(given, advice, "{why}");
    assert!(!why.starts_with("not now"), "{why}");
}

/// Why Argus cannot be used at this address.
fn why(url: &str) -> String {
    why_of(&Settings { timeout: Duration::from_secs(2), ..settings(url) })
}

fn why_of(settings: &Settings) -> String {
    Client::new(settings).unwrap().check_token().unwrap_err().to_string()
}

/// The same of a server that answers everything so, with this path in `argus.url`.
fn why_answer(act: Act, path: &str) -> (String, String) {
    let fake = FakeArgus::always(act);
    let origin = format!("http://{}", fake.address);
    (why(&format!("{origin}{path}")), origin)
}

fn not_found() -> Act {
    html("404 Not Found", "404 - Page Not Found")
}

#[test]
fn a_404_where_the_path_of_the_api_lacks_says_what_argus_url_should_be() {
    for (path, expected) in [
        ("/", "/api/v2/"),
        ("/api", "/api/v2/"),
        ("/api/", "/api/v2/"),
        ("/argus/", "/argus/api/v2/"),
        ("/api/v3/", "/api/v2/"),
        ("/argus/api/v1", "/argus/api/v2/"),
    ] {
        let (why, origin) = why_answer(not_found(), path);
        let expected = format!("should argus.url be {origin}{expected}?");
        says(&why, &["404", "404 - Page Not Found", &expected], &["/api/v2/"]);
    }
}

#[test]
fn a_404_of_another_version_of_the_api_says_so_too() {
    let fake = FakeArgus::always(json("404 Not Found", r#"{"detail":"Not found."}"#));
    let argus = Client::new(&settings(&format!("http://{}/api/v3/", fake.address))).unwrap();
    let why = argus.newest_events(25, 1).unwrap_err().to_string();
    let expected = format!("should argus.url be http://{}/api/v2/?", fake.address);
    says(&why, &["404", "Not found.", &expected], &["/api/v2/"]);
}

#[test]
fn a_404_at_the_right_path_asks_whether_argus_is_there() {
    let (why, _) = why_answer(not_found(), "/api/v2/");
    says(&why, &["404", "404 - Page Not Found"], &["is argus.url the address"]);
}

#[test]
fn the_version_of_the_api_that_is_gone_is_called_that() {
    let gone = json("410 Gone", r#"{"status_code":410,"status":"API v1 has been removed"}"#);
    let (why, origin) = why_answer(gone.clone(), "/api/v1/");
    let expected = format!("should argus.url be {origin}/api/v2/?");
    says(&why, &["410", "API v1 has been removed", &expected], &["/api/v2/"]);
    let fake = FakeArgus::always(gone);
    let error = Client::new(&settings(&format!("http://{}/api/v1/", fake.address))).unwrap().create(&new_incident());
    assert!(
        matches!(error, Err(ArgusError::Busy(_))),
        "an address that is wrong is no fault of the request: {error:?}"
    );
}

#[test]
fn a_redirect_says_where_to_and_what_argus_url_should_be() {
    let (why, _) = why_answer(redirect("301 Moved", "https://argus.example.org/api/v2/auth/user/"), "/api/v2/");
    let words = [
        "redirects to https://argus.example.org/api/v2/auth/user/",
        "should argus.url be https://argus.example.org/api/v2/?",
    ];
    says(&why, &words, &["/api/v2/"]);
    let (why, _) = why_answer(redirect("302 Found", "/accounts/login/?next=/"), "/");
    says(&why, &["redirects to /accounts/login/?next=/", "/api/v2/?"], &["/api/v2/"]);
    let (why, _) = why_answer(redirect("302 Found", "https://login.example.org/"), "/api/v2");
    says(&why, &["redirects to https://login.example.org/"], &["must be the very address"]);
}

#[test]
fn a_page_instead_of_json_is_called_that() {
    let (why, origin) = why_answer(html("200 OK", "Log in"), "/");
    says(&why, &["a page titled \"Log in\"", &format!("should argus.url be {origin}/api/v2/?")], &["/api/v2/"]);
    let (why, _) = why_answer(html("200 OK", "Log in"), "/api/v2/");
    says(&why, &["a page titled \"Log in\""], &["is argus.url the address"]);
}

#[test]
fn a_proxy_without_an_argus_behind_it_is_called_that() {
    let (why, _) = why_answer(html("502 Bad Gateway", "502 Bad Gateway"), "/api/v2/");
    says(&why, &["502", "a proxy answers in place of Argus"], &["is Argus running"]);
    let (why, _) = why_answer(html("500 Server Error", "Server Error (500)"), "/api/v2/");
    says(&why, &["500", "look at Argus' own log"], &[]);
}

#[test]
fn nobody_listening_asks_whether_argus_runs() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let why = why(&format!("http://{address}/api/v2/"));
    says(&why, &[&address.to_string(), "nothing listens there"], &["is Argus running"]);
    assert_eq!(why.matches(&address.to_string()).count(), 1, "{why}");
}

#[test]
fn a_name_without_an_address_is_called_that() {
    let why = why_of(&Settings { timeout: Duration::from_secs(20), ..settings("http://argus.invalid/api/v2/") });
    says(&why, &["argus.invalid", "the name has no address"], &["is the name in argus.url right"]);
    assert!(!why.contains("lookup address information"), "{why}");
}

#[test]
fn what_does_not_answer_is_called_slow_and_what_cannot_be_reached_is_not() {
    let fake = FakeArgus::always(Act::Stall);
    let silent = why_of(&Settings { timeout: Duration::from_secs(1), ..settings(&fake.url()) });
    says(&silent, &["no whole answer within 1s (argus.timeout)"], &["hangs or is slow"]);
    // The backlog of a listener that accepts nothing fills up, and then nobody connects any more.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let mut waiting = Vec::new();
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&address, Duration::from_millis(200)) {
        waiting.push(stream);
        assert!(waiting.len() < 10_000);
    }
    let url = format!("http://{address}/api/v2/");
    let unreachable = why_of(&Settings { timeout: Duration::from_secs(1), ..settings(&url) });
    says(&unreachable, &["no connection within"], &["a firewall"]);
}

#[test]
fn what_speaks_no_http_is_called_that() {
    let (ssh, _) = why_answer(Act::AnswerAndClose(b"SSH-2.0-OpenSSH_9.2p1\r\n".to_vec()), "/api/v2/");
    says(&ssh, &["does not speak HTTP"], &["is the port in argus.url right"]);
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        // As every web server does to a greeting of TLS.
        assert!(stream.read(&mut [0; 1024]).unwrap() > 0);
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").unwrap();
    });
    let tls_to_plain = why(&format!("https://{address}/api/v2/"));
    answering.join().unwrap();
    says(&tls_to_plain, &["does not speak TLS"], &["should argus.url begin with http"]);
    let tls = FakeArgus::with(Manners { tls: Some(OwnCa::new("127.0.0.1").server), ..Manners::default() }, |_| {
        json("200 OK", "{}")
    });
    let plain_to_tls = why_of(&settings(&tls.url().replace("https://", "http://")));
    says(&plain_to_tls, &["does not speak HTTP", "should it begin with https://"], &["is the port in argus.url right"]);
    let nginx =
        answer("400 Bad Request", "text/html", "<title>400 The plain HTTP request was sent to HTTPS port</title>");
    let (why, _) = why_answer(Act::Answer(nginx), "/api/v2/");
    says(
        &why,
        &["plain HTTP request was sent to HTTPS port", "begin with https://"],
        &["should argus.url begin with http"],
    );
}

/// A file that is this test's own.
fn file(name: &str, text: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-advice-{name}", std::process::id()));
    std::fs::write(&path, text).unwrap();
    path
}

/// Why a server with this certificate is not believed by who trusts its CA.
fn why_tls(name: &str, ca: &OwnCa) -> String {
    let fake =
        FakeArgus::with(Manners { tls: Some(ca.server.clone()), ..Manners::default() }, |_| json("200 OK", "{}"));
    why_of(&Settings { ca_file: Some(file(name, &ca.pem)), ..settings(&fake.url()) })
}

#[test]
fn an_unknown_ca_is_called_that() {
    let ca = OwnCa { pem: OwnCa::new("127.0.0.1").pem, server: OwnCa::new("127.0.0.1").server };
    says(&why_tls("unknown.pem", &ca), &["no CA in argus.ca_file", "unknown.pem"], &["argus.ca_file"]);
}

#[test]
fn a_certificate_for_another_name_says_for_which() {
    let why = why_tls("name.pem", &OwnCa::new("argus.example.org"));
    says(&why, &["is for argus.example.org, not for 127.0.0.1"], &["put one of the names"]);
}

#[test]
fn an_expired_certificate_says_since_when() {
    let old = OwnCa::with("127.0.0.1", |own| {
        own.not_before = rcgen::date_time_ymd(2019, 1, 1);
        own.not_after = rcgen::date_time_ymd(2020, 1, 2);
    });
    says(&why_tls("expired.pem", &old), &["has expired", "2020-01-02T00:00:00Z"], &["renew it"]);
    let early = OwnCa::with("127.0.0.1", |own| own.not_before = rcgen::date_time_ymd(3019, 1, 1));
    says(&why_tls("early.pem", &early), &["is not valid before 3019-01-01T00:00:00Z", "clock"], &[]);
}

#[test]
fn a_certificate_that_is_a_cas_own_gets_the_command_for_one_that_works() {
    let why = why_tls("alone.pem", &OwnCa::alone("127.0.0.1"));
    says(&why, &["is marked as a CA's"], &["argus.ca_file", "openssl req"]);
    let command = why.split_once("openssl req").and_then(|(_, rest)| rest.split(';').next()).unwrap();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-openssl", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let made = Command::new("sh").args(["-c", &format!("openssl req{command}")]).current_dir(&folder).output().unwrap();
    assert!(made.status.success(), "{command}: {}", String::from_utf8_lossy(&made.stderr));
    let certificate = CertificateDer::from_pem_file(folder.join("argus.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(folder.join("argus.key")).unwrap();
    let tls = serving(certificate.to_vec(), key.secret_der());
    let fake = FakeArgus::with(Manners { tls: Some(Arc::clone(&tls)), ..Manners::default() }, |_| json("200 OK", "{}"));
    let ca_file = Some(folder.join("argus.pem"));
    Client::new(&Settings { ca_file, ..settings(&fake.url()) }).unwrap().check_token().unwrap();
}
