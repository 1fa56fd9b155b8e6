use super::*;
use crate::config::value::tests::check;
use proptest::prelude::*;

#[test]
fn hosts_are_names_or_addresses() {
    for good in ["localhost", "zino.example.org", "192.0.2.1", "2001:db8::1", "fe80::1%eth0"] {
        check(&format!("'{good}'"), Ok(Host(good.to_owned())));
    }
    for (source, expected) in [
        ("''", "must not be empty"),
        ("'https://x'", "must be a name or an address, not a URL"),
        ("'[::1]'", "must be an address without brackets"),
        ("'x:8001'", "must be a name or an address; the port has a key of its own"),
        ("'a b'", "must be one name or address, without blanks and slashes"),
    ] {
        check::<Host>(source, Err(expected));
    }
}

#[test]
fn small_values_mean_what_they_say() {
    check("'example.org'", Ok(Domain("example.org".to_owned())));
    check("'.example.org'", Ok(Domain("example.org".to_owned())));
    check("''", Ok(Domain::default()));
    check::<User>("'a b'", Err("must be one word, without blanks"));
    check("'public'", Ok(Community::default()));
}

proptest! {
    #[test]
    fn any_text_is_a_value_or_an_error(text in any::<String>()) {
        let text = || Text(text.clone());
        let _ = (Host::try_from(text()), User::try_from(text()), Domain::try_from(text()), Community::try_from(text()));
    }
}
