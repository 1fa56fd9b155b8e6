"""Owns what must be on the machine before anything starts: Debian packages, Python venvs, the built program.

Everything is installed once and remembered by a stamp that names its versions. Debian packages are the only thing
that is not below `target/`; without root their absence is one message.
"""

import glob
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import sysconfig
import time
import tomllib

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


# How often a set-up command that takes long says so: on a terminal its line is written over, elsewhere a line is added.
_TICK_TERMINAL, _TICK_FILE = 1, 20


def _wait_aloud(process, what):
    """Wait for a process and count the seconds for who looks on; gives all that it printed."""
    began, terminal = time.monotonic(), sys.stdout.isatty()
    while True:
        try:
            output, _ = process.communicate(timeout=_TICK_TERMINAL if terminal else _TICK_FILE)
        except subprocess.TimeoutExpired:
            words = f"lab: {what}: {time.monotonic() - began:.0f} s"
            print(f"\r{words}" if terminal else words, end="" if terminal else "\n", flush=True)
            continue
        if terminal:
            print("\r\033[K", end="", flush=True)
        return output


def run(command, what, **options):
    """Run a set-up command quietly; when it fails, its last lines are the message."""
    with subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, **options) as process:
        try:
            output = _wait_aloud(process, what)
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        tail = "\n".join(output.strip().splitlines()[-15:])
        raise CannotSetUp(f"{what} failed ({command[0]}, exit code {process.returncode}):\n{tail}")
    return output


# What only a check with a browser needs.
BROWSER = {"chromium": lambda: shutil.which("chromium"), "chromium-driver": lambda: shutil.which("chromedriver")}


def browser():
    """Install headless Chromium, and what drives it."""
    debian_packages(BROWSER)
    venv("browser")


def debian_packages(needed=None):
    """Install the missing Debian packages, or say which is missing."""
    needed = NEEDED if needed is None else needed
    missing = [name for name, look in needed.items() if not look()]
    if not missing:
        return
    if os.geteuid() or not shutil.which("apt-get"):
        raise CannotSetUp(f"missing: {missing[0]}; as root: apt-get install {' '.join(missing)}")
    say(f"installing Debian packages: {' '.join(missing)}")
    env = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
    run(["apt-get", "update"], "reading Debian's package lists", env=env)
    run(["apt-get", "install", "-y", "--no-install-recommends", *missing], "installing Debian packages", env=env)
    if still := [name for name in missing if not needed[name]()]:
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
    folder = places.VENVS / places.of_version(name)
    if stamped(f"venv-{folder.name}", wanted):
        return
    say(f"installing {', '.join(requirements)} (once)")
    shutil.rmtree(folder, ignore_errors=True)
    run([sys.executable, "-m", "venv", folder], f"making the venv of {name}")
    run([folder / "bin" / "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
        f"installing {name}")
    stamp(f"venv-{folder.name}", wanted)


def _given():
    """The program that ZINOARGUS_BIN names, if it names one."""
    given = os.environ.get("ZINOARGUS_BIN")
    if given and not os.access(given, os.X_OK):
        raise CannotSetUp(f"ZINOARGUS_BIN names {given}, which is not a program")
    return given and os.path.abspath(given)


def _rust_is_there():
    """The program can be built here: Rust is new enough, and the target of the static file is installed or can be."""
    with open(places.REPO / "Cargo.toml", "rb") as file:
        wanted = tomllib.load(file)["package"]["rust-version"]
    how = f"install Rust {wanted} or newer with rustup, or name a built program in ZINOARGUS_BIN"
    if not shutil.which("cargo") or not shutil.which("rustc"):
        raise CannotSetUp(f"missing: cargo and rustc; {how}")
    have = subprocess.run(["rustc", "--version"], cwd=places.REPO, capture_output=True, text=True)
    number = re.match(r"rustc (\d+)\.(\d+)", have.stdout)
    if not number:
        raise CannotSetUp(f"rustc does not work ({have.stderr.strip() or have.stdout.strip()}); {how}")
    if tuple(map(int, number.groups())) < tuple(map(int, wanted.split("."))):
        raise CannotSetUp(f"Rust is too old: {have.stdout.strip()}; {how}")
    root = subprocess.run(["rustc", "--print", "sysroot"], cwd=places.REPO, capture_output=True, text=True).stdout.strip()
    target = f"{platform.machine()}-unknown-linux-musl"
    if not os.path.isdir(f"{root}/lib/rustlib/{target}") and not shutil.which("rustup"):
        raise CannotSetUp(f"missing: Rust's target {target}, which the static file is built for, and rustup, which brings it; {how}")


def look_first():
    """Whether the program can be built, before anything else takes minutes."""
    if not _given():
        _rust_is_there()


def shipped_program() -> str:
    """The path of the static file that the package holds too: ZINOARGUS_BIN, else that of this checkout, brought up to date."""
    if given := _given():
        return given
    say("building the program (packaging/static)")
    run([places.REPO / "packaging" / "static"], "packaging/static")
    return str(places.TARGET / "static" / platform.machine() / "zinoargus")


def built(kind, name, release=True) -> str:
    """The path of what `cargo build` makes for this host; `kind`: `--bin` or `--example`."""
    command = ["cargo", "build", *(["--release"] if release else []), "--locked", "--quiet", kind, name]
    say(" ".join(command))
    run(command, " ".join(command), cwd=places.REPO)
    target = os.environ.get("CARGO_TARGET_DIR") or str(places.TARGET)
    return os.path.join(target, "release" if release else "debug", "examples" if kind == "--example" else "", name)
