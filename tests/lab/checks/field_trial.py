"""What public reports showed of trying out a token; each check names its source."""

import re

from labkit.runner import check


@check
def a_trial_finds_its_source_among_very_many(world):
    """Argus lists all source systems without the number of their user (Uninett/Argus#1864): found by name, then by our own incident, else not called wrong."""
    world.zino.start()
    for n in range(110):
        world.argus_server.agent.ask("source", name=f"{world.name}-{n:03}")
    before = len(world.requests())

    def trial():
        return world.daemon.run("--check", deadline=60)

    ended, output = trial()
    asked = len(world.requests()) - before
    assert ended == 0 and f"the token belongs to {world.source['name']} of type zino" in output, f"{ended}:\n{output}"
    assert asked <= 8, f"{asked} requests"
    # an operator has renamed the source system, but not its user
    world.argus_server.agent.ask("rename_source", name=world.source["name"], new="quite another name")
    ended, output = trial()
    assert ended == 0 and re.search("unknown +Argus' source system: cannot tell", output), f"{ended}:\n{output}"
    assert len(world.requests()) - before <= 30
    case = world.zino.case("reachability", "gw1")
    assert world.daemon.run("--once")[0] == 0
    ended, output = trial()
    assert ended == 0 and "the token belongs to quite another name of type zino" in output, f"{ended}:\n{output}"
    assert world.argus.of_case(case)


@check
def a_trial_with_the_token_of_a_person_says_so_where_it_can(world):
    """Among few source systems it is certain that the token's user has none."""
    world.zino.start()
    world.config["argus"]["token"] = world.lab.alice["token"]
    ended, output = world.daemon.run("--check", deadline=60)
    certain = re.search("FAILED +Argus' source system: user alice is not that of a source system", output)
    assert (ended == 77 and certain) or (ended == 0 and "cannot tell" in output), f"{ended}:\n{output}"
