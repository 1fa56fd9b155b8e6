use super::*;
use proptest::prelude::*;

#[test]
fn a_header_is_three_digits_and_a_text() {
    let check = |line: &str, expected: Option<(u16, &str)>| {
        let expected = expected.map(|(code, text)| (code, text.to_owned()));
        assert_eq!(header(line.as_bytes()), expected, "{line}");
    };
    check("200 ok", Some((200, "ok")));
    check("302 please termiate", Some((302, "please termiate")));
    check("500", Some((500, "")));
    check("2000 x", None);
    check("+20 x", None);
    check("20", None);
    check("", None);
    check("1795376392 sim-gw", None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_header_parser_panic(line: Vec<u8>) {
        let _ = header(&line);
    }
}
