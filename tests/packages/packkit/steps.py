"""Owns the list of checks and what is printed of them: one line each, and the count. Never says what is right; the checks do."""

import time
import traceback

_CHECKS = []


class Skipped(Exception):
    """This machine does not allow what the check needs; the reason."""


def check(function):
    """Register a check; they run in the order in which they are written, because some go on where others have ended."""
    _CHECKS.append(function)
    return function


def run(site) -> int:
    """Run all checks; gives how many failed."""
    failed = skipped = 0
    for function in _CHECKS:
        began = time.monotonic()
        try:
            words, word = function(site), "passed"
        except Skipped as reason:
            words, word = reason, "skipped"
            skipped += 1
        except Exception:
            words, word = "\n" + traceback.format_exc(limit=-3).rstrip().replace("\n", "\n    "), "FAILED"
            failed += 1
        line = f"{word}  {time.monotonic() - began:6.1f} s  {function.__name__}"
        print(f"{line}: {words}" if words else line, flush=True)
    more = f", {skipped} skipped" if skipped else ""
    print(f"{len(_CHECKS) - failed - skipped} passed, {failed} failed{more}", flush=True)
    return failed
