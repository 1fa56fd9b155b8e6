"""Owns one run of the benchmark: which measurements, in which order, and that what was measured is kept at once.

Never measures anything itself.
"""

import argparse
import datetime
import json
import os
import subprocess
import time
import traceback

from labkit import places
from labkit.lab_run import LabRun

from . import alone, course, history, latency, meter, plot, refresh, render, road, snapshot, start, sync, urgent
from .database import Database
from .tool import build

# In this order: the name, what measures it, its chapter in the table.
PARTS = {
    "start": start, "sync": sync, "latency": latency, "course": course, "refresh": refresh, "snapshot": snapshot, "road": road,
    "urgent": urgent, "history": history, "alone": alone,
}
RESULTS = places.LAB / "bench" / "RESULTS.md"
PLOTS = RESULTS.parent / "plots"
# A Python run of so many cases takes minutes, so there are fewer of them.
LONG_RUN, LONG_ROUNDS = 500, 2


class Bench:
    """What the measurements work with."""

    def __init__(self, lab, rounds, quick, folder):
        self.lab, self.rounds, self.quick, self.folder = lab, rounds, quick, folder
        self.tool, self.database, self.part = build(quick), Database(lab), None
        self.began, self.load = 0.0, 0.0
        # once, before anything is measured: the checkout may go on meanwhile
        self.commit, self.versions = commit(), versions(self)

    def pick(self, full, quick):
        """What a full run takes, or one that only shows that the bench works."""
        return quick if self.quick else full

    def python_rounds(self, size) -> int:
        """How often the Python program does something with so many cases."""
        return self.rounds if size < LONG_RUN else min(self.rounds, LONG_ROUNDS)

    def measure(self, name):
        """Do one part, and keep what it gives."""
        self.part, self.began, self.load = name, time.monotonic(), meter.load()
        print(f"bench: {name}", flush=True)
        data = PARTS[name].measure(self)
        self.keep(data, complete=True)
        print(f"bench: {name} took {time.monotonic() - self.began:.0f} s", flush=True)

    def keep(self, data, complete=False):
        """Write down what the part under way has measured so far."""
        kept = {"data": data, "complete": complete, "rounds": self.rounds, "at": datetime.datetime.now().isoformat(timespec="minutes"),
                "seconds": time.monotonic() - self.began, "load": [self.load, meter.load()], "commit": self.commit,
                "versions": self.versions}
        file = self.folder / f"{self.part}.json"
        file.with_suffix(".new").write_text(json.dumps(kept, indent=1))
        file.with_suffix(".new").rename(file)


def commit() -> str:
    """What is measured: the commit, and whether something that is not committed came with it."""
    if given := os.environ.get("ZINOARGUS_BIN"):
        return f"unknown ({os.path.basename(given)})"

    def git(*arguments):
        return subprocess.run(["git", "-C", str(places.REPO), *arguments], capture_output=True, text=True).stdout.strip()
    return git("rev-parse", "--short=12", "HEAD") + (" and changes" if git("status", "--porcelain", "--", "src", "Cargo.lock") else "")


def versions(bench) -> dict:
    """What was measured beside what."""
    pins = {name: " ".join(wanted) for name, wanted in places.VENV_REQUIREMENTS.items()}
    return {**pins, "postgresql": bench.database.version(), "machine": meter.machine()}


def arguments(words):
    """The parts, the rounds and whether it is to be quick, from the command line."""
    parser = argparse.ArgumentParser(prog="lab bench")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--quick", action="store_true", help="tiny sizes: shows only that the bench works")
    found = parser.parse_args(words)
    return found.parts, found.rounds, found.quick


def draw(folder) -> dict[str, str]:
    """The plots of what was kept, by the name of the file."""
    kept = folder / "course.json"
    return {"course.svg": plot.course(json.loads(kept.read_text())["data"])} if kept.exists() else {}


def run(names, rounds=3, quick=False) -> int:
    """Do the named parts, or all; gives how many failed."""
    if unknown := [name for name in names if name not in PARTS]:
        raise SystemExit(f"no part of the bench is called {', '.join(unknown)}; there are {', '.join(PARTS)}")
    folder = places.HOME / ("bench-quick" if quick else "bench")
    folder.mkdir(parents=True, exist_ok=True)
    failed = 0
    with LabRun(venvs=tuple(places.VENV_REQUIREMENTS), as_shipped=True) as lab:
        bench = Bench(lab, 1 if quick else rounds, quick, folder)
        for name in PARTS:
            if names and name not in names:
                continue
            try:
                bench.measure(name)
            except Exception:
                failed += 1
                print(f"bench: {name} FAILED\n{traceback.format_exc(limit=-6)}", flush=True)
    # what failed or was left out is in the table as it was measured last, with its own date
    text = render.results(PARTS, folder, RESULTS.read_text() if RESULTS.exists() and not quick else "")
    (folder / "RESULTS.md").write_text(text)
    drawn = draw(folder)
    if not quick:
        RESULTS.write_text(text)
        PLOTS.mkdir(exist_ok=True)
        for name, plotted in drawn.items():
            (PLOTS / name).write_text(plotted)
    print(f"bench: {len([*folder.glob('*.json')])} parts in {folder / 'RESULTS.md'}, {failed} failed", flush=True)
    return failed
