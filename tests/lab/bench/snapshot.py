"""Measures a complete reading of a real Zino: many commands under way together, as the program reads, against the same commands
one after the other; both with the program's own code, and a plain client in Python beside."""

import time

from labkit.world import GLUE_USER
from labkit.zino_client import ZinoClient
from labkit.zino_server import USERS

from . import words
from .stage import stage
from .tool import tool


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
    data = {"rounds": []}
    with stage(bench, "snapshot") as world:
        world.add_cases(bench.pick(2000, 50))
        for _ in range(bench.rounds):
            one = tool(bench, "snapshot", "127.0.0.1", world.zino.port, GLUE_USER, USERS[GLUE_USER])
            data["rounds"].append({**one, "plain": plain(world)})
            bench.keep(data)
    return data


def table(data):
    """Seconds of each way."""
    rows = data["rounds"]
    lines = ["| cases | way | rounds | min s | median s | max s | ratio to pipelined |", "|---|---|---|---|---|---|---|"]
    for key, told in (("pipelined", "pipelined"), ("sequential", "one after the other"), ("plain", "one after the other, plain Python client")):
        low, middle, high = words.spread(rows, key)
        lines.append(f"| {rows[0]['cases']} | {told} | {len(rows)} | {low:.2f} | {middle:.2f} | {high:.2f} | "
                     f"{middle / words.median(rows, 'pipelined'):.2f} |")
    return "\n".join(lines)


def verdicts(data):
    """At most a fifth."""
    ratio = words.median(data["rounds"], "pipelined") / words.median(data["rounds"], "sequential")
    return [(f"reading {data['rounds'][0]['cases']} cases from Zino, pipelined against one after the other", "at most 0.20", f"{ratio:.2f}",
             ratio <= 0.2)]
