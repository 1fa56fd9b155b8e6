"""Owns the bench's own tool (`tool/`, Rust): that it is built, its stubs, and its one-shot commands. Never interprets what it says."""

import json
import subprocess

from labkit import install
from labkit.children import Child
from labkit.control import Control


def build(quick) -> str:
    """The path of the built tool; `quick`: without optimisation, which takes a minute more."""
    return install.built("--example", "bench_tool", release=not quick)


def tool(bench, *arguments, deadline=900) -> dict:
    """Run one of its commands to the end."""
    done = subprocess.run([bench.tool, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=deadline)
    if done.returncode:
        raise RuntimeError(f"bench_tool {arguments[0]} ended with {done.returncode}: {done.stderr[-800:]}")
    return json.loads(done.stdout)


class Stubs:
    """A stub Zino and a stub Argus in one process of their own."""

    def __init__(self, bench, name):
        self.child = Child("stubs", [bench.tool, "serve"], bench.lab.run / f"stubs-{name}.log", stdin=subprocess.PIPE,
                           stdout=subprocess.PIPE)
        self.control = Control(self.child)
        ports = self.ask("ports")
        self.argus_port, self.zino_port, self.notify_port = ports["argus"], ports["zino"], ports["notify"]

    def ask(self, do, **arguments):
        """Have one thing done (see `tool/serve.rs`)."""
        return self.control.ask(do, **arguments)

    def stats(self) -> dict:
        """What was asked of both so far."""
        return self.ask("stats")

    def close(self):
        """The end of both."""
        self.child.kill()
