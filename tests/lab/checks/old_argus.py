"""An Argus with many years of history, whose newest events cost it seconds (WATCH-4)."""

from labkit.runner import check
from labkit.waiting import eventually

FEED = r"/incidents/events/\?"
WITHOUT = "Argus does not list its newest events within"


@check
def an_argus_too_old_to_show_its_newest_events_is_worked_with_all_the_same(world):
    """The events never come in time, from the start on: cases get incidents, and what people do reaches them, without an outage in the log."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 1.0
    proxy.rule("hang", method="GET", path=FEED)
    world.start()
    case, other = (world.zino.case("reachability", router) for router in ("gw1", "gw2"))
    pk, others = (world.incident(one)["pk"] for one in (case, other))
    world.ford.add_history(case, "an entry")
    world.matches(case)
    world.alice.ack(pk, "I look")
    world.has_entry(case, "I look (alice)", state="working", deadline=40)
    world.bob.ticket(pk, "https://tickets.example.org/1")
    world.has_entry(case, "Ticket https://tickets.example.org/1 added by Argus user bob")
    world.bob.close(others, "repaired")
    world.has_entry(other, "repaired (bob)", state="closed")
    world.bob.reopen(others)
    eventually(lambda: world.argus.incident(others)["open"], 10, "a person's reopening stands")
    log = world.daemon.log()
    assert log.count(WITHOUT) == 1 and "Argus cannot be used" not in log, log[-2000:]
    proxy.heal()
    third = world.zino.case("alarm", "gw3", "red")
    world.matches(third)
    world.alice.close(world.incident(third)["pk"], "over")
    world.has_entry(third, "over (alice)", state="closed")


@check
def check_says_how_long_the_newest_events_take_and_what_helps(world):
    """`--check`: a time where they come, and a warning with the index to add where they do not; no failure."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 1.0
    world.zino.start()
    code, said = world.daemon.run("--check")
    assert code == 0 and "Argus' events: the newest were read in" in said, said
    proxy.rule("hang", method="GET", path=FEED)
    code, said = world.daemon.run("--check")
    assert code == 0 and WITHOUT in said and "CREATE INDEX CONCURRENTLY" in said, said


@check
def a_single_run_does_all_its_work_without_the_newest_events(world):
    """`--once` with such an Argus: a case gets its incident, and a close that was there before reaches its case; exit code 0."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 1.0
    world.zino.start()
    case, closed = (world.zino.case("reachability", router) for router in ("gw1", "gw2"))
    code, said = world.daemon.run("--once", "-v")
    assert code == 0, said
    world.alice.close(world.matches(closed)["pk"], "over")
    proxy.rule("hang", method="GET", path=FEED)
    new = world.zino.case("bgp", "gw3", "192.0.2.1")
    code, said = world.daemon.run("--once", "-v", deadline=60)
    assert code == 0 and WITHOUT in said, said
    world.matches(case)
    world.matches(new)
    world.has_entry(closed, "over (alice)", state="closed")
