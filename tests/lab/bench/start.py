"""Measures the start: from just before the process is made to its first connection to Zino and its first request to Argus.

Against the stubs, which write down when something came first; a process that is started here is ended with the bench by
`setpriv --pdeathsig`, whose own millisecond counts against the program."""

import subprocess
import time

from labkit import toml_writer
from labkit.waiting import eventually

from . import words
from .stage import OURS, PYTHON
from .tool import Stubs

CASES = 10


def config(stubs, **sync) -> dict:
    """The config of a program between the two stubs."""
    return {"argus": {"url": f"http://127.0.0.1:{stubs.argus_port}/api/v2/", "token": "t0ken", "timeout": 10.0},
            "zino": {"server": "127.0.0.1", "port": stubs.zino_port, "notify_port": stubs.notify_port, "user": "bench", "secret": "s"},
            "sync": sync}


class Direct:
    """A program started without the lab's guard before it."""

    def __init__(self, bench, folder, settings, command=None):
        folder.mkdir(parents=True, exist_ok=True)
        file = folder / "direct.toml"
        file.touch(mode=0o600)
        file.write_text(toml_writer.dumps(settings) + "\n")
        with open(folder / "direct.log", "ab") as log:
            self.began = time.time()
            self.process = subprocess.Popen(["/usr/bin/setpriv", "--pdeathsig", "KILL", *(command or [bench.lab.program]), "-c", file],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=folder)

    @property
    def pid(self) -> int:
        """Its process: setpriv has become the program."""
        return self.process.pid

    def end(self):
        """The end of it."""
        self.process.kill()
        self.process.wait()


def once(bench, stubs, name) -> dict:
    """One start."""
    stubs.ask("forget_counts")
    command = None
    if name == PYTHON:
        from labkit import places
        command = [places.venv_program("glue", "python"), str(places.INSIDE / "glue_launcher.py"), str(stubs.notify_port)]
    settings = config(stubs)
    if name == PYTHON:
        settings["zino"].pop("notify_port")
    program = Direct(bench, bench.lab.run / f"start-{name}", settings, command)
    try:
        def both():
            stats = stubs.stats()
            return stats["zino"]["first"] and stats["argus"]["first"] and stats
        stats = eventually(both, 20, "a request on the wire", every=0.02)
        firsts = stats["zino"]["first"] - program.began, stats["argus"]["first"] - program.began
        return {"wire": min(firsts), "zino": firsts[0], "argus": firsts[1]}
    finally:
        program.end()


def measure(bench):
    """Many starts of ours, some of the Python program."""
    data = {OURS: [], PYTHON: []}
    stubs = Stubs(bench, "start")
    try:
        stubs.ask("cases", count=CASES, routers=2)
        for name, times in ((OURS, bench.pick(30, 2)), (PYTHON, bench.pick(5, 1))):
            data[name] = [once(bench, stubs, name) for _ in range(times)]
    finally:
        stubs.close()
    return data


def table(data):
    """Milliseconds to each first thing."""
    lines = ["| program | starts | first on the wire: median ms | max ms | first to Zino: median ms | first to Argus: median ms |",
             "|---|---|---|---|---|---|"]
    for name, rows in data.items():
        wire, zino, argus = (words.spread(rows, key) for key in ("wire", "zino", "argus"))
        lines.append(f"| {name} | {len(rows)} | {1000 * wire[1]:.1f} | {1000 * wire[2]:.1f} | {1000 * zino[1]:.1f} | {1000 * argus[1]:.1f} |")
    return "\n".join(lines)


def verdicts(data):
    """Under 20 ms."""
    low, middle, high = (1000 * figure for figure in words.spread(data[OURS], "wire"))
    return [("from exec to the first request on the wire", "under 20 ms", f"{middle:.1f} ms (max {high:.1f})", middle < 20)]
