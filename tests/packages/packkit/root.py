"""Owns the root file systems: a fresh Debian, installed once with debootstrap, and throw-away copies of it.

Never changes the fresh one: a copy is a layer in memory above it, and goes with our mount namespace.
"""

import glob
import os
import shutil
import subprocess

from labkit import install, places

HOME = places.TARGET / "packages"
SUITE, MIRROR = "bookworm", "http://deb.debian.org/debian"
# What a server has that people install our package on.
PACKAGES = "systemd,systemd-sysv,dbus,ca-certificates,sudo,cron,procps"
EDITOR = """#!/bin/sh
# What a person does in an editor.
cat /root/what-the-person-types >"$1"
"""
SENDMAIL = """#!/bin/sh
# Where cron's mail goes.
cat >>/var/mail/all
"""


def make_fresh():
    """Install the fresh Debian, unless it is there."""
    wanted = f"{SUITE} {PACKAGES} {EDITOR} {SENDMAIL}"
    fresh = HOME / "fresh"
    if install.stamped("packages-root", wanted) and fresh.exists():
        return
    install.say(f"installing Debian {SUITE} below target/packages (once)")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    install.run(["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, fresh, MIRROR], "debootstrap")
    for path, text in (("usr/local/bin/editor", EDITOR), ("usr/sbin/sendmail", SENDMAIL)):
        (fresh / path).write_text(text)
        (fresh / path).chmod(0o755)
    (fresh / "etc/hostname").write_text("lab\n")
    (fresh / "etc/resolv.conf").unlink(missing_ok=True)
    (fresh / "etc/resolv.conf").write_text("nameserver 127.0.0.1\n")
    (fresh / "etc/hosts").write_text("127.0.0.1 localhost lab\n::1 localhost\n")
    (fresh / "var/cache/apt/archives").mkdir(parents=True, exist_ok=True)
    install.stamp("packages-root", wanted)


class Root:
    """A throw-away copy of the fresh Debian."""

    def __init__(self, name):
        layer = HOME / "layers" / name
        layer.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "tmpfs", layer)
        for part in ("upper", "work", "root"):
            (layer / part).mkdir()
        _mount("-t", "overlay", "overlay", "-o",
               f"lowerdir={HOME}/fresh,upperdir={layer}/upper,workdir={layer}/work", layer / "root")
        self.path = layer / "root"

    def file(self, path):
        """Where a path of the copy is for us."""
        return self.path / str(path).lstrip("/")

    def mount_proc(self):
        """What processes in a chroot expect."""
        _mount("-t", "proc", "proc", self.file("proc"))

    def run(self, command, good=(0,)) -> str:
        """Run a line of shell as root in a chroot, without systemd; gives what it printed."""
        return sh(["chroot", self.path], command, good)

    def running(self) -> list[str]:
        """The names of the processes that run in the copy; other processes of this machine are not ours to look at."""
        found = []
        for process in glob.glob("/proc/[0-9]*"):
            try:
                if os.readlink(f"{process}/root") == str(self.path):
                    found.append(open(f"{process}/comm").read().strip())
            except OSError:
                pass  # it has just ended
        return found

    def paths(self) -> set[str]:
        """Every file and folder that a package could have left; not what running the system itself leaves."""
        found = set()
        for folder, folders, files in os.walk(self.path):
            inside = "/" + os.path.relpath(folder, self.path).removeprefix(".")
            folders[:] = [name for name in folders if not _volatile(os.path.join(inside, name))]
            found.update(path for name in (*folders, *files) if not _volatile(path := os.path.join(inside, name)))
        return found


# What dpkg, apt, systemd and the account tools write for themselves, whatever is installed.
_VOLATILE = ("/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/var/tmp", "/var/log", "/var/mail/all", "/var/cache", "/var/lib/apt",
             "/var/lib/systemd/timers", "/var/lib/systemd/timesync", "/var/lib/systemd/random-seed", "/var/lib/systemd/catalog",
             "/var/lib/dpkg/status-old", "/var/lib/dpkg/available", "/var/lib/dpkg/lock", "/var/lib/dpkg/diversions-old",
             "/var/lib/dpkg/statoverride-old", "/var/lib/dpkg/triggers", "/var/lib/dpkg/updates", "/var/lib/sudo",
             "/var/lib/dbus", "/var/lib/private", "/etc/machine-id", "/etc/.pwd.lock", "/etc/.updated", "/var/.updated",
             "/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/subuid-", "/etc/subgid-")


def _volatile(path):
    return path in _VOLATILE


def _mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def sh(before, command, good=(0,)) -> str:
    """Run a line of shell with a clean environment behind other words; gives what it printed, and fails if it fails."""
    words = [*map(str, before), "/usr/bin/env", "-i", "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
             "HOME=/root", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive", "SYSTEMD_PAGER=", "/bin/bash", "-c", command]
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    assert done.returncode in good, f"{command}: exit code {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout
