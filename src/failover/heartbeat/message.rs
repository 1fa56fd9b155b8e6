//! Encodes one SNMP v2c question and decodes its answer. Never panics, whatever the bytes, and
//! never reads more than one value.

use snmp::{MessageType, Pdu, Value};
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;

/// zinoUpTime.0, 1.3.6.1.4.1.2428.130.1.1.1.0, as it is encoded.
const ZINO_UP_TIME: [u8; 13] = [0x2b, 6, 1, 4, 1, 0x92, 0x7c, 0x81, 0x02, 1, 1, 1, 0];

const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;
const GET: u8 = 0xa0;
const VERSION_2C: u8 = 1;

/// A GET of zinoUpTime.0.
#[derive(Clone)]
pub struct Question {
    id: i32,
    community: Vec<u8>,
}

/// How a datagram answers a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The answer: seconds.
    Uptime(u64),
    /// An answer to this question, but without an uptime.
    Useless(String),
    /// No answer to this question: garbled, late, or from another sender. The answer may still
    /// arrive.
    Foreign(String),
}

impl Question {
    /// A question with a random number, which identifies its answer from any address.
    #[must_use]
    pub fn new(community: &str) -> Self {
        // Four bytes whatever the number, so that no encoding of it is longer than it must be.
        let number = random() % 0x7f80_0000 + 0x0080_0000;
        Self::numbered(i32::try_from(number).unwrap_or(i32::MAX), community)
    }

    /// A question with this number, for tests.
    #[must_use]
    pub fn numbered(id: i32, community: &str) -> Self {
        Self { id, community: latin_1(community) }
    }

    /// As it goes on the wire.
    #[must_use]
    pub fn bytes(&self) -> Vec<u8> {
        let binding = tagged(SEQUENCE, &[tagged(OBJECT_IDENTIFIER, &[ZINO_UP_TIME.to_vec()]), tagged(NULL, &[])]);
        let zero = tagged(INTEGER, &[vec![0]]);
        let id = tagged(INTEGER, &[self.id.to_be_bytes().to_vec()]);
        let get = tagged(GET, &[id, zero.clone(), zero, tagged(SEQUENCE, &[binding])]);
        let community = tagged(OCTET_STRING, std::slice::from_ref(&self.community));
        tagged(SEQUENCE, &[tagged(INTEGER, &[vec![VERSION_2C]]), community, get])
    }

    /// Judges a datagram.
    #[must_use]
    pub fn hear(&self, datagram: &[u8]) -> Heard {
        let foreign = |why: &str| Heard::Foreign(why.to_owned());
        let pdu = match Pdu::from_bytes(datagram) {
            Ok(pdu) => pdu,
            Err(error) => return Heard::Foreign(format!("a datagram that is not SNMP came ({error})")),
        };
        if pdu.message_type != MessageType::Response {
            return foreign("an SNMP message that is no answer came");
        }
        if pdu.req_id != self.id || pdu.community != self.community {
            return foreign("an answer to another question came");
        }
        if pdu.error_status != 0 {
            return Heard::Useless(format!("the agent answers with error {}", error_name(pdu.error_status)));
        }
        match pdu.varbinds.clone().next() {
            Some((name, value)) if name.as_bytes() == ZINO_UP_TIME => seconds(&value),
            Some(_) => Heard::Useless("the agent answers about something else than zinoUpTime".to_owned()),
            None => Heard::Useless("the agent answers without a value that can be read".to_owned()),
        }
    }
}

/// Whether SNMP can encode this community: Zino's agent takes each character for one byte.
#[must_use]
pub fn can_be_sent(community: &str) -> bool {
    community.chars().all(|character| u8::try_from(character).is_ok())
}

/// The bytes of a community. The configuration refuses one with other characters.
fn latin_1(community: &str) -> Vec<u8> {
    community.chars().map(|character| u8::try_from(character).unwrap_or(b'?')).collect()
}

/// 32 random bits.
fn random() -> u32 {
    // A system without the call: the standard library has seeded its hash from the system too.
    system_random().unwrap_or_else(|| u32::try_from(RandomState::new().hash_one(0u8) >> 32).unwrap_or_default())
}

#[cfg(target_os = "linux")]
fn system_random() -> Option<u32> {
    let mut bytes = [0; 4];
    let got = rustix::rand::getrandom(&mut bytes, rustix::rand::GetRandomFlags::empty());
    (got == Ok(4)).then(|| u32::from_ne_bytes(bytes))
}

#[cfg(not(target_os = "linux"))]
fn system_random() -> Option<u32> {
    None
}

/// Zino sends a Counter32. Any number proves that the primary is up.
fn seconds(value: &Value<'_>) -> Heard {
    match *value {
        Value::Counter32(n) | Value::Unsigned32(n) => Heard::Uptime(n.into()),
        Value::Timeticks(n) => Heard::Uptime(u64::from(n / 100)),
        Value::Counter64(n) => Heard::Uptime(n),
        Value::Integer(n) if n >= 0 => Heard::Uptime(n.unsigned_abs()),
        Value::NoSuchObject | Value::NoSuchInstance | Value::EndOfMibView => {
            Heard::Useless("the agent does not know zinoUpTime; it is not Zino's".to_owned())
        }
        _ => Heard::Useless("the agent answers with something that is not a number".to_owned()),
    }
}

/// The names of RFC 3416 that Zino's agent uses.
fn error_name(status: u32) -> String {
    match status {
        2 => "noSuchName".to_owned(),
        5 => "genErr".to_owned(),
        6 => "noAccess".to_owned(),
        16 => "authorizationError".to_owned(),
        other => other.to_string(),
    }
}

/// A value with its tag and length.
fn tagged(tag: u8, parts: &[Vec<u8>]) -> Vec<u8> {
    let content = parts.concat();
    let mut all = vec![tag];
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => all.push(short),
        _ => {
            let length = content.len().to_be_bytes();
            let digits: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
            all.push(0x80 | u8::try_from(digits.len()).unwrap_or_default());
            all.extend(digits);
        }
    }
    all.extend(content);
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: i32 = 0x1234_5678;

    /// What a real Zino 2.5.2 answered to our question, with the number above.
    const REAL: [u8; 49] =
        *b"\x30\x2f\x02\x01\x01\x04\x06public\xa2\x22\x02\x04\x12\x34\x56\x78\x02\x01\x00\x02\x01\x00\
        \x30\x14\x30\x12\x06\x0d\x2b\x06\x01\x04\x01\x92\x7c\x81\x02\x01\x01\x01\x00\x41\x01\x1c";

    fn ours() -> Question {
        Question::numbered(ID, "public")
    }

    /// The real answer with the bytes at a offset replaced.
    fn with(offset: usize, bytes: &[u8]) -> Vec<u8> {
        let mut reply = REAL.to_vec();
        reply[offset..offset + bytes.len()].copy_from_slice(bytes);
        reply
    }

    #[test]
    fn the_question_is_the_one_that_zino_answers() {
        let captured = b"\x30\x2e\x02\x01\x01\x04\x06public\xa0\x21\x02\x04\x12\x34\x56\x78\x02\x01\x00\x02\x01\x00\
            \x30\x13\x30\x11\x06\x0d\x2b\x06\x01\x04\x01\x92\x7c\x81\x02\x01\x01\x01\x00\x05\x00";
        assert_eq!(ours().bytes(), captured);
    }

    #[test]
    fn a_community_of_any_length_can_be_sent() {
        for length in [0, 1, 127, 128, 255, 256, 70_000] {
            let question = Question::numbered(ID, &"c".repeat(length));
            let bytes = question.bytes();
            let pdu = Pdu::from_bytes(&bytes).unwrap();
            assert_eq!((pdu.community.len(), pdu.req_id), (length, ID));
        }
    }

    #[test]
    fn a_community_outside_ascii_is_sent_as_one_byte_for_each_character() {
        let bytes = Question::numbered(ID, "h\u{fc}sh\u{ff}").bytes();
        assert_eq!(Pdu::from_bytes(&bytes).unwrap().community, b"h\xfcsh\xff");
        assert!(can_be_sent("h\u{fc}sh\u{ff}") && !can_be_sent("h\u{100}"));
    }

    #[test]
    fn each_question_has_a_number_of_its_own_in_four_bytes() {
        let ids: Vec<i32> = (0..100).map(|_| Question::new("").id).collect();
        assert!(ids.iter().all(|id| *id >= 0x0080_0000));
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]));
    }

    #[test]
    fn the_answer_of_a_real_zino_is_its_uptime() {
        assert_eq!(ours().hear(&REAL), Heard::Uptime(28));
    }

    #[test]
    fn any_kind_of_number_will_do() {
        assert_eq!(ours().hear(&with(46, &[0x02])), Heard::Uptime(28));
        assert_eq!(ours().hear(&with(46, &[0x42])), Heard::Uptime(28));
        assert_eq!(ours().hear(&with(46, &[0x46])), Heard::Uptime(28));
        assert_eq!(ours().hear(&with(46, &[0x43])), Heard::Uptime(0));
    }

    #[test]
    fn an_answer_that_tells_no_uptime_says_why() {
        for (offset, bytes, expected) in [
            (23, &[6_u8][..], "the agent answers with error noAccess"),
            (23, &[5], "the agent answers with error genErr"),
            (46, &[0x04], "the agent answers with something that is not a number"),
            (46, &[0x02, 1, 0xff], "the agent answers with something that is not a number"),
            (44, &[0x02], "the agent answers about something else than zinoUpTime"),
            (46, &[0x41, 9], "the agent answers without a value that can be read"),
        ] {
            assert_eq!(ours().hear(&with(offset, bytes)), Heard::Useless(expected.to_owned()));
        }
        let mut unknown = with(46, &[0x80, 0]);
        unknown.pop();
        for (offset, less) in [(1, 0x2e), (14, 0x21), (28, 0x13), (30, 0x11)] {
            unknown[offset] = less;
        }
        let expected = "the agent does not know zinoUpTime; it is not Zino's";
        assert_eq!(ours().hear(&unknown), Heard::Useless(expected.to_owned()));
    }

    #[test]
    fn what_is_not_the_answer_to_this_question_may_be_followed_by_it() {
        for (reply, expected) in [
            (with(17, &[0x13]), "an answer to another question came"),
            (with(7, b"q"), "an answer to another question came"),
            (with(13, &[0xa0]), "an SNMP message that is no answer came"),
            (with(4, &[3]), "a datagram that is not SNMP came (Unsupported SNMP version)"),
            (Vec::new(), "a datagram that is not SNMP came (ASN.1 unexpected end of file)"),
            (REAL[..40].to_vec(), "a datagram that is not SNMP came (ASN.1 invalid length)"),
        ] {
            assert_eq!(ours().hear(&reply), Heard::Foreign(expected.to_owned()));
        }
    }

    /// Changes some bytes, cuts, or lengthens.
    fn mutated(changes: &[(usize, u8)], cut: usize, more: &[u8]) -> Vec<u8> {
        let mut reply = REAL.to_vec();
        for (offset, byte) in changes {
            let offset = offset % reply.len();
            reply[offset] = *byte;
        }
        reply.truncate(cut);
        reply.extend(more);
        reply
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn no_mutated_answer_makes_it_panic(
            changes in prop::collection::vec((any::<usize>(), any::<u8>()), 0..6),
            cut in 30_usize..60,
            more in prop::collection::vec(any::<u8>(), 0..20),
        ) {
            let _ = ours().hear(&mutated(&changes, cut, &more));
        }

        #[test]
        fn no_datagram_makes_it_panic(datagram in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = ours().hear(&datagram);
        }
    }

    /// The same by the million: `FUZZ=20000000 cargo test --lib millions_of -- --ignored
    /// --nocapture`. Not in release mode, where an overflow would go unseen.
    #[test]
    #[ignore = "long"]
    fn millions_of_datagrams_do_not_make_it_panic() {
        let times: u64 = std::env::var("FUZZ").map_or(1_000_000, |n| n.parse().unwrap());
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut random = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        let byte = |random: u64| random.to_be_bytes()[0];
        let interesting =
            [0x00, 0x01, 0x7f, 0x80, 0x81, 0x84, 0x88, 0x89, 0xfe, 0xff, 0x30, 0xa2, 0xa4, 0x40, 0x41, 0x46];
        let mut seen = [0_u64; 3];
        for n in 0..times {
            let datagram = if n % 4 == 0 {
                (0..random() % 120).map(|_| byte(random())).collect()
            } else {
                let some = |random: u64| {
                    if random.is_multiple_of(2) { byte(random) } else { interesting[usize::from(byte(random)) % 16] }
                };
                let changes: Vec<(usize, u8)> =
                    (0..random() % 5).map(|_| (usize::from(byte(random())), some(random()))).collect();
                let cut = if random() % 3 == 0 { usize::from(byte(random())) % 50 } else { 49 };
                let more: Vec<u8> = (0..random() % 6).map(|_| byte(random())).collect();
                mutated(&changes, cut, &more)
            };
            match ours().hear(&datagram) {
                Heard::Uptime(_) => seen[0] += 1,
                Heard::Useless(_) => seen[1] += 1,
                Heard::Foreign(_) => seen[2] += 1,
            }
        }
        println!("{times} datagrams: {} uptimes, {} useless, {} foreign", seen[0], seen[1], seen[2]);
    }
}
