"""What an incident says about its case, and which cases have none (CASE, CREATE, TAGS)."""

from labkit.argus_people import instant, tags
from labkit.oracle import level
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

DESCRIPTIONS = ["Ærfugl – Ålesund, 100G", 'the "big" one, with = and \' and \\', "a=b, c=d", "日本, 東京 → Oslo", "trailing comma,", "double  blanks,  inside",
                "percent %s {braces}, \u00a0 no-break", "<b>html</b>, & more"]
PRIORITIES = [100, 199, 200, 499, 500, 0, 1000, 300]


def forty_cases():
    """Eight cases of each of the five types, with everything that could be quoted wrongly."""
    cases = []
    for n in range(8):
        more = {"priority": PRIORITIES[n], "opened": ago(minutes=60 + n)}
        router = [f"gw{n}", f"gw{n}.other.net"][n % 2]
        cases += [
            case_of("portstate", router, n + 1, descr=DESCRIPTIONS[n], port=f"xe-0/{n}/0.{n}", **more),
            case_of("bgp", router, ["192.0.2.9", "2001:db8::9"][n % 2], remote_as=64500 + n, **more),
            case_of("bfd", router, n + 1, **more),
            case_of("reachability", router, **more),
            case_of("alarm", router, ["red", "yellow"][n % 2], **more),
        ]
    return cases


@check
def forty_cases_of_all_types_arrive_attribute_by_attribute(world):
    """Every field of every incident is as the case says; BFD and ports that do not count have none."""
    world.zino.start()
    numbers = world.zino.cases(forty_cases())
    dull = world.zino.cases([
        case_of("portstate", "gw0", 101, descr="lab port without a separator"),
        case_of("portstate", "gw0", 102, log=["gw0: port came up"], descr="customer, 1G"),
        case_of("portstate", "gw0", 103, interesting=False, descr=""),
    ])
    world.start()
    wanted = [number for number in numbers if world.ford.attrs(number)["type"] != "bfd"]
    assert len(wanted) == 32
    world.incidents(wanted)
    for number in wanted:
        world.matches(number)
    world.still()
    assert len(world.argus.incidents()) == len(wanted), "BFD cases or dull ports have incidents"
    posts = [one for one in world.writes() if "/events/" not in one]
    assert len(posts) == len(wanted), f"{len(wanted)} new cases should cost as many POSTs: {len(posts)}, dull: {dull}"


@check
def a_new_case_of_every_type_appears_while_it_runs(world):
    """Not only what was there at the start: a case opened later appears at once, with all fields."""
    world.start()
    for case in (("portstate", "gw1", 3), ("bgp", "gw1", "192.0.2.3"), ("reachability", "gw1"), ("alarm", "gw1", "red")):
        world.matches(world.zino.case(*case, opened=ago(minutes=3)))


@check
def a_port_that_becomes_interesting_later_appears_then(world):
    """A port without a down line in its log, or out of production, has no incident until that changes."""
    world.zino.start()
    quiet = world.zino.case("portstate", "gw1", 1, log=["nothing happened yet"], descr="customer, 10G")
    unused = world.zino.case("portstate", "gw1", 2, descr="not in production")
    seen = world.zino.case("reachability", "gw1")
    world.start()
    world.incident(seen)
    world.refreshed(1)
    assert len(world.argus.incidents()) == 1, "a port that does not count has an incident"
    world.zino.modify(quiet, log=["linkDown trap received"], portstate="down")
    world.matches(quiet)
    world.zino.modify(unused, descr="now in production, 1G")
    world.matches(unused)


@check
def a_case_that_comes_and_goes_in_an_instant_is_on_record_and_closed(world):
    """Opened and closed within milliseconds: one incident each, closed, with Zino's times."""
    world.start()
    world.matches(world.zino.case("reachability", "gw0"))
    cases = []
    for n in range(1, 6):
        cases.append(world.zino.case("reachability", f"gw{n}", opened=ago(minutes=2)))
        world.zino.close(cases[-1])
    for case in cases:
        incident = world.ended(world.incident(case)["pk"])
        closed = world.ford.history(case)[-1].at
        assert instant(incident["end_time"]) == closed, f"end_time {incident['end_time']}, should be {closed}"
    world.still(cases)
    assert len(world.argus.incidents()) == 6


@check
def a_changed_priority_or_description_follows(world):
    """Priority changes level and tag; a description changes text and tag; the incident stays the same one."""
    world.start()
    case = world.zino.case("portstate", "gw1", 5, descr="customer A, 10G", priority=100)
    pk = world.matches(case)["pk"]
    for change in ({"priority": 500}, {"descr": "customer Å = \"new\", 100G"}, {"priority": 250, "descr": "customer C, 1G"}):
        world.zino.modify(case, **change)
        assert world.matches(case)["pk"] == pk
    world.still([case])


@check
def a_level_set_by_hand_is_left_alone(world):
    """A person's level stays when other things change; only a new priority sets it again. Tags of others stay too."""
    world.start()
    case = world.zino.case("portstate", "gw1", 5, descr="customer A, 10G", priority=100)
    pk = world.matches(case)["pk"]
    world.bob.patch(pk, level=2)
    world.bob.request("POST", f"{pk}/tags/", {"tag": "note=by_bob"})
    world.refreshed(2)
    world.zino.modify(case, descr="customer B, 10G")

    def followed():
        incident = world.argus.incident(pk)
        found = tags(incident)
        return found.get("description") == "customer B, 10G" and found.get("note") == "by_bob" and incident
    incident = eventually(followed, 15, "the new description in the tags, beside Bob's tag")
    assert incident["level"] == 2, f"the level set by hand became {incident['level']}"
    world.still([case])
    world.zino.modify(case, priority=500)
    wanted = level(world.ford.attrs(case), world.config["sync"]["severity"])
    eventually(lambda: world.argus.incident(pk)["level"] == wanted, 15, "a new priority sets the level again")
    assert world.argus.incident(pk)["open"]
