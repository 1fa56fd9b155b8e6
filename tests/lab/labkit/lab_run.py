"""Owns one run of the lab: its folder, PostgreSQL, Argus and the people in it; and that all of it ends with the run.

Never knows what is checked.
"""

import os
import shutil
import signal
import sys
from concurrent.futures import ThreadPoolExecutor

from . import argus_server, install, places, postgres
from .argus_server import KEEPING, ArgusServer
from .children import end_all
from .postgres import Cluster


def _interrupted(number, frame):
    raise SystemExit(128 + number)


def _forget_old_runs():
    """Keep the newest run that has ended (its logs may be wanted) and those of labs that live."""
    ended = [run for run in sorted(places.RUNS.glob("*"), key=lambda run: run.stat().st_mtime)
             if not os.path.exists(f"/proc/{run.name}")]
    for run in ended[:-1]:
        shutil.rmtree(run, ignore_errors=True)


class Lane:
    """What checks share that run one after the other: an Argus with its people. Each Argus lists what is new in all of it, so the programs of
    checks beside each other would read each other's events again and again. The database server and the program are the lab's."""

    def __init__(self, lab, name):
        self.run, self.program, self.cluster = lab.run, lab.program, lab.cluster
        self.argus = ArgusServer(lab.cluster, lab.run, name, workers=() if lab.as_shipped else KEEPING)
        self.argus.start()
        self.alice, self.bob, self.reader = (self.argus.person(one) for one in ("alice", "bob", "reader"))

    def end(self):
        """End its Argus; the database stays."""
        self.argus.end()


class LabRun:
    """PostgreSQL and Argus, up until the `with` block ends; `as_shipped`: each server as an operator has it, and not as it makes checks
    fast or hard. The program is always the file that is shipped."""

    def __init__(self, venvs=("zino", "argus"), as_shipped=False):
        self.venvs, self.as_shipped, self.run = venvs, as_shipped, places.RUNS / str(os.getpid())

    def __enter__(self):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, _interrupted)
        signal.signal(signal.SIGINT, signal.default_int_handler)  # also where the shell had it ignored
        try:
            self._set_up()
        except BaseException:
            self.__exit__()
            raise
        return self

    def _set_up(self):
        install.look_first()
        postgres.look_first()
        install.debian_packages()
        # The compiler works while the servers are downloaded.
        with ThreadPoolExecutor(1) as beside:
            building = beside.submit(install.shipped_program)
            for name in self.venvs:
                install.venv(name)
            argus_server.make_template()
            self.program = building.result()
        shutil.rmtree(self.run, ignore_errors=True)
        self.run.mkdir(parents=True)
        _forget_old_runs()
        self.cluster = Cluster(self.run / "pg", self.run / "postgres.log", durable=self.as_shipped)
        self.cluster.copy_from(places.TEMPLATE / "pg")
        self.cluster.start()
        self.lane = Lane(self, "argus")
        self.argus, self.alice, self.bob, self.reader = self.lane.argus, self.lane.alice, self.lane.bob, self.lane.reader

    def __exit__(self, *problem):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, signal.SIG_IGN)  # the end must not be interrupted: it is short
        end_all()
        shutil.rmtree(self.run / "pg", ignore_errors=True)
        sys.stdout.flush()
