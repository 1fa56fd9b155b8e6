"""Owns the list of checks and how they are run: one world each, one line each, the count at the end.

Never says what is right; the checks do.
"""

import importlib
import os
import pkgutil
import queue
import re
import threading
import time
import traceback

from .lab_run import Lane
from .world import World

_CHECKS = []


def check(function=None, *, alone=False, long=False):
    """Register a check: a function that gets a world of its own and asserts. `alone`: it measures time, so nothing runs beside it.
    `long`: it takes minutes, so it begins before the others."""
    def register(one):
        one.alone, one.long = alone, long
        _CHECKS.append(one)
        return one
    return register(function) if function else register


# Where a public report showed what a check is about: the repository and the number, in its docstring.
_REPORT = re.compile(r"[\w.-]+/[\w.-]+#\d+")


def _label(one) -> str:
    """What a check is found by: its module and name, and `field` where it comes from a public report."""
    return f"{one.__module__}.{one.__name__}{' field' if _REPORT.search(one.__doc__ or '') else ''}"


def find(names):
    """All checks, or those whose module or name contains one of the given texts; `field` finds what public reports showed."""
    import checks
    for module in sorted(pkgutil.iter_modules(checks.__path__), key=lambda found: found.name):
        importlib.import_module(f"checks.{module.name}")
    chosen = [one for one in _CHECKS if not names or any(name in _label(one) for name in names)]
    if not chosen:
        raise SystemExit(f"no check is called {', '.join(names)}; `lab list` shows all")
    return chosen


def _details(world, trace):
    """What somebody needs who has to find out why a check failed."""
    lines = [trace.rstrip()]
    for daemon in world.programs if world else ():
        if daemon.log():
            lines += [f"--- the end of {daemon.log_path.name}:", daemon.tail(25)]
    return "\n".join(f"    {line}" for line in "\n".join(lines).splitlines())


def _run_one(lab, function):
    """Run one check in a world of its own; gives what it measured, or the failure."""
    world = None
    try:
        world = World(lab, re.sub(r"\W", "-", function.__name__))
        return True, function(world)
    except Exception:
        return False, _details(world, traceback.format_exc(limit=-4))
    finally:
        if world:
            world.leave()


class Report:
    """What is printed: a line a check as it ends, and the count at last."""

    def __init__(self):
        self.passed, self.failed, self._lock = 0, 0, threading.Lock()

    def of(self, lab, function):
        """Run one check and print its line."""
        began = time.monotonic()
        good, words = _run_one(lab, function)
        line = f"{'passed' if good else 'FAILED'}  {time.monotonic() - began:6.1f} s  {function.__name__}"
        with self._lock:
            self.passed, self.failed = self.passed + good, self.failed + (not good)
            print(f"{line}: {words}" if good and words else line if good else f"{line}\n{words}", flush=True)


def _work(lane, report, waiting):
    """One check after the other until none is left."""
    while True:
        try:
            function = waiting.get_nowait()
        except queue.Empty:
            return
        report.of(lane, function)


def _work_in_a_lane(lab, number, report, waiting):
    """What each further thread does: the same, with an Argus of its own, which ends with the thread."""
    if waiting.empty():
        return
    lane = Lane(lab, f"argus{number}")
    try:
        _work(lane, report, waiting)
    finally:
        lane.end()


def run(lab, functions, beside=None) -> int:
    """Run checks, some beside each other, those that measure time alone at the end; gives how many failed."""
    report, waiting = Report(), queue.SimpleQueue()
    for function in sorted(functions, key=lambda one: not one.long):
        if not function.alone:
            waiting.put(function)
    beside = min(beside or int(os.environ.get("LAB_JOBS", 6)), len(functions))
    threads = [threading.Thread(target=_work, args=(lab.lane, report, waiting), daemon=True)]
    threads += [threading.Thread(target=_work_in_a_lane, args=(lab, number, report, waiting), daemon=True) for number in range(2, beside + 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        while thread.is_alive():  # in short steps, so that signals are seen
            thread.join(0.2)
    for function in functions:
        if function.alone:
            report.of(lab, function)
    print(f"{report.passed} passed, {report.failed} failed", flush=True)
    return report.failed
