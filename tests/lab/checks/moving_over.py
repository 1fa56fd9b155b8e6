"""Started on what the Python program left behind: the same config file, the same incidents (IDENT-8)."""

import time

from labkit.argus_people import instant, tags
from labkit.oracle import description, expected_tags
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

HOUR = 3600


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
        ours = {**incident, "tags": [one for one in incident["tags"] if one["added_by"] == world.source["user"]]}
        assert tags(ours) == expected_tags(attrs, "example.org"), tags(ours)
        assert incident["description"] == description(attrs)
        return instant(incident["start_time"]) == int(attrs["opened"])
    eventually(same, 20, f"incident {pk} follows case {case}")


@check
def what_the_python_program_left_behind_is_taken_over(world):
    """Nothing is created twice, nothing is closed, nothing is repeated; what happened in between is delivered."""
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


@check
def tags_that_people_added_do_not_change_what_an_incident_of_the_python_program_is_about(world):
    """Alice tags the incident of one router with the names of another router and of another kind: neither takes it over. The domain
    changes, so that our own tag comes after hers."""
    world.zino.start()
    case = world.zino.case("reachability", "gw1", opened=ago(hours=2))
    world.config["zino"]["default_domain"] = "old.example.com"
    program = world.python_program()
    program.start()
    pk = world.incident(case)["pk"]
    program.stop()
    world.config["zino"]["default_domain"] = "example.org"
    for tag in ("host=gw2.example.org", "event_type=alarm", "host=alias.example.org"):
        world.alice.request("POST", f"{pk}/tags/", {"tag": tag})
    world.daemon.start()
    follows(world, case, pk)
    world.daemon.restart()
    other = world.zino.case("reachability", "gw2")
    world.ford.add_history(case, "about the first")
    world.ford.add_history(other, "about the second")
    assert world.matches(other)["pk"] != pk
    eventually(lambda: [one["text"] for one in world.argus.events(pk, "OTH") if one["ours"]] == ["ford\nabout the first"], 20,
               "the history of the first router's case in its own incident")
    world.zino.modify(case, priority=500)
    eventually(lambda: "priority=500" in {tag["tag"] for tag in world.argus.incident(pk)["tags"]}, 20, "the new priority")
    world.still([case, other])
    assert {"host=gw1.example.org", "host=gw2.example.org"} <= {tag["tag"] for tag in world.argus.incident(pk)["tags"]}
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.still([case, other])
    assert len(world.argus.incidents()) == 2


def summer_time_that_ended(seconds):
    """A time zone of one's own: its summer time ended so many seconds ago, at two hours before UTC."""
    end = time.gmtime(time.time() - seconds + 2 * HOUR)
    day = end.tm_yday - (end.tm_year % 4 == 0 and end.tm_yday > 59)  # this way of counting knows no 29th of February
    return f"WIN-1SUM-2,J1/0,J{day}/{end.tm_hour}:{end.tm_min}:{end.tm_sec}"


@check
def what_the_python_program_sent_an_hour_off_is_not_sent_again(world):
    """It gives all times the offset of the day it was started on: started after the clocks were put back, it is an hour off."""
    world.zino.start()
    entry = ago(minutes=70)
    case = world.zino.case("reachability", "gw1", opened=ago(hours=2), history=[[entry, "ford\nfirst\nsecond line"]])
    program = world.python_program()
    program.environment = {"TZ": summer_time_that_ended(600)}
    program.start()
    pk = world.incident(case)["pk"]
    sent = eventually(lambda: world.argus.events(pk, "OTH"), 20, "the Python program sends history")
    program.stop()
    off = [int(sent[0]["at"]) - entry, int(instant(world.argus.incident(pk)["start_time"])) - int(world.ford.attrs(case)["opened"])]
    assert off == [HOUR, HOUR], f"the Python program is off by {off}"
    world.daemon.start()
    world.still([case])
    world.ford.add_history(case, "and now")
    eventually(lambda: len(world.argus.events(pk, "OTH")) > 1, 20, "the entry made since")
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.still([case])
    assert [one["text"] for one in world.argus.events(pk, "OTH")] == ["ford\nfirst\nsecond line", "ford\nand now"]
    assert len(world.argus.incidents()) == 1


@check
def open_alarm_incidents_from_before_get_their_type_once(world):
    """The incidents that the Python program made of a red and a yellow alarm: one PATCH each, and none after a restart."""
    world.zino.start()
    cases = world.zino.cases([case_of("alarm", "gw1", colour, opened=ago(hours=2)) for colour in ("red", "yellow")])
    program = world.python_program()
    program.start()
    pks = {case: one["pk"] for case, one in world.incidents(cases).items()}
    program.stop()
    before = len(world.writes())
    world.daemon.start()
    for case, pk in pks.items():
        follows(world, case, pk)
    world.settled()
    patched = world.writes()[before:]
    assert len(patched) == 2 and all(line.startswith("PATCH") for line in patched), f"not one PATCH each: {patched}"
    world.daemon.restart()
    world.settled()
    assert len(world.writes()) == before + 2, f"written again: {world.writes()[before + 2:]}"
