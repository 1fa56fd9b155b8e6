//! What work costs, and in which order it is done: requests, pieces of a long history, crowds of
//! cases. Nothing here is by chance.

use crate::driver::Driver;
use crate::scenarios::scenario;
use crate::{argus, world, zino};
use zinoargus::argus::models::Event;
use zinoargus::zino::case::Case;

#[test]
fn a_new_case_costs_one_post_and_a_quiet_refresh_two_requests() {
    let mut driver = Driver::new(1, scenario("alone"));
    for n in 0..50 {
        let mut world = driver.world.borrow_mut();
        let now = world.now;
        let case = Case { router: format!("r{n}").into(), ..zino::fresh_case(0) };
        world.zinos.first_mut().and_then(|zino| zino.open(now, case)).expect("a case opens");
    }
    let (reads, writes) = driver.still(20);
    assert_eq!(writes, 50, "one POST for each case");
    assert!(reads <= 4, "a few lists, and not {reads} requests");
    driver.still(60);
    assert_eq!(driver.still(180), (12, 0), "the newest events and the number of open incidents, every 30 s");
}

#[test]
fn what_is_too_much_for_one_turn_is_told_in_pieces_once_and_holds_up_nobody() {
    let mut driver = Driver::new(1, scenario("alone"));
    {
        let world = &mut *driver.world.borrow_mut();
        let zino = world.zinos.first_mut().expect("a zino");
        let long = zino.open(world.now, zino::fresh_case(0)).expect("a case opens");
        for n in 0..200 {
            zino.add_history(world.now, long, "ford", &format!("entry {n}"));
        }
        zino.open(world.now, zino::fresh_case(1)).expect("another opens");
    }
    driver.still(60);
    let (first, last) = {
        let world = driver.world.borrow();
        let of = |number: &str| {
            world.argus.incidents.values().find(|i| *i.source_incident_id == *number).expect("it is there").pk
        };
        let position = |found: &dyn Fn(&Event) -> bool| world.argus.events.iter().position(found);
        let (long, other) = (of("1"), of("2"));
        assert_eq!(world.argus.events_of(long).len(), 201, "one for each entry, and the beginning");
        (position(&|e| e.incident == other), world.argus.events.iter().rposition(|e| e.incident == long))
    };
    assert!(first < last, "the other case has its incident before all of the long history is posted");
    {
        let world = &mut *driver.world.borrow_mut();
        for _ in 0..120 {
            let at = world.argus.stamp(world.now);
            let pk = world.argus.incidents.keys().next().copied().expect("an incident");
            world.argus.person(world.now, pk, &argus::ByPerson::Acknowledge("on it".into()), at);
        }
    }
    driver.still(120);
    let world = driver.world.borrow();
    let case = world.zinos.first().and_then(|zino| zino.cases.values().find(|held| held.case.history.len() > 100));
    let ours = case.expect("it is there").case.history.iter().filter(|e| e.author() == Some(world::OUR_USER)).count();
    assert_eq!(ours, 120);
}

/// Ten cases of one second, and two of a later one, so that a page ends within the ten.
fn crowd(driver: &Driver) {
    let world = &mut *driver.world.borrow_mut();
    let Some(zino) = world.zinos.first_mut() else { return };
    for problem in 0..12 {
        let later = if problem < 10 { 0 } else { 2_000_000 };
        zino.open(world.now + later, zino::fresh_case(problem));
    }
}

#[test]
fn what_began_in_one_second_has_one_incident_each_also_under_other_numbers_and_where_argus_gives_few_at_a_time() {
    for bound in [None, Some(1)] {
        let mut driver = Driver::new(1, scenario("alone"));
        driver.world.borrow_mut().argus.bound = bound;
        crowd(&driver);
        driver.still(3600);
        assert_eq!(driver.world.borrow().argus.incidents.len(), 12);
        {
            let world = &mut *driver.world.borrow_mut();
            // So that the newest events do not show them any more.
            let at = world.argus.stamp(world.now);
            world.argus.person(world.now, 1, &argus::ByPerson::Comment, at);
            let zino = world.zinos.first_mut().expect("a zino");
            zino.restart(world.now, false);
            zino.next = 100;
            world.dead.insert(0);
        }
        crowd(&driver);
        driver.still(300);
        let world = driver.world.borrow();
        let open = world.argus.incidents.values().filter(|incident| incident.is_open()).count();
        assert_eq!(
            (open, world.argus.incidents.len()),
            (12, 12),
            "the program that starts finds those that it had made"
        );
    }
}
