//! What a dry run reads of a Zino that it does not write to.

use super::super::decode;
use super::*;

/// One open case with number 5; any command that writes is a panic.
struct Real;

fn real_case() -> Case {
    let lines: Vec<Vec<u8>> =
        ["id: 5", "router: gw1", "type: reachability", "state: open", "opened: 100"].map(Into::into).into();
    decode::case(&lines).unwrap()
}

impl ZinoServer for Real {
    fn case_ids(&mut self) -> Result<Vec<CaseId>, ZinoError> {
        Ok(vec![5])
    }

    fn case(&mut self, id: CaseId, _: WantsLog<'_>) -> Result<Option<Case>, ZinoError> {
        Ok((id == 5).then(real_case))
    }

    fn look_up(&mut self, _: &[CaseId], _: WantsLog<'_>) -> Result<LookedUp, ZinoError> {
        Ok(LookedUp { cases: vec![real_case()], unknown: vec![6] })
    }

    fn add_history(&mut self, _: CaseId, _: &str) -> Result<(), ZinoError> {
        panic!("a dry run adds to a history")
    }

    fn set_state(&mut self, _: CaseId, _: &CaseState) -> Result<(), ZinoError> {
        panic!("a dry run sets a state")
    }
}

#[test]
fn what_would_be_written_is_read_also_over_the_next_connection() {
    let memory = Memory::default();
    let mut zino = Rehearsed::new(Real, Some(memory.clone()), "argus");
    zino.add_history(5, "fixed\r\n (alice) ").unwrap();
    zino.set_state(5, &CaseState::Open).unwrap();
    zino.set_state(5, &CaseState::Closed).unwrap();
    let mut zino = Rehearsed::new(Real, Some(memory), "argus");
    let case = zino.case(5, &|_| false).unwrap().unwrap();
    let entries: Vec<_> = case.history.iter().map(|e| (e.header.as_str(), e.lines.join("/"))).collect();
    let expected = [("argus", "fixed/(alice)".to_owned()), ("state change open -> closed (argus)", String::new())];
    assert_eq!(entries, expected);
    assert!(case.is_closed() && case.closed.is_some());
    assert_eq!(zino.case_ids(), Ok(Vec::new()));
    let found = zino.look_up(&[5, 6], &|_| false).unwrap();
    assert_eq!((found.cases, found.unknown), (vec![case], vec![6]));
}

#[test]
#[should_panic = "a dry run sets a state"]
fn without_a_memory_everything_is_sent() {
    let mut zino = Rehearsed::new(Real, None, "argus");
    assert_eq!(zino.case_ids(), Ok(vec![5]));
    drop(zino.set_state(5, &CaseState::Closed));
}
