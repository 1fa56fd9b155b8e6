"""Zino's connections cut, silent or flooded, and Zino itself restarted in every way (ZINO, ORPHAN, IDENT)."""

import random
import re
import time
from collections import Counter

from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

SEED = 20261123
CUTS = 5  # each doubles the program's back-off


@check
def a_number_that_zino_does_not_know_is_asked_for_once_at_a_start(world):
    """Cases with numbers above the newest case may have opened and closed meanwhile: one question each shows that they did not."""
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(2)]
    world.incidents(cases)
    world.daemon.stop()
    before = len(world.daemon.log())
    world.daemon.start()
    world.settled()
    refused = Counter(re.findall(r'500 event "(\d+)" does not exist', world.daemon.log()[before:]))
    assert len(refused) >= 20 and set(refused.values()) == {1}, f"asked for more than once: {refused}"


@check
def connections_cut_at_random_lose_nothing(world):
    """Both connections to Zino cut again and again while operators and people work: all of it arrives, once."""
    commands, notifications = world.through_zino_proxies()
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(8)]
    pks = {case: one["pk"] for case, one in world.incidents(cases).items()}
    dice = random.Random(SEED)
    for turn in range(CUTS * 5):
        case = dice.choice(cases[:6])
        dice.choice([lambda: world.ford.add_history(case, f"turn {turn}"), lambda: world.zino.modify(case, priority=100 + turn),
                     lambda: world.alice.ticket(pks[case], f"https://tickets.example.org/{turn}")])()
        if turn % 5 == 4:
            eventually(lambda: commands.links, 60, "the program is connected again")
            time.sleep(dice.random() * 0.2)  # not to wait for anything: the moment of the cut is what the dice decide
            dice.choice([commands, notifications]).cut()
    world.alice.close(pks[cases[6]], "in the middle of it")
    world.ford.set_state(cases[7], "closed")
    world.has_entry(cases[6], "in the middle of it (alice)", "closed", deadline=90)
    world.ended(pks[cases[7]], deadline=90)
    for case in cases[:6]:
        world.matches(case, deadline=90)
    world.settled(90)
    world.still(cases)
    for case in cases:
        texts = world.entries_of_ours(case)
        assert len(texts) == len(set(texts)), f"an entry twice in case {case}: {texts}"
    return f"{commands.accepted} connections to the command port"


@check
def a_lost_reply_from_zino_never_doubles_anything(world):
    """The answer to ADDHIST, and to SETSTATE, executed and then lost with the connection: once each in the end."""
    commands, _ = world.through_zino_proxies()
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(3)]
    pks = [one["pk"] for one in world.incidents(cases).values()]
    world.settled()
    for pk, lose, act in ((pks[0], r"\.", world.alice.close), (pks[1], "SETSTATE .*", world.alice.close), (pks[2], r"\.", world.alice.ack)):
        commands.lose_reply(lose)
        act(pk, "do it once")
        eventually(lambda: not commands.losing(), 30, "the command that loses its reply")
    for case, state in zip(cases, ("closed", "closed", "working")):
        world.has_entry(case, "do it once (alice)", state, deadline=60)
    world.settled(60)
    world.still(cases)
    for case in cases:
        assert world.entries_of_ours(case) == ["do it once (alice)"] and len(world.states_of_ours(case)) == 1


@check
def connections_that_stay_open_but_carry_nothing_are_found_within_a_minute(world):
    """Every packet dropped, without an end of the connection: found, reconnected, and caught up."""
    commands, notifications = world.through_zino_proxies()
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    had = commands.accepted
    for proxy in (commands, notifications):
        proxy.drop()
    began = time.monotonic()
    world.ford.add_history(case, "into the silence")
    eventually(lambda: commands.accepted > had, 75, "the program notices and connects again")
    seconds = time.monotonic() - began
    for proxy in (commands, notifications):
        proxy.restore()
    world.matches(case, deadline=90)
    assert seconds < 65, f"it took {seconds:.0f} s"
    return f"noticed after {seconds:.0f} s"


@check
def a_notification_channel_that_died_silently_is_found_within_a_minute(world):
    """Only the notification connection carries nothing: TCP keepalive finds it."""
    commands, notifications = world.through_zino_proxies()
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    had = notifications.accepted
    notifications.drop()
    began = time.monotonic()
    eventually(lambda: notifications.accepted > had, 75, "the program notices and connects again")
    seconds = time.monotonic() - began
    notifications.restore()
    world.ford.add_history(case, "can you hear me?")
    world.matches(case, deadline=90)
    return f"noticed after {seconds:.0f} s"


@check
def what_no_notification_tells_is_found_by_the_full_look(world):
    """Some changes are never notified: the full look, here every 3 s, finds them."""
    world.config["sync"]["full_interval"] = 3
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    world.zino.modify(case, silent=True, priority=500, history=["ford\nnobody was told"])
    world.matches(case, deadline=20)
    world.still([case])


@check
def an_endless_line_from_zino_is_cut_off(world):
    """A line without end costs bounded memory, and the program comes back to work."""
    commands, notifications = world.through_zino_proxies()
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    before, had = world.daemon.memory(), notifications.accepted
    poured = 0
    while notifications.accepted == had and poured < 512 << 20:
        notifications.inject(b"x" * (1 << 20))
        poured += 1 << 20
        if not notifications.links:
            break
    eventually(lambda: notifications.accepted > had, 60, "a new connection after the endless line")
    world.ford.add_history(case, "after the flood")
    world.matches(case, deadline=60)
    grown = world.daemon.memory() - before
    assert grown < 64 << 20, f"memory grew by {grown >> 20} MB"
    return f"memory grew by {grown >> 20} MB, it hung up after about {poured >> 20} MB"


@check
def zino_without_its_state_and_then_with_it(world):
    """Zino comes back having forgotten everything, then with its state: no case closed, every incident alive, and on its record, once, that
    its case may be forgotten."""
    world.config["sync"]["orphan_grace"] = 2
    world.start()
    cases = [world.zino.case("reachability", f"gw{n}", opened=ago(hours=1 + 9 * n)) for n in range(4)]
    pks = [one["pk"] for one in world.incidents(cases).values()]
    world.zino.save_state("kept.json")
    world.zino.restart(gently=False, with_state=False)
    other = world.zino.case("bgp", "other-gw", "192.0.2.1")
    eventually(lambda: any("other-gw" in one["description"] for one in world.argus.incidents(open=True)), 60, "an incident of the other case")
    world.settled(60)
    assert world.ford.state(other) == "open", "a case was closed that nobody closed"

    def records(pk):
        return [event for event in world.argus.events(pk, "OTH") if event["text"].startswith("Zino may have forgotten this case")]
    eventually(lambda: all(records(pk) for pk in pks), 60, "it is on record that the cases may be forgotten")
    world.daemon.stop()
    world.daemon.start()
    world.settled(60)
    world.zino.stop(gently=True)
    world.zino.restore_state("kept.json")
    world.zino.start()
    world.ford.add_history(cases[0], "all is well again")
    eventually(lambda: any("all is well" in event["text"] for event in world.argus.events(pks[0], "OTH")), 90, "history arrives again")
    world.settled(60)
    for case, pk in zip(cases, pks):
        assert world.ford.state(case) == "open" and not world.entries_of_ours(case), f"case {case} was touched"
        assert world.argus.incident(pk)["open"], f"incident {pk} was closed because Zino had forgotten its case"
        assert len(records(pk)) == 1, f"incident {pk} says so {len(records(pk))} times"
    world.still(cases)


@check
def a_number_reused_after_a_careless_stop(world):
    """Zino stopped by SIGTERM seconds after a new case: its number goes to another problem, and both end up right."""
    world.start()
    first = world.zino.case("reachability", "gw1")
    world.matches(first)
    world.zino.ask("dump")
    lost = world.zino.case("reachability", "gw2")
    pk = world.matches(lost)["pk"]
    world.zino.restart(gently=False)
    reused = world.zino.case("portstate", "gw3", 3)
    assert reused == lost
    again = world.zino.case("reachability", "gw2")

    def both_right():
        found = {one["metadata"]["zino"]["router"]: one for one in world.argus.incidents(open=True)}
        assert sorted(found) == ["gw1", "gw2", "gw3"] and len(world.argus.incidents(open=True)) == 3, sorted(found)
        return found["gw2"]["pk"] == pk
    eventually(both_right, 60, "one open incident for each of the three problems")
    world.settled(60)
    world.still([first, reused, again])
    for case in (first, reused, again):
        assert world.ford.state(case) == "open" and not world.entries_of_ours(case)


@check
def a_planned_maintenance_pages_nobody_and_is_followed(world):
    """Its cases have no incident while ignored; a case that it reopens lives again, without a single notification of the start."""
    world.config["sync"]["full_interval"] = 3
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.settled()
    made = world.zino.ask("maintenance", router="gw1", start=True)
    assert case in made and len(made) == 3 and world.ford.state(case) == "ignored"
    world.still(made)
    assert len(world.argus.incidents()) == 1, "the cases of a maintenance have incidents"
    world.ford.set_state(case, "closed")
    world.ended(pk)
    world.zino.ask("maintenance", router="gw1", start=False)
    assert world.ford.state(case) == "open"
    eventually(lambda: world.argus.incident(pk)["open"], 30, "the incident lives again")
    world.settled()
    world.still(made)
    assert world.ford.state(case) == "open" and not world.entries_of_ours(case)


@check
def a_maintenance_that_reopens_what_a_person_closed(world):
    """A person closed it in Argus, the end of a maintenance reopens the case: both sides end up the same, and quiet."""
    world.config["sync"]["full_interval"] = 3
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.zino.ask("maintenance", router="gw1", start=True)
    world.alice.close(pk, "done with it")
    world.has_entry(case, "done with it (alice)", "closed")
    world.zino.ask("maintenance", router="gw1", start=False)
    eventually(lambda: world.argus.incident(pk)["open"], 30, "the incident lives again")
    world.settled()
    world.still([case])
    assert world.ford.state(case) == "open" and world.entries_of_ours(case) == ["done with it (alice)"]


@check
def a_zino_that_is_slow_but_steady_is_read_and_followed(world):
    """100 cases, and each GETHIST takes 0.7 s: all arrive with one login, and a change arrives during the next reading."""
    commands, _ = world.through_zino_proxies()
    world.config["sync"]["full_interval"] = 20
    world.zino.start()
    cases = world.zino.cases([case_of("reachability", f"gw{n}") for n in range(100)])
    commands.slow["GETHIST"] = 0.7
    world.start()
    began = time.monotonic()
    world.incidents(cases, deadline=150)
    first = time.monotonic() - began

    def readings():
        return commands.commands.count("CASEIDS")
    read = readings()
    eventually(lambda: readings() > read, 120, "the next complete reading")
    began = time.monotonic()
    world.ford.add_history(cases[0], "meanwhile")
    world.matches(cases[0], deadline=40)
    seconds = time.monotonic() - began
    assert readings() == read + 1, "the reading was over before the change was seen"
    logins = sum(1 for line in commands.commands if line.startswith("USER "))
    assert logins == 1, f"{logins} logins"
    return f"{first:.0f} s to the last incident; a change arrived after {seconds:.0f} s in the middle of the next reading"


@check(alone=True)
def a_storm_of_changes_converges(world):
    """3000 changes over 30 cases within seconds: the end is right, nobody starves, memory stays."""
    world.start()
    cases = world.zino.cases([case_of("portstate", f"gw{n}", n + 1) for n in range(30)])
    world.incidents(cases)
    world.settled()
    before, writes = world.daemon.memory(), len(world.writes())
    world.zino.ask("storm", ids=cases, changes=3000)
    calm = world.zino.case("reachability", "calm-gw")
    world.matches(calm, deadline=30)
    for case in cases:
        world.matches(case, deadline=120)
    grown, cost = world.daemon.memory() - before, len(world.writes()) - writes
    world.still(cases)
    assert grown < 64 << 20, f"memory grew by {grown >> 20} MB"
    return f"{cost} writes to Argus for 3000 changes; memory grew by {grown >> 20} MB"


@check(alone=True)
def a_snapshot_of_ten_thousand_cases(world):
    """10,000 open cases of which 100 count: read within seconds, in bounded memory, and followed."""
    world.zino.start()
    world.zino.cases([case_of("portstate", f"gw{n % 100}", n, interesting=False) for n in range(1, 9901)])
    wanted = world.zino.cases([case_of("reachability", f"gw{n}") for n in range(100)])
    began = time.monotonic()
    world.start()
    world.incidents(wanted, deadline=180)
    seconds = time.monotonic() - began
    world.ford.add_history(wanted[-1], "still awake?")
    world.matches(wanted[-1], deadline=60)
    assert len(world.argus.incidents()) == 100
    return f"{seconds:.0f} s to the last incident, at most {world.daemon.memory() >> 20} MB of memory"
