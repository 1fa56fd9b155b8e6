"""Which versions of the servers the program names, and what it says of an old one."""

import re

from labkit import places
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import case_of


@check
def the_versions_of_both_servers_are_named_and_an_old_argus_gets_one_warning(world):
    """In the log and in `--check`. An Argus that calls itself 2.4.0 gets one warning at the start, and is worked with all the same."""
    argus, zino = places.VERSIONS["argus"], places.VERSIONS["zino"]
    proxy = world.through_argus_proxy()
    world.start()
    world.daemon.logged(rf"Argus is version {re.escape(argus)}")
    world.daemon.logged(rf"connected to Zino .*: .*{re.escape(zino)}")
    code, said = world.daemon.run("--check")
    assert code == 0 and f"(Argus {argus})" in said and zino in said and "older than" not in said, said
    assert "older than" not in world.daemon.log()
    proxy.rule("status", method="GET", path=r"/api/$", status=200, kind="application/json", text=b'{"server-version": "2.4.0"}')
    world.daemon.restart()
    warning = r"WARN  Argus 2\.4\.0 is older than 2\.10: it lets no source reopen an incident.* heartbeat"
    world.daemon.logged(warning)
    case = world.zino.case("reachability", "gw1")
    world.still([case])
    world.matches(case)
    assert len(re.findall(warning, world.daemon.log())) == 1, "the warning comes more than once"
    code, said = world.daemon.run("--check")
    assert code == 0 and re.search(r"^warning +Argus: Argus 2\.4\.0 is older than 2\.10", said, re.M), said
    before = world.daemon.log().count(f"Argus is version {argus}")
    world.config["argus"]["url"] = f"{world.argus_server.url}/api/v2/"
    world.daemon.reload()
    eventually(lambda: world.daemon.log().count(f"Argus is version {argus}") > before, 20, "the version of another Argus after a reload")


@check
def check_names_each_key_of_the_python_program_that_means_something_else(world):
    """On a config that the Python program could have; one with a key of ours is told nothing of the kind."""
    world.zino.start()
    world.zino.cases([case_of("reachability", "gw1")])
    ours = world.config
    world.daemon.config = {**world.python_program().config, "metadata": {"ports_url": "https://ports.example.org/"}}
    _, said = world.daemon.run("--check")
    named = re.findall(r"^note +(\S+): ", said, re.M)
    assert named == ["argus.url", "sync.acknowledge.setstate", "sync.ticket.enable", "sync.severity.default", "sync.severity.thresholds",
                     "metadata.ports_url"], said
    world.daemon.config = ours
    code, said = world.daemon.run("--check")
    assert code == 0 and "note " not in said, said
