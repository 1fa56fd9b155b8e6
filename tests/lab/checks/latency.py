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


@check
def a_new_fault_does_not_wait_until_everything_is_listed(world):
    """Argus does not come to the end of its list after a start: a case that opens now has its incident, and its history follows later."""
    argus = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 60
    argus.rule("hang", method="GET", path=r"incidents/mine/\?(?!.*tags=)")
    world.start()
    eventually(lambda: any("/incidents/mine/?open=true&page_size" in one.path for one in argus.seen), 20, "the list is asked for")
    case = world.zino.case("reachability", "gw1", history=["ford\non it"])
    pk = world.incident(case)["pk"]
    assert not world.argus.events(pk, "OTH"), "history before the lists"
    argus.heal()
    world.matches(case, deadline=40)
    world.still([case])
