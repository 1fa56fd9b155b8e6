"""Measures what watching an Argus costs that has years of history: which way the program takes, what its questions cost, and how long
a person's close takes to the case. As shipped, with 100 open incidents, and events of the past written straight into the database."""

import re
import statistics
import time

from labkit.waiting import eventually
from labkit.zino_server import case_of

from .stage import stage

SIZES = (5_000, 200_000, 2_000_000)
OPEN, WINDOW, CLOSES = 100, 60, 2
# Every tenth event began an incident, and every twentieth is an acknowledgement.
PAST = """
WITH old AS (
    INSERT INTO argus_incident_incident (start_time, end_time, source_incident_id, details_url, description, level, ticket_url, search_text,
                                         metadata, source_id)
    SELECT at, at + interval '1 hour', 'old ' || n, '', 'something that happened', 3, '', '', '{{}}', {source}
    FROM (SELECT n, now() - interval '1 day' - n * interval '5 minutes' AS at FROM generate_series({first} / 10, {last} / 10 - 1) n) past
    RETURNING id, start_time
), events AS (
    INSERT INTO argus_incident_event (incident_id, actor_id, timestamp, received, type, description)
    SELECT id, {user}, start_time + k * interval '1 minute', start_time + k * interval '1 minute',
           CASE WHEN k = 1 AND id % 2 = 0 THEN 'ACK' ELSE 'OTH' END, 'something that happened'
    FROM old, generate_series(0, 9) k
    RETURNING id, type
)
INSERT INTO argus_incident_acknowledgement (event_id, expiration) SELECT id, NULL FROM events WHERE type = 'ACK';
"""
# How the program's questions are told apart: the words of the table, the path and what its query holds.
QUESTIONS = {"newest events": r"incidents/events/ ", "closed since": r"/mine/ .*open=false", "number acknowledged": r"/mine/ .*acked=true.*count",
             "number with a ticket": r"/mine/ .*ticket=true.*count", "number open": r"/mine/ open=true&count"}


def grow(world, first, last):
    """Events of the past, as another source made them, from so many to so many."""
    other = world.lab.argus.source(f"{world.source['name']}-past-{last}")
    cluster, name = world.lab.cluster, world.database.name
    cluster.sql(PAST.format(first=first, last=last, source=other["id"], user=other["user"]), name)
    cluster.sql("ANALYZE", name)


def question(request) -> str | None:
    """Which of the program's questions a request is."""
    text = f"{request['path']} {request['query']}"
    return next((name for name, pattern in QUESTIONS.items() if re.search(pattern, text)), None)


def close_to_case(world, case, pk) -> float:
    """Seconds from a person's close to the closed case."""
    world.alice.close(pk, "done")
    began = time.monotonic()
    eventually(lambda: world.ford.state(case) == "closed", 300, f"case {case} is closed", every=0.05)
    return time.monotonic() - began


def watched(bench, world, cases) -> dict:
    """The program from its start until it has chosen its way, then a window of rest, then closes."""
    world.daemon.verbosity = ("-v",)
    earlier = len(world.daemon.log())
    world.daemon.start()
    says = lambda: [line for line in world.daemon.log()[earlier:].splitlines() if "newest events" in line]  # noqa: E731
    eventually(lambda: says() or bench.quick, 300, "the program says how it watches", every=0.5)
    said = next((line.split(maxsplit=2)[2] for line in says()), "")
    incidents = world.incidents(cases)
    seconds = bench.pick(WINDOW, 4)
    before = len(world.argus_server.requests(world.source["token"]))
    time.sleep(seconds)
    asked = world.argus_server.requests(world.source["token"])[before:]
    found = {name: [one["us"] / 1000 for one in asked if question(one) == name] for name in QUESTIONS}
    closes = [close_to_case(world, case, incidents[case]["pk"]) for case in cases]
    world.daemon.stop()
    return {"said": said, "seconds": seconds, "questions": {name: [len(times), statistics.median(times)] for name, times in found.items() if times},
            "share": sum(one["us"] for one in asked) / 1e6 / seconds, "requests": len(asked), "closes": closes}


def measure(bench):
    """The sizes one after the other in one growing Argus."""
    data = {}
    with stage(bench, "history") as world:
        if bench.quick:
            world.config["sync"]["refresh_interval"] = 1
        world.add_cases(bench.pick(OPEN, 5))
        first = 0
        for size in bench.pick(SIZES, (200,)):
            grow(world, first, size)
            first = size
            closed = world.zino.cases([case_of("reachability", f"closed-{size}-{n}") for n in range(bench.pick(CLOSES, 1))])
            data[str(size)] = watched(bench, world, closed)
            bench.keep(data)
    return data


def table(data):
    """The questions by the size of the past."""
    lines = [f"| events in Argus | {' | '.join(f'{name}: times, ms' for name in QUESTIONS)} | share of Argus' time | "
             "from a person's close to the closed case, s |", f"|---|{'---|' * len(QUESTIONS)}---|---|"]
    for size, one in data.items():
        cells = [f"{one['questions'][name][0]}, {one['questions'][name][1]:.0f}" if name in one["questions"] else "" for name in QUESTIONS]
        closes = ", ".join(f"{seconds:.0f}" for seconds in one["closes"])
        lines.append(f"| {int(size):,} | {' | '.join(cells)} | {100 * one['share']:.2f} % | {closes} |")
    return "\n".join(lines)


def short(data):
    """Nothing that a user compares."""
    return []


def verdicts(data):
    """Watching must stay cheap, and quick."""
    largest, one = list(data.items())[-1]
    slowest = max(seconds for one in data.values() for seconds in one["closes"])
    return [(f"share of Argus' time with {int(largest):,} events of the past", "under 1 % in a minute of rest", f"{100 * one['share']:.2f} %",
             one["share"] < 0.01),
            ("from a person's close to the closed case, at any size", "within two refreshes (60 s)", f"{slowest:.0f} s at most", slowest < 60)]
