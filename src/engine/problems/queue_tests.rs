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
    q.add(&problem(1), Priority::Bulk, Rank::default());
    q.add(&problem(2), Priority::Bulk, Rank::default());
    q.add(&problem(2), Priority::Live, Rank::default());
    q.add(&problem(2), Priority::Live, Rank::default());
    assert_eq!(q.len(), 2);
    assert_eq!([q.take(), q.take(), q.take()], [Some(problem(2)), Some(problem(1)), None]);
}

#[test]
fn bulk_work_that_waited_is_still_no_hurdle_for_live_work() {
    let mut q = Queue::default();
    for n in 1..=3 {
        q.add(&problem(n), Priority::Bulk, Rank::default());
    }
    for n in 1..=3 {
        assert_eq!(q.take(), Some(problem(n)));
        q.delay(&problem(n), secs(5));
    }
    q.add(&problem(3), Priority::Live, Rank::default());
    q.wake(secs(5));
    q.add(&problem(4), Priority::Live, Rank::default());
    let order: Vec<_> = std::iter::from_fn(|| q.take()).collect();
    assert_eq!(order, [problem(3), problem(4), problem(1), problem(2)]);
}

#[test]
fn live_work_that_failed_comes_back_as_live_work() {
    let mut q = Queue::default();
    q.add(&problem(1), Priority::Live, Rank::default());
    let p = q.take().unwrap();
    q.start(&p, Vec::new());
    q.finish(&p, secs(10), Ended::Failed("500"));
    q.add(&problem(2), Priority::Bulk, Rank::default());
    q.wake_all();
    assert_eq!([q.take(), q.take()], [Some(p), Some(problem(2))]);
}

#[test]
fn what_changes_while_it_is_worked_on_is_worked_on_again() {
    let mut q = Queue::default();
    q.add(&problem(1), Priority::Live, Rank::default());
    let p = q.take().unwrap();
    q.start(&p, Vec::new());
    q.add(&p, Priority::Bulk, Rank::default());
    assert_eq!(q.take(), None);
    q.finish(&p, secs(0), Ended::Done);
    assert_eq!(q.take(), Some(p));
}

#[test]
fn a_write_in_doubt_is_repeated_only_after_a_second_look_five_seconds_later() {
    let mut q = Queue::default();
    let p = problem(1);
    let doubt = WriteKey { incident: Some(1), what: "OTH".into() };
    let in_doubt = |q: &mut Queue, now| {
        q.start(&problem(1), Vec::new());
        let doubt = WriteKey { incident: Some(1), what: "OTH".into() };
        q.finish(&problem(1), now, Ended::InDoubt(doubt));
    };
    in_doubt(&mut q, secs(100));
    assert_eq!(q.next_wake(), Some(secs(101)));
    assert_eq!(q.doubt(&p, secs(101)), Some((doubt.clone(), false)));
    q.wake(secs(101));
    q.take();
    in_doubt(&mut q, secs(101));
    assert_eq!(q.next_wake(), Some(secs(105)));
    assert_eq!(q.doubt(&p, secs(105)), Some((doubt.clone(), true)));
    q.wake(secs(105));
    q.take();
    in_doubt(&mut q, secs(107));
    assert_eq!(q.doubt(&p, secs(107)), Some((doubt, false)));
}

/// A run of this problem begins.
fn begins(q: &mut Queue, problem: &Arc<Problem>) {
    q.add(problem, Priority::Live, Rank::default());
    q.wake_all();
    assert_eq!(q.take().as_ref(), Some(problem));
    q.start(problem, Vec::new());
}

/// A run of this problem fails.
fn fails(q: &mut Queue, problem: &Arc<Problem>, at: Duration) {
    begins(q, problem);
    q.finish(problem, at, Ended::Failed("500"));
}

#[test]
fn the_trouble_of_what_is_gone_is_gone_with_it() {
    let mut q = Queue::default();
    let (p, running) = (problem(1), problem(2));
    fails(&mut q, &running, secs(10));
    begins(&mut q, &running);
    fails(&mut q, &p, secs(10));
    q.forget(&p);
    q.forget(&running);
    assert_eq!((q.failures().count(), q.len(), q.next_wake()), (0, 1, None));
    q.finish(&running, secs(11), Ended::Done);
    assert_eq!(q.len(), 0);
}

#[test]
fn a_problem_that_waits_is_not_hurried_by_new_changes_but_by_the_servers_return() {
    let mut q = Queue::default();
    let p = problem(1);
    fails(&mut q, &p, secs(10));
    fails(&mut q, &p, secs(11));
    q.add(&p, Priority::Live, Rank::default());
    assert_eq!(q.take(), None);
    q.wake_all();
    assert_eq!(q.take(), Some(p.clone()));
    assert_eq!(q.unlogged_failures(), [(p.clone(), "500".to_owned())]);
    q.start(&p, Vec::new());
    assert_eq!(q.finish(&p, secs(12), Ended::Done), Some("500".into()));
    assert_eq!(q.len(), 0);
}
