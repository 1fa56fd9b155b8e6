"""Measures what a program costs when nothing happens: requests, CPU of Argus, of PostgreSQL and its own, and memory, with so many
open incidents. And what other ways of asking would cost."""

import time

from labkit.waiting import eventually

from . import lists, meter
from .latency import begin
from .stage import OURS, PYTHON, Usage, stage

OUR_INTERVAL = 1.0
SIZES = (100, 1000, 5000)
EVENTS, COUNT = "GET incidents/events/", "GET incidents/mine/"  # a refresh is one of each: the newest events, and how many are open


def window(world, program, seconds) -> dict:
    """What happens in so many seconds."""
    before, usage = len(world.argus_server.requests(world.source["token"])), Usage(world, program)
    time.sleep(seconds)
    used = usage.until_now()
    kinds = {kind: count for kind, count in world.kinds(before).items() if "heartbeat" not in kind}
    return {**used, "requests": kinds, "count": sum(kinds.values()), "now": meter.memory(program.child.process.pid)["now"],
            "peak": meter.memory(program.child.process.pid)["peak"]}


def ours(bench, world, size) -> list[dict]:
    """Ours, refreshing every second instead of every thirty so that many refreshes are met: several windows of twenty refreshes."""
    world.config["sync"]["refresh_interval"] = OUR_INTERVAL
    world.daemon.start()
    world.incidents_reach(size)
    # its first looks and all that follows from them are over when nothing but refreshes has come for a while
    eventually(lambda: only_refreshes(window(world, world.daemon, bench.pick(6, 2.2))["requests"]), 600, "nothing but refreshes")
    found = [window(world, world.daemon, bench.pick(20, 2) * OUR_INTERVAL) for _ in range(bench.rounds)]
    world.daemon.stop()
    return [{**one, "refreshes": one["seconds"] / OUR_INTERVAL} for one in found]


def only_refreshes(requests) -> bool:
    """Whether these are refreshes and nothing else; a window may begin between the two requests of one."""
    return set(requests) == {EVENTS, COUNT} and abs(requests[EVENTS] - requests[COUNT]) <= 1


def python(bench, world) -> dict:
    """The Python program, which waits thirty seconds and then asks for every incident by itself: one minute."""
    program = begin(world, PYTHON)
    return window(world, program, bench.pick(60, 4))


def resting(bench, world, program) -> dict:
    """As shipped, one minute: CPU and memory."""
    return window(world, program, bench.pick(60, 4))


def measure(bench):
    """The sizes one after the other in one growing world."""
    data = {"sizes": {}, "resting": {}, "lists": {}}
    with stage(bench, "refresh") as world:
        for size in bench.pick(SIZES, (20,)):
            world.add_cases(size - world.made)
            found = data["sizes"][str(size)] = {OURS: ours(bench, world, size)}
            bench.keep(data)
            if size == bench.pick(1000, 20):
                world.config["sync"].pop("refresh_interval")
                world.daemon.start()
                eventually(lambda: COUNT in world.kinds(), 60, "the first looks")
                # what follows from a start is no rest: every incident is looked at once, some of it after five seconds
                eventually(lambda: not window(world, world.daemon, bench.pick(6, 1))["requests"], 300, "rest")
                data["resting"] = {"size": size, OURS: resting(bench, world, world.daemon)}
                world.daemon.stop()
            if size <= 1000:
                found[PYTHON] = python(bench, world)
                world.programs[-1].stop()
            data["lists"][str(size)] = lists.ask(bench, world)
            bench.keep(data)
        acknowledged = lists.acknowledge(world)
        data["lists"][f"{size}, {acknowledged} of them acknowledged"] = lists.ask(bench, world)
        bench.keep(data)
        lists.grow_old(bench, world)
        data["lists"][f"{size}, and {bench.pick(lists.OLD_EVENTS, 100):,} events of the past"] = lists.ask(bench, world)
    return data


def table(data):
    """Per refresh, and at rest."""
    lines = ["| open incidents | program | in | requests | that is | CPU ms of Argus a refresh | "
             "CPU ms of PostgreSQL a refresh | CPU of Argus and PostgreSQL, share of a core as shipped |", "|---|---|---|---|---|---|---|---|"]
    for size, found in data["sizes"].items():
        rows = found[OURS]
        argus, base = (sum(row[key] for row in rows) / sum(row["refreshes"] for row in rows) for key in ("argus", "postgres"))
        count, seconds = sum(row["count"] for row in rows), sum(row["seconds"] for row in rows)
        lines.append(f"| {size} | zinoargus, a refresh every {OUR_INTERVAL:.0f} s | {seconds:.0f} s | {count} | "
                     f"{count / (seconds / OUR_INTERVAL):.2f} requests a refresh | {1000 * argus:.0f} | {1000 * base:.0f} | {100 * (argus + base) / 30:.2f} % |")
        if PYTHON in found:
            one = found[PYTHON]
            share = 100 * (one["argus"] + one["postgres"]) / one["seconds"]
            lines.append(f"| {size} | Python program | {one['seconds']:.0f} s | {one['count']} | one for every incident | | | {share:.0f} % |")
    rest = ["", "| at rest, as shipped | open incidents | requests a minute | CPU of the program, share of a core | resident MiB | peak MiB |",
            "|---|---|---|---|---|---|"]
    size = data["resting"].get("size")
    for name, one in ((OURS, data["resting"].get(OURS)), ("Python program", data["sizes"].get(str(size), {}).get(PYTHON))):
        if one:
            rest.append(f"| {name} | {size} | {60 * one['count'] / one['seconds']:.0f} | {100 * one['program'] / one['seconds']:.3f} % | "
                        f"{one['now']:.1f} | {one['peak']:.1f} |")
    return "\n".join([*lines, *rest, "", "What one asking costs, by the way of asking:", "", lists.table(data["lists"])])


def short(data):
    """What a user cares about."""
    one, other = data["resting"], data["sizes"].get(str(data["resting"].get("size")), {}).get(PYTHON)
    if OURS not in one or not other:
        return []
    both = (one[OURS], other)
    return [(f"requests a minute to Argus at rest, {one['size']} open incidents", *(f"{60 * it['count'] / it['seconds']:.0f}" for it in both)),
            (f"memory, and CPU at rest, {one['size']} open incidents",
             *(f"{it['peak'] * 1.048576:.0f} MB, {100 * it['program'] / it['seconds']:.2g} % of a core" for it in both))]


def verdicts(data):
    """Requests must not grow with the incidents; rest must be rest."""
    each = {int(size): sum(row["count"] for row in found[OURS]) / sum(row["refreshes"] for row in found[OURS])
            for size, found in data["sizes"].items()}
    told = ", ".join(f"{count:.2f} at {size}" for size, count in each.items())
    rows = [("requests of a quiet refresh", "the same at any size", told, max(each.values()) <= 2.3 and max(each.values()) - min(each.values()) < 0.4)]
    if OURS in data["resting"]:
        one = data["resting"][OURS]
        share = 100 * one["program"] / one["seconds"]
        rows += [(f"CPU at rest with {data['resting']['size']} open cases", "under 1 % of a core", f"{share:.3f} %", share < 1),
                 (f"memory with {data['resting']['size']} open cases", "under 10 MB resident", f"{one['peak'] * 1.048576:.1f} MB at most",
                  one["peak"] * 1.048576 < 10)]
    return rows
