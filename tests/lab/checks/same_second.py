"""Hundreds of incidents that began in one second: Argus orders its lists by the second alone (WATCH-5)."""

import re
import time

from labkit.earlier import leave_incidents
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

from checks.failover import TO_ACTIVE, open_once, section

CREATES = "POST /api/v2/incidents/ "


def crowd(zino, count, per_second) -> list[int]:
    """So many cases, so many of them in each second; gives their numbers."""
    began = ago(hours=3)
    described = [case_of("reachability", f"gw{n}", opened=began + n // per_second) for n in range(count)]
    return [case for first in range(0, count, 100) for case in zino.cases(described[first:first + 100])]


def lists_of_open(world) -> list[dict]:
    """The program's requests for a page of its open incidents."""
    return [one for one in world.requests() if "open=true" in one["query"] and "count=" not in one["query"]]


def a_start_knows_all(world, count, per_second) -> str:
    """Start on so many open incidents, with the time-out as shipped: all are known before any is worked on."""
    world.config["argus"].pop("timeout")
    world.zino.start()
    leave_incidents(world, crowd(world.zino, count, per_second))
    world.start()
    found = world.daemon.logged(r"(\d+) open incidents in Argus", 60)
    pages = lists_of_open(world)
    assert int(found[1]) == count, f"{found[1]} of {count} incidents are known, after {len(pages)} pages"
    at = time.monotonic()
    case = world.zino.case("reachability", "urgent-gw", priority=900)
    world.incident(case)
    waited = time.monotonic() - at
    assert not re.search("cannot list|could not be listed", world.daemon.log()), world.daemon.tail()
    creates = [one for one in world.writes() if one.startswith(CREATES)]
    assert len(creates) <= 1, f"created beside the one of the new case: {creates}"
    return (f"{count} incidents, {per_second} a second: {len(pages)} pages in {sum(int(one['us']) for one in pages) / 1000:.0f} ms; "
            f"a new case then waits {waited:.1f} s")


@check(alone=True)
def all_open_incidents_are_known_though_each_second_began_250(world):
    """1500 open incidents, 250 in each second: the first list is complete, in few requests
    (encode/django-rest-framework#7887)."""
    return a_start_knows_all(world, 1500, 250)


@check(alone=True)
def all_open_incidents_are_known_though_all_1500_began_in_one_second(world):
    """A second that fills pages and pages: the list still ends, and is complete."""
    return a_start_knows_all(world, 1500, 1500)


@check
def a_takeover_with_other_numbers_makes_nothing_twice_though_all_began_in_one_second(world):
    """300 cases of one second; the backup's Zino has them under numbers of its own: each keeps the one incident that it has."""
    world.zino.start()
    leave_incidents(world, crowd(world.zino, 300, 300))
    backup = world.another_zino("backup")
    backup.start()
    backup.ask("number_from", last=5000)
    crowd(backup, 300, 300)
    secondary = world.another_program("secondary", backup, failover=section(world.zino.snmp_port))
    secondary.start()
    secondary.logged("a takeover would work")
    world.zino.stop()
    secondary.logged(TO_ACTIVE)
    secondary.logged(r"(\d+) open incidents in Argus", 60)
    # every problem was worked on when the newest case, which waits for its turn behind them, has its incident
    newest = backup.case("reachability", "newest")
    eventually(lambda: world.argus.of_case(newest), 60, "the newest case has its incident")
    eventually(lambda: secondary_rests(world), 120, "the takeover comes to rest", every=1)
    open_once(world.argus, 301)
    creates = [one for one in world.writes() if one.startswith(CREATES)]
    assert len(creates) <= 1, f"{len(creates)} incidents were made"


def secondary_rests(world) -> bool:
    """Whether the program has asked how many incidents are open, which it does only when nothing waits."""
    return "count=true" in world.requests()[-1]["query"]
