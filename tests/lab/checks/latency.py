"""How long a change takes from Zino to a visible incident, when nothing else is going on: measured, not judged."""

import statistics
import time

from labkit.runner import check
from labkit.waiting import eventually

ROUNDS = 30


def milliseconds(world, change, visible):
    """From just before the change until a person can see it in Argus."""
    began = time.perf_counter()
    change()
    eventually(visible, 20, "the change in Argus", every=0.005)
    return 1000 * (time.perf_counter() - began)


def summary(name, times):
    """p50 and p95 in words."""
    ordered = sorted(times)
    return f"{name} p50 {statistics.median(ordered):.0f} ms, p95 {ordered[int(0.95 * (len(ordered) - 1))]:.0f} ms"


@check(alone=True)
def from_notification_to_visible_incident(world):
    """p50 and p95 for a new case and for a closed one, in an idle system with the default refresh interval."""
    del world.config["sync"]["refresh_interval"]
    world.start()
    world.matches(world.zino.case("reachability", "warm-up"))
    opened, closed = [], []
    for n in range(ROUNDS):
        router, numbers = f"gw{n}", []
        opened.append(milliseconds(world, lambda: numbers.append(world.zino.case("reachability", router)),
                                   lambda: world.argus.of_case(numbers[0])))
        pk = world.argus.of_case(numbers[0])["pk"]
        closed.append(milliseconds(world, lambda: world.zino.close(numbers[0]), lambda: not world.argus.incident(pk)["open"]))
    return f"{summary('open', opened)}; {summary('close', closed)} ({ROUNDS} each, the looking itself included)"
