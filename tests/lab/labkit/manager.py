"""Owns the socket to which a program under test reports its state, as to systemd. Never starts or ends the program."""

import secrets
import socket
import threading
import time

from .waiting import eventually


class Manager:
    """What plays the service manager for one program: remembers everything that it receives."""

    def __init__(self, daemon, watchdog=None):
        self.daemon, self.received = daemon, []
        name = f"zinoargus-lab-{secrets.token_hex(8)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(f"\0{name}")
        daemon.environment["NOTIFY_SOCKET"] = f"@{name}"
        if watchdog:
            daemon.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self):
        while True:
            self.received.append(self._socket.recv(4096).decode())

    def count(self, start) -> int:
        """How many messages begin so."""
        return sum(1 for message in list(self.received) if message.startswith(start))

    def wait_for(self, start, times=1, deadline=40):
        """Wait until so many messages begin so."""
        def there():
            assert self.count(start) >= times, self.received[-5:]
            return True
        eventually(there, deadline, f"{start} {times} times")

    @property
    def status(self) -> str:
        """The line of `systemctl status` now."""
        lines = [message for message in list(self.received) if message.startswith("STATUS=")]
        return lines[-1].removeprefix("STATUS=") if lines else ""

    def shows(self, words, deadline=30) -> str:
        """Wait until the status line has these words; gives it."""
        def there():
            assert words in self.status, self.status
            return self.status
        return eventually(there, deadline, f"the status shows {words!r}")

    def reload(self):
        """SIGHUP with the config as it is now, and wait until the program says that it is done, as `systemctl reload` does."""
        self.wait_for("READY=1")  # before that, systemd reloads nothing
        reloading, ready = self.count("RELOADING=1"), self.count("READY=1")
        before = time.monotonic_ns() // 1000
        self.daemon.reload()
        self.wait_for("RELOADING=1", reloading + 1)
        began = [message for message in self.received if message.startswith("RELOADING=1")][-1]
        micros = int(began.removeprefix("RELOADING=1\nMONOTONIC_USEC="))
        assert before <= micros <= time.monotonic_ns() // 1000, f"not the time of the reload: {began!r}"
        self.wait_for("READY=1", ready + 1)
