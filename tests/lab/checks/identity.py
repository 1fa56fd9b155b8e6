"""Which incident belongs to which case when numbers repeat (IDENT)."""

from labkit.argus_people import tags
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago


def forget(world):
    """Zino loses its state: it starts empty and counts from 1 again."""
    world.daemon.stop()
    world.zino.restart(gently=False, with_state=False)


def open_incident_of(world, case, deadline=30):
    """Wait until exactly one open incident is about the case's problem, and give it.

    Argus shows an incident before it has attached the tags to it, so a look in between finds none yet.
    """
    attrs = world.ford.attrs(case)

    def one():
        found = [one for one in world.argus.incidents(open=True)
                 if one["metadata"].get("zino", {}).get("router") == attrs["router"]
                 and tags(one).get("event_type") == attrs["type"]]
        assert len(found) == 1, f"{len(found)} open incidents about {attrs['router']} {attrs['type']}"
        return found[0]
    return eventually(one, deadline, f"one open incident about case {case}")


@check
def a_number_from_an_earlier_life_gets_an_incident_of_its_own(world):
    """Number 1 was a closed case of another router: the new case 1 stays open and has its own incident."""
    world.start()
    old = world.zino.case("reachability", "old-gw", opened=ago(hours=3))
    pk = world.matches(old)["pk"]
    world.ford.set_state(old, "closed")
    world.ended(pk)
    before = world.argus.events(pk)
    forget(world)
    new = world.zino.case("portstate", "new-gw", 7)
    assert new == old
    world.daemon.start()
    incident = open_incident_of(world, new)
    assert incident["pk"] != pk and tags(incident)["host"] == "new-gw.example.org"
    world.still([new])
    assert world.ford.state(new) == "open" and not world.entries_of_ours(new)
    assert world.argus.events(pk) == before, "the old incident was touched"
    world.alice.ack(incident["pk"], "mine")
    world.has_entry(new, "mine (alice)", "working")


@check
def a_close_in_an_earlier_life_does_not_close_the_new_case(world):
    """Alice closed incident 1 of another router, or of the same one at another time: nobody closes the new case 1 for that."""
    world.start()
    cases = [world.zino.case("reachability", router, opened=ago(hours=3)) for router in ("old-gw", "same-gw")]
    pks = [world.matches(case)["pk"] for case in cases]
    for pk, case in zip(pks, cases):
        world.alice.close(pk, "over and done")
        world.has_entry(case, "over and done (alice)", "closed")
    forget(world)
    # Zino's clock gives whole seconds and the close was just now: "at another time" must be unmistakable
    new = [world.zino.case("reachability", router, opened=ago() + 120) for router in ("new-gw", "same-gw")]
    assert new == cases
    world.daemon.start()
    incidents = [open_incident_of(world, case) for case in new]
    assert not {one["pk"] for one in incidents} & set(pks)
    world.still(new)
    for case in new:
        assert world.ford.state(case) == "open" and not world.entries_of_ours(case)


@check
def an_open_incident_of_another_problem_with_the_same_number_is_left_to_people(world):
    """Zino forgot everything; its new case 1 is another problem: the old incident stays open, with a log line."""
    world.start()
    old = world.zino.case("reachability", "old-gw", opened=ago(hours=3))
    pk = world.matches(old)["pk"]
    forget(world)
    new = world.zino.case("bgp", "new-gw", "192.0.2.1")
    world.daemon.start()
    incident = open_incident_of(world, new)
    world.still([new])
    assert incident["pk"] != pk
    assert world.argus.incident(pk)["open"], "an incident was closed because Zino had forgotten its case"


@check
def the_same_problem_under_a_new_number_keeps_its_incident(world):
    """Zino forgot everything and found the same fault again: people go on in the incident that they know."""
    world.start()
    world.zino.case("alarm", "first-gw", "red")
    old = world.zino.case("reachability", "gw1", opened=ago(hours=3))
    pk = world.matches(old)["pk"]
    forget(world)
    new = world.zino.case("reachability", "gw1")
    assert new != old
    world.daemon.start()
    assert open_incident_of(world, new)["pk"] == pk
    world.ford.add_history(new, "here we go again")
    eventually(lambda: any("here we go again" in event["text"] for event in world.argus.events(pk, "OTH")), 20,
               "the new case's history in the old incident")
    world.still([new])
    world.ford.set_state(new, "closed")
    world.ended(pk)
    world.still([new])


@check
def what_was_done_before_zino_gave_the_case_anew_reaches_the_new_case(world):
    """Zino forgot everything; people acted on the incidents before and just after it found the same faults again."""
    world.start()
    world.zino.case("alarm", "first-gw", "red")
    old = [world.zino.case("reachability", router, opened=ago(hours=3)) for router in ("acked", "ticketed", "late", "lost")]
    acked, ticketed, late, lost = (world.matches(case)["pk"] for case in old)
    forget(world)
    world.alice.ack(acked, "on it")
    world.bob.ticket(ticketed, "https://tickets.example.org/1")
    new = [world.zino.case("reachability", router) for router in ("acked", "ticketed", "late", "lost")]
    world.bob.ack(late, "me too")
    world.alice.close(lost, "fixed")
    world.lose_close(lost)
    world.daemon.start()
    world.has_entry(new[0], "on it (alice)", "working")
    world.has_entry(new[1], "Ticket https://tickets.example.org/1 added by Argus user bob", "open")
    world.has_entry(new[2], "me too (bob)", "working")
    world.has_entry(new[3], "fixed (alice)", "closed")
    world.ended(lost)
    world.still(new)
    world.daemon.restart()
    world.still(new)
    for pk in (acked, ticketed, late):
        assert world.argus.incident(pk)["open"]
    assert len(world.argus.incidents()) == 5, "a case got a second incident"
