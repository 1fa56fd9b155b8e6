"""Owns the list of checks and how they are run: one world each, one line each, the count at the end.

Never says what is right; the checks do.
"""

import importlib
import pkgutil
import re
import time
import traceback

from .world import World

_CHECKS = []


def check(function):
    """Register a check: a function that gets a world of its own and asserts."""
    _CHECKS.append(function)
    return function


def find(names):
    """All checks, or those whose name contains one of the given texts."""
    import checks
    for module in sorted(pkgutil.iter_modules(checks.__path__), key=lambda found: found.name):
        importlib.import_module(f"checks.{module.name}")
    chosen = [one for one in _CHECKS if not names or any(name in f"{one.__module__}.{one.__name__}" for name in names)]
    if not chosen:
        raise SystemExit(f"no check is called {', '.join(names)}; `lab list` shows all")
    return chosen


def _details(world, trace):
    """What somebody needs who has to find out why a check failed."""
    lines = [trace.rstrip()]
    for daemon in (world.daemon, *world._others) if world else ():
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


def run(lab, functions) -> int:
    """Run checks one after the other; gives how many failed."""
    failed = 0
    for function in functions:
        began = time.monotonic()
        good, words = _run_one(lab, function)
        failed += not good
        print(f"{'passed' if good else 'FAILED'}  {time.monotonic() - began:6.1f} s  {function.__name__}"
              + (f": {words}" if good and words else ""), flush=True)
        if not good:
            print(words, flush=True)
    print(f"{len(functions) - failed} passed, {failed} failed")
    return failed
