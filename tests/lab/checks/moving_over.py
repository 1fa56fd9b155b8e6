"""Started on what the Python program left behind: the same config file, the same incidents (design 5)."""

from labkit.argus_people import instant, tags
from labkit.oracle import description, expected_tags
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of


def left_behind(world):
    """Cases of all kinds, with incidents and history that the real Python program has made; then it is stopped."""
    world.zino.start()
    cases = world.zino.cases([
        case_of("reachability", "gw1", opened=ago(hours=2), history=[[ago(minutes=70), "ford\nfirst\nsecond line"]]),
        case_of("portstate", "gw1", 5, opened=ago(hours=2), descr="customer, \"10G\" Ærlig"),
        case_of("bgp", "gw1.other.net", "2001:db8::5", opened=ago(hours=2)),
        case_of("alarm", "gw1", "red", opened=ago(hours=2)),
        case_of("alarm", "gw1", "yellow", opened=ago(hours=2)),
        case_of("reachability", "gw2", opened=ago(hours=2)),
        case_of("reachability", "gw3", opened=ago(hours=2)),
    ])
    program = world.python_program()
    program.start()
    incidents = world.incidents(cases)
    eventually(lambda: world.argus.events(incidents[cases[0]]["pk"], "OTH"), 20, "the Python program sends history")
    world.ford.set_state(cases[6], "closed")
    world.ended(incidents[cases[6]]["pk"])
    program.stop()
    return cases, {case: one["pk"] for case, one in incidents.items()}


def follows(world, case, pk):
    """The incident of the Python program has this case's tags and description."""
    def same():
        attrs, incident = world.ford.attrs(case), world.argus.incident(pk)
        assert tags(incident) == expected_tags(attrs, "example.org"), tags(incident)
        assert incident["description"] == description(attrs)
        return instant(incident["start_time"]) == int(attrs["opened"])
    eventually(same, 20, f"incident {pk} follows case {case}")


@check
def what_the_python_program_left_behind_is_taken_over(world):
    """Nothing is created twice, nothing is closed, nothing is repeated; what happened in between is carried."""
    cases, pks = left_behind(world)
    world.ford.add_history(cases[0], "while nobody ran")
    world.zino.modify(cases[1], priority=500)
    world.ford.set_state(cases[2], "closed")
    world.alice.close(pks[cases[3]], "closed while nobody ran")
    world.bob.ack(pks[cases[4]], "acked while nobody ran")
    world.bob.ticket(pks[cases[5]], "https://tickets.example.org/5")
    new = world.zino.case("reachability", "gw4")
    world.daemon.start()
    world.matches(new)
    follows(world, cases[1], pks[cases[1]])
    world.ended(pks[cases[2]])
    world.has_entry(cases[3], "closed while nobody ran (alice)", "closed")
    world.has_entry(cases[4], "acked while nobody ran (bob)", "working")
    world.has_entry(cases[5], "Ticket https://tickets.example.org/5 added by Argus user bob", "open")
    eventually(lambda: len(world.argus.events(pks[cases[0]], "OTH")) == 2, 20, "the entry made in between")
    world.still(cases)
    assert len(world.argus.incidents()) == len(cases) + 1, "an incident was created twice"
    assert [one["pk"] for one in world.argus.incidents()][:-1] == sorted(pks.values())
    assert {one["pk"] for one in world.argus.incidents(open=True)} >= {pks[cases[n]] for n in (0, 1, 4, 5)}


@check
def incidents_of_the_python_program_live_on_and_end(world):
    """Taken over, they follow their cases to the end like our own, also after a restart."""
    cases, pks = left_behind(world)
    world.daemon.start()
    for case in cases[:6]:
        follows(world, case, pks[case])
    world.still(cases)
    world.daemon.restart()
    world.still(cases)
    for case in cases[:6]:
        world.ford.add_history(case, "the end is near")
        world.ford.set_state(case, "closed")
    for case in cases[:6]:
        world.ended(pks[case])
    world.still(cases)
    assert len(world.argus.incidents()) == len(cases)
