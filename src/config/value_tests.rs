use super::*;
use serde::de::DeserializeOwned;
use std::fmt;
use toml::de::ValueDeserializer;

pub fn read<T: DeserializeOwned>(source: &str) -> Result<T, String> {
    T::deserialize(ValueDeserializer::parse(source).unwrap()).map_err(|error| error.message().to_owned())
}

pub fn check<T: fmt::Debug + PartialEq + DeserializeOwned>(source: &str, expected: Result<T, &str>) {
    assert_eq!(read::<T>(source), expected.map_err(str::to_owned), "{source}");
}

#[test]
fn seconds_are_within_bounds_whole_or_fractional() {
    check("2", Ok(Seconds::of::<2>()));
    check("0.25", Ok(Time::<DAY>(Duration::from_millis(250))));
    check("0x10", Ok(Seconds::of::<16>()));
    check("864000", Ok(Grace::of::<864_000>()));
    for source in ["0", "-1", "0.0", "-0.5", "inf", "-inf", "nan", "1e300"] {
        let error = read::<Seconds>(source).unwrap_err();
        assert_eq!(error.to_lowercase(), format!("must be between 0.1 and 86400 seconds (a day), not {source}"));
    }
    check::<Seconds>("\"2\"", Err("must be a number of seconds, not text (write it without quotes)"));
}

#[test]
fn numbers_have_bounds_and_flags_are_true_or_false() {
    check("1", Ok(Port::of::<1>()));
    check("65535", Ok(Port::of::<65535>()));
    check::<Port>("0", Err("must be between 1 and 65535, not 0"));
    check::<Port>("65536", Err("must be between 1 and 65535, not 65536"));
    check::<Port>("-9223372036854775808", Err("must be between 1 and 65535, not -9223372036854775808"));
    for beyond in ["9223372036854775808", "123456789012345678901", &"9".repeat(50)] {
        check::<Port>(beyond, Err("is a number with too many digits"));
    }
    check::<Port>("8001.0", Err("must be a whole number, not a fractional number"));
    check("true", Ok(Flag(true)));
    check::<Flag>("1", Err("must be true or false, not a whole number"));
    check::<Level>("6", Err("must be between 1 and 5, not 6"));
}

#[test]
fn urls_are_texts_that_lead_to_an_api() {
    assert_eq!(
        read::<ApiUrl>("'https://argus.example.org/api/v2/'").unwrap().as_str(),
        "https://argus.example.org/api/v2"
    );
    check::<ApiUrl>("''", Err("must not be empty"));
    check::<ApiUrl>("7", Err("must be text, not a whole number (put it in quotes)"));
    check::<ApiUrl>("'argus.example.org'", Err("must begin with http:// or https://"));
}

#[test]
fn a_value_of_another_kind_is_called_what_it_is() {
    for (source, kind) in [
        ("1.5", "a fractional number"),
        ("true", "true or false"),
        ("1979-05-27", "a date or time"),
        ("[1]", "a list"),
        ("{ a = 1 }", "a section"),
        ("{}", "a section"),
    ] {
        check::<Secret>(source, Err(&format!("must be text, not {kind} (put it in quotes)")));
    }
}
