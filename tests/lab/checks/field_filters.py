"""One write that does not get through, and everything else that must (FAIL-4, FAIL-5). What answers 400, 403 or 413 stands before a real
Argus; what an END without effect looks like comes from Uninett/Argus#935."""

import contextlib
import re

from labkit import oracle
from labkit.runner import check
from labkit.waiting import eventually
from labkit.world import GLUE_USER

EVENTS = r"/incidents/\d+/events/$"
UNFIT = "unfit words"
ANSWERS = {400: b'{"description":["no"]}', 403: b"<html><title>403 Forbidden</title></html>", 413: b"<html><h1>Too large</h1></html>"}


def warnings(world, words):
    """The warnings with these words."""
    return [line for line in world.daemon.log().splitlines() if re.search(r"\bWARN\b", line) and words in line]


def has_history(world, case, pk, deadline):
    """Wait until each entry of the case's history is an event, once."""
    def there():
        oracle.check_events(world.argus.events(pk), world.ford.history(case), GLUE_USER)
        return True
    eventually(there, deadline, f"the history of case {case} is complete in incident {pk}")


def refuses_text(world, status):
    """Whatever is between refuses one history entry: all else goes both ways, and the entry follows at a full look."""
    proxy = world.through_argus_proxy()
    world.config["sync"]["full_interval"] = 20
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.settled()
    rule = proxy.rule("status", method="POST", path=EVENTS, body=UNFIT, status=status, text=ANSWERS[status])
    world.ford.add_history(case, UNFIT)
    eventually(lambda: rule.hits, 10, "the entry is posted")
    world.ford.add_history(case, "fit words")
    world.alice.ack(pk, "on it")
    world.has_entry(case, f"on it ({world.alice.name})", "working")
    world.alice.ticket(pk, "https://t.example.org/1")
    world.has_entry(case, f"Ticket https://t.example.org/1 added by Argus user {world.alice.name}")
    world.ford.set_state(case, "closed")
    world.ended(pk)
    told = warnings(world, "left out until the case changes or the next full look")
    assert len(told) == 1, f"not one warning: {told}"
    for word in (f"case {case} ", f"incident {pk}", UNFIT, str(status)):
        assert word in told[0], f"{word} is not in: {told[0]}"
    proxy.heal()
    has_history(world, case, pk, 60)
    world.still([case])


@check
def a_refused_history_entry_stops_nothing_else_400(world):
    """A 400 to one history entry: later entries, END, acknowledgement and ticket arrive, and at a full look the entry, too."""
    refuses_text(world, 400)


@check
def a_refused_history_entry_stops_nothing_else_403(world):
    """The same for the 403 of a filter in front of Argus."""
    refuses_text(world, 403)


@check
def a_refused_history_entry_stops_nothing_else_413(world):
    """The same for the 413 of a proxy that finds it too large."""
    refuses_text(world, 413)


@check
def a_refused_write_is_not_forgotten_because_a_later_case_of_the_problem_goes_well(world):
    """One passing 413 while a case closes, then a new case of the same problem: the first incident ends, with all its history."""
    proxy = world.through_argus_proxy()
    world.config["sync"]["full_interval"] = 20
    world.start()
    first = world.zino.case("reachability", "gw1")
    pk = world.matches(first)["pk"]
    world.settled()
    rule = proxy.rule("status", method="POST", path=EVENTS, body=UNFIT, status=413, text=ANSWERS[413], times=1)
    world.ford.add_history(first, UNFIT)
    world.ford.set_state(first, "closed")
    eventually(lambda: rule.hits, 10, "the entry is posted")
    second = world.zino.case("reachability", "gw1")
    assert world.matches(second)["pk"] != pk
    world.ended(pk)
    has_history(world, first, pk, 60)
    world.matches(second)
    world.still([first, second])


@contextlib.contextmanager
def kept_open(world, pk):
    """Argus takes what would end the incident, records it, and the incident stays open."""
    def sql(text):
        world.lab.cluster.sql(text, world.argus_server.database)
    name = f"kept_open_{int(pk)}"
    sql(f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN IF NEW.id = {int(pk)} THEN NEW.end_time := 'infinity'; END IF; RETURN NEW; END $$")
    sql(f"CREATE TRIGGER {name} BEFORE UPDATE ON argus_incident_incident FOR EACH ROW EXECUTE FUNCTION {name}()")
    try:
        yield
    finally:
        sql(f"DROP TRIGGER {name} ON argus_incident_incident; DROP FUNCTION {name}()")


@check
def an_end_without_effect_is_tried_twice_and_then_at_full_looks(world):
    """Uninett/Argus#935: END is answered 201 and recorded, and the incident stays open. Two events, one warning, and no burst."""
    world.config["sync"]["full_interval"] = 20
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.settled()
    with kept_open(world, pk):
        world.ford.set_state(case, "closed")
        world.daemon.logged("without effect")
        tries = len(world.argus.events(pk, "END"))
        assert 2 <= tries <= 3, f"{tries} END events"
        eventually(lambda: len(world.argus.events(pk, "END")) >= tries + 2, 80, "two full looks")
        # Each full look is some 20 s after the one before.
        found = world.argus.events(pk, "END")
        assert len(found) <= tries + 3, f"{len(found)} END events"
        assert len(warnings(world, "without effect")) == 1, world.daemon.tail()
        assert world.argus.incident(pk)["open"]
        # What a person does about it still reaches Zino.
        world.alice.ack(pk, "why is it open?")
        world.has_entry(case, f"why is it open? ({world.alice.name})")
    world.ended(pk, deadline=60)
    world.still([case])
