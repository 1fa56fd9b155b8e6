"""Owns the bench's own tool (`tool/`, Rust): that it is built, its stubs, and its one-shot commands. Never interprets what it says."""

import json
import os
import subprocess

from labkit import install, places
from labkit.children import Child
from labkit.control import Control


def build() -> str:
    """The path of the built tool."""
    install.say("cargo build --release --example bench_tool")
    if subprocess.run(["cargo", "build", "--release", "--quiet", "--example", "bench_tool"], cwd=places.REPO).returncode:
        raise install.CannotSetUp("cargo build --release --example bench_tool failed")
    target = os.environ.get("CARGO_TARGET_DIR") or str(places.TARGET)
    return os.path.join(target, "release", "examples", "bench_tool")


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
