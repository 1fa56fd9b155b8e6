"""Owns the scene of one measurement with real servers: a world of its own on an empty database, and the program in it.

Never says what is measured.
"""

import contextlib
import itertools
import re
import time
from collections import Counter

from labkit.waiting import eventually
from labkit.world import World
from labkit.zino_server import ago, case_of

from . import meter

OURS, PYTHON = "zinoargus", "python"
_serial = itertools.count(1)


def port_cases(count, first=0) -> list[dict]:
    """New port cases as a network makes them: routers of twenty ports, and ten of them fail in one second."""
    return [case_of("portstate", f"router{n // 20}-gw", n, opened=ago(minutes=30, seconds=n // 200), priority=100 + n % 500)
            for n in range(first, first + count)]


def kind(request) -> str:
    """The kind of a request: the method and the path without numbers."""
    path = re.sub(r"/\d+/", "/N/", request["path"].removeprefix("/api/v2/"))
    return f"{request['method']} {path}"


class Stage(World):
    """A world for measuring: one Zino with cases, one source, quiet programs."""

    def __init__(self, bench, name):
        super().__init__(bench.lab, f"bench-{next(_serial)}-{name}")
        self.database, self.made = bench.database, 0
        self.config["sync"].pop("refresh_interval")  # as shipped
        self.daemon.verbosity = ()
        self.zino.start()

    def add_cases(self, count) -> list[int]:
        """So many more cases in Zino, a hundred at a time; gives their numbers."""
        numbers = []
        for first in range(self.made, self.made + count, 100):
            numbers += self.zino.cases(port_cases(min(100, self.made + count - first), first))
        self.made += count
        return numbers

    def program_called(self, name):
        """One of the two programs, not started."""
        if name == OURS:
            return self.daemon
        program = self.python_program()
        program.verbosity = ()
        return program

    def incidents_reach(self, count, deadline=900, every=0.05):
        """Wait until the source has so many incidents."""
        eventually(lambda: self.database.count(self.source) >= count, deadline, f"{count} incidents", every)

    def kinds(self, since=0) -> dict[str, int]:
        """What the program has asked of Argus, by kind."""
        return dict(Counter(kind(one) for one in self.argus_server.requests(self.source["token"])[since:]))


@contextlib.contextmanager
def stage(bench, name):
    """A stage on an empty database; everything on it ends with the block."""
    bench.database.empty()
    made = Stage(bench, name)
    try:
        yield made
    finally:
        made.leave()


class Usage:
    """What the servers and a program use from now on."""

    def __init__(self, world, program=None):
        self.world, self.program = world, program
        self.began, self.before = time.monotonic(), self._read()

    def _read(self) -> dict:
        found = {"argus": meter.family_cpu(self.world.argus_server.child.process.pid),
                 "postgres": meter.family_cpu(self.world.lab.cluster.child.process.pid)}
        if self.program:
            found["program"] = meter.fine_cpu(self.program.child.process.pid)
        return found

    def until_now(self) -> dict:
        """CPU seconds of each since the beginning, and the seconds that have passed."""
        now = self._read()
        return {**{name: now[name] - self.before[name] for name in now}, "seconds": time.monotonic() - self.began}
