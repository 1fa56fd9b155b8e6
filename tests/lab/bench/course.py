"""Measures two minutes of a working day with 1000 open incidents: how long each new case takes, what is asked of Argus, and memory.

Both programs run as shipped; the Python program asks for every incident by itself, again and again. The plot is
[plots/course.svg](plots/course.svg)."""

import random
import time

from . import meter, words
from .latency import LOOK_EVERY, OPEN, Probes, begin, with_incidents
from .stage import OURS, PYTHON, stage

SECONDS, EVERY, SAMPLE = 120, 3.0, 2.0


def course(bench, name) -> dict:
    """The latency of each case by the second at which it came; requests so far and memory by the second."""
    seconds = bench.pick(SECONDS, 8)
    with stage(bench, f"course-{name}") as world:
        with_incidents(world, bench.pick(OPEN, 20))
        program = begin(world, name)
        probes, sent, found, samples = Probes(world), {}, [], []
        began, due, look = time.monotonic(), 0.0, 0.0
        asked = len(world.argus_server.requests(world.source["token"]))
        while (now := time.monotonic() - began) < seconds or probes.waiting and now < 4 * seconds:
            if now >= due and now < seconds:
                probes.send()
                sent |= {number: now for number in probes.waiting if number not in sent}
                due += EVERY * random.uniform(0.5, 1.5)
            if now >= look and now < seconds:
                look += SAMPLE
                count = len(world.argus_server.requests(world.source["token"])) - asked
                samples.append([now, count, meter.memory(program.child.process.pid)["now"]])
            before = dict(probes.waiting)
            probes.look()
            for number in before.keys() - probes.waiting.keys():
                found.append([sent[number], time.monotonic() - before[number]])
            time.sleep(LOOK_EVERY)
        assert not probes.waiting, f"{len(probes.waiting)} cases did not arrive"
        return {"latency": sorted(found), "samples": samples, "seconds": seconds}


def measure(bench):
    """Ours, then the Python program."""
    data = {}
    for name in (OURS, PYTHON):
        data[name] = course(bench, name)
        bench.keep(data)
    return data


def requests_a_minute(found) -> list[list[float]]:
    """From the counts so far: [second, requests a minute] over the last ten seconds."""
    samples, rates = found["samples"], []
    for at, count, _ in samples:
        earlier = next((one for one in samples if one[0] >= at - 10), samples[0])
        if at > earlier[0]:
            rates.append([at, 60 * (count - earlier[1]) / (at - earlier[0])])
    return rates


def table(data):
    """The worst and the middle of each, beside the plot."""
    lines = ["![Latency of new cases, requests a minute and memory of both programs over two minutes](plots/course.svg)", "",
             "| program | cases | p50 ms | p95 ms | max ms | requests a minute | memory at the end MiB |", "|---|---|---|---|---|---|---|"]
    for name, found in data.items():
        times = [1000 * delay for _, delay in found["latency"]]
        rate = 60 * (found["samples"][-1][1] - found["samples"][0][1]) / (found["samples"][-1][0] - found["samples"][0][0])
        figures = " | ".join(f"{words.percentile(times, share):.0f}" for share in (50, 95, 100))
        lines.append(f"| {name} | {len(times)} | {figures} | {rate:.0f} | {found['samples'][-1][2]:.1f} |")
    return "\n".join(lines)


def verdicts(_data):
    """None of its own: the parts `latency` and `refresh` have them."""
    return []
