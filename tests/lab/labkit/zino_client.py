"""Owns the Zino protocol as a person's client speaks it: log in, read cases, add history, set states.

Written for the checks, independently of the program under test, so that the two cannot be wrong together.
"""

import hashlib
import socket
from dataclasses import dataclass


class ZinoRefused(Exception):
    """Zino answered with an error."""


@dataclass(frozen=True)
class Entry:
    """One history or log entry: when (epoch), its first line, and the lines after it."""

    at: int
    header: str
    lines: tuple = ()

    @property
    def text(self) -> str:
        """The whole entry as one text."""
        return "\n".join((self.header, *self.lines))


class ZinoClient:
    """One logged-in connection to Zino's API port."""

    def __init__(self, port, user, secret, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=20)
        self.file = self.socket.makefile("rb")
        challenge = self._line().split()[1]
        digest = hashlib.sha1(f"{challenge} {secret}".encode()).hexdigest()
        self._ask(f"USER {user} {digest}")

    def close(self):
        """Leave without a word."""
        self.file.close()
        self.socket.close()

    def _line(self):
        line = self.file.readline()
        if not line:
            raise ConnectionError("Zino closed the connection")
        return line.decode().rstrip("\r\n")

    def _send(self, text):
        self.socket.sendall(text.encode() + b"\r\n")

    def _ask(self, command):
        self._send(command)
        answer = self._line()
        if answer.startswith("500"):
            raise ZinoRefused(answer)
        return answer

    def _list(self, command):
        self._ask(command)
        lines = []
        while (line := self._line()) != ".":
            lines.append(line)
        return lines

    def case_ids(self) -> list[int]:
        """The numbers of all cases that are not closed."""
        return [int(line) for line in self._list("CASEIDS")]

    def attrs(self, case) -> dict[str, str]:
        """A case's attributes, by their names on the wire."""
        # An attribute value may hold a bare newline, which readline() breaks at; no case of the lab has one.
        return dict(line.split(": ", 1) for line in self._list(f"GETATTRS {case}"))

    def state(self, case) -> str:
        """A case's state."""
        return self.attrs(case)["state"]

    def history(self, case) -> list[Entry]:
        """A case's history, oldest first."""
        return self._entries(f"GETHIST {case}")

    def log(self, case) -> list[Entry]:
        """A case's log, oldest first."""
        return self._entries(f"GETLOG {case}")

    def _entries(self, command):
        entries = []
        for line in self._list(command):
            if line.startswith(" "):
                last = entries[-1]
                entries[-1] = Entry(last.at, last.header, (*last.lines, line[1:]))
            else:
                at, _, header = line.partition(" ")
                entries.append(Entry(int(at), header))
        return entries

    def exists(self, case) -> bool:
        """Whether Zino still knows this number."""
        try:
            return bool(self.attrs(case))
        except ZinoRefused:
            return False

    def add_history(self, case, text):
        """An entry in the client's own name."""
        self._ask(f"ADDHIST {case}")
        for line in text.split("\n"):
            self._send(" ." if line == "." else line)
        self._send(".")
        self._ok()

    def set_state(self, case, state):
        """A state change in the client's own name."""
        self._ask(f"SETSTATE {case} {state}")

    def _ok(self):
        answer = self._line()
        if not answer.startswith("200"):
            raise ZinoRefused(answer)
