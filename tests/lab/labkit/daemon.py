"""Owns the program under test: its config file, its process, its log. Also runs the Python program it replaces.

Never looks inside it: what it does is seen in Zino, in Argus and in its log.
"""

import os
import re
import signal
import subprocess
import time

from . import places, toml_writer
from .children import Child, guarded
from .waiting import eventually


class Daemon:
    """One installation of zinoargus: a config and, most of the time, a process."""

    def __init__(self, folder, program, config, name="zinoargus"):
        self.folder, self.program, self.config, self.name = folder, program, config, name
        self.child, self.started = None, 0.0
        self.environment = {}
        self.log_to = None  # something that is no file: a pipe, which nobody reads by way of log()
        self.verbosity = ("-vv",)
        folder.mkdir(parents=True, exist_ok=True)

    @property
    def config_file(self):
        """Where its config is."""
        return self.folder / f"{self.name}.toml"

    @property
    def log_path(self):
        """Where all its starts log to."""
        return self.folder / f"{self.name}.log"

    def write_config(self):
        """Put the config in place, readable by us alone. One that is there already is left alone: somebody may be reading it."""
        text = toml_writer.dumps(self.config) + "\n"
        self.config_file.touch(mode=0o600)
        if self.config_file.read_text() != text:
            self.config_file.write_text(text)

    def start(self, *arguments):
        """Start it as a daemon with its verbosity (or other arguments)."""
        assert not self.running, f"{self.name} runs already"
        self.write_config()
        self.started = time.monotonic()
        self.child = Child(self.name, [self.program, *(arguments or self.verbosity), "-c", self.config_file], self.log_to or self.log_path,
                           cwd=self.folder, env={**os.environ, "RUST_BACKTRACE": "1", **self.environment})

    @property
    def running(self) -> bool:
        """Whether the process lives."""
        return self.child is not None and self.child.running

    def stop(self):
        """SIGTERM; it has 5 s and must say 0."""
        code = self.child.stop(patience=8)
        assert code == 0, f"{self.name} ended with {code} after SIGTERM; its log ends:\n{self.tail()}"

    def reload(self):
        """Put the config in place and send SIGHUP."""
        self.write_config()
        self.child.send(signal.SIGHUP)

    def kill(self):
        """SIGKILL: no last word."""
        self.child.kill()

    def restart(self):
        """Stop and start."""
        self.stop()
        self.start()

    def run(self, *arguments, deadline=30, environment=None, usual_file=False):
        """Run it to its end, with more variables in its environment if need be; gives (exit code, everything it printed). With
        `usual_file` it must find its config by itself."""
        self.write_config()
        named = [] if usual_file else ["-c", self.config_file]
        done = subprocess.run(guarded([self.program, *arguments, *named]), cwd=self.folder, timeout=deadline, text=True,
                              env={**os.environ, **(environment or {})},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.returncode, done.stdout

    def log(self) -> str:
        """Everything it has logged so far, all starts."""
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def tail(self, lines=15) -> str:
        """The end of its log."""
        return "\n".join(self.log().splitlines()[-lines:])

    def memory(self) -> int:
        """The most memory it ever had, in bytes."""
        status = open(f"/proc/{self.child.process.pid}/status").read()
        return 1024 * int(re.search(r"VmHWM:\s+(\d+)", status)[1])

    def logged(self, pattern, deadline=15):
        """Wait until the log matches; gives the match."""
        return eventually(lambda: re.search(pattern, self.log()), deadline, f"{self.name} logs {pattern!r}")


class PythonProgram(Daemon):
    """zino-argus-glue, the program that ours replaces, on the same config without the keys it does not know."""

    KNOWN = {"argus": ("url", "token", "timeout"), "zino": ("server", "port", "user", "secret", "default_domain"),
             "sync": ("acknowledge", "ticket", "severity")}

    def __init__(self, folder, config):
        reduced = {section: {key: value for key, value in config[section].items() if key in keys}
                   for section, keys in self.KNOWN.items() if section in config}
        super().__init__(folder, places.venv_program("glue", "python"), reduced, "python-program")
        self.launch = (str(places.INSIDE / "glue_launcher.py"), str(config["zino"]["notify_port"]))

    def start(self, *arguments):
        """Start it with its own notion of -vv."""
        super().start(*self.launch, *(arguments or self.verbosity))

    def stop(self):
        """SIGTERM, no questions about the exit code."""
        self.child.stop(patience=8)
