"""Measures a complete reading of a real Zino: many commands under way together, as the program reads, against the same commands
one after the other; both with the program's own code, and a plain client in Python beside."""

import time

from labkit.world import GLUE_USER
from labkit.zino_client import ZinoClient
from labkit.zino_server import USERS

from . import meter, words
from .stage import stage
from .tool import tool


# Microseconds each way: over loopback, as in one building (a round trip of 0.2 ms), and as between two hosts in one country (1 ms).
DELAYS = (0, 100, 500)
WAYS = {"pipelined": "pipelined", "sequential": "one after the other", "plain": "one after the other, plain Python client"}


def plain(world) -> float:
    """A client that knows nothing of pipelining: seconds."""
    client = ZinoClient(world.zino.port, GLUE_USER, USERS[GLUE_USER])
    began = time.monotonic()
    for number in client.case_ids():
        client.attrs(number)
        client.history(number)
        client.log(number)
    took = time.monotonic() - began
    client.close()
    return took


def one(bench, world, delay) -> dict:
    """Both of the program's ways once: their seconds, and Zino's own share of them in CPU seconds."""
    found, digests = {}, set()
    for way in ("pipelined", "sequential"):
        before = meter.fine_cpu(world.zino.child.process.pid)
        done = tool(bench, "snapshot", "127.0.0.1", world.zino.port, GLUE_USER, USERS[GLUE_USER], delay, way)
        found[way], found["cases"] = done["seconds"], done["cases"]
        found[f"{way} zino"] = meter.fine_cpu(world.zino.child.process.pid) - before
        digests.add(done["digest"])
    assert len(digests) == 1, "both ways must read the same"
    if delay == 0:
        found["plain"] = plain(world)
    return found


def measure(bench):
    """Several rounds on one Zino."""
    data = {"rounds": {}}
    with stage(bench, "snapshot") as world:
        world.add_cases(bench.pick(2000, 50))
        for _ in range(bench.rounds):
            for delay in DELAYS:
                data["rounds"].setdefault(str(delay), []).append(one(bench, world, delay))
            bench.keep(data)
    return data


def trip(delay) -> str:
    """The round trip in words."""
    return f"{2 * int(delay) / 1000:g} ms"


def table(data):
    """Seconds of each way."""
    lines = ["| cases | round trip | way | rounds | min s | median s | max s | ratio to pipelined | of it Zino's own CPU s |",
             "|---|---|---|---|---|---|---|---|---|"]
    for delay, rows in data["rounds"].items():
        for key, told in WAYS.items():
            if key in rows[0]:
                low, middle, high = words.spread(rows, key)
                zino = f"{words.median(rows, f'{key} zino'):.2f}" if f"{key} zino" in rows[0] else ""
                lines.append(f"| {rows[0]['cases']} | {trip(delay)} | {told} | {len(rows)} | {low:.2f} | {middle:.2f} | {high:.2f} | "
                             f"{middle / words.median(rows, 'pipelined'):.2f} | {zino} |")
    return "\n".join([*lines, "", "Without a network between them Zino itself is nearly all of it: what pipelining saves there is only that two "
                      "processes wake each other for every command."])


def verdicts(data):
    """At most a fifth."""
    found = []
    for delay, rows in data["rounds"].items():
        ratio = words.median(rows, "pipelined") / words.median(rows, "sequential")
        found.append((f"reading {rows[0]['cases']} cases from Zino, pipelined against one after the other, round trip {trip(delay)}",
                      "at most 0.20", f"{ratio:.2f}", ratio <= 0.2))
    return found
