use super::*;

type Came = Option<(Instant, Answer)>;

/// A stage that began so many milliseconds after `start`, with its answers.
fn stage(start: Instant, began: u64, answers: &[Came]) -> Stage {
    Stage { began: Some(start + ms(began)), answers: answers.to_vec() }
}

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn found(start: Instant, at: u64, addresses: &[&str]) -> Came {
    Some((start + ms(at), Ok(list(addresses))))
}

fn failed(start: Instant, at: u64, why: &str) -> Came {
    let failure = if why.is_empty() { Failure::NoAddress } else { Failure::Unanswered(why.to_owned()) };
    Some((start + ms(at), Err(failure)))
}

fn list(addresses: &[&str]) -> Vec<SocketAddr> {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

const FOUR: &str = "192.0.2.1:0";
const SIX: &str = "[2001:db8::1]:0";
const OTHER: &str = "192.0.2.99:0";

#[test]
fn the_answer_of_the_library_is_taken_as_it_is() {
    let t = Instant::now();
    assert_eq!(next(&[Stage::default(), Stage::default()], t), Step::Ask(0));
    let stages = [stage(t, 0, &[found(t, 3, &[FOUR, SIX])]), Stage::default()];
    assert_eq!(next(&stages, t + ms(3)), Step::Take(list(&[FOUR, SIX])));
}

#[test]
fn each_family_is_asked_on_its_own_once_the_library_fails_or_hangs() {
    let t = Instant::now();
    let hangs = [stage(t, 0, &[None]), Stage::default()];
    assert_eq!(next(&hangs, t), Step::Wait(Some(t + LIBRARY_PATIENCE)));
    assert_eq!(next(&hangs, t + LIBRARY_PATIENCE), Step::Ask(1));
    for why in ["", "Try again"] {
        let fails = [stage(t, 0, &[failed(t, 1, why)]), Stage::default()];
        assert_eq!(next(&fails, t + ms(1)), Step::Ask(1));
    }
}

#[test]
fn what_one_family_has_is_taken_although_the_other_fails_or_hangs() {
    let t = Instant::now();
    let library = stage(t, 0, &[failed(t, 1, "Try again")]);
    let other_fails = [library.clone(), stage(t, 1, &[failed(t, 3, "refused"), found(t, 2, &[FOUR])])];
    assert_eq!(next(&other_fails, t + ms(3)), Step::Take(list(&[FOUR])));
    let other_hangs = [library.clone(), stage(t, 1, &[None, found(t, 2, &[FOUR])])];
    assert_eq!(next(&other_hangs, t + ms(3)), Step::Wait(Some(t + ms(2) + RESOLUTION_DELAY)));
    assert_eq!(next(&other_hangs, t + ms(2) + RESOLUTION_DELAY), Step::Take(list(&[FOUR])));
    let both = [library, stage(t, 1, &[found(t, 2, &[SIX]), found(t, 2, &[FOUR])])];
    assert_eq!(next(&both, t + ms(2)), Step::Take(list(&[SIX, FOUR])));
}

#[test]
fn the_next_name_of_the_search_list_counts_only_if_the_one_before_has_nothing_or_hangs() {
    let t = Instant::now();
    let library = stage(t, 0, &[failed(t, 1, "Try again")]);
    let later = stage(t, 1, &[failed(t, 2, ""), found(t, 2, &[OTHER])]);
    let before = |answers: &[Came]| [library.clone(), stage(t, 1, answers), later.clone()];
    assert_eq!(next(&before(&[None, None]), t + ms(2)), Step::Wait(Some(t + ms(1) + CANDIDATE_PATIENCE)));
    assert_eq!(next(&before(&[None, None]), t + ms(1) + CANDIDATE_PATIENCE), Step::Take(list(&[OTHER])));
    assert_eq!(next(&before(&[failed(t, 2, "refused"), failed(t, 2, "")]), t + ms(2)), Step::Take(list(&[OTHER])));
    assert_eq!(next(&before(&[failed(t, 2, ""), found(t, 2, &[FOUR])]), t + ms(2)), Step::Take(list(&[FOUR])));
}

#[test]
fn a_question_that_hung_before_this_look_up_began_delays_it_no_more() {
    let t = Instant::now();
    assert_eq!(next(&[stage(t, 0, &[None]), Stage::default()], t + ms(900)), Step::Ask(1));
}

#[test]
fn no_address_is_said_only_when_nothing_else_can_be_the_reason() {
    let t = Instant::now();
    let nothing = failed(t, 1, "");
    let check = |first: Came, second: &[Came], step: Step, why: Option<Failure>| {
        let stages = [stage(t, 0, &[first]), stage(t, 0, second)];
        assert_eq!((next(&stages, t + ms(5000)), failure(&stages)), (step, why));
    };
    let unanswered = || Some(Failure::Unanswered("Try again".to_owned()));
    check(nothing.clone(), &[nothing.clone(), nothing.clone()], Step::GiveUp, Some(Failure::NoAddress));
    check(nothing.clone(), &[nothing.clone(), failed(t, 1, "Try again")], Step::GiveUp, unanswered());
    check(nothing.clone(), &[nothing.clone(), None], Step::Wait(None), None);
    check(failed(t, 1, "Try again"), &[nothing, None], Step::Wait(None), unanswered());
}

#[test]
fn families_take_turns_and_no_address_comes_twice() {
    let (sixes, fours) = (list(&[SIX, "[2001:db8::2]:0"]), list(&[FOUR, FOUR, OTHER]));
    let all = together([sixes.as_slice(), fours.as_slice()].into_iter());
    assert_eq!(all, list(&[SIX, FOUR, "[2001:db8::2]:0", OTHER]));
    let many: Vec<SocketAddr> = (0..100).map(|port| SocketAddr::from(([192, 0, 2, 1], port))).collect();
    assert_eq!(together([many.as_slice()].into_iter()).len(), MAX_ADDRESSES);
}
