"""Measures a complete reading of a real Zino: many commands under way together, as the program reads, against the same commands
one after the other; both with the program's own code, and a plain client in Python beside."""

import time

from labkit.world import GLUE_USER
from labkit.zino_client import ZinoClient
from labkit.zino_server import USERS

from . import meter, words
from .stage import stage
from .tool import tool


# Microseconds each way: over loopback, and as between two hosts in one country (a round trip of a millisecond).
DELAYS = (0, 500)


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


def measure(bench):
    """Several rounds on one Zino."""
    data = {"rounds": {}}
    with stage(bench, "snapshot") as world:
        world.add_cases(bench.pick(2000, 50))
        for _ in range(bench.rounds):
            for delay in DELAYS:
                pid = world.zino.child.process.pid
                before = meter.cpu(pid)
                one = tool(bench, "snapshot", "127.0.0.1", world.zino.port, GLUE_USER, USERS[GLUE_USER], delay)
                one["zino_cpu"] = meter.cpu(pid) - before
                if delay == 0:
                    one["plain"] = plain(world)
                data["rounds"].setdefault(str(delay), []).append(one)
            bench.keep(data)
    return data


def table(data):
    """Seconds of each way."""
    lines = ["| cases | round trip | way | rounds | min s | median s | max s | ratio to pipelined |", "|---|---|---|---|---|---|---|---|"]
    for delay, rows in data["rounds"].items():
        for key, told in (("pipelined", "pipelined"), ("sequential", "one after the other"), ("plain", "one after the other, plain Python client")):
            if key in rows[0]:
                low, middle, high = words.spread(rows, key)
                lines.append(f"| {rows[0]['cases']} | {2 * int(delay) / 1000:g} ms | {told} | {len(rows)} | {low:.2f} | {middle:.2f} | {high:.2f} | "
                             f"{middle / words.median(rows, 'pipelined'):.2f} |")
    rows = data["rounds"]["0"]
    both = sum(row["pipelined"] + row["sequential"] for row in rows)
    used = sum(row["zino_cpu"] for row in rows)
    return "\n".join([*lines, "", f"Without a network between them Zino itself is most of it: it used {used:.2f} s of CPU in the {both:.2f} s "
                      "of the first two ways."])


def verdicts(data):
    """At most a fifth."""
    found = []
    for delay, rows in data["rounds"].items():
        ratio = words.median(rows, "pipelined") / words.median(rows, "sequential")
        found.append((f"reading {rows[0]['cases']} cases from Zino, pipelined against one after the other, round trip {2 * int(delay) / 1000:g} ms",
                      "at most 0.20", f"{ratio:.2f}", ratio <= 0.2))
    return found
