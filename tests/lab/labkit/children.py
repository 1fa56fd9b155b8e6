"""Owns the processes that the lab starts: each in its own group, each with a log, none left behind.

A child dies with the lab even when the lab is killed with SIGKILL (the kernel's parent-death signal), and
every normal or abnormal end of the lab goes through `end_all`. The parent-death signal belongs to the *thread* that forked, so
children are started from the main thread only.
"""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_libc = ctypes.CDLL(None, use_errno=True)
_running: list["Child"] = []
_given_ports: set[int] = set()


def free_port(kind=socket.SOCK_STREAM) -> int:
    """A port that nothing uses now and that this lab has not given out before."""
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        if port not in _given_ports:
            _given_ports.add(port)
            return port


def _enter_own_user_namespace():
    """Be user 1000 inside a namespace that maps it to who we are: for PostgreSQL, which refuses to be root,
    in a checkout that no other account can reach."""
    user, group = os.geteuid(), os.getegid()
    if _libc.unshare(_CLONE_NEWUSER):
        raise OSError(ctypes.get_errno(), "cannot make a user namespace")
    for name, text in (("setgroups", "deny"), ("uid_map", f"1000 {user} 1"), ("gid_map", f"1000 {group} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def _prepare(account, death_signal):
    """What the child does between fork and exec. The account comes first: changing it clears the death signal."""
    parent = os.getpid()

    def prepare():
        if account == "namespace":
            _enter_own_user_namespace()
        elif account is not None:
            os.setgroups([])
            os.setgid(account.pw_gid)
            os.setuid(account.pw_uid)
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
        if os.getppid() != parent:  # the lab died before the kernel knew that we care
            os._exit(1)

    return prepare


class Child:
    """One process of the lab."""

    def __init__(self, name, command, log, *, cwd=None, env=None, stdin=None, stdout=None, account=None,
                 stop_signal=signal.SIGTERM, death_signal=signal.SIGKILL):
        assert threading.current_thread() is threading.main_thread(), "children are started by the main thread"
        self.name, self.log_path, self.stop_signal = name, log, stop_signal
        log.parent.mkdir(parents=True, exist_ok=True)
        with open(log, "ab") as file:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=cwd, env=env, stdin=stdin or subprocess.DEVNULL,
                stdout=stdout or file, stderr=file, start_new_session=True, text=True,
                preexec_fn=_prepare(account, death_signal))
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
        if self in _running:
            _running.remove(self)
        return code


def end_all():
    """End every child, the youngest first (clients before servers)."""
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
