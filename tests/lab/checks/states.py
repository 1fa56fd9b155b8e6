"""A state of Zino shows in Argus as an acknowledgement, and an acknowledgement's text reaches Zino (ACK)."""

import time

from labkit.argus_people import instant
from labkit.runner import check
from labkit.waiting import eventually
from labkit.world import GLUE_USER

ACKS = r"/incidents/\d+/acks/$"
SHOWN = ["working", "waiting", "ignored"]
# How long an acknowledgement lasts after its state was left, and some time for it to be noticed.
OVER = 40


def begin(world, **keys):
    """The program with states that show; gives the number of a case and the key of its incident."""
    world.config["sync"]["acknowledge"] = {"from_states": SHOWN, **keys}
    world.start()
    case = world.zino.case("reachability", "gw1")
    return case, world.matches(case)["pk"]


def ours(world, pk):
    """The texts of our acknowledgements, oldest first."""
    return [event["text"] for event in world.argus.events(pk, "ACK") if event["ours"]]


def in_force(world, pk):
    """Who acknowledges the incident now, oldest first."""
    now = time.time()
    acks = sorted(world.alice.request("GET", f"{pk}/acks/"), key=lambda ack: ack["pk"])
    return [ack["event"]["actor"]["username"] for ack in acks if ack["expiration"] is None or instant(ack["expiration"]) > now]


def shows(world, pk, *texts):
    """Wait until we have acknowledged it with these texts, the last of which is in force."""
    def there():
        assert ours(world, pk) == list(texts), f"our acknowledgements: {ours(world, pk)}"
        return world.argus.incident(pk)["acked"]
    eventually(there, 30, f"incident {pk} shows {texts[-1]!r}")


def is_over(world, pk):
    """Wait until no acknowledgement is in force."""
    eventually(lambda: not world.argus.incident(pk)["acked"], OVER, f"incident {pk} is acknowledged no more")


@check
def a_state_shows_in_argus_while_it_lasts_and_a_persons_acknowledgement_stays(world):
    """Enter, leave and enter again; one acknowledgement per stay, through several states; `history` carries a person's text and not ours."""
    case, pk = begin(world, history=True)
    before = len(world.requests())
    world.ford.set_state(case, "working")
    shows(world, pk, "state change open -> working (ford)")
    world.ford.set_state(case, "waiting")
    world.matches(case)
    world.settled()
    entered = [one for one in world.requests()[before:] if "/acks/" in one["path"]]
    world.alice.ack(pk, "I know of it")
    world.has_entry(case, "I know of it (alice)", "waiting")
    before = len(world.requests())
    world.ford.set_state(case, "open")
    eventually(lambda: in_force(world, pk) == ["alice"], OVER, "ours is over and alice's stays")
    world.settled()
    left = [one for one in world.requests()[before:] if "/acks/" in one["path"]]
    world.ford.set_state(case, "ignored")
    shows(world, pk, "state change open -> working (ford)", "state change open -> ignored (ford)")
    world.still([case])
    world.daemon.restart()
    world.still([case])
    assert world.entries_of_ours(case) == ["I know of it (alice)"], "our own acknowledgement came back as an entry"
    assert not world.states_of_ours(case)
    assert [one["method"] for one in entered] == ["POST"], entered
    assert sorted(one["method"] for one in left)[-1] == "PATCH" and len([one for one in left if one["method"] != "GET"]) == 1, left
    return f"requests about acknowledgements: {len(entered)} to enter two states, {len(left)} to leave them"


@check
def a_state_that_changed_while_the_program_was_down_shows_afterwards(world):
    """Entered while killed: one acknowledgement. Left while killed: it ends. Closed: it ends, and so does the incident."""
    case, pk = begin(world)
    world.daemon.kill()
    world.ford.set_state(case, "working")
    world.start()
    shows(world, pk, "state change open -> working (ford)")
    world.daemon.kill()
    world.ford.set_state(case, "open")
    world.start()
    is_over(world, pk)
    code, said = world.daemon.run("--check")
    assert code == 0 and "a case in state working or waiting or ignored is acknowledged in Argus" in said, said
    world.ford.set_state(case, "working")
    eventually(lambda: len(ours(world, pk)) == 2, 20, "it is entered again")
    world.ford.set_state(case, "closed")
    world.ended(pk)
    is_over(world, pk)
    world.still([case])
    assert len(ours(world, pk)) == 2


@check
def an_acknowledgement_whose_answer_is_lost_is_there_once(world):
    """The answers to the acknowledgement and to its end get lost, the first time with a kill: one acknowledgement, and it ends."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 2.0
    case, pk = begin(world)
    lost = proxy.rule("lose", method="POST", path=ACKS, times=1)
    world.ford.set_state(case, "working")
    eventually(lambda: lost.hits, 20, "an acknowledgement is posted")
    world.daemon.kill()
    world.start()
    shows(world, pk, "state change open -> working (ford)")
    world.still([case])
    lost = proxy.rule("lose", method="PATCH", path="/acks/", times=1)
    world.ford.set_state(case, "open")
    eventually(lambda: lost.hits, 20, "its end is written")
    is_over(world, pk)
    world.still([case])
    assert len(ours(world, pk)) == 1


@check
def setstate_and_from_states_of_one_state_do_not_circle(world):
    """A person's acknowledgement sets the case working, which shows in Argus; look after look neither side changes again."""
    case, pk = begin(world, setstate="working", history=True)
    world.alice.ack(pk, "on it")
    world.has_entry(case, "on it (alice)", "working")
    shows(world, pk, f"state change open -> working ({GLUE_USER})")
    world.still([case])
    writes, states = world.writes(), world.states_of_ours(case)
    world.refreshed(20, deadline=120)
    assert world.writes() == writes and world.states_of_ours(case) == states == ["open -> working"]
    world.ford.set_state(case, "open")
    eventually(lambda: in_force(world, pk) == ["alice"], OVER, "ours is over and alice's stays")
    world.still([case])
    assert world.ford.state(case) == "open", "a delivered acknowledgement set the state again"


@check
def a_planned_maintenance_shows_as_an_acknowledgement_each_time(world):
    """Zino records no entry when a maintenance ignores a case: it shows all the same, ends with it, and shows again at the next one."""
    world.config["sync"]["full_interval"] = 3
    case, pk = begin(world)
    for _ in range(2):
        world.zino.ask("maintenance", router="gw1", start=True)
        eventually(lambda: world.argus.incident(pk)["acked"], 20, "the maintenance shows")
        world.zino.ask("maintenance", router="gw1", start=False)
        is_over(world, pk)
    assert ours(world, pk) == [f"Case {case} is ignored in Zino 127.0.0.1"] * 2


@check
def without_from_states_no_request_is_about_acknowledgements(world):
    """`history` alone carries a person's text to Zino and no state; whatever state the case is in, Argus is asked and told nothing of it."""
    world.config["sync"]["acknowledge"] = {"history": True}
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.alice.ack(pk, "a look")
    world.has_entry(case, "a look (alice)", "open")
    for state in ("working", "open"):
        world.ford.set_state(case, state)
        world.matches(case)
    world.still([case])
    assert not [one for one in world.requests() if "/acks/" in one["path"]]
