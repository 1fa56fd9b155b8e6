"""Owns the long builds that run beside the checks: each is started before the checks' own namespaces, and is waited for by the check that
looks at it. What is known of them is in files, because the checks are another process image. Never says what is right.
"""

import contextlib
import os
import signal
import subprocess

from labkit import places
from labkit.waiting import eventually

FOLDER = places.TARGET / "packages" / "beside"
PATIENCE = 1800.0


def start(name, *command):
    """Run a program of the checkout in the background, in a group of its own."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for ending in ("log", "code"):
        (FOLDER / f"{name}.{ending}").unlink(missing_ok=True)
    script = 'cd "$1"; log=$2 code=$3; shift 3; "$@" >"$log" 2>&1; echo $? >"$code.new"; mv "$code.new" "$code"'
    (FOLDER / f"{name}.log").touch()
    process = subprocess.Popen(["sh", "-c", script, "beside", places.REPO, FOLDER / f"{name}.log", FOLDER / f"{name}.code", *command],
                               stdin=subprocess.DEVNULL, start_new_session=True)
    (FOLDER / f"{name}.pid").write_text(str(process.pid))


def says(name, text):
    """Wait until a build has printed this, or has ended."""
    eventually(lambda: text in (FOLDER / f"{name}.log").read_text() or (FOLDER / f"{name}.code").exists(), 300, f"{name} says {text!r}")


def result(name) -> str:
    """Wait until a build has ended well; gives what it printed."""
    code = FOLDER / f"{name}.code"
    eventually(code.exists, PATIENCE, f"{name} ends", every=0.5)
    said = (FOLDER / f"{name}.log").read_text(errors="replace")
    assert code.read_text().strip() == "0", f"{name}: exit code {code.read_text().strip()}\n{said[-3000:]}"
    return said


def end_all():
    """End what nobody has waited for, as after an interrupt."""
    for file in FOLDER.glob("*.pid"):
        if not file.with_suffix(".code").exists():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(int(file.read_text()), signal.SIGKILL)
        file.unlink()
