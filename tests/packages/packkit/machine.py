"""Owns one booted Debian: systemd as process 1 of a container on a throw-away root. It shares our network, with the lab's servers.

Never outlives us: the container dies with the process that started it.
"""

import glob
import os
import signal
import subprocess

from labkit.children import Child
from labkit.waiting import eventually

from .root import HOME, sh


class CannotBoot(Exception):
    """This machine does not let a container boot; what systemd-nspawn said."""


class Machine:
    """A container that has booted."""

    def __init__(self, root):
        self.root = root
        (HOME / "console.log").unlink(missing_ok=True)
        self.child = Child("container", ["systemd-nspawn", "--quiet", "--directory", root.path, "--machine", "zinoargus-packages",
                                         "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", "--boot",
                                         "--kill-signal=SIGRTMIN+3"], HOME / "console.log")
        self.leader = None
        eventually(lambda: not self.child.running or self._booted(), 90, f"the container boots (its console: {HOME}/console.log)",
                   every=0.5)
        if not self.child.running:
            raise CannotBoot(" ".join(self.child.log()[-300:].split()))

    def _booted(self):
        pid = self.child.process.pid
        for line in (open(name).read() for name in glob.glob(f"/proc/{pid}/task/*/children")):
            for child in line.split():
                state = subprocess.run([*self._inside(child), "systemctl", "is-system-running"], capture_output=True, text=True)
                if state.stdout.strip() in ("running", "degraded"):
                    self.leader = child
        return self.leader

    @staticmethod
    def _inside(pid):
        return ["nsenter", "--target", pid, "--mount", "--uts", "--ipc", "--pid", "--root", "--wd"]

    def run(self, command, good=(0,)) -> str:
        """Run a line of shell as root; gives what it printed."""
        return sh(self._inside(self.leader), f"cd /root/zinoargus 2>/dev/null; {command}", good)

    def show(self, unit, name) -> str:
        """A property of a unit."""
        return self.run(f"systemctl show --value --property {name} {unit}").strip()

    def journal(self, unit) -> str:
        """What a unit has logged."""
        return self.run(f"journalctl --no-pager --output cat --unit {unit}")

    def types(self, text):
        """What the person will type in the editor next."""
        self.root.file("root/what-the-person-types").write_text(text)

    def stop(self):
        """Shut it down."""
        self.child.stop(signal.SIGTERM, patience=20)
        # nspawn leaves its control groups, empty, beside ours
        left = [path for name in ("payload", "supervisor") for path in glob.glob(f"/sys/fs/cgroup/*/{name}/**/", recursive=True)]
        for folder in sorted(left, key=len, reverse=True):
            try:
                os.rmdir(folder)
            except OSError:
                pass
