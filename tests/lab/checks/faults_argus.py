"""Argus away, slow, or answering nonsense: nothing lost, nothing double (FAIL, PRINCIPLE-4, PRINCIPLE-5)."""

import re
import threading
import time

from labkit.children import free_port
from labkit.earlier import leave_incidents
from labkit.http_proxy import HttpProxy
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

EVENTS = r"/incidents/\d+/events/$"
CREATE = r"/incidents/(mine/)?$"
AWAY_EACH = 20  # seconds of each kind of absence: a minute in all


def complaints(text):
    """The lines of warnings and errors."""
    return [line for line in text.splitlines() if re.search(r"\b(WARN|ERROR)\b", line)]


def work_meanwhile(world, phase, case):
    """What happens in Zino during one kind of absence: a new case, history on an old one, one that comes and goes."""
    new = world.zino.case("reachability", f"new-{phase}")
    world.ford.add_history(case, f"during {phase}")
    gone = world.zino.case("bgp", f"gone-{phase}", "192.0.2.1")
    world.ford.add_history(gone, "short")
    return new, gone


@check(long=True)
def argus_away_for_a_minute_loses_nothing(world):
    """Refused, then hanging, then 502 pages, a third of a minute each: all of it arrives within 20 s after it returns, logged in two lines."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 2.0
    world.start()
    case, ends = (world.zino.case("reachability", router) for router in ("gw1", "gw2"))
    pks = [world.matches(one)["pk"] for one in (case, ends)]
    world.settled()
    before = len(world.daemon.log())
    cases = []
    for phase, begin in (("refused", proxy.refuse), ("hanging", lambda: (proxy.listen(), proxy.rule("hang"))),
                         ("bad-gateway", lambda: (proxy.heal(), proxy.rule("status")))):
        begin()
        until = time.monotonic() + AWAY_EACH
        cases += work_meanwhile(world, phase, case)
        world.ford.set_state(cases[-1], "closed")
        eventually(lambda: time.monotonic() > until, AWAY_EACH + 5, "the time of absence")
    world.ford.set_state(ends, "closed")
    asked = len(proxy.seen)
    proxy.heal()
    back = time.monotonic()
    world.ended(pks[1], deadline=20)
    for one in (case, *cases):
        world.matches(one, deadline=max(1.0, 20 - (time.monotonic() - back)))
    seconds = time.monotonic() - back
    for gone in cases[1::2]:
        assert not world.argus.of_case(gone)["open"]
    world.still([case, *cases])
    said = complaints(world.daemon.log()[before:])
    assert len(said) == 2, "not one line when it went and one when it came back:\n" + "\n".join(said)
    return f"all there {seconds:.1f} s after the return; {asked} requests during the minute"


@check
def a_lost_reply_never_doubles_anything(world):
    """The answer to a create, an event, an END, a change: executed, then lost. Once each in the end."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 2.0
    world.start()
    world.matches(world.zino.case("alarm", "warm-up", "red"))
    world.settled()
    lost = [proxy.rule("lose", method="POST", path=CREATE, times=1),
            proxy.rule("lose", method="POST", path=EVENTS, body="during the loss", times=1),
            proxy.rule("lose", method="POST", path=EVENTS, body='"END"', times=1),
            proxy.rule("lose", method="PATCH", times=1)]
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case, deadline=30)["pk"]
    world.ford.add_history(case, "during the loss")
    world.matches(case, deadline=40)
    world.zino.modify(case, priority=500)
    world.matches(case, deadline=40)
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.settled(60)
    world.still([case])
    for rule in lost:
        assert rule.hits, f"no request of this kind came: {rule.method} {rule.path} {rule.body}"
    assert len([one for one in world.argus.incidents() if one["metadata"]["zino"]["router"] == "gw1"]) == 1
    assert len(world.argus.events(pk, "OTH")) == 1 and len(world.argus.events(pk, "END")) == 1


@check
def a_request_that_is_still_executed_after_its_time_out_is_not_doubled(world):
    """Argus takes longer than `argus.timeout` for an event: it is there once."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 1.0
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    world.settled()
    slow = proxy.rule("delay", method="POST", path=EVENTS, body="slowly", times=1, seconds=4)
    world.ford.add_history(case, "slowly")
    eventually(lambda: slow.hits, 10, "the event is posted")
    world.matches(case, deadline=30)
    world.settled(60)
    world.still([case])
    world.matches(case)


@check(alone=True)
def one_case_that_argus_refuses_does_not_hold_up_the_rest(world):
    """One 400 and one lasting 500 among 200 new cases: the others arrive at full speed; each is named once in the log."""
    proxy = world.through_argus_proxy()
    world.zino.start()
    cases = world.zino.cases([case_of("reachability", f"gw{n:03}", opened=ago(minutes=9)) for n in range(200)])
    proxy.rule("status", method="POST", path=CREATE, body="gw017", status=400, text=b'{"description":["no"]}', kind="application/json")
    proxy.rule("status", method="POST", path=CREATE, body="gw117", status=500)
    began = time.monotonic()
    world.start()
    good = [case for n, case in enumerate(cases) if n not in (17, 117)]
    world.incidents(good, deadline=60)
    seconds = time.monotonic() - began
    late = world.zino.case("alarm", "late", "red")
    world.matches(late, deadline=10)
    world.refreshed(4)
    said = {router: [line for line in complaints(world.daemon.log()) if router in line] for router in ("gw017", "gw117")}
    assert all(len(lines) == 1 for lines in said.values()), f"each should be named once: {said}"
    proxy.heal()
    world.zino.modify(cases[17], priority=101)
    world.matches(cases[17], deadline=30)
    world.incidents([cases[117]], deadline=90)
    return f"198 of 200 in {seconds:.1f} s"


@check
def a_close_in_the_same_instant_as_our_change_is_not_lost(world):
    """Argus can lose a person's close when we change the incident in that moment: in the end both are closed."""
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(20)]
    incidents = world.incidents(cases)
    world.settled()
    for n, case in enumerate(cases):
        pk = incidents[case]["pk"]
        # our PATCH goes out some 100 ms after the change; closes from 40 to 230 ms after it meet it somewhere
        closer = threading.Timer(0.04 + n * 0.01, world.alice.close, (pk, "in that moment"))
        closer.start()
        world.zino.modify(case, priority=500)
        closer.join()
    for case in cases:
        world.has_entry(case, "in that moment (alice)", "closed", deadline=30)
    world.settled()
    still_open = [one["pk"] for one in world.argus.incidents(open=True)]
    assert not still_open, f"the close was lost on {still_open}"
    world.still(cases)


@check
def a_close_that_argus_lost_stands(world):
    """What such a moment leaves behind, made certain: the person's CLO is recorded, the incident open again. Both sides get closed."""
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(3)]
    pks = [one["pk"] for one in world.incidents(cases).values()]
    world.settled()
    world.alice.close(pks[0], "lost before it was seen")
    world.lose_close(pks[0])
    world.alice.close(pks[1], "lost after it was carried")
    world.has_entry(cases[1], "lost after it was carried (alice)", "closed")
    world.lose_close(pks[1])
    world.daemon.stop()
    world.alice.close(pks[2], "lost while it was stopped")
    world.lose_close(pks[2])
    world.zino.modify(cases[2], priority=500)
    world.daemon.start()
    for case, pk, text in zip(cases, pks, ("lost before it was seen", "lost after it was carried", "lost while it was stopped")):
        world.has_entry(case, f"{text} (alice)", "closed", deadline=40)
        world.ended(pk, deadline=40)
    world.still(cases)


@check
def a_reply_of_a_gigabyte_is_not_read(world):
    """An answer that does not end: the program gives up on it, keeps its memory, and goes on."""
    proxy = world.through_argus_proxy()
    world.config["argus"]["timeout"] = 5.0
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    before = world.daemon.memory()
    rule = proxy.rule("endless", method="GET", times=3)
    eventually(lambda: len(rule.hits) == 3, 60, "three endless answers")
    world.ford.add_history(case, "after the flood")
    world.matches(case, deadline=60)
    grown = world.daemon.memory() - before
    assert grown < 100 << 20, f"memory grew by {grown >> 20} MB"
    return f"memory grew by {grown >> 20} MB at most, {proxy.poured >> 20} MB had been poured"


@check
def a_list_that_breaks_at_its_second_page_is_one_failure(world):
    """A single run tries it three times and ends with 69; the daemon waits longer each time and goes on where it broke."""
    proxy = world.through_argus_proxy()
    world.zino.start()
    cases = [case for first in range(0, 120, 60)
             for case in world.zino.cases([case_of("reachability", f"gw{n}", opened=ago(hours=2, seconds=n)) for n in range(first, first + 60)])]
    leave_incidents(world, cases)
    broken = proxy.rule("status", method="GET", path="mine/.*(cursor|start_time__lte)=", status=500)
    code, output = world.daemon.run("--once", "-v")
    assert code == 69 and "Argus cannot be used" in output and "list the incidents" in output, f"{code}: {output}"
    assert len(broken.hits) == 3, f"{len(broken.hits)} tries"
    world.start()
    eventually(lambda: len(broken.hits) == 8, 60, "five tries of the daemon")
    tries = [request.at for request in broken.hits[3:]]
    pauses = [after - before for before, after in zip(tries, tries[1:])]
    assert all(pause >= least for pause, least in zip(pauses, (1, 2, 4, 8))), f"it waits {pauses}"
    proxy.heal()
    world.daemon.logged("120 open incidents in Argus", 60)
    assert sum(1 for one in proxy.seen if "open=true&page_size" in one.path) == 2, "the first page was asked for once by each"
    assert not world.writes()


@check
def the_token_goes_to_argus_alone(world):
    """A redirect or a `next` link to another place is not followed with the token."""
    proxy, elsewhere = world.through_argus_proxy(), HttpProxy(free_port())
    world.proxies.append(elsewhere)
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    away = proxy.rule("status", method="GET", status=302, headers={"Location": f"{elsewhere.url}/api/v2/incidents/mine/"}, times=3)
    eventually(lambda: len(away.hits) == 3, 30, "three redirects")
    page = f'{{"next": "{elsewhere.url}/api/v2/incidents/mine/?cursor=abc", "previous": null, "results": []}}'.encode()
    linked = proxy.rule("status", method="GET", path="mine/|/incidents/events/", status=200, kind="application/json", text=page, times=4)
    eventually(lambda: len(linked.hits) == 4, 60, "four lists with a strange next link")
    world.ford.add_history(case, "still here")
    world.matches(case, deadline=60)
    assert not elsewhere.seen, f"the other place was asked: {elsewhere.seen[0]}"
