"""One synchronisation at a time, as cron runs it, and the trial of everything."""

import os
import pty
import re
import signal
import subprocess
import time
from contextlib import contextmanager

from labkit.children import free_port
from labkit.manager import Manager
from labkit.runner import check
from labkit.udp_proxy import UdpProxy

SUMMARY = r"created (\d+), updated (\d+), closed (\d+), to Zino (\d+), unchanged (\d+), failed (\d+)"


def once(world, *arguments, code=0):
    """Run it once with -v; gives the six numbers of its last line."""
    ended, output = world.daemon.run("--once", "-v", *arguments, deadline=90)
    assert ended == code, f"exit code {ended}:\n{output}"
    numbers = re.findall(SUMMARY, output)
    assert len(numbers) == 1, f"no summary in:\n{output}"
    return tuple(map(int, numbers[0]))


@check
def a_single_run_does_everything_both_ways_and_a_second_one_nothing(world):
    """New cases, a person's close, and a case that closed: all in one run; then nothing is written any more."""
    world.zino.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(3)]
    assert once(world)[0] == 3
    incidents = world.incidents(cases)
    world.alice.close(incidents[cases[0]]["pk"], "mended")
    world.ford.set_state(cases[1], "closed")
    created, _, closed, carried, _, failed = once(world)
    assert (created, closed, carried, failed) == (0, 1, 1, 0)
    world.has_entry(cases[0], "mended (alice)", "closed")
    world.ended(incidents[cases[1]]["pk"])
    assert world.argus.incident(incidents[cases[2]]["pk"])["open"]
    before, fingerprint = world.writes(), world.fingerprint(cases)
    assert once(world)[:4] == (0, 0, 0, 0)
    assert world.writes() == before and world.fingerprint(cases) == fingerprint
    assert world.signs_of_life() == 0


@check
def a_single_run_says_nothing_when_all_went_well(world):
    """Cron sends no mail."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    assert world.daemon.run("--once") == (0, "")


@contextmanager
def begun(world, *arguments, program=None, **how):
    """A single run under way; it is killed if nobody waited for it."""
    program = program or world.daemon
    program.write_config()
    command = [program.program, "--once", *arguments, "-c", program.config_file]
    run = subprocess.Popen(command, cwd=world.folder, **{"stdin": subprocess.DEVNULL, "text": True, **how})
    try:
        yield run
    finally:
        run.kill()
        run.wait()


def talked_about(world, count):
    """So many cases, each with the same words of an operator's twice."""
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(count)]
    for case in cases:
        world.ford.add_history(case, "being looked at")
        world.ford.add_history(case, "being looked at")
    return cases


def right_and_once(world, cases):
    """One incident each, nothing lacking and nothing twice on either side."""
    assert len(world.argus.incidents()) == len(cases), f"{len(world.argus.incidents())} incidents"
    for case in cases:
        world.matches(case)


@check
def two_single_runs_at_the_same_time_double_nothing(world):
    """Twice in a row two processes at once: first all cases are new, then there are new words and acknowledgements on both sides."""
    world.zino.start()
    cases = talked_about(world, 20)
    for turn in range(2):
        with begun(world) as one, begun(world) as other:
            assert [one.wait(90), other.wait(90)] == [0, 0]
        once(world)
        right_and_once(world, cases)
        if turn == 0:
            for case, incident in world.incidents(cases).items():
                world.ford.add_history(case, "a part is on its way")
                world.alice.ack(incident["pk"], "seen")
    for case in cases:
        world.has_entry(case, "seen (alice)", "working")


@check
def a_single_run_beside_the_daemon_doubles_nothing(world):
    """While people write on both sides, single runs come one after the other beside the daemon."""
    world.start()
    cases = talked_about(world, 10)
    incidents = world.incidents(cases)
    for turn in range(3):
        with begun(world) as run:
            for case in cases:
                world.ford.add_history(case, f"word {turn}")
                world.alice.ack(incidents[case]["pk"], f"seen {turn}")
            assert run.wait(90) == 0
    world.settled()
    right_and_once(world, cases)
    for case in cases:
        for turn in range(3):
            world.has_entry(case, f"seen {turn} (alice)")


@check
def a_single_run_of_a_secondary_does_nothing_while_the_primary_lives(world):
    """With [failover]: nothing is written while the primary answers; it acts, once, when several questions had no answer."""
    world.zino.start()
    backup = world.another_zino("backup")
    backup.start()
    case = backup.case("reachability", "gw1")
    failover = {"primary_server": "127.0.0.1", "primary_snmp_port": world.zino.snmp_port, "ping_interval": 1, "ping_timeout": 0.5,
                "threshold": 3}
    secondary = world.another_program("secondary", backup, failover=failover)
    ended, output = secondary.run("--once", "-v")
    assert ended == 0 and "nothing to do here" in output, output
    assert not world.requests()
    world.zino.stop()
    began = time.monotonic()
    ended, output = secondary.run("--once", deadline=60)
    assert ended == 0 and "did not answer 3 times" in output, output
    assert time.monotonic() - began > 2, "three questions within less than two intervals"
    assert [one["source_incident_id"] for one in world.argus.incidents()] == [str(case)]


@check
def a_single_run_of_a_secondary_that_cannot_know_does_nothing(world):
    """Neither the primary nor Argus answers, or the primary's name has no address: 69, with the reason, and nothing is written."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    argus, agent = world.through_argus_proxy(), UdpProxy(world.zino.snmp_port)
    world.proxies.append(agent)
    world.config["failover"] = {"primary_server": "127.0.0.1", "primary_snmp_port": agent.port, "ping_interval": 0.2,
                                "ping_timeout": 0.2, "threshold": 3}
    agent.mode = "drop"
    cut = argus.rule("cut")
    ended, output = world.daemon.run("--once", deadline=60)
    assert ended == 69 and "this host may be cut off itself; nothing was synchronised" in output, output
    assert [one.path for one in cut.hits] == ["/api/"] * 2, cut.hits
    argus.heal()
    world.config["failover"]["primary_server"] = "primary.zino.invalid"
    ended, output = world.daemon.run("--once", deadline=60)
    assert ended == 69 and "cannot be asked whether it lives (the name primary.zino.invalid " in output, output
    assert not world.argus.incidents()


@check
def a_signal_ends_a_single_run_also_while_it_asks_the_primary(world):
    """SIGTERM: 75 within seconds, though the primary is silent and would be asked for minutes."""
    world.zino.start()
    world.config["failover"] = {"primary_server": "127.0.0.1", "primary_snmp_port": free_port(), "ping_interval": 60, "threshold": 10}
    with begun(world, "-vv", stderr=subprocess.PIPE) as run:
        while "no answer from the primary" not in run.stderr.readline():
            assert run.poll() is None, "it ended by itself"
        run.terminate()
        assert run.wait(5) == 75 and "stopped by signal 15" in run.stderr.read()


@check
def a_single_run_names_what_it_had_no_time_for(world):
    """Argus is slow: after --timeout it ends with 75 and names each case that it did not reach; the next run does the rest."""
    world.zino.start()
    proxy = world.through_argus_proxy()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(60)]
    slow = proxy.rule("delay", method="POST", path=r"/incidents/$", seconds=2)
    began = time.monotonic()
    ended, output = world.daemon.run("--once", "--timeout", "10", deadline=40)
    took = time.monotonic() - began
    unreached = set(re.findall(r"not synchronised: reachability (gw\d+): the time was over", output))
    assert ended == 75 and unreached and took < 20, f"{ended} after {took:.1f} s:\n{output}"
    slow.times = 0
    once(world)
    right_and_once(world, cases)


@check
def a_single_run_that_argus_lets_read_nothing_says_so(world):
    """403 for every list: 77 with the reason, not a wait for the end of its time."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    proxy = world.through_argus_proxy()
    proxy.rule("status", method="GET", path=r"/incidents/", status=403, text=b'{"detail":"no"}', kind="application/json")
    ended, output = world.daemon.run("--once", deadline=60)
    assert ended == 77 and "nothing was synchronised" in output, f"{ended}: {output}"


@check
def on_a_terminal_a_single_run_shows_how_far_it_is_and_what_it_did(world):
    """A line that is written over, then the summary; neither for cron."""
    world.zino.start()
    for n in range(60):
        world.zino.case("reachability", f"gw{n}")
    terminal, side = pty.openpty()
    with begun(world, stdout=side, stderr=side) as run:
        assert run.wait(60) == 0
    os.close(side)
    shown = os.read(terminal, 1 << 20).decode()
    os.close(terminal)
    assert re.search(r"\r\x1b\[K\d+ of \d+ problems", shown), repr(shown)
    assert re.search(rf"\x1b\[K{SUMMARY}\r\n$", shown), repr(shown)


@check
def a_single_run_names_the_case_that_argus_refuses(world):
    """75, the case and the reason; the others are there."""
    world.zino.start()
    proxy = world.through_argus_proxy()
    cases = [world.zino.case("reachability", name) for name in ("gw1", "gw2", "gw3")]
    proxy.rule("status", method="POST", path=r"/incidents/(mine/)?$", body="gw2", status=400, text=b'{"description":["no"]}',
               kind="application/json")
    ended, output = world.daemon.run("--once", deadline=90)
    assert ended == 75 and re.search(r"not synchronised: .*gw2.*no", output), output
    world.incidents([cases[0], cases[2]])


@check
def a_trial_names_what_it_found_and_changes_nothing(world):
    """Every line is ok, with versions, the source system and what is there; a wrong secret and a wrong token have different messages."""
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    ended, output = world.daemon.run("--check")
    assert ended == 0 and "FAILED" not in output, output
    for found in (r"zino version is \d", r"Argus \d+\.\d+", r"notifications: \S+ tied", f"belongs to {world.source['name']} of type zino"):
        assert re.search(found, output), f"{found} is not in:\n{output}"
    assert not world.argus.incidents() and not world.entries_of_ours(case)
    world.config["argus"]["token"] = "0" * 40
    ended, output = world.daemon.run("--check")
    assert ended == 77 and re.search("FAILED +Argus: .*token", output) and re.search("ok +Zino: ", output), output


@check
def a_single_run_and_a_trial_hold_to_their_time_and_name_the_zino_that_hangs(world):
    """A stopped Zino takes connections and says nothing: 69 with its name when the time is over, and a word of Argus; --check: within seconds."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    world.zino.child.send(signal.SIGSTOP)
    place = f"127.0.0.1:{world.zino.port}"
    try:
        began = time.monotonic()
        ended, output = world.daemon.run("--once", "--timeout", "4", deadline=30)
        took = time.monotonic() - began
        assert ended == 69 and place in output and "Argus answers" in output and "trying again" not in output, f"{ended}:\n{output}"
        assert took < 8, f"{took:.1f} s for --timeout 4"
        began = time.monotonic()
        ended, output = world.daemon.run("--check", deadline=40)
        took = time.monotonic() - began
        assert ended == 69 and re.search(rf"wait +Zino: {place}", output) and re.search("ok +Argus: ", output), f"{ended}:\n{output}"
        assert took < 15, f"{took:.1f} s for one silent server"
        manager = Manager(world.daemon)
        world.daemon.start()
        world.daemon.logged(f"Zino {place} has not answered for 5 s", deadline=15)
        assert manager.shows("Zino CANNOT BE USED since ").endswith("; Argus ok"), manager.status
    finally:
        world.zino.child.send(signal.SIGCONT)
    manager.shows("1 open incidents, 0 waiting; Zino ok; Argus ok", deadline=60)
