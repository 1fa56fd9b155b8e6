use super::*;
use crate::reconcile::testing::case;

fn problem(n: u64) -> Arc<Problem> {
    Arc::new(case(n).problem())
}

fn secs(n: u64) -> Duration {
    Duration::from_secs(n)
}

#[test]
fn live_work_goes_before_bulk_work_and_nothing_is_in_line_twice() {
    let mut q = Queue::default();
    q.add(&problem(1), Lane::Bulk, Rank::default());
    q.add(&problem(2), Lane::Bulk, Rank::default());
    q.add(&problem(2), Lane::Live, Rank::default());
    q.add(&problem(2), Lane::Live, Rank::default());
    assert_eq!(q.len(), 2);
    assert_eq!([q.next(), q.next(), q.next()], [Some(problem(2)), Some(problem(1)), None]);
}

#[test]
fn bulk_work_that_waited_is_still_no_hurdle_for_live_work() {
    let mut q = Queue::default();
    for n in 1..=3 {
        q.add(&problem(n), Lane::Bulk, Rank::default());
    }
    for n in 1..=3 {
        assert_eq!(q.next(), Some(problem(n)));
        q.wait_until(&problem(n), secs(5));
    }
    q.add(&problem(3), Lane::Live, Rank::default());
    q.wake(secs(5));
    q.add(&problem(4), Lane::Live, Rank::default());
    let order: Vec<_> = std::iter::from_fn(|| q.next()).collect();
    assert_eq!(order, [problem(3), problem(4), problem(1), problem(2)]);
}

#[test]
fn live_work_that_failed_comes_back_as_live_work() {
    let mut q = Queue::default();
    q.add(&problem(1), Lane::Live, Rank::default());
    let p = q.next().unwrap();
    q.start(&p, Vec::new());
    q.finish(&p);
    q.failed(&p, secs(10), "500");
    q.add(&problem(2), Lane::Bulk, Rank::default());
    q.wake_all();
    assert_eq!([q.next(), q.next()], [Some(p), Some(problem(2))]);
}

#[test]
fn what_changes_while_it_is_worked_on_is_worked_on_again() {
    let mut q = Queue::default();
    q.add(&problem(1), Lane::Live, Rank::default());
    let p = q.next().unwrap();
    q.start(&p, Vec::new());
    q.add(&p, Lane::Bulk, Rank::default());
    assert_eq!(q.next(), None);
    assert_eq!(q.finish(&p), []);
    assert_eq!(q.next(), Some(p));
}

#[test]
fn a_write_in_doubt_is_repeated_only_after_a_second_look_five_seconds_later() {
    let mut q = Queue::default();
    let p = problem(1);
    let doubt = WriteKey { incident: Some(1), what: "OTH".into() };
    q.doubtful(&p, secs(100), doubt.clone());
    assert_eq!(q.next_wake(), Some(secs(101)));
    assert_eq!(q.doubt(&p, secs(101)), Some((doubt.clone(), false)));
    q.wake(secs(101));
    q.doubtful(&p, secs(101), doubt.clone());
    assert_eq!(q.next_wake(), Some(secs(105)));
    assert_eq!(q.doubt(&p, secs(105)), Some((doubt.clone(), true)));
    q.wake(secs(105));
    q.doubtful(&p, secs(107), doubt.clone());
    assert_eq!(q.doubt(&p, secs(107)), Some((doubt, false)));
}

#[test]
fn the_trouble_of_what_is_gone_is_gone_with_it() {
    let mut q = Queue::default();
    let (p, running) = (problem(1), problem(2));
    q.failed(&p, secs(10), "500");
    q.start(&running, Vec::new());
    q.failed(&running, secs(10), "500");
    q.forget(&p);
    q.forget(&running);
    assert_eq!((q.troubles().count(), q.len(), q.next_wake()), (0, 1, None));
    q.finish(&running);
    q.idle(&running);
    assert_eq!(q.len(), 0);
}

#[test]
fn a_problem_that_waits_is_not_hurried_by_new_changes_but_by_the_servers_return() {
    let mut q = Queue::default();
    let p = problem(1);
    assert!(q.failed(&p, secs(10), "500"));
    assert!(!q.failed(&p, secs(11), "500"));
    q.add(&p, Lane::Live, Rank::default());
    assert_eq!(q.next(), None);
    q.wake_all();
    assert_eq!(q.next(), Some(p.clone()));
    assert_eq!(q.untold_troubles(), [(p.clone(), "500".to_owned())]);
    assert_eq!(q.succeeded(&p), Some("500".into()));
    assert_eq!(q.len(), 0);
}
