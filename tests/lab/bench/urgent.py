"""Measures how soon a new fault is in Argus while everything is read for the first time: at a start and at a takeover, in an Argus with
5000 open incidents, of which 250 began in each second."""

import time

from labkit.earlier import leave_incidents
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

from .stage import stage

OPEN, A_SECOND, NUMBERS = 5000, 250, 20_000
ACTIVE = "mode STANDBY -> ACTIVE"
LOOK_EVERY = 0.01


def crowd(zino, count):
    """So many open cases that are there already."""
    began = ago(hours=3)
    described = [case_of("reachability", f"gw{n}", opened=began + n // A_SECOND) for n in range(count)]
    return [case for first in range(0, count, 100) for case in zino.cases(described[first:first + 100])]


def until_there(world, case, began) -> float:
    """Seconds from then until the case has its incident."""
    eventually(lambda: world.database.numbers(world.source, [case]), 300, f"the incident of case {case}", every=LOOK_EVERY)
    return time.monotonic() - began


def observed(world, zino, program, began, earlier) -> dict:
    """A case from before, which nobody notifies, and one that opens now; and when all open incidents were listed."""
    at = time.monotonic()
    now = zino.case("reachability", "opens-now", priority=300)
    found = {"opens now": until_there(world, now, at), "opened before": until_there(world, earlier, began)}
    eventually(lambda: "open incidents in Argus" in program.log(), 600, "all are listed", every=LOOK_EVERY)
    return {**found, "all listed": time.monotonic() - began}


def start(bench, size) -> dict:
    """The program was away, and starts."""
    with stage(bench, "urgent-start") as world:
        world.daemon.verbosity = ("-v",)
        leave_incidents(world, crowd(world.zino, size))
        earlier = world.zino.case("reachability", "opened-before", priority=300)
        began = time.monotonic()
        world.daemon.start()
        # as soon as Zino can notify it of anything
        eventually(lambda: world.requests(), 60, "the program has asked Argus anything", every=LOOK_EVERY)
        return observed(world, world.zino, world.daemon, began, earlier)


def takeover(bench, size) -> dict:
    """The secondary knows its own Zino's cases when the primary's falls silent."""
    with stage(bench, "urgent-takeover") as world:
        leave_incidents(world, crowd(world.zino, size))
        backup = world.another_zino("backup")
        backup.start()
        backup.ask("number_from", last=NUMBERS)
        crowd(backup, size)
        failover = {"primary_server": "127.0.0.1", "primary_snmp_port": world.zino.snmp_port, "ping_interval": 0.5, "ping_timeout": 0.5,
                    "threshold": 3}
        secondary = world.another_program("secondary", backup, failover=failover)
        secondary.verbosity = ("-v",)
        secondary.start()
        secondary.logged("a takeover would work", 60)
        world.zino.stop()
        earlier = backup.case("reachability", "opened-before", priority=300)
        eventually(lambda: ACTIVE in secondary.log(), 60, "the takeover", every=LOOK_EVERY)
        return observed(world, backup, secondary, time.monotonic(), earlier)


def measure(bench):
    """Each several times, on an empty Argus."""
    data = {"size": bench.pick(OPEN, 20), "start": [], "takeover": []}
    for _ in range(bench.rounds):
        data["start"].append(start(bench, data["size"]))
        data["takeover"].append(takeover(bench, data["size"]))
        bench.keep(data)
    return data


def table(data):
    """Seconds, each round."""
    lines = [f"With {data['size']} open incidents.", "",
             "| | a case that opens now: its incident after, s | a case that opened before: its incident after, s | all incidents listed after, s |",
             "|---|---|---|---|"]
    for name in ("start", "takeover"):
        cells = (", ".join(f"{one[key]:.2f}" for one in data[name]) for key in ("opens now", "opened before", "all listed"))
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def short(data):
    """Nothing that a user compares."""
    return []


def verdicts(data):
    """A new fault must not wait for the list."""
    rows = []
    for name in ("start", "takeover"):
        worst = max((one["opens now"] for one in data[name]), default=0)
        rows.append((f"from a {name} with {data['size']} open incidents: a new case's incident", "under 1 s", f"{worst:.2f} s at most", worst < 1))
    return rows
