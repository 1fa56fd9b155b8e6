"""Owns the talk with a helper inside another process: one JSON line there, one back.

The helper reads from its stdin, so it also sees when the lab is gone.
"""

import json
import threading


class ControlError(Exception):
    """The helper answered that it could not."""


class Control:
    """A channel over a child's stdin and stdout."""

    def __init__(self, child):
        self.child, self._lock = child, threading.Lock()

    def ask(self, do, **arguments):
        """Have one thing done and give back what the helper answers."""
        with self._lock:
            try:
                self.child.process.stdin.write(json.dumps({"do": do, **arguments}) + "\n")
                self.child.process.stdin.flush()
                line = self.child.process.stdout.readline()
            except (OSError, ValueError):
                line = ""
        if not line:
            raise ControlError(f"{self.child.name} is gone; its log ends:\n{self.child.log()[-1500:]}")
        answer = json.loads(line)
        if "error" in answer:
            raise ControlError(f"{self.child.name}: {do}: {answer['error']}")
        return answer["ok"]
