use super::*;
use proptest::prelude::*;

fn check<T: std::fmt::Debug + PartialEq>(
    convert: impl Fn(&DeValue<'_>) -> Converted<T>,
    source: &str,
    expected: Result<T, &str>,
) {
    let parsed = DeValue::parse(source).unwrap();
    assert_eq!(convert(parsed.get_ref()), expected.map_err(str::to_owned), "{source}");
}

#[test]
fn seconds_are_within_bounds_whole_or_fractional() {
    check(seconds, "2", Ok(Duration::from_secs(2)));
    check(seconds, "0.25", Ok(Duration::from_millis(250)));
    check(seconds, "0x10", Ok(Duration::from_secs(16)));
    check(grace, "864000", Ok(Duration::from_secs(864_000)));
    for source in ["0", "-1", "0.0", "-0.5", "inf", "-inf", "nan"] {
        let parsed = DeValue::parse(source).unwrap();
        let error = seconds(parsed.get_ref()).unwrap_err();
        assert!(error.starts_with("must be between 0.1 and 86400 seconds (a day), not"), "{error}");
    }
    let quoted = "must be a number of seconds, not text (write it without quotes)";
    check(seconds, "\"2\"", Err(quoted));
}

#[test]
fn ports_and_levels_have_bounds() {
    check(port, "1", Ok(1));
    check(port, "65535", Ok(65535));
    check(port, "0", Err("must be between 1 and 65535, not 0"));
    check(port, "65536", Err("must be between 1 and 65535, not 65536"));
    check(port, "123456789012345678901", Err("must be between 1 and 65535, not 12345678901234567890…"));
    check(port, "8001.0", Err("must be a whole number, not a fractional number"));
    check(level, "6", Err("must be between 1 and 5, not 6"));
}

#[test]
fn urls_lose_their_last_slash_and_nothing_else() {
    for (source, expected) in [
        ("'https://argus.example.org/api/v2/'", "https://argus.example.org/api/v2"),
        ("'https://argus.example.org/api/v2'", "https://argus.example.org/api/v2"),
        ("'HTTP://[::1]:8080'", "http://[::1]:8080"),
        ("'http://localhost:8000/'", "http://localhost:8000"),
    ] {
        check(url, source, Ok(expected.to_owned()));
    }
}

#[test]
fn a_token_goes_in_clear_over_http_to_another_host() {
    for url in [
        "http://argus.example.org/api/v2",
        "http://192.0.2.1:8000",
        "http://[2001:db8::1]/x",
        "http://localhost.example.org",
    ] {
        assert!(goes_in_clear(url), "{url}");
    }
    for url in ["https://argus.example.org", "http://localhost:8000/x", "http://127.0.0.5", "http://[::1]:8000/api"] {
        assert!(!goes_in_clear(url), "{url}");
    }
}

#[test]
fn urls_that_cannot_work_are_refused() {
    for (source, expected) in [
        ("''", "must not be empty"),
        ("7", "must be text, not a whole number (put it in quotes)"),
        ("'argus.example.org'", "must begin with http:// or https://"),
        ("'ftp://x'", "must begin with http:// or https://"),
        ("'https://'", "must name a host after the two slashes"),
        ("'https:///api'", "must name a host after the two slashes"),
        ("'https://u:p@x/'", "must not hold a user or password"),
        ("'https://x/?a=b'", "must not hold a query or fragment (? or #)"),
        ("'https://x#y'", "must not hold a query or fragment (? or #)"),
        ("'https://x:0'", "must have a port between 1 and 65535, or none"),
        ("'https://x:'", "must have a port between 1 and 65535, or none"),
        ("'https://x:+80'", "must have a port between 1 and 65535, or none"),
        ("'https://::1/'", "must name a host after the two slashes"),
        ("'https://[nonsense]/'", "must hold an IPv6 address in the brackets"),
        ("'https://x y'", "must not hold blanks, or characters that a URL cannot have"),
        ("'https://blåbær.no'", "must not hold blanks, or characters that a URL cannot have"),
    ] {
        check(url, source, Err(expected));
    }
}

#[test]
fn hosts_are_names_or_addresses() {
    for good in ["localhost", "zino.example.org", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"] {
        check(host, &format!("'{good}'"), Ok(good.to_owned()));
    }
    for (source, expected) in [
        ("''", "must not be empty"),
        ("'https://x'", "must be a name or an address, not a URL"),
        ("'[::1]'", "must be an address without brackets"),
        ("'x:8001'", "must be a name or an address; the port has a key of its own"),
        ("'a b'", "must be one name or address, without blanks and slashes"),
    ] {
        check(host, source, Err(expected));
    }
}

#[test]
fn small_values_mean_what_they_say() {
    check(domain, "'example.org'", Ok(Some("example.org".to_owned())));
    check(domain, "'.example.org'", Ok(Some("example.org".to_owned())));
    check(domain, "''", Ok(None));
    check(user, "'a b'", Err("must be one word, without blanks"));
    check(setstate, "'waiting'", Ok("waiting".to_owned()));
    check(setstate, "'closed'", Err("must be \"none\", \"working\" or \"waiting\""));
    check(flag, "true", Ok(true));
    check(flag, "1", Err("must be true or false, not a whole number"));
    assert_eq!(check_token("0123456789abcdef"), Ok(()));
    assert!(check_token("a b").is_err() && check_token("å").is_err());
}

proptest! {
    #[test]
    fn any_text_is_a_value_or_an_error(text in any::<String>()) {
        let value = DeValue::String(text.as_str().into());
        let _ = (url(&value), host(&value), user(&value), domain(&value));
    }

    #[test]
    fn a_url_that_is_taken_is_one_for_the_client(path in "https?://[a-z.:0-9\\[\\]@/?#%]{0,20}") {
        if let Ok(url) = url(&DeValue::String(path.as_str().into())) {
            prop_assert!(url.parse::<ureq::http::Uri>().is_ok(), "{}", url);
        }
    }
}
