"""The same four directions with the program stopped during the change (PRINCIPLE-1, PRINCIPLE-2)."""

from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago


def six_cases(world):
    """Six cases with their incidents, then the program stopped."""
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}", opened=ago(hours=1)) for n in range(6)]
    pks = [world.matches(case)["pk"] for case in cases]
    return cases, pks


def change_everything(world, cases, pks):
    """Every kind of change, one a case: operators in Zino, people in Argus."""
    world.ford.add_history(cases[0], "while you\nwere away")
    world.zino.modify(cases[0], priority=500)
    world.ford.add_history(cases[1], "last words")
    world.ford.set_state(cases[1], "closed")
    world.alice.close(pks[2], "closed at night")
    world.alice.ack(pks[3], "seen at night")
    world.bob.ack(pks[3])
    world.bob.ticket(pks[4], "https://tickets.example.org/4")
    world.ford.set_state(cases[5], "closed")
    world.alice.close(pks[5], "me too")


def everything_arrived(world, cases, pks):
    """Each change is on the other side, once."""
    world.matches(cases[0])
    world.ended(pks[1])
    world.has_entry(cases[2], "closed at night (alice)", "closed")
    world.has_entry(cases[3], "seen at night (alice)", "working")
    world.has_entry(cases[3], "(bob)")
    world.has_entry(cases[4], "Ticket https://tickets.example.org/4 added by Argus user bob", "open")
    world.has_entry(cases[5], "me too (alice)", "closed")


@check
def what_happened_while_it_was_stopped_is_carried_afterwards(world):
    """All four directions, once each; and a second restart changes nothing on either side."""
    cases, pks = six_cases(world)
    world.daemon.stop()
    change_everything(world, cases, pks)
    new = world.zino.case("bgp", "gw9", "192.0.2.9", opened=ago(minutes=5))
    world.daemon.start()
    everything_arrived(world, cases, pks)
    world.matches(new)
    last = world.ford.history(cases[1])[-1]
    assert [(end["at"], end["text"]) for end in world.argus.events(pks[1], "END")] == [(last.at, last.header)]
    world.still(cases)
    before = world.fingerprint(cases)
    world.daemon.restart()
    world.still(cases)
    assert world.fingerprint(cases) == before


@check
def what_happened_while_it_was_killed_is_carried_afterwards(world):
    """SIGKILL in the middle of everything, several times: nothing lost, nothing double."""
    cases, pks = six_cases(world)
    change_everything(world, cases, pks)
    for _ in range(4):
        reads = world.reads()
        eventually(lambda: world.reads() > reads, 20, "it asks Argus")
        world.daemon.kill()
        world.daemon.start()
    everything_arrived(world, cases, pks)
    world.still(cases)


@check
def a_scavenged_case_is_gone_while_it_was_stopped(world):
    """Closed and forgotten by Zino while the program was away: doubt is not an answer, a log line is."""
    cases, pks = six_cases(world)
    world.daemon.stop()
    world.ford.set_state(cases[0], "closed")
    world.zino.scavenge(cases[0])
    world.daemon.start()
    world.matches(cases[1])
    world.still(cases[1:])
    assert world.argus.incident(pks[0])["open"], "an incident was closed because Zino does not know its case"
    assert not world.entries_of_ours(cases[1])


@check
def a_case_that_is_certainly_scavenged_is_ended_with_a_word_about_it(world):
    """Old enough, and Zino remembers cases from before and after it: then it is over, and the incident says why it ended."""
    world.config["sync"]["orphan_grace"] = 3
    world.start()
    # later the first has no older witness, and the fourth began less than eight hours ago: those stay for a person to decide
    cases = [world.zino.case("reachability", f"gw{n}", opened=ago(hours=hours)) for n, hours in enumerate((12, 11, 10, 5, 1))]
    pks = [world.matches(case)["pk"] for case in cases]
    world.daemon.stop()
    for gone in (cases[2], cases[3]):
        world.ford.set_state(gone, "closed")
        world.zino.scavenge(gone)
    world.daemon.start()
    world.ended(pks[2], deadline=40)
    end, = world.argus.events(pks[2], "END")
    assert end["text"] and abs(end["at"] - end["received"]) < 5, f"END is {end}"
    world.settled()
    assert world.argus.incident(pks[3])["open"], "ended although it began less than eight hours ago"
    world.daemon.stop()
    world.ford.set_state(cases[0], "closed")
    world.zino.scavenge(cases[0])
    world.daemon.start()
    world.settled()
    assert world.argus.incident(pks[0])["open"], "ended without an older case as a witness"
    world.still([cases[1], cases[4]])


@check
def zino_away_and_back(world):
    """Zino restarted with its state: the program reconnects by itself and goes on."""
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.zino.restart()
    world.ford.add_history(case, "Zino is back")
    world.matches(case, deadline=40)
    world.alice.ack(pk, "good")
    world.has_entry(case, "good (alice)", "working", deadline=40)
    world.still([case])
