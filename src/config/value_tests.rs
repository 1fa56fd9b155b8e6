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
        let _ = (host(&value), user(&value), domain(&value));
    }
}
