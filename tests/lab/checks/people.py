"""What people do in Argus, as operators find it in Zino (USER)."""

from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago


def a_case(world, router="gw1"):
    """A case with its incident."""
    case = world.zino.case("reachability", router)
    return case, world.matches(case)["pk"]


@check
def a_close_in_argus_closes_the_case_with_the_persons_name(world):
    """History gets the words and the name, then the case is closed; once each, with and without words."""
    world.start()
    case, pk = a_case(world)
    silent, silent_pk = a_case(world, "gw2")
    world.alice.close(pk, "fixed the power, Ærlig")
    world.bob.close(silent_pk)
    world.has_entry(case, "fixed the power, Ærlig (alice)", "closed")
    world.has_entry(silent, "(bob)", "closed")
    for one in (case, silent):
        assert world.states_of_ours(one) == ["open -> closed"]
    world.still([case, silent])
    world.daemon.restart()
    world.still([case, silent])


@check
def an_acknowledgement_in_argus_sets_the_case_working(world):
    """With and without words; a second acknowledgement by another person reaches Zino, too; a state set by an operator stays."""
    world.start()
    case, pk = a_case(world)
    silent, silent_pk = a_case(world, "gw2")
    world.alice.ack(pk, "looking at it")
    world.bob.ack(silent_pk)
    world.has_entry(case, "looking at it (alice)", "working")
    world.has_entry(silent, "(bob)", "working")
    world.ford.set_state(case, "waiting")
    world.bob.ack(pk, "me too")
    world.has_entry(case, "me too (bob)")
    world.still([case, silent])
    world.daemon.restart()
    world.still([case, silent])
    assert world.entries_of_ours(case) == ["looking at it (alice)", "me too (bob)"]


@check
def acknowledgements_are_not_carried_when_switched_off(world):
    """`sync.acknowledge.setstate = "none"`, the default, leaves the case alone."""
    del world.config["sync"]["acknowledge"]
    world.start()
    case, pk = a_case(world)
    world.alice.ack(pk, "looking at it")
    world.still([case])
    assert world.ford.state(case) == "open" and not world.entries_of_ours(case)


@check
def a_ticket_in_argus_is_told_in_zino_with_the_persons_name(world):
    """One entry with URL and name; a new URL is a new entry; a restart adds nothing."""
    world.start()
    case, pk = a_case(world)
    world.alice.ticket(pk, "https://tickets.example.org/browse/NOC-17?x=1&y=ø")
    world.has_entry(case, "Ticket https://tickets.example.org/browse/NOC-17?x=1&y=ø added by Argus user alice", "open")
    world.bob.ticket(pk, "https://tickets.example.org/browse/NOC-1")
    world.has_entry(case, "Ticket https://tickets.example.org/browse/NOC-1 added by Argus user bob", "open")
    world.still([case])
    world.daemon.restart()
    world.still([case])
    assert len(world.entries_of_ours(case)) == 2


@check
def a_person_may_reopen_what_zino_closed(world):
    """A REO after our END is a person's will: the incident stays open, nobody ends it again."""
    world.start()
    case, pk = a_case(world)
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.alice.reopen(pk, "not so fast")
    world.still([case])
    world.daemon.restart()
    world.still([case])
    assert world.argus.incident(pk)["open"]


@check
def a_person_closes_reopens_and_closes_again(world):
    """Two closes are two entries in Zino, however the incident went in between."""
    world.start()
    case, pk = a_case(world)
    world.alice.close(pk, "done")
    world.has_entry(case, "done (alice)", "closed")
    world.settled()  # an END that is on its way would meet the reopening, and Argus keeps what comes last
    world.alice.reopen(pk, "no")
    world.refreshed(2)
    world.alice.close(pk, "done")
    eventually(lambda: world.entries_of_ours(case) == ["done (alice)"] * 2, 15, "both closes are in the history")
    world.still([case])


@check
def acting_on_many_incidents_at_once_reaches_every_case(world):
    """Thirty closes in a row by one person: thirty cases closed, once each."""
    world.zino.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(30)]
    world.start()
    incidents = world.incidents(cases)
    world.bob.request("POST", "events/bulk/", {"ids": [one["pk"] for one in incidents.values()], "event": {
        "type": "CLO", "timestamp": incidents[cases[0]]["start_time"], "description": "night shift"}})
    for case in cases:
        world.has_entry(case, "night shift (bob)", "closed", deadline=40)
    world.still(cases)


@check
def the_blank_lines_of_a_persons_text_stand_in_zino(world):
    """A text with blank lines is recognised in Zino, so that it is delivered once."""
    world.start()
    case, pk = a_case(world)
    world.alice.ack(pk, "\n  found:\n\n   - a cut fibre\r\n\r\n\r\n- no spare one \n")
    world.has_entry(case, "found:\n\n- a cut fibre\n\n\n- no spare one (alice)", "working")
    world.still([case])
    world.daemon.restart()
    world.still([case])


@check
def our_entries_that_a_conversion_of_zinos_state_left_on_one_line_are_known(world):
    """They do not go to Argus, and prove a delivery; a second action with the same words is delivered."""
    world.start()
    case, pk = a_case(world)
    world.daemon.stop()
    world.alice.ack(pk, "on it")
    for entry in ("zinoargus on it (alice)", "state change open -> working (zinoargus)", "ford on it, too"):
        world.zino.modify(case, history=[[ago(seconds=30), entry]])
    world.ford.set_state(case, "waiting")
    world.daemon.start()
    eventually(lambda: len(world.argus.events(pk, "OTH")) == 2, 20, "the history of ford")
    world.still([case])
    assert [one["text"] for one in world.argus.events(pk, "OTH")] == ["ford on it, too", "state change open -> waiting (ford)"]
    assert (world.entries_of_ours(case), world.ford.state(case)) == ([], "waiting")
    world.alice.ack(pk, "on it")
    world.has_entry(case, "on it (alice)", "working")
    world.still([case])
