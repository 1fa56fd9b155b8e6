"""Owns the processes that the lab starts: each in its own group, each with a log, none left behind.

A child dies with the lab even when the lab is killed with SIGKILL (the kernel's parent-death signal, arranged by
`inside/guard.py`), and every normal or abnormal end of the lab goes through `end_all`. That signal belongs to the *thread* that
forked: a child ends when the thread that started it does.
"""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time

from . import places

_running: list["Child"] = []
_given_ports: set[int] = set()
_LISTENING = 12000, 32000  # Linux gives outgoing connections ports from 32768 on
_lock = threading.Lock()
_ending = False


def free_port(kind=socket.SOCK_STREAM) -> int:
    """A port that nothing uses now and that this lab has not given out before; below those that the system gives to outgoing connections,
    so that none of these takes it meanwhile."""
    while True:
        port = random.randrange(*_LISTENING)
        with _lock:
            if port in _given_ports:
                continue
            _given_ports.add(port)
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", port))
            return port


def guarded(command, account="same", death_signal=signal.SIGKILL):
    """The command behind the guard, which ends it when the thread that starts it ends."""
    who = account if account in ("namespace", "same") else f"{account.pw_uid}:{account.pw_gid}"
    return [sys.executable, "-I", "-S", str(places.INSIDE / "guard.py"), str(os.getpid()), str(int(death_signal)), who,
            *(str(part) for part in command)]


class Child:
    """One process of the lab."""

    def __init__(self, name, command, log, *, cwd=None, env=None, stdin=None, stdout=None, account="same",
                 stop_signal=signal.SIGTERM, death_signal=signal.SIGKILL):
        self.name, self.log_path, self.stop_signal = name, log, stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as file, _lock:
            if _ending:
                raise RuntimeError("the lab is ending")
            self.process = subprocess.Popen(
                guarded(command, account, death_signal), cwd=cwd, env=env, stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or file, stderr=file, start_new_session=True, text=True)
            _running.append(self)

    @property
    def running(self) -> bool:
        """Whether the process still lives."""
        return self.process.poll() is None

    def log(self) -> str:
        """All it has written to its log so far."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def send(self, number):
        """Send a signal to the process itself, not to its group."""
        if self.running:
            self.process.send_signal(number)

    def stop(self, number=None, patience=10.0):
        """End the process, gently first, and everything in its group; gives its exit code."""
        self.send(number or self.stop_signal)
        try:
            self.process.wait(patience)
        except subprocess.TimeoutExpired:
            pass
        return self.kill()

    def kill(self):
        """End it and its group at once; gives its exit code."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        code = self.process.wait()
        with _lock:
            if self in _running:
                _running.remove(self)
        return code


def end_all():
    """End every child, the youngest first (clients before servers), and let nobody start another one."""
    global _ending
    with _lock:
        _ending = True
        children = list(reversed(_running))
    for child in children:
        child.send(child.stop_signal)
    end = time.monotonic() + 5
    for child in children:
        try:
            child.process.wait(max(0.0, end - time.monotonic()))
        except subprocess.TimeoutExpired:
            pass
        child.kill()
