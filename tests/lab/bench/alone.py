"""Measures this program alone, between a stub Zino and a stub Argus that answer at once: one process of their own, their memory and
CPU not counted. What grows with what is fitted by least squares."""

import contextlib
import time

from labkit import install
from labkit.waiting import eventually

from . import meter, words
from .start import Direct, config
from .tool import Stubs

SIZES = (1000, 2500, 5000, 10_000, 50_000)
# Also built as `cargo build --release` does it, with the C library of the host.
BUILT_SIZES = (1000, 10_000)
PORTS_A_ROUTER = 50
STORMS = (25_000, 50_000, 100_000)
STORM_CASES, STORM_RATE = 1000, 10_000
DAY, SHRUNK = 24 * 3600, 300  # the shortest interval that a configuration may have is 0.1 s
# How often both servers are read completely before memory is taken; it is every 15 minutes as shipped.
READINGS = 3


@contextlib.contextmanager
def between(bench, name, cases, built=None, **sync):
    """The program between stubs with so many cases; ends with the block."""
    stubs = Stubs(bench, name)
    program = None
    try:
        stubs.ask("cases", count=cases, routers=max(1, cases // PORTS_A_ROUTER))
        program = Direct(bench, bench.lab.run / f"alone-{name}", config(stubs, **sync), built and [built])
        yield stubs, program
    finally:
        if program:
            program.end()
        stubs.close()


def all_right(stubs, count, deadline=300):
    """Wait until Argus has so many incidents, and each is what its case says."""
    eventually(lambda: stubs.stats()["argus"]["incidents"] >= count, deadline, f"{count} incidents", every=0.02)
    eventually(lambda: stubs.ask("wrong") == 0, deadline, "every incident says what its case says", every=0.1)


def used(program, stubs) -> dict:
    """What it has used until now, and what it has asked."""
    stats = stubs.stats()
    return {"cpu": meter.cpu(program.pid), **meter.memory(program.pid), "requests": stats["argus"]["requests"],
            "commands": stats["zino"]["commands"], "argus_connections": stats["argus"]["connections"]}


def full(bench, size, built=None) -> dict:
    """The snapshot and the full synchronisation of so many new cases."""
    interval = bench.pick(max(5, size // 1500), 1)
    with between(bench, f"full-{size}", size, built, full_interval=interval) as (stubs, program):
        eventually(lambda: stubs.stats()["argus"]["incidents"] >= 1, 300, "the first incident", every=0.005)
        stats = stubs.stats()
        began_wall = time.time()
        all_right(stubs, size)
        wall = time.time() - program.began
        synced, pages = used(program, stubs), -(-size // 100)

        def read_again():
            now = used(program, stubs)
            return (now["commands"]["CASEIDS"] >= synced["commands"]["CASEIDS"] + READINGS
                    and now["requests"]["GET incidents/mine open=true"] >= synced["requests"]["GET incidents/mine open=true"] + READINGS * pages)
        eventually(read_again, 300, f"{READINGS} complete readings of both servers", every=0.1)
        return {"snapshot": stats["zino"]["last"] - stats["zino"]["first"], "to_first": began_wall - program.began, "wall": wall,
                **synced, "later": meter.memory(program.pid)}


def storm(bench, changes) -> dict:
    """So many changes over a thousand cases that have their incidents, each a notification and another priority."""
    cases = bench.pick(STORM_CASES, 50)
    with between(bench, f"storm-{changes}", cases) as (stubs, program):
        all_right(stubs, cases)
        time.sleep(bench.pick(7, 6))
        before, began = meter.cpu(program.pid), time.monotonic()
        stubs.ask("forget_requests")
        sent = stubs.ask("storm", changes=changes, cases=cases, per_second=STORM_RATE)
        all_right(stubs, cases)
        wall, found = time.monotonic() - began, used(program, stubs)
        return {"sent": sent, "settled": wall, **found, "cpu": found["cpu"] - before}


def day(bench, name, turn_over) -> dict:
    """A day with every interval shrunk three hundredfold: 2880 refreshes and 96 complete readings. With `turn_over` a case opens and
    another closes every three minutes, and Zino forgets closed ones after eight hours."""
    cases, seconds = bench.pick(1000, 20), bench.pick(DAY / SHRUNK, 2)
    with between(bench, f"day-{name}", cases, refresh_interval=30 / SHRUNK, full_interval=900 / SHRUNK) as (stubs, program):
        all_right(stubs, cases)
        time.sleep(bench.pick(7, 1))
        stubs.ask("forget_requests")
        before, began = used(program, stubs), time.monotonic()
        due = began
        while time.monotonic() < began + seconds:
            if turn_over and time.monotonic() >= due:
                stubs.ask("turn_over", keep_closed=160)
                due += 180 / SHRUNK
            time.sleep(0.01)
        if turn_over:
            all_right(stubs, cases)
        after = used(program, stubs)
        return {"before": before["now"], "seconds": time.monotonic() - began, **after, "cpu": after["cpu"] - before["cpu"]}


def measure(bench):
    """Each size and each storm once; the figures that matter grow with sizes, so noise shows as a bad fit."""
    data = {"full": {}, "built": {}, "storm": {}, "day": {}}
    for size in bench.pick(SIZES, (100,)):
        data["full"][str(size)] = full(bench, size)
        bench.keep(data)
    for size in bench.pick(BUILT_SIZES, ()):
        data["built"][str(size)] = full(bench, size, install.built("--bin", "zinoargus", release=not bench.quick))
        bench.keep(data)
    for changes in bench.pick(STORMS, (1000,)):
        data["storm"][str(changes)] = storm(bench, changes)
        bench.keep(data)
    for name, turn_over in (("quiet", False), ("480 cases come and go", True)):
        data["day"][name] = day(bench, name.split()[0], turn_over)
        bench.keep(data)
    return data


def table(data):
    """The three tables, and how things grow."""
    lines = ["| cases | snapshot s | all in Argus after s | CPU s | Argus requests | Zino commands | then MiB | "
             "peak MiB until both were read completely three times more | then MiB |",
             "|---|---|---|---|---|---|---|---|---|"]
    rows = [*data["full"].items(), *((f"{size}, built with glibc", one) for size, one in data["built"].items())]
    for size, one in rows:
        lines.append(f"| {size} | {one['snapshot']:.2f} | {one['wall']:.2f} | {one['cpu']:.2f} | {sum(one['requests'].values())} | "
                     f"{sum(one['commands'].values())} | {one['now']:.1f} | {one['later']['peak']:.1f} | {one['later']['now']:.1f} |")
    lines += ["", "| notifications | sent in s | settled after s | CPU s | Argus requests | CPU ms a request | Zino commands | "
              "peak MiB | afterwards MiB |",
              "|---|---|---|---|---|---|---|---|---|"]
    for changes, one in data["storm"].items():
        count = sum(one["requests"].values())
        lines.append(f"| {changes} | {one['sent']:.1f} | {one['settled']:.1f} | {one['cpu']:.2f} | {count} | {1000 * one['cpu'] / count:.3f} | "
                     f"{sum(one['commands'].values())} | {one['peak']:.1f} | {one['now']:.1f} |")
    lines += ["", "| a day in | s | CPU s | refreshes | Argus requests | Zino commands | before MiB | afterwards MiB | peak MiB |",
              "|---|---|---|---|---|---|---|---|---|"]
    for name, one in data["day"].items():
        lines.append(f"| {name} | {one['seconds']:.0f} | {one['cpu']:.2f} | {one['requests'].get('GET incidents/events', 0)} | "
                     f"{sum(one['requests'].values())} | {sum(one['commands'].values())} | {one['before']:.1f} | "
                     f"{one['now']:.1f} | {one['peak']:.1f} |")
    return "\n".join(lines + ["", *growth(data)])


def growth(data):
    """How each cost grows, by least squares."""
    rows = [(int(size), one) for size, one in data["full"].items()]
    storms = [(int(changes), one) for changes, one in data["storm"].items()]
    lines = ["How it grows (a straight line, and the exponent of a power law; 1 is in proportion):", "",
             "| what | against | at none | each thousand more | exponent |", "|---|---|---|---|---|"]
    for what, against, unit, points in (
            ("Argus requests of a full sync", "cases", "", [(n, sum(one["requests"].values())) for n, one in rows]),
            ("Zino commands of a full sync", "cases", "", [(n, sum(one["commands"].values())) for n, one in rows]),
            ("memory, peak", "cases", " MiB", [(n, one["later"]["peak"]) for n, one in rows]),
            ("memory, after three complete readings", "cases", " MiB", [(n, one["later"]["now"]) for n, one in rows]),
            ("CPU of a full sync", "cases", " s", [(n, one["cpu"]) for n, one in rows]),
            ("CPU of a storm", "notifications", " s", [(n, one["cpu"]) for n, one in storms]),
            ("memory after a storm", "notifications", " MiB", [(n, one["now"]) for n, one in storms])):
        if len(points) > 1:
            base, each = words.slope(points)
            lines.append(f"| {what} | {against} | {base:.2f}{unit} | {1000 * each:.3f}{unit} | {words.exponent(points):.2f} |")
    return lines


def verdicts(data):
    """Memory."""
    rows = []
    for kind, how in (("full", "stubs"), ("built", "stubs, built with glibc")):
        for size, bound in (("1000", 10), ("10000", 30)):
            if one := data[kind].get(size):
                peak = one["later"]["peak"] * 1.048576
                rows.append((f"memory with {int(size):,} open cases ({how})", f"under {bound} MB resident", f"{peak:.1f} MB at most",
                             peak < bound))
    return rows
