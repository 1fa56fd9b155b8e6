"""One synchronisation at a time, as cron runs it, and the trial of everything."""

import re
import subprocess

from labkit.runner import check

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


@check
def two_single_runs_at_the_same_time_double_nothing(world):
    """Twenty cases, two processes: one incident each, and both end well."""
    world.zino.start()
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(20)]
    for case in cases:
        world.ford.add_history(case, "being looked at")
    world.daemon.write_config()
    command = [world.daemon.program, "--once", "-c", world.daemon.config_file]
    runs = [subprocess.Popen(command, cwd=world.folder, stdin=subprocess.DEVNULL) for _ in range(2)]
    assert [run.wait(timeout=90) for run in runs] == [0, 0]
    found = world.argus.incidents()
    assert len(found) == len(cases), f"{len(found)} incidents"
    once(world)
    for case in cases:
        world.matches(case)


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
    """Every line is ok, with versions, the source system and what is there; a wrong secret and a wrong token are told apart."""
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
