"""Argus' own alarm about a source that has fallen silent: raised when it should be, cleared when it should be."""

from labkit.runner import check
from labkit.waiting import eventually

# Longer than the program's minute, and Argus adds ten seconds of patience.
EXPECTED_EVERY = 90


def expect(world, silent_for=None):
    """Argus expects a sign of life, and the last was so long ago."""
    ask = world.argus_server.agent.ask
    assert ask("expect_heartbeat", name=world.source["name"], seconds=EXPECTED_EVERY, silent_for=silent_for) == 1


def alarmed(world) -> bool:
    """Whether Argus holds an open incident about our source's silence, after its own check."""
    return world.source["name"] in world.argus_server.agent.ask("silent_sources")


def is_told(world, times):
    """The program has sent Argus so many heartbeats."""
    eventually(lambda: world.signs_of_life() >= times, 20, f"sign of life number {times}")


@check
def a_program_that_was_killed_is_missed_by_argus_and_no_more_once_it_runs(world):
    """Argus' sync_heartbeat_incidents raises its incident and clears it; our own cases are untouched by it."""
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    is_told(world, 1)
    expect(world)
    assert not alarmed(world), "it lives"
    world.daemon.kill()

    def missed():
        # a request that it had begun may be answered, and be a sign of life, after its end
        expect(world, silent_for=2 * EXPECTED_EVERY)
        return alarmed(world)
    eventually(missed, 20, "Argus misses the program")
    before = world.signs_of_life()
    world.daemon.start()
    is_told(world, before + 1)
    assert not alarmed(world), "it lives again"
    world.still([case])


def counted(world):
    """The requests that Argus counts as a heartbeat; the question whose a token is, is not one."""
    return [one for one in world.requests() if one["path"] != "/api/v2/auth/user/"]


@check
def a_program_that_is_cut_off_from_zino_gives_no_sign_of_life(world):
    """Nothing that Argus counts as one is sent until Zino is back."""
    proxies = world.through_zino_proxies()
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    world.settled()
    for proxy in proxies:
        proxy.refuse()
    world.daemon.logged("Zino cannot be used")

    def tries_zino(times):
        eventually(lambda: world.daemon.log().count("nothing listens there") >= times, 60, f"try {times} of Zino")
    # what it had begun to ask before is answered by then
    tries_zino(2)
    told, asked = world.signs_of_life(), len(counted(world))
    expect(world, silent_for=2 * EXPECTED_EVERY)
    # that it still tries Zino again and again is how we know that it would have had the time
    tries_zino(4)
    assert world.signs_of_life() == told and len(counted(world)) == asked, counted(world)[asked:]
    assert len(world.requests()) > asked, "it asks whether Argus answers"
    assert alarmed(world), "cut off is as good as dead"
    for proxy in proxies:
        proxy.listen()
    eventually(lambda: not alarmed(world), 60, "Argus clears its alarm once Zino is back")
