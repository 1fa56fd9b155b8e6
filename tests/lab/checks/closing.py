"""The end of a case in Zino, as Argus sees it (CLOSE)."""

from labkit.runner import check
from labkit.zino_server import ago


def end_is(world, pk, at, text):
    """Wait until the incident is closed by exactly one END, with this time and text."""
    incident = world.ended(pk)
    ends = world.argus.events(pk, "END")
    assert [(end["at"], end["text"]) for end in ends] == [(at, text)], f"END events {ends}, should be one at {at}: {text!r}"
    return incident


@check
def a_case_closed_in_zino_ends_with_its_last_words(world):
    """END has the time and the text of the last history entry; nothing more happens afterwards."""
    world.start()
    case = world.zino.case("reachability", "gw1", opened=ago(hours=2))
    pk = world.matches(case)["pk"]
    world.ford.add_history(case, "rebooted it")
    world.ford.set_state(case, "closed")
    last = world.ford.history(case)[-1]
    assert last.header == "state change open -> closed (ford)"
    end_is(world, pk, last.at, last.header)
    world.matches(case)
    world.still([case])
    world.daemon.restart()
    world.still([case])


@check
def a_case_closed_by_zino_itself_ends_too(world):
    """Zino closes cases of routers that are no longer monitored."""
    world.start()
    case = world.zino.case("portstate", "gw1", 4)
    pk = world.matches(case)["pk"]
    world.zino.close(case, user="monitor")
    last = world.ford.history(case)[-1]
    end_is(world, pk, last.at, last.header)


@check
def a_scavenged_case_breaks_nothing(world):
    """Zino forgets a closed case after eight hours: the incident stays closed, and the program goes on."""
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.zino.scavenge(case)
    world.matches(world.zino.case("reachability", "gw2"))
    world.still()
    world.daemon.restart()
    world.still()
    assert not world.argus.incident(pk)["open"]


@check
def words_added_after_closing_arrive_too(world):
    """A closed case still takes history: an operator explains afterwards."""
    world.start()
    case = world.zino.case("alarm", "gw1", "yellow")
    pk = world.matches(case)["pk"]
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.ford.add_history(case, "it was the fan")
    world.matches(case)
    assert not world.argus.incident(pk)["open"]
    world.still([case])


@check
def the_same_problem_again_gets_an_incident_of_its_own(world):
    """A case closed, and a new one for the same port: two incidents, the first closed, the second open."""
    world.start()
    first = world.zino.case("portstate", "gw1", 9)
    old = world.matches(first)["pk"]
    world.ford.set_state(first, "closed")
    world.ended(old)
    second = world.zino.case("portstate", "gw1", 9)
    new = world.matches(second)["pk"]
    assert new != old
    world.still([first, second])
    assert [one["open"] for one in world.argus.incidents()] == [False, True]


@check
def closed_at_the_same_moment_on_both_sides(world):
    """Alice and Ford both close it: closed on both sides, and quiet."""
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.alice.close(pk, "done")
    world.ford.set_state(case, "closed")
    world.has_entry(case, "done (alice)", "closed")
    world.still([case])
    assert not world.argus.incident(pk)["open"]
