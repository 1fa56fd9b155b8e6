"""Measures how long a person waits: from just before a case is committed in Zino until its incident stands in Argus' database.

Cases come at fixed times, whether the last one has arrived or not, so a queue shows. The database is looked at every few
milliseconds over a connection of its own; Argus is not asked."""

import itertools
import random
import time

from labkit.zino_server import case_of

from . import words
from .stage import OURS, PYTHON, stage

_serial = itertools.count(1)
LOOK_EVERY = 0.004
OPEN, MORE = 1000, 500


class Probes:
    """New cases in a working system, and when each was seen."""

    def __init__(self, world):
        self.world, self.waiting, self.times, self.made = world, {}, [], 0

    def send(self):
        """One more new case."""
        at = time.monotonic()
        self.made += 1
        self.waiting[str(self.world.zino.case("reachability", f"probe{next(_serial)}-gw"))] = at

    def look(self):
        """Note which have arrived."""
        if not self.waiting:
            return
        found = self.world.database.numbers(self.world.source, self.waiting)
        now = time.monotonic()
        self.times += [now - self.waiting.pop(number) for number in found]

    def every(self, interval, goes_on, patience=300):
        """One case every so many seconds, unevenly, as long as it goes on; then wait for the rest."""
        due = time.monotonic()
        while goes_on():
            if time.monotonic() >= due:
                self.send()
                # uneven, so that nothing that comes regularly is always met, or never
                due += interval * random.uniform(0.5, 1.5)
            self.look()
            time.sleep(LOOK_EVERY)
        end = time.monotonic() + patience
        while self.waiting and time.monotonic() < end:
            self.look()
            time.sleep(LOOK_EVERY)
        assert not self.waiting, f"{len(self.waiting)} cases did not arrive within {patience} s"
        return self.times

    def so_many(self, count, interval):
        """So many cases."""
        return self.every(interval, lambda: self.made < count)


def begin(world, name):
    """Start a program and wait until it takes new cases at once."""
    program = world.program_called(name)
    program.start()
    Probes(world).so_many(1, 0.1)
    return program


def idle(bench, name) -> list[float]:
    """Nothing else goes on."""
    with stage(bench, f"idle-{name}") as world:
        begin(world, name)
        return Probes(world).so_many(bench.pick(60 if name == OURS else 20, 3), 0.5)


def with_incidents(world, size):
    """So many open cases that have their incidents already; made by our program, as the quickest way."""
    world.add_cases(size)
    before = world.daemon.config["sync"].copy()
    world.daemon.start()
    world.incidents_reach(size)
    world.daemon.stop()
    world.daemon.config["sync"] = before


def refreshing(bench, name) -> list[float]:
    """Many open incidents are refreshed. Ours refreshes every second here, reading all of them every ten; as shipped it is 30 and
    900 seconds, too seldom to be met. The Python program has no setting for it and hardly ever stops."""
    with stage(bench, f"refreshing-{name}") as world:
        with_incidents(world, bench.pick(OPEN, 20))
        world.config["sync"].update(refresh_interval=1, full_interval=10)
        begin(world, name)
        return Probes(world).so_many(bench.pick(100 if name == OURS else 12, 3), 0.5 if name == OURS else 8.0)


def syncing(bench, name) -> list[float]:
    """With many open incidents, so many new cases are there when the program starts, and are brought to Argus."""
    with stage(bench, f"syncing-{name}") as world:
        size, more = bench.pick((OPEN, MORE), (20, 20))
        with_incidents(world, size)
        world.add_cases(more)
        program = world.program_called(name)
        program.start()
        world.incidents_reach(size + 1, every=0.01)
        probes = Probes(world)

        def goes_on():
            return world.database.count(world.source) - (probes.made - len(probes.waiting)) < size + more
        return probes.every(0.25 if name == OURS else 5.0, goes_on)


STATES = {"idle": idle, "refreshing": refreshing, "syncing": syncing}


def measure(bench):
    """Each state, ours as often as there are rounds, the Python program once."""
    data = {}
    for state, function in STATES.items():
        data[state] = {OURS: [], PYTHON: []}
        for turn in range(bench.rounds if state == "syncing" else 1):
            data[state][OURS] += function(bench, OURS)
            if turn == 0:
                data[state][PYTHON] += function(bench, PYTHON)
            bench.keep(data)
    return data


def table(data):
    """Percentiles of each state."""
    told = {"idle": "idle", "refreshing": f"while {OPEN} open incidents are refreshed",
            "syncing": f"while {MORE} new cases are brought to Argus, beside {OPEN} open incidents"}
    lines = ["| state | program | cases | p50 ms | p95 ms | max ms | p95 to ours |", "|---|---|---|---|---|---|---|"]
    for state, found in data.items():
        ours = words.percentile(found[OURS], 95)
        for name in (OURS, PYTHON):
            times = found[name]
            if times:
                figures = [1000 * words.percentile(times, share) for share in (50, 95, 100)]
                lines.append(f"| {told[state]} | {name} | {len(times)} | " + " | ".join(f"{figure:.0f}" for figure in figures)
                             + f" | {words.percentile(times, 95) / ours:.1f} |")
    return "\n".join(lines)


def short(data):
    """What a user cares about."""
    told = {"idle": "95 of 100 new cases are in Argus within: idle", "refreshing": f"the same while {OPEN} open incidents are refreshed"}
    return [(what, *(f"{words.percentile(data[state][name], 95):.2g} s" for name in (OURS, PYTHON)))
            for state, what in told.items() if data.get(state, {}).get(PYTHON)]


def verdicts(data):
    """The two bounds."""
    rows = []
    for state, bound, what in (("idle", 250, "idle"), ("refreshing", 500, "while 1000 incidents are refreshed"),
                               ("syncing", 500, "during a full sync of 500")):
        if data.get(state, {}).get(OURS):
            found = 1000 * words.percentile(data[state][OURS], 95)
            rows.append((f"event in Zino to incident, {what}", f"p95 under {bound} ms", f"{found:.0f} ms", found < bound))
    return rows
