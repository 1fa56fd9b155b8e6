"""What a service manager and its operator see: readiness, the status line, the watchdog, and a reload of the configuration."""

import re
import secrets

from labkit import oracle
from labkit.children import free_port
from labkit.manager import Manager
from labkit.runner import check
from labkit.waiting import eventually
from labkit.world import GLUE_USER


def connections(world) -> int:
    """How often the program has logged in at Zino."""
    return len(re.findall(r"connected to Zino|Zino is back", world.daemon.log()))


@check
def it_is_ready_after_its_first_look_at_both_servers(world):
    """Not while Argus has yet to answer; then the status line counts what there is, and the end is announced."""
    proxy, manager = world.through_argus_proxy(), Manager(world.daemon)
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    proxy.rule("hang")
    world.daemon.start()
    manager.shows("Zino ok; Argus not yet asked")
    eventually(lambda: proxy.seen, 20, "Argus is asked")
    assert not manager.count("READY=1"), "ready before Argus has answered"
    proxy.heal()
    manager.wait_for("READY=1")
    world.matches(case)
    manager.shows("ACTIVE: 1 cases, 1 open incidents, 0 waiting; Zino ok; Argus ok")
    world.daemon.stop()
    manager.wait_for("STOPPING=1")


@check
def the_status_line_tells_of_an_outage_and_its_end(world):
    """Argus is down at the start, Zino later: the service starts all the same, is kept alive, and says what is missing."""
    proxy, manager = world.through_argus_proxy(), Manager(world.daemon, watchdog=1)
    proxy.refuse()
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    world.daemon.start()
    manager.wait_for("READY=1")
    manager.shows("Argus CANNOT BE USED since ")
    fed = manager.count("WATCHDOG=1")
    manager.wait_for("WATCHDOG=1", fed + 3)
    proxy.listen()
    world.matches(case, deadline=40)
    manager.shows("Argus ok; last error ")
    world.zino.ask("dump")
    world.zino.stop()
    manager.shows("Zino CANNOT BE USED since ")
    fed = manager.count("WATCHDOG=1")
    manager.wait_for("WATCHDOG=1", fed + 3)
    world.zino.start()
    manager.shows("Zino ok", deadline=60)


@check
def a_secondary_is_ready_after_its_first_question_to_the_primary(world):
    """Also when the primary is down; the status line says STANDBY, then ACTIVE."""
    manager = Manager(world.daemon)
    world.config["failover"] = {"primary_server": "127.0.0.1", "primary_snmp_port": free_port(), "ping_interval": 1, "ping_timeout": 1,
                                "threshold": 4}
    world.start()
    manager.wait_for("READY=1")
    manager.shows("STANDBY: ")
    manager.shows("ACTIVE: ")
    world.matches(world.zino.case("reachability", "gw1"))


@check
def a_bad_file_at_a_reload_is_reported_and_changes_nothing(world):
    """The log names key and line, and the program goes on as it was; with the file mended it takes it."""
    manager = Manager(world.daemon)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    sound = dict(world.config["zino"])
    world.config["zino"] = {**sound, "prot": 1}
    manager.reload()
    world.daemon.logged(r"zinoargus\.toml, line \d+: zino\.prot: unknown key; did you mean zino\.port")
    world.daemon.logged("going on with the old one")
    world.config["zino"] = sound
    world.matches(world.zino.case("reachability", "gw2"))
    manager.reload()
    world.daemon.logged("configuration read again: nothing has changed")
    assert connections(world) == 1


@check
def another_severity_is_used_without_a_restart(world):
    """New incidents and cases whose priority changes get the new level; one that is there keeps its own."""
    manager = Manager(world.daemon)
    world.start()
    old, changing = world.zino.case("reachability", "gw1"), world.zino.case("reachability", "gw2")
    kept = world.matches(old)["level"]
    world.matches(changing)
    world.config["sync"]["severity"] = {"default": 5, "thresholds": [{"min_priority": 700, "level": 2}]}
    manager.reload()
    world.daemon.logged("configuration read again: sync.severity.default, sync.severity.thresholds changed")
    assert world.matches(world.zino.case("reachability", "gw3"))["level"] == 5
    world.zino.modify(changing, priority=700)
    assert world.matches(changing)["level"] == 2
    world.still([old, changing])
    assert world.argus.of_case(old)["level"] == kept, "a level that may have been set by hand was changed"


@check
def another_user_of_zino_is_used_without_a_restart(world):
    """The new user delivers what people do; a wrong secret does not end the program."""
    manager = Manager(world.daemon)
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.settled()
    secret = world.config["zino"]["secret"]
    world.config["zino"]["secret"] = "wrong"
    manager.reload()
    manager.shows("Zino CANNOT BE USED")
    world.daemon.logged("Zino refuses the login")
    world.config["zino"].update(user="trillian", secret="trillians secret")
    manager.reload()
    manager.shows("Zino ok")
    world.alice.ack(pk, "by another name")
    eventually(lambda: any(entry.header == "trillian" and "by another name (alice)" in entry.text for entry in world.ford.history(case)), 30,
               "the acknowledgement in the new user's name")
    world.settled()
    assert secret not in world.daemon.log() and "trillians secret" not in world.daemon.log()


@check
def another_token_is_used_without_a_restart(world):
    """The old one is dead in Argus, the new one comes with SIGHUP."""
    manager, new = Manager(world.daemon), secrets.token_hex(20)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    world.settled()
    world.config["sync"]["refresh_interval"] = 3600
    manager.reload()
    assert world.argus_server.agent.ask("replace_token", key=world.source["token"], new=new) == 1
    world.config["argus"]["token"] = new
    manager.reload()
    world.matches(world.zino.case("reachability", "gw2"))
    assert new not in world.daemon.log()


@check
def another_argus_gets_what_is_open(world):
    """`argus.url` leads elsewhere: what is known of the old place does not count there."""
    manager, proxy = Manager(world.daemon), world.through_argus_proxy()
    world.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    world.settled()
    world.config["argus"]["url"] = f"{world.argus_server.url}/api/v2/"
    manager.reload()
    asked = len(proxy.seen)
    world.matches(world.zino.case("reachability", "gw2"))
    world.still([case])
    assert len(proxy.seen) == asked, "the old address is still asked"
    assert len(world.argus.incidents()) == 2


@check
def reloads_during_a_storm_of_changes_lose_and_double_nothing(world):
    """20 reloads with changed settings while cases open, change and close, and people act: every entry and every act is there once."""
    manager = Manager(world.daemon)
    world.start()
    cases = [world.zino.case("reachability", f"gw{number}") for number in range(12)]
    world.incidents(cases)
    acted = {}
    for number in range(20):
        world.config["argus"]["connections"] = 1 + number % 3
        world.config["argus"]["timeout"] = 3.0 + number % 2
        world.config["zino"]["default_domain"] = f"example{number % 2}.org"
        cases.append(world.zino.case("reachability", f"new{number}"))
        for case in cases[number % 5::5]:
            world.ford.add_history(case, f"entry {number}")
        world.zino.modify(cases[number % 12], priority=100 + number)
        incident = world.argus.of_case(cases[number % 12])
        acted[number] = cases[number % 12]
        world.alice.ack(incident["pk"], f"act {number}")
        manager.reload()
        world.ford.set_state(cases[-1], "working")
    for case in cases:
        world.matches(case, deadline=60)
    ended = [world.argus.of_case(case)["pk"] for case in cases[:3]]
    for case in cases[:3]:
        world.ford.set_state(case, "closed")
    manager.reload()
    for pk in ended:
        world.ended(pk, deadline=40)
    for number, case in acted.items():
        world.has_entry(case, f"act {number} (alice)", deadline=60)
    world.settled(60)
    world.still(cases)
    for number, case in acted.items():
        found = [text for text in world.entries_of_ours(case) if f"act {number} (alice)" in text]
        assert len(found) == 1, f"act {number} stands {len(found)} times in case {case}"
    assert len(world.argus.incidents()) == len(cases), "an incident too many or too few"
    for case in cases:
        oracle.check_events(world.argus.events(world.argus.of_case(case)["pk"]), world.ford.history(case), GLUE_USER)
    assert len(re.findall("configuration read again: .* changed", world.daemon.log())) == 21
