"""Owns what must be on the machine before anything starts: Debian packages, Python venvs, the built program.

Everything is installed once and remembered by a stamp that names its versions. Debian packages are the only thing
that is not below `target/`; without root their absence is one message.
"""

import glob
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
import sysconfig

from . import places


class CannotSetUp(Exception):
    """Something is missing that the lab cannot install; the text says what to do."""


def _initdb():
    """Debian keeps the server's programs out of PATH; a link to one elsewhere says where the others are."""
    found = sorted(glob.glob("/usr/lib/postgresql/*/bin/initdb"), reverse=True)
    on_path = shutil.which("initdb")
    return found[0] if found else on_path and os.path.realpath(on_path)


# Debian package -> how to see that what it gives is there, whoever installed it.
NEEDED = {
    "postgresql": _initdb,
    "libpq-dev": lambda: shutil.which("pg_config"),
    "libsnmp-dev": lambda: shutil.which("net-snmp-config"),
    "gcc": lambda: shutil.which("gcc"),
    "libc6-dev": lambda: os.path.exists("/usr/include/stdlib.h"),
    "python3-dev": lambda: os.path.exists(os.path.join(sysconfig.get_paths()["include"], "Python.h")),
    "openssl": lambda: shutil.which("openssl"),
    "python3-venv": lambda: importlib.util.find_spec("ensurepip"),
}


def postgres_bin() -> str:
    """The folder with initdb, postgres and psql."""
    return os.path.dirname(_initdb())


def say(text):
    """One line about progress."""
    print(f"lab: {text}", flush=True)


def run(command, what, **options):
    """Run a set-up command quietly; when it fails, its last lines are the message."""
    done = subprocess.run([str(part) for part in command], stdin=subprocess.DEVNULL, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if done.returncode:
        tail = "\n".join(done.stdout.strip().splitlines()[-15:])
        raise CannotSetUp(f"{what} failed ({command[0]}, exit code {done.returncode}):\n{tail}")
    return done.stdout


def debian_packages():
    """Install the missing Debian packages, or say which is missing."""
    missing = [name for name, look in NEEDED.items() if not look()]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise CannotSetUp(f"missing: {missing[0]}; as root: apt-get install {' '.join(missing)}")
    say(f"installing Debian packages: {' '.join(missing)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(["apt-get", "update"], "reading Debian's package lists", env=env)
    run(["apt-get", "install", "-y", "--no-install-recommends", *missing], "installing Debian packages", env=env)
    if still := [name for name in missing if not NEEDED[name]()]:
        raise CannotSetUp(f"missing, and apt-get did not bring it: {still[0]}")


def stamped(name, text) -> bool:
    """Whether `name` was finished with exactly these versions."""
    stamp = places.STAMPS / name
    return stamp.exists() and stamp.read_text() == text


def stamp(name, text):
    """Remember that `name` is finished."""
    places.STAMPS.mkdir(parents=True, exist_ok=True)
    (places.STAMPS / name).write_text(text)


def venv(name):
    """Make one venv with its pinned packages, unless it is there already."""
    requirements = places.VENV_REQUIREMENTS[name]
    wanted = "\n".join([sys.version, *requirements])
    if stamped(f"venv-{name}", wanted):
        return
    say(f"installing {', '.join(requirements)} (once)")
    folder = places.VENVS / name
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", folder], f"making the venv of {name}")
    run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        f"installing {name}")
    stamp(f"venv-{name}", wanted)


def _given():
    """The program that ZINOARGUS_BIN names, if it names one."""
    given = os.environ.get("ZINOARGUS_BIN")
    if given and not os.access(given, os.X_OK):
        raise CannotSetUp(f"ZINOARGUS_BIN names {given}, which is not a program")
    return given and os.path.abspath(given)


def shipped_program() -> str:
    """The path of the static file that the package holds too: ZINOARGUS_BIN, else that of this checkout, brought up to date."""
    if given := _given():
        return given
    say("packaging/static")
    run([places.REPO / "packaging" / "static"], "packaging/static")
    return str(places.TARGET / "static" / platform.machine() / "zinoargus")


def program() -> str:
    """The path of the built `zinoargus`: ZINOARGUS_BIN, else this checkout's release build, brought up to date."""
    if given := _given():
        return given
    if not shutil.which("cargo"):
        raise CannotSetUp("missing: cargo; install Rust, or name a built program in ZINOARGUS_BIN")
    say("cargo build --release")
    target = os.environ.get("CARGO_TARGET_DIR") or str(places.TARGET)
    if subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=places.REPO).returncode:
        raise CannotSetUp("cargo build --release failed")
    return os.path.join(target, "release", "zinoargus")
