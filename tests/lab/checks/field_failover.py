"""What made other programs take over from a healthy primary, or write on doubt: names, addresses, and a network of one's own."""

import os
import re
import time

from labkit.http_proxy import HttpProxy
from labkit.runner import check
from labkit.udp_proxy import UdpProxy
from labkit.waiting import eventually

from .failover import THRESHOLD, TO_ACTIVE, TO_STANDBY, changes_to, open_once, pair, times

NAME = "primary.zino.invalid"


def answered(program, count=THRESHOLD * 3):
    """Wait until so many more questions have been answered, wherever from, and none has changed the mode."""
    before = times(program, "and answers from")
    eventually(lambda: times(program, "and answers from") >= before + count, 20, "answers from elsewhere")
    assert not times(program, "-> ACTIVE"), program.tail()


@check
def an_answer_from_another_address_of_the_agents_host_is_an_answer(world):
    """Zino's agent listens on all addresses, is asked at one and answers from another; a closed port is noticed at once
    (gosnmp/gosnmp#118, influxdata/telegraf#11278)."""
    world.zino.write_config(agent_address="0.0.0.0")
    _, _, _, secondary = pair(world, count=1, primary_server="127.0.0.2", ping_timeout=20)
    secondary.start()
    answered(secondary)
    world.zino.stop()
    stopped = time.monotonic()
    failed = secondary.logged(TO_ACTIVE)[1]
    assert failed == f"127.0.0.2:{world.zino.snmp_port}: nothing listens there", failed
    assert time.monotonic() - stopped < 10, "it waited for a time-out"


@check
def an_answer_from_another_port_is_an_answer(world):
    """As through an address translation that forgets: what counts is the number of the question and the community."""
    road = UdpProxy(world.zino.snmp_port)
    road.mode = "elsewhere"
    world.proxies.append(road)
    _, _, _, secondary = pair(world, road.port, count=1)
    secondary.start()
    answered(secondary)


@check
def a_community_outside_ascii_reaches_zinos_agent(world):
    """The agent and the program take the same text for the same community."""
    world.zino.write_config(community="h\u00fcsh \u00ff")
    _, _, _, secondary = pair(world, count=1, snmp_community="h\u00fcsh \u00ff")
    secondary.start()
    secondary.logged("a takeover would work: ")
    code, text = secondary.run("--check")
    assert code == 0 and "answers: up for" in text, text
    assert "h\u00fcsh" not in text + secondary.log()


@check
def a_primary_whose_name_resolves_no_more_is_asked_at_its_last_address(world):
    """The name goes while the primary lives: no takeover, a warning. It stays away while the primary dies: a takeover
    (EnterpriseDB/repmgr#173)."""
    road = UdpProxy(world.zino.snmp_port)
    world.proxies.append(road)
    _, _, _, secondary = pair(world, road.port, count=1, primary_server=NAME)
    hosts = with_own_hosts(world, secondary)
    secondary.start()
    secondary.logged("a takeover would fail now: the primary cannot be asked: the name " + NAME, 30)
    hosts.write_text(f"127.0.0.1 localhost {NAME}\n")
    secondary.logged("a takeover would work")
    hosts.write_text("127.0.0.1 localhost\n")
    secondary.logged(f"the name {NAME} .*; the primary is asked at its last known address")
    asked = road.asked
    eventually(lambda: road.asked >= asked + 2 * THRESHOLD, 30, "the primary is asked without a name server")
    assert not times(secondary, "-> ACTIVE"), secondary.tail()
    world.zino.stop()
    assert f"127.0.0.1:{road.port}" in secondary.logged(TO_ACTIVE, 30)[1]
    hosts.write_text(f"127.0.0.1 localhost {NAME}\n")
    secondary.logged(f"the primary's name {NAME} resolves again")


@check
def a_secondary_that_was_itself_cut_off_does_not_write_when_its_network_returns(world):
    """Neither the primary's agent nor Argus can be reached: a takeover. Both return: nothing is written, and a hand-back
    (EnterpriseDB/repmgr#439)."""
    roads = UdpProxy(world.zino.snmp_port), HttpProxy(world.argus_server.port)
    world.proxies += roads
    _, copies, _, secondary = pair(world, roads[0].port, count=3)
    secondary.config["argus"]["url"] = f"{roads[1].url}/api/v2/"
    secondary.start()
    secondary.logged("a takeover would work: ")
    cut_off(roads)
    secondary.logged(TO_ACTIVE)
    secondary.logged("nothing is written yet")
    secondary.logged("Argus cannot be used")
    roads[1].heal()
    roads[0].mode = "pass"
    secondary.logged(TO_STANDBY)
    assert not writes_of(secondary), writes_of(secondary)
    reached = [one for one in roads[1].seen if one.path == "/api/"]
    assert reached and all("Authorization" not in one.headers for one in reached), "Argus was shown the token"
    # Then the primary is really dead when the network returns: one more question, and everything is written.
    cut_off(roads)
    changes_to(secondary, "ACTIVE", 2)
    world.zino.stop()
    roads[1].heal()
    secondary.logged("writing from now on", 30)
    open_once(world.argus, len(copies))


def cut_off(roads):
    """The secondary's host loses its network: no datagram and no request comes through."""
    roads[0].mode = "drop"
    roads[1].rule("cut")


def writes_of(program) -> list:
    """The requests in its log that change something in Argus."""
    return re.findall(r"(?:POST|PATCH|PUT|DELETE) \S*", program.log())


def with_own_hosts(world, program):
    """Have the program see a hosts file of its own, which knows no primary; gives the file."""
    hosts, launcher = world.folder / "hosts", world.folder / "with-own-hosts"
    hosts.write_text("127.0.0.1 localhost\n")
    as_root = "" if os.geteuid() == 0 else "--map-root-user"
    launcher.write_text(f'#!/bin/sh\nexec unshare --mount {as_root} sh -c \'mount --bind "{hosts}" /etc/hosts && exec "$0" "$@"\' '
                        f'"{program.program}" "$@"\n')
    launcher.chmod(0o755)
    program.program = launcher
    return hosts
