"""Measures a full synchronisation: Zino holds new cases, Argus none, and the program starts. Beside both programs the barest
client that sends the same POSTs over as many connections."""

import time

from . import meter, words
from .stage import OURS, PYTHON, Usage, stage
from .tool import tool

CONNECTIONS = 4
LABELS = {"bare": f"bare client, {CONNECTIONS} connections", "one connection": "zinoargus, `connections = 1`",
          "eight connections": "zinoargus, `connections = 8`", PYTHON: "Python program"}


def one(bench, name, size, connections=CONNECTIONS, deadline=900) -> dict:
    """One run of one program: wall time from its start to the last incident, and what it cost."""
    with stage(bench, f"sync-{name}-{size}") as world:
        world.add_cases(size)
        if name == OURS:
            world.config["argus"]["connections"] = connections
        program = world.program_called(name)
        usage, began = Usage(world), time.monotonic()
        program.start()
        world.incidents_reach(1, deadline, every=0.005)
        first = time.monotonic() - began
        world.incidents_reach(size, deadline)
        wall, used = time.monotonic() - began, usage.until_now()
        pid = program.child.process.pid
        kinds = world.kinds()
        return {"wall": wall, "first": first, "cpu": meter.cpu(pid), "peak": meter.memory(pid)["peak"], "argus_cpu": used["argus"],
                "postgres_cpu": used["postgres"], "requests": kinds, "per_case": sum(kinds.values()) / size,
                "writes_per_case": sum(n for kind, n in kinds.items() if not kind.startswith("GET")) / size}


def bodies(bench, size) -> str:
    """The file of POSTs that our program makes of so many cases, taken down by a proxy on their way; and how long it took there."""
    with stage(bench, f"bodies-{size}") as world:
        world.add_cases(size)
        proxy = world.through_argus_proxy()
        began = time.monotonic()
        world.daemon.start()
        world.incidents_reach(size)
        wall = time.monotonic() - began
        posts = [one.body.decode() for one in list(proxy.seen) if one.method == "POST" and one.path.endswith("/incidents/")]
        assert len(posts) == size, f"{len(posts)} POSTs for {size} cases"
        file = bench.lab.run / f"posts-{size}.txt"
        file.write_text("".join(f"POST /api/v2/incidents/ {body}\n" for body in posts))
        return str(file), {"wall": wall, "counted": sum(1 for one in proxy.seen if "heartbeat" not in one.path)}


def bare(bench, size, file, connections=CONNECTIONS) -> dict:
    """The barest client with the same POSTs for a source of its own."""
    with stage(bench, f"bare-{size}") as world:
        usage = Usage(world)
        done = tool(bench, "request", f"127.0.0.1:{world.argus_server.port}", world.source["token"], file, connections)
        used = usage.until_now()
        assert done["answers"] == {"201": size}, f"the bare client got {done['answers']}"
        return {"wall": done["seconds"], "argus_cpu": used["argus"], "postgres_cpu": used["postgres"]}


def measure(bench):
    """For each size, in turn: ours, the bare client, ours with one connection, and the Python program."""
    data = {"sizes": {}}
    for size in bench.pick((300, 1000), (20,)):
        found = {OURS: [], "bare": [], "one connection": [], "eight connections": [], PYTHON: []}
        file, found["through the proxy"] = bodies(bench, size)
        data["sizes"][str(size)] = found
        for turn in range(bench.rounds):
            found[OURS].append(one(bench, OURS, size))
            found["bare"].append(bare(bench, size, file))
            if turn == 0:
                found["one connection"].append(one(bench, OURS, size, 1))
                found["eight connections"].append(one(bench, OURS, size, 8))
            if turn < bench.python_rounds(size):
                found[PYTHON].append(one(bench, PYTHON, size))
            bench.keep(data)
    return data


def table(data):
    """Two tables: the time, and what it cost."""
    lines = ["| cases | client | rounds | min s | median s | max s | ratio to ours |", "|---|---|---|---|---|---|---|"]
    cost = ["| cases | program | Argus requests a case | writes a case | CPU s of the program | CPU s of Argus | CPU s of PostgreSQL "
            "| peak MiB | first incident after s |", "|---|---|---|---|---|---|---|---|---|"]
    kinds = []
    for size, found in data["sizes"].items():
        ours = words.median(found[OURS], "wall")
        for name in (OURS, "bare", "one connection", "eight connections", PYTHON):
            rows = found[name]
            if not rows:
                continue
            low, middle, high = words.spread(rows, "wall")
            label = LABELS.get(name, f"zinoargus, {CONNECTIONS} connections")
            lines.append(f"| {size} | {label} | {len(rows)} | {low:.2f} | {middle:.2f} | {high:.2f} | {middle / ours:.2f} |")
            if "requests" in rows[0]:
                mid = {key: words.median(rows, key) for key in rows[0] if key != "requests"}
                cost.append(f"| {size} | {label} | {mid['per_case']:.2f} | {mid['writes_per_case']:.2f} | {mid['cpu']:.2f} | "
                            f"{mid['argus_cpu']:.1f} | {mid['postgres_cpu']:.1f} | {mid['peak']:.1f} | {mid['first']:.2f} |")
                listed = ", ".join(f"{count} x `{kind}`" for kind, count in sorted(rows[-1]["requests"].items()))
                kinds.append(f"- {size} cases, {label}: {listed}")
    return "\n".join([*lines, "", *cost, "", "Requests by kind, from gunicorn's own access log:", "", *kinds])


def short(data):
    """What a user cares about."""
    size, found = list(data["sizes"].items())[-1]
    if not found[PYTHON]:
        return []
    return [(f"{size} new cases are in Argus after", *(f"{words.median(found[name], 'wall'):.0f} s" for name in (OURS, PYTHON)))]


def verdicts(data):
    """What is required of it, and what was found."""
    size, found = list(data["sizes"].items())[-1]
    ours, bare_wall = words.median(found[OURS], "wall"), words.median(found["bare"], "wall")
    rows = [(f"full sync of {size} against the bare client", "at most 1.3 x", f"{ours / bare_wall:.2f} x", ours <= 1.3 * bare_wall),
            ("Argus writes for each new case", "1.0", f"{words.median(found[OURS], 'writes_per_case'):.3f}",
             words.median(found[OURS], "writes_per_case") <= 1.005)]
    if found[PYTHON]:
        ratio = words.median(found[PYTHON], "wall") / ours
        rows.insert(0, (f"full sync of {size} against the Python program", "at least 4 x faster", f"{ratio:.1f} x", ratio >= 4))
    return rows

