//! Proxies that the environment names: what they are asked for, and what they never see or show.

use super::*;
use crate::fake_argus::{Act, FakeArgus, Manners, json};
use crate::fake_proxy::FakeProxy;
use crate::own_ca::OwnCa;
use zinoargus::argus::ArgusServer;

const CREDENTIALS: &str = "user:hunter2@";
// From `printf 'user:hunter2' | base64`.
const ENCODED: &str = "dXNlcjpodW50ZXIy";

/// A client whose environment names a proxy, by this variable.
fn behind(proxy: &FakeProxy, variable: &str, credentials: &str, url: &str, ca: Option<&OwnCa>) -> Client {
    let proxy = format!("http://{credentials}{}", proxy.address);
    let environment = Environment::of([(variable.to_owned(), proxy)]);
    let ca_file = ca.map(|ca| crate::tls::file("proxies.pem", &ca.pem));
    Client::new(&Settings { environment, ca_file, ..settings(url) }).unwrap()
}

fn over_tls() -> (OwnCa, FakeArgus) {
    let ca = OwnCa::new("argus.example.org");
    let manners = Manners { tls: Some(ca.server.clone()), ..Manners::default() };
    let fake = FakeArgus::with(manners, |_| json("200 OK", INCIDENT));
    (ca, fake)
}

#[test]
fn with_tls_a_tunnel_leads_to_argus_and_the_proxy_sees_no_token() {
    let (ca, fake) = over_tls();
    let proxy = FakeProxy::to(fake.address);
    for variable in ["HTTPS_PROXY", "all_proxy"] {
        let argus = behind(&proxy, variable, CREDENTIALS, "https://argus.example.org/api/v2/", Some(&ca));
        assert_eq!(argus.create(&new_incident()).unwrap().pk, 1);
        assert_eq!(argus.incident(1).unwrap().unwrap().pk, 1);
    }
    let heads = proxy.heads();
    assert_eq!((heads.len(), fake.seen().len()), (2, 4), "a tunnel is used again");
    for head in heads {
        assert!(head.starts_with("CONNECT argus.example.org:443 HTTP/1.1\r\n"), "{head}");
        assert!(head.contains(&format!("Proxy-Authorization: Basic {ENCODED}\r\n")), "{head}");
        assert!(!head.contains(TOKEN), "{head}");
    }
    assert!(fake.seen().iter().all(|seen| seen.header("proxy-authorization").is_none()));
}

#[test]
fn without_tls_each_request_names_argus_whole_and_shows_the_proxy_its_password() {
    let fake = FakeArgus::always(json("200 OK", INCIDENT));
    let proxy = FakeProxy::to(fake.address);
    let argus = behind(&proxy, "http_proxy", CREDENTIALS, "http://argus.example.org:8000/api/v2/", None);
    argus.create(&new_incident()).unwrap();
    argus.incident(1).unwrap();
    let seen = fake.seen();
    let targets: Vec<_> = seen.iter().map(|seen| (seen.method.as_str(), seen.target.as_str())).collect();
    let prefix = "http://argus.example.org:8000/api/v2/incidents";
    assert_eq!(targets, [("POST", format!("{prefix}/").as_str()), ("GET", format!("{prefix}/1/").as_str())]);
    for seen in &seen {
        assert_eq!(seen.header("host"), Some("argus.example.org:8000"));
        assert_eq!(seen.header("proxy-authorization"), Some(format!("Basic {ENCODED}").as_str()));
    }
    assert_eq!(proxy.heads().len(), 1, "the connection is used again");
}

#[test]
fn this_host_and_what_no_proxy_names_is_reached_without_it() {
    let fake = FakeArgus::always(json("200 OK", INCIDENT));
    let proxy = FakeProxy::answering("HTTP/1.1 500 Oh\r\n\r\n");
    let argus = behind(&proxy, "HTTP_PROXY", "", &fake.url(), None);
    argus.incident(1).unwrap();
    assert_eq!(argus.proxy().unwrap(), "not through the proxy of HTTP_PROXY: argus.url names this host");
    assert!(proxy.heads().is_empty());
    assert_eq!(client(&fake).proxy(), None);
}

#[test]
fn a_proxy_that_wants_another_password_executed_nothing_and_the_error_shows_none() {
    let refusal = format!("HTTP/1.1 407 No\r\nContent-Length: {}\r\n\r\nBasic {ENCODED} hunter2", ENCODED.len() + 14);
    let proxy = FakeProxy::answering(&refusal);
    for (url, variable) in [("https://argus.example.org/", "HTTPS_PROXY"), ("http://argus.example.org/", "HTTP_PROXY")]
    {
        for (credentials, expected) in
            [(CREDENTIALS, "refuses the user and password"), ("", "wants a user and a password")]
        {
            let argus = behind(&proxy, variable, credentials, url, None);
            let why = refused(argus.create(&new_incident()));
            assert!(why.contains(&format!("http://{}", proxy.address)) && why.contains(variable), "{why}");
            assert!(why.contains(expected) && why.contains("407"), "{why}");
            assert!(!why.contains("hunter2") && !why.contains(ENCODED), "{why}");
            let said = argus.proxy().unwrap();
            assert!(!said.contains("hunter2") && said.contains(&proxy.address.to_string()), "{said}");
        }
    }
}

#[test]
fn a_proxy_that_repeats_its_password_in_an_error_does_not_bring_it_into_ours() {
    let page = format!("HTTP/1.1 502 No\r\nContent-Length: {}\r\n\r\nyou sent Basic {ENCODED}", ENCODED.len() + 15);
    let proxy = FakeProxy::answering(&page);
    let argus = behind(&proxy, "http_proxy", CREDENTIALS, "http://argus.example.org/", None);
    let (why, status) = unknown(argus.create(&new_incident()));
    assert!(status == Some(502) && why.contains("you sent Basic (secret)"), "{why}");
}

#[test]
fn a_proxy_that_cannot_be_reached_or_does_not_lead_there_is_named_with_its_variable() {
    let proxy = FakeProxy::answering("HTTP/1.1 503 No\r\n\r\n");
    let argus = behind(&proxy, "https_proxy", "", "https://argus.example.org/", None);
    let why = refused(argus.create(&new_incident()));
    assert!(why.contains("does not lead to https://argus.example.org") && why.contains("503"), "{why}");

    let nobody = FakeProxy::missing();
    for (url, variable) in [("https://argus.example.org/", "HTTPS_PROXY"), ("http://argus.example.org/", "HTTP_PROXY")]
    {
        let why = refused(behind(&nobody, variable, "", url, None).create(&new_incident()));
        assert!(why.contains(&format!("the proxy http://{}", nobody.address)) && why.contains(variable), "{why}");
    }
}

#[test]
fn a_variable_that_names_no_proxy_is_an_error_without_its_value() {
    let environment = Environment::of([("ALL_PROXY".to_owned(), "socks5://u:hunter2@h".to_owned())]);
    let why = Client::new(&Settings { environment, ..settings("https://argus.example.org/") }).unwrap_err();
    assert!(why.contains("ALL_PROXY") && !why.contains("hunter2"), "{why}");
}

#[test]
fn an_answer_through_a_tunnel_that_does_not_come_is_a_time_out_of_unknown_outcome() {
    let ca = OwnCa::new("argus.example.org");
    let fake = FakeArgus::with(Manners { tls: Some(ca.server.clone()), ..Manners::default() }, |_| Act::Stall);
    let proxy = FakeProxy::to(fake.address);
    let environment = Environment::of([("https_proxy".to_owned(), format!("http://{}", proxy.address))]);
    let ca_file = Some(crate::tls::file("stall.pem", &ca.pem));
    let timeout = Duration::from_secs(1);
    let settings = Settings { environment, ca_file, timeout, ..settings("https://argus.example.org/") };
    let (why, status) = unknown(Client::new(&settings).unwrap().create(&new_incident()));
    assert!(status.is_none() && why.contains("argus.timeout") && why.contains("through the proxy"), "{why}");
}
