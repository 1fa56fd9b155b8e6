"""A secondary with a Zino of its own watches the primary's real SNMP agent, takes over, and hands back (FAILOVER)."""

import signal
import socket
import time

from labkit.argus_people import ArgusView, tags
from labkit.children import free_port
from labkit.earlier import leave_incidents
from labkit.runner import check
from labkit.udp_proxy import UdpProxy
from labkit.waiting import eventually
from labkit.zino_server import ago, case_of

THRESHOLD = 3
TO_ACTIVE = r"mode STANDBY -> ACTIVE: 3 consecutive failures, last: (.*)"
TO_STANDBY = r"mode ACTIVE -> STANDBY: 3 consecutive answers, last: primary up for \d+ s"
BACKUP_NUMBERS = 1000  # the backup's own cases count from here: the numbers mean different problems


def section(port, **more):
    """A quick `[failover]`."""
    return {"primary_server": "127.0.0.1", "primary_snmp_port": port, "ping_interval": 0.3, "ping_timeout": 0.3,
            "threshold": THRESHOLD, **more}


def pair(world, port=None, count=6, **more):
    """Two Zinos that know the same problems, and a secondary program for the second; only the first's runs as yet."""
    world.zino.start()
    backup = world.another_zino("backup")
    backup.start()
    backup.ask("number_from", last=BACKUP_NUMBERS)
    described = [case_of("reachability", f"gw{n}", opened=ago(hours=1)) for n in range(count)]
    cases, copies = world.zino.cases(described), backup.cases(described)
    secondary = world.another_program("secondary", backup, failover=section(port or world.zino.snmp_port, **more))
    return cases, copies, backup, secondary


def times(program, pattern):
    """How many lines of its log say this."""
    return sum(1 for line in program.log().splitlines() if pattern in line)


def changes_to(program, mode, count):
    """Wait for so many changes to a mode."""
    eventually(lambda: times(program, f"-> {mode}:") == count, 30, f"{program.name} goes to {mode} ({count})")


def problem(incident) -> tuple:
    """What an incident is about."""
    found = tags(incident)
    assert "event_type" in found and "host" in found, "Argus shows an incident before its tags"
    return found["event_type"], found["host"], found.get("interface"), found.get("remote_addr")


def open_once(view, count, deadline=30):
    """Wait until so many problems have an open incident, each of them one; gives the incidents by host."""
    def right():
        found = view.incidents(open=True)
        problems = [problem(one) for one in found]
        twice = sorted({one for one in problems if problems.count(one) > 1})
        assert not twice, f"a problem twice: {twice[:5]}"
        assert len(found) == count, f"{len(found)} open incidents"
        return {tags(one)["host"].split(".")[0]: one for one in found}
    return eventually(right, deadline, f"{count} open incidents, none twice")


def primary_back(world):
    """The primary's Zino starts again, with its state."""
    world.zino.start()


@check
def one_source_is_taken_over_and_handed_back(world):
    """The primary's Zino stops: every case of the backup is in Argus once, what happens is delivered; then it starts again."""
    cases, copies, backup, secondary = pair(world)
    world.daemon.start()
    before = open_once(world.argus, 6)
    new = backup.case("reachability", "new")
    secondary.start()
    secondary.logged("mode STANDBY: this is a secondary")
    secondary.logged("a takeover would work")
    world.still(cases)
    assert not backup.user("ford").history(copies[0])[1:], "the secondary wrote to its Zino in STANDBY"
    world.zino.ask("dump")
    world.zino.stop()
    secondary.logged(TO_ACTIVE)
    after = open_once(world.argus, 7)
    assert {host: one["pk"] for host, one in after.items() if host != "new"} == {host: one["pk"] for host, one in before.items()}
    backup_ford = backup.user("ford")
    backup_ford.set_state(copies[0], "closed")
    world.ended(before["gw0"]["pk"])
    world.alice.close(before["gw1"]["pk"], "seen to")
    eventually(lambda: backup_ford.state(copies[1]) == "closed", 20, "a person's close reaches the backup's case")
    world.bob.ack(before["gw2"]["pk"], "on it")
    eventually(lambda: backup_ford.state(copies[2]) == "working", 20, "a person's acknowledgement reaches the backup's case")
    backup_ford.add_history(copies[3], "looked at")
    eventually(lambda: any("looked at" in event["text"] for event in world.argus.events(before["gw3"]["pk"], "OTH")), 20,
               "the backup's history reaches the adopted incident")
    primary_back(world)
    secondary.logged(TO_STANDBY)
    # gw0 is closed in the backup only: the primary's case is open, so its incident lives again; gw1 a person has closed
    world.has_entry(cases[1], "seen to (alice)", "closed", deadline=60)
    back = open_once(world.argus, 6, 60)
    assert back["gw0"]["pk"] == before["gw0"]["pk"] and back["new"]["pk"] == after["new"]["pk"]
    world.still(cases)
    world.daemon.restart()
    world.still(cases)
    open_once(world.argus, 6)
    backup_ford.set_state(new, "closed")
    world.refreshed()
    assert world.argus.incident(after["new"]["pk"])["open"], "the secondary ended an incident in STANDBY"


@check
def what_a_person_does_on_an_ended_duplicate_reaches_its_own_case(world):
    """Both instances are active: the secondary keeps an incident open whose case has closed in the primary's Zino. The
    primary's next case takes it over. An incident that another process made of that case in the same moment is ended as
    its duplicate; when the case has closed too, a person acknowledges the duplicate."""
    cases, copies, backup, secondary = pair(world, port=free_port(socket.SOCK_DGRAM), count=1)
    world.daemon.start()
    kept = world.incident(cases[0])["pk"]
    secondary.start()
    secondary.logged(TO_ACTIVE)
    lives_on(world, cases[0], kept)
    second = world.zino.case("reachability", "gw0")
    world.settled()
    assert not world.argus.of_case(second), "an incident was made beside the open one of the problem"
    duplicate = leave_incidents(world, [second])[second]
    world.ended(duplicate)
    assert world.argus.events(duplicate, "END")[0]["text"] == f"Duplicate of incident {kept}"
    lives_on(world, second, kept)
    third = world.zino.case("reachability", "gw0")
    world.settled()  # from here on nothing but the act itself leads to a look at the second case
    world.alice.ack(duplicate, "still broken")
    world.has_entry(second, "still broken (alice)", "closed")
    world.still([cases[0], second, third])
    assert not world.entries_of_ours(third) and not world.entries_of_ours(cases[0])
    assert [one["pk"] for one in world.argus.incidents(open=True)] == [kept]


def lives_on(world, case, pk):
    """A case closes in the primary's Zino, and its incident stays open, because the backup's case is open."""
    before = len(world.argus.events(pk, "RES"))
    world.ford.set_state(case, "closed")
    eventually(lambda: len(world.argus.events(pk, "RES")) > before, 30, "the secondary reopens the incident")
    eventually(lambda: world.argus.incident(pk)["open"], 10, "the incident is open")
    world.settled()


@check
def with_two_sources_each_instance_has_its_own_incidents(world):
    """The secondary makes its own beside the primary's and leaves those alone; after the hand-back they stay."""
    cases, copies, backup, secondary = pair(world)
    other = world.lab.argus.source("second-source")
    secondary.config["argus"] = {**secondary.config["argus"], "token": other["token"]}
    view = ArgusView(world.argus.reader, other)
    world.daemon.start()
    secondary.start()
    before = open_once(world.argus, 6)
    secondary.logged("a takeover would work")
    assert not view.incidents()
    world.zino.ask("dump")
    world.zino.stop()
    own = open_once(view, 6)
    backup.user("ford").set_state(copies[0], "closed")
    eventually(lambda: not view.incident(own["gw0"]["pk"])["open"], 20, "the secondary's own incident is closed")
    assert open_once(world.argus, 6) == before
    primary_back(world)
    secondary.logged(TO_STANDBY)
    world.still(cases)
    assert open_once(world.argus, 6).keys() == before.keys()
    open_once(view, 5)


@check(alone=True)
def a_takeover_of_two_hundred_cases_is_quick_and_cheap(world):
    """Cases that the primary had already, and as many that only the backup knows."""
    cases, copies, backup, secondary = pair(world, count=100)
    backup.cases([case_of("reachability", f"own{n}", opened=ago(hours=1)) for n in range(100)])
    world.daemon.start()
    open_once(world.argus, 100, 60)
    world.settled()
    secondary.start()
    secondary.logged("a takeover would work")
    time.sleep(6)  # as any secondary that has run for a while: what an earlier life may still be doing is done
    world.daemon.stop()
    asked, stopped = len(world.requests()), time.monotonic()
    world.zino.child.send(signal.SIGSTOP)
    secondary.logged(TO_ACTIVE)
    noticed = time.monotonic() - stopped
    open_once(world.argus, 200, 60)
    done = time.monotonic() - stopped
    time.sleep(1)
    world.zino.child.send(signal.SIGCONT)
    return (f"ACTIVE {noticed:.1f} s after the last moment of the primary (3 x 0.3 s), all 200 cases in Argus after {done:.1f} s, "
            f"{len(world.requests()) - asked} requests")


@check
def answers_that_come_and_go_below_the_threshold_change_nothing(world):
    """Two failures, one answer, again and again: no takeover."""
    road = UdpProxy(world.zino.snmp_port)
    world.proxies.append(road)
    _, _, _, secondary = pair(world, road.port, count=1)
    secondary.start()
    eventually(lambda: road.answered_at, 10, "the agent answers")
    for _ in range(5):
        failures = times(secondary, "no answer from the primary")
        road.mode = "drop"
        eventually(lambda: times(secondary, "no answer from the primary") > failures, 10, "a failed ping", every=0.02)
        road.mode, road.answered_at = "pass", 0
        eventually(lambda: road.answered_at, 10, "an answer", every=0.02)
    assert not times(secondary, "-> ACTIVE")


@check
def whatever_happens_to_datagrams_is_a_failed_ping(world):
    """Dropped, late, garbled, a wrong community, a hung Zino: a takeover each, and back; never a crash."""
    road = UdpProxy(world.zino.snmp_port)
    road.seconds = 0.5
    world.proxies.append(road)
    _, _, _, secondary = pair(world, road.port, count=1)
    secondary.start()
    for turn, mode in enumerate(("drop", "delay", "garble"), 1):
        road.mode = mode
        changes_to(secondary, "ACTIVE", turn)
        road.mode = "pass"
        changes_to(secondary, "STANDBY", turn)
    world.zino.child.send(signal.SIGSTOP)
    changes_to(secondary, "ACTIVE", 4)
    world.zino.child.send(signal.SIGCONT)
    changes_to(secondary, "STANDBY", 4)
    secondary.stop()
    secondary.config["failover"]["snmp_community"] = "wrong-community"
    secondary.start()
    changes_to(secondary, "ACTIVE", 5)
    assert "wrong-community" not in secondary.log()


@check
def both_active_share_one_incident_per_problem_and_do_not_fight(world):
    """The SNMP path is cut, both Zinos live: nothing is doubled, closed and reopened, or posted again."""
    road = UdpProxy(world.zino.snmp_port)
    world.proxies.append(road)
    cases, copies, backup, secondary = pair(world, road.port, count=8)
    world.daemon.start()
    secondary.start()
    before = open_once(world.argus, 8)
    road.mode = "drop"
    secondary.logged(TO_ACTIVE)
    for zino, case in ((world.zino, cases[0]), (backup, copies[0])):
        zino.modify(case, priority=500)
    world.ford.add_history(cases[1], "said on the primary")
    backup.user("ford").add_history(copies[2], "said on the backup")
    world.alice.close(before["gw3"]["pk"], "done")
    world.has_entry(cases[3], "done (alice)", "closed")
    eventually(lambda: backup.user("ford").state(copies[3]) == "closed", 20, "the close reaches both cases")
    for case in (cases[4], copies[4]):
        zino = world.zino if case == cases[4] else backup
        zino.user("ford").set_state(case, "closed")
    world.ended(before["gw4"]["pk"])
    world.ford.set_state(cases[5], "closed")
    backup.user("ford").set_state(copies[6], "closed")

    def turns_of(*hosts):
        return [[event["kind"] for event in world.argus.events(before[host]["pk"], "END", "RES")] for host in hosts]
    eventually(lambda: turns_of("gw5", "gw6") == [["END", "RES"]] * 2, 30, "who still has the case open reopens its incident")
    world.still(cases)
    turns = turns_of("gw4", "gw5", "gw6")
    # the second instance sends an END of its own only where it still saw the incident open
    assert turns[0] in (["END"], ["END", "END"]), f"closed in both: {turns[0]}"
    assert turns[1:] == [["END", "RES"], ["END", "RES"]], f"closed in the primary's, in the backup's: {turns[1:]}"
    open_once(world.argus, 6)
    road.mode = "pass"
    secondary.logged(TO_STANDBY)
    world.still(cases)
    open_once(world.argus, 6)


@check
def standby_says_when_a_takeover_would_fail(world):
    """A wrong token and a lost Zino are one warning each, and one line when it is well again."""
    _, _, backup, secondary = pair(world, count=1)
    token = secondary.config["argus"]["token"]
    secondary.config["argus"]["token"] = "0" * 40
    secondary.start()
    secondary.logged("a takeover would fail now: Argus refuses our token")
    backup.child.send(signal.SIGKILL)
    secondary.logged("a takeover would fail now: our own Zino is not connected; Argus refuses our token")
    assert secondary.running
    secondary.stop()
    backup.start()
    secondary.config["argus"]["token"] = token
    secondary.start()
    secondary.logged("a takeover would work: ")
    backup.restart()
    secondary.logged("a takeover would work again")
    assert not world.writes()


@check
def a_token_replaced_in_its_file_is_proved_in_standby(world):
    """A token that Argus refuses is replaced in its file: within a minute a takeover would work, without a restart."""
    _, _, _, secondary = pair(world, count=1)
    token = secondary.config["argus"].pop("token")
    file = world.folder / "replaced-token"
    file.touch(mode=0o600)
    file.write_text("0" * 40)
    secondary.config["argus"]["token_file"] = str(file)
    secondary.start()
    secondary.logged("a takeover would fail now: Argus refuses our token")
    file.write_text(token)
    secondary.logged("a takeover would work again", deadline=75)
    assert not world.writes()
