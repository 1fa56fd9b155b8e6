"""Networks as they are: name servers that answer badly, addresses that are dead, proxies. With the file that is shipped."""

import os
import re
import subprocess
import time

from checks.failover import pair
from labkit.children import free_port
from labkit.forward_proxy import ForwardProxy
from labkit.name_server import DeadAddress, NameServer
from labkit.runner import check
from labkit.tls_front import Authority, tls_front
from labkit.waiting import eventually

ARGUS, ZINO = "argus.lab.example", "zino.lab.example"
LOOPBACK = {ARGUS: ["127.0.0.1"], ZINO: ["127.0.0.1"]}
BADLY = ("REFUSED", "SERVFAIL", "NOTIMP", "NXDOMAIN", "drop")


def by_names(world, argus=ARGUS, zino=ZINO):
    """The program knows both servers by names."""
    world.config["argus"]["url"] = world.config["argus"]["url"].replace("127.0.0.1", argus)
    world.config["zino"]["server"] = zino


def names(world, table=None, **more):
    """A name server of this world that the program uses."""
    server = NameServer(table or LOOPBACK, **more)
    world.proxies.append(server)
    server.used_by(world.daemon)
    return server


def finds_both(world, what):
    """`--check` reaches both servers."""
    code, said = world.daemon.run("--check", deadline=60)
    assert code == 0, f"{what}: exit code {code}:\n{said}"


@check
def a_name_server_that_fails_for_ipv6_hides_no_ipv4_address(world):
    """REFUSED, SERVFAIL, NOTIMP, NXDOMAIN or silence for AAAA: both servers are found (openziti/ziti#3075, chromium/badssl.com#535,
    grocy/grocy-docker#179, home-assistant/plugin-dns#81)."""
    by_names(world)
    world.config["argus"]["timeout"] = 2.0
    server = names(world)
    world.zino.start()
    for badly in BADLY:
        server.by_type = {"AAAA": badly}
        finds_both(world, f"AAAA is answered with {badly}")
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))


@check
def a_search_domain_that_fails_hides_no_name(world):
    """The first domain of the search list is answered badly: short names are found below the second, and as they are; a whole name
    is found too (gliderlabs/docker-alpine#414, moby/moby#45553)."""
    by_names(world, "argus", "zino")
    server = names(world, {"argus.good.example": ["127.0.0.1"], "zino": ["127.0.0.1"]}, search=("broken.example", "good.example"))
    world.zino.start()
    for badly in BADLY:
        server.by_domain = {"broken.example": badly}
        finds_both(world, f"the first search domain is answered with {badly}")


@check
def a_name_server_that_fails_for_ipv6_makes_no_takeover(world):
    """The primary's name has an IPv4 address and AAAA is answered badly: the secondary of a healthy primary stays what it is
    (openziti/ziti#3075)."""
    _, _, _, secondary = pair(world, count=1, primary_server=ZINO, ping_timeout=2.0)
    server = NameServer(LOOPBACK)
    world.proxies.append(server)
    server.used_by(secondary)
    server.by_type = {"AAAA": BADLY[0]}
    secondary.start()
    secondary.logged("mode STANDBY: this is a secondary")
    for badly in BADLY:
        server.by_type, asked = {"AAAA": badly}, server.asked.count((ZINO, 1))
        eventually(lambda: server.asked.count((ZINO, 1)) > asked + 5, 60, "the name is looked up again and again")
    log = secondary.log()
    assert "-> ACTIVE" not in log and "no answer from the primary" not in log, secondary.tail()


@check
def a_dead_first_address_costs_a_quarter_of_a_second_once(world):
    """IPv6 that leads nowhere, an Argus that needs 0.9 s, and 2 s for a request (racket/racket#3941, processone/fluux-messenger#532)."""
    road = world.through_argus_proxy()
    by_names(world)
    world.config["argus"]["timeout"] = 2.0
    names(world, {ARGUS: ["::1", "127.0.0.1"], ZINO: ["::1", "127.0.0.1"]})
    world.proxies += [DeadAddress(port) for port in (road.port, world.zino.port, world.zino.notify_port)]
    road.rule("late", seconds=0.9)
    began = time.monotonic()
    world.start()
    world.matches(world.zino.case("reachability", "gw1"), deadline=60)
    assert "cannot be used" not in world.daemon.log(), world.daemon.tail()
    case = world.zino.case("reachability", "gw2")
    eventually(lambda: case and world.argus.of_case(case), 20, "a case that Zino notifies of")
    return f"all of it in {time.monotonic() - began:.1f} s"


@check
def while_no_name_server_answers_the_addresses_found_last_are_used(world):
    """The name server dies; Zino and Argus are still reached, also over new connections, and one line says so."""
    road = world.through_argus_proxy()
    by_names(world)
    server = names(world)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    server.by_type = {"A": "drop", "AAAA": "drop"}
    road.cut()
    world.zino.restart()
    world.matches(world.zino.case("reachability", "gw2"), deadline=60)
    told = re.findall(r"the name (\S+) could not .*connecting to the addresses that were known before", world.daemon.log())
    assert sorted(told) == sorted([ARGUS, ZINO]), told
    server.by_type = {}

    def found_again():
        # a look-up under way when the name server came back may still fail; the connection after it then holds
        world.zino.restart()
        return world.daemon.logged(f"the name {ZINO} can be looked up again", deadline=15)
    eventually(found_again, 60)
    world.still()


@check
def look_ups_that_hang_are_few(world):
    """A name server that never answers, and two names that are asked for again and again: the threads do not grow."""
    by_names(world)
    world.config["argus"]["timeout"] = 0.5
    names(world).by_type = {"A": "drop", "AAAA": "drop"}
    world.zino.start()
    world.daemon.start()
    world.daemon.logged("could not be looked up", deadline=60)

    def threads():
        return len(os.listdir(f"/proc/{world.daemon.child.process.pid}/task"))
    most, end = 0, time.monotonic() + 20
    while time.monotonic() < end:
        most = max(most, threads())
        time.sleep(0.2)
    assert most < 20, f"{most} threads"
    return f"at most {most} threads"


@check
def an_empty_root_without_name_servers_is_told_so(world):
    """In a folder with nothing but the program, a name that is not found comes with the hint that /etc/resolv.conf is missing."""
    by_names(world)
    root = world.folder / "empty"
    root.mkdir()
    world.daemon.write_config()
    for file in (world.daemon.program, world.daemon.config_file):
        subprocess.run(["cp", file, root], check=True)
    config = world.daemon.config_file.name
    command = ["unshare", "--user", "--map-root-user", "--root", str(root), f"/{os.path.basename(world.daemon.program)}", "--check", "-c", f"/{config}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stdout.splitlines() if "FAILED" in line]
    assert len(lines) >= 2 and all("/etc/resolv.conf" in line for line in lines[:2]), done.stdout + done.stderr


def no_secret(text, *secrets):
    """None of these is in a text."""
    found = [secret for secret in secrets if secret in text]
    assert not found, f"a secret is shown: {text}"


@check
def a_proxy_of_the_environment_leads_to_argus_as_it_does_for_the_python_program(world):
    """HTTPS_PROXY with user and password, TLS to Argus inside; HTTP_PROXY for an Argus without TLS, which the Python program uses in the
    same way; NO_PROXY; never for this host. `--check` says what is used, and no line shows the password."""
    authority, port = Authority(world.folder / "authority"), free_port()
    tls_front(authority.context(ARGUS), port, world.argus_server.port, "127.0.0.1")
    direct = world.config["argus"]["url"]
    plain = f"{ARGUS}:{world.argus_server.port}"
    proxy = ForwardProxy({f"{ARGUS}:{port}": port, plain: world.argus_server.port}, password="lab:s3cret/pw")
    world.proxies.append(proxy)
    given = f"http://lab:s3cret%2Fpw@127.0.0.1:{proxy.port}"
    world.config["argus"].update(url=f"https://{ARGUS}:{port}/api/v2/", ca_file=str(authority.file))

    world.daemon.environment = {"HTTPS_PROXY": given}
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    assert proxy.seen and all(head.startswith(f"CONNECT {ARGUS}:{port} ") for head in proxy.seen), proxy.seen
    assert world.source["token"] not in "".join(proxy.seen), "the proxy saw the token"
    code, said = world.daemon.run("--check", environment={"https_proxy": given})
    assert code == 0 and f"http://127.0.0.1:{proxy.port}, of the variable https_proxy" in said, said
    world.daemon.stop()
    world.daemon.environment = {"ALL_PROXY": given.replace("s3cret", "wr0ng")}
    world.daemon.start()
    world.daemon.logged("refuses the user and password that ALL_PROXY holds")
    world.daemon.stop()
    world.daemon.environment = {}
    no_secret(world.daemon.log() + said, "s3cret", "wr0ng", "bGFiOnM", "bGFiOnd")

    world.config["argus"].update(url=f"http://{plain}/api/v2/")
    del world.config["argus"]["ca_file"]
    asked = len(proxy.seen)
    world.daemon.environment = {"http_proxy": given}
    world.daemon.start()
    world.matches(world.zino.case("reachability", "gw2"))
    world.daemon.stop()
    assert f"GET http://{plain}/api/v2/incidents/" in "".join(proxy.seen[asked:]), proxy.seen[-1:]
    python = world.python_program()
    python.environment, asked = {"http_proxy": given}, len(proxy.seen)
    python.start()
    eventually(lambda: len(proxy.seen) > asked, 30, "the Python program uses the proxy")
    python.stop()
    assert f"GET http://{plain}/api/v2/incidents/" in "".join(proxy.seen[asked:]), proxy.seen[-1:]

    for url, more in ((f"http://{plain}/api/v2/", {"NO_PROXY": f".lab.example:{world.argus_server.port}"}), (direct, {})):
        world.config["argus"]["url"], asked = url, len(proxy.seen)
        _, said = world.daemon.run("--check", environment={"HTTP_PROXY": given, **more}, deadline=60)
        assert "not through the proxy of HTTP_PROXY" in said and len(proxy.seen) == asked, said
        no_secret(said, "s3cret", "bGFiOnM")
