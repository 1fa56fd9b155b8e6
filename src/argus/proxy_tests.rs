use super::*;
use proptest::prelude::*;

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::of(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
}

/// What is said of the way to https://argus.example.org, for people.
fn way(variables: &[(&str, &str)]) -> String {
    way_to("https", "argus.example.org", 443, variables)
}

fn way_to(scheme: &str, host: &str, port: u16, variables: &[(&str, &str)]) -> String {
    match Route::choose(&environment(variables), scheme, host, port) {
        Ok(Route::Direct) => "direct".to_owned(),
        Ok(Route::Exempt { variable, why }) => format!("not {variable}: {why}"),
        Ok(Route::Through(via)) => via.description(),
        Err(why) => why,
    }
}

const PROXY: &str = "http://proxy.example.org:3128";

#[test]
fn the_variable_of_the_scheme_counts_and_then_that_of_all() {
    let through = |variable: &str| format!("{PROXY}, of the variable {variable}");
    let other = "http://other.example.org:1";
    assert_eq!(way(&[]), "direct");
    assert_eq!(way(&[("HTTPS_PROXY", PROXY)]), through("HTTPS_PROXY"));
    assert_eq!(way(&[("HTTP_PROXY", PROXY)]), "direct");
    assert_eq!(way_to("http", "argus.example.org", 80, &[("HTTP_PROXY", PROXY)]), through("HTTP_PROXY"));
    assert_eq!(way_to("http", "argus.example.org", 80, &[("HTTPS_PROXY", PROXY)]), "direct");
    assert_eq!(way(&[("ALL_PROXY", PROXY)]), through("ALL_PROXY"));
    assert_eq!(way(&[("ALL_PROXY", other), ("HTTPS_PROXY", PROXY)]), through("HTTPS_PROXY"));
    assert_eq!(way(&[("HTTPS_PROXY", other), ("https_proxy", PROXY)]), through("https_proxy"));
    assert_eq!(way(&[("HTTPS_PROXY", other), ("https_proxy", "")]), "direct");
    assert_eq!(way(&[("HTTPS_PROXY", "")]), "direct");
    assert_eq!(way(&[("https_proxy", ""), ("all_proxy", PROXY)]), through("all_proxy"));
    assert_eq!(way(&[("PROXY", PROXY), ("FTP_PROXY", PROXY)]), "direct");
}

#[test]
fn an_address_may_lack_its_scheme_and_port_and_hides_user_and_password() {
    let shown = |value: &str| way(&[("https_proxy", value)]);
    assert_eq!(shown("proxy.example.org:3128"), format!("{PROXY}, of the variable https_proxy"));
    assert_eq!(shown(" http://proxy.example.org:3128/ "), format!("{PROXY}, of the variable https_proxy"));
    assert_eq!(shown("proxy"), "http://proxy:80, of the variable https_proxy");
    assert_eq!(shown("HTTPS://proxy"), "https://proxy:443, of the variable https_proxy");
    assert_eq!(shown("http://[2001:db8::1]:8080"), "http://[2001:db8::1]:8080, of the variable https_proxy");
    for value in ["user:hunter2@proxy:3128", "http://user:hunter2@proxy:3128"] {
        assert_eq!(shown(value), "http://proxy:3128, of the variable https_proxy");
    }
}

#[test]
fn what_is_no_proxy_is_an_error_that_names_the_variable_and_hides_the_value() {
    for value in
        ["socks5://hunter2@proxy", "ftp://hunter2", "http://", "http://hunter2:x", "http:// hunter2", "http://h:0"]
    {
        let why = way(&[("ALL_PROXY", value)]);
        assert!(why.starts_with("the variable ALL_PROXY names no proxy that can be used: "), "{value}: {why}");
        assert!(!why.contains("hunter2"), "{why}");
    }
    assert!(!format!("{:?}", environment(&[("ALL_PROXY", "http://u:hunter2@h")])).contains("hunter2"));
}

#[test]
fn this_host_is_never_reached_through_a_proxy() {
    for host in
        ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "[::ffff:127.0.0.1]", "localhost", "LocalHost.", "a.localhost"]
    {
        let way = way_to("http", host, 8000, &[("http_proxy", PROXY)]);
        assert_eq!(way, "not http_proxy: argus.url names this host", "{host}");
    }
    for host in ["128.0.0.1", "localhost.example.org", "notlocalhost", "[2001:db8::1]"] {
        assert!(way_to("http", host, 8000, &[("http_proxy", PROXY)]).starts_with(PROXY), "{host}");
    }
}

/// Each line: `NO_PROXY`, the host and port of `argus.url`, whether it is reached directly. What
/// requests 2.34 and httpx 0.28 do was seen by running them; where they differ, a comment says so.
#[test]
fn no_proxy_is_read_as_python_programs_read_it() {
    let argus = "argus.example.org";
    let table = [
        ("argus.example.org", argus, 443, true),
        ("ARGUS.Example.ORG", argus, 443, true),
        ("example.org", argus, 443, true),
        (".example.org", argus, 443, true),
        ("org", argus, 443, true),
        ("xample.org", argus, 443, false),
        ("gus.example.org", argus, 443, false),
        ("argus.example.org.example.org", argus, 443, false),
        // requests: yes, httpx: no
        (".argus.example.org", argus, 443, true),
        // neither of them
        ("*.example.org", argus, 443, false),
        ("*", argus, 443, true),
        // requests: no, httpx: yes
        ("other.example.org,*", argus, 443, true),
        ("other.example.net, example.org", argus, 443, true),
        ("other.example.net example.org", argus, 443, false),
        (" ,,", argus, 443, false),
        ("argus.example.org:8443", argus, 8443, true),
        ("example.org:8443", argus, 8443, true),
        ("argus.example.org:8443", argus, 443, false),
        // requests: only if argus.url has the port too, httpx: never
        ("argus.example.org:443", argus, 443, true),
        ("192.0.2.7", "192.0.2.7", 443, true),
        ("192.0.2.70", "192.0.2.7", 443, false),
        ("192.0.2.7:8443", "192.0.2.7", 8443, true),
        // requests: yes, httpx: no, although its comments say so
        ("192.0.2.0/24", "192.0.2.7", 443, true),
        ("192.0.2.0/29", "192.0.2.9", 443, false),
        ("192.0.2.0/33", "192.0.2.7", 443, false),
        ("0.0.0.0/0", "192.0.2.7", 443, true),
        ("192.0.2.0/24", argus, 443, false),
        ("2001:db8::1", "[2001:db8::1]", 443, true),
        ("2001:db8:0::1", "[2001:db8::1]", 443, true),
        ("[2001:db8::1]:8443", "[2001:db8::1]", 8443, true),
        ("[2001:db8::1]:8443", "[2001:db8::1]", 443, false),
        ("2001:db8::/32", "[2001:db8::1]", 443, true),
        ("2001:db9::/32", "[2001:db8::1]", 443, false),
        ("::/0", "[2001:db8::1]", 443, true),
    ];
    for (no_proxy, host, port, direct) in table {
        let way = way_to("https", host, port, &[("HTTPS_PROXY", PROXY), ("NO_PROXY", no_proxy)]);
        let expected = if direct { "not HTTPS_PROXY: NO_PROXY exempts the host of argus.url" } else { PROXY };
        assert!(way.starts_with(expected), "NO_PROXY={no_proxy} {host}:{port}: {way}");
    }
    let both = [("HTTPS_PROXY", PROXY), ("NO_PROXY", "example.org"), ("no_proxy", "")];
    assert!(way(&both).starts_with("not HTTPS_PROXY"), "an empty no_proxy hides nothing");
    let both = [("HTTPS_PROXY", PROXY), ("NO_PROXY", "example.org"), ("no_proxy", "example.net")];
    assert!(way(&both).starts_with(PROXY), "the one in lower case counts");
}

fn via(value: &str) -> Via {
    match Route::choose(&environment(&[("http_proxy", value)]), "http", "argus.example.org", 80) {
        Ok(Route::Through(via)) => via,
        _ => panic!("no proxy: {value}"),
    }
}

#[test]
fn user_and_password_are_shown_to_the_proxy_as_they_were_meant_and_to_nobody_else() {
    assert_eq!(via(PROXY).authorization(), None);
    let via = via("http://us%40er:p%3Aw@proxy:1");
    let header = via.authorization().unwrap();
    // From `printf 'us@er:p:w' | base64`.
    assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Basic dXNAZXI6cDp3", true));
    assert_eq!(crate::sanitise::redact::foreign("Basic dXNAZXI6cDp3 is p:w"), "Basic (secret) is (secret)");
}

#[test]
fn without_tls_requests_are_passed_on_and_with_tls_there_is_a_tunnel() {
    let is_forwarder = |value: &str, scheme: &str| via(value).forwarder(scheme, "x").is_some();
    assert!(is_forwarder("http://proxy:1", "http") && !is_forwarder("http://proxy:1", "https"));
    assert!(!is_forwarder("https://proxy:1", "http"));
}

proptest! {
    #[test]
    fn any_environment_gives_a_way_or_an_error(value in "\\PC*|[a-z:@/\\[\\]%0-9.]{0,30}", no_proxy: String) {
        let variables = [("HTTPS_PROXY", value.as_str()), ("NO_PROXY", no_proxy.as_str())];
        let _ = way(&variables);
    }
}
