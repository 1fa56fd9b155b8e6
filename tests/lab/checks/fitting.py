"""What fits the program to a network: which cases get an incident, and with which level (CASE, CREATE-9)."""

from labkit.argus_people import tags
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import case_of

# One case for each thing that a key of the filter decides.
SCENE = {
    "plain": case_of("reachability", "gw1", priority=100),
    "high": case_of("reachability", "gw2", priority=300),
    "laboratory": case_of("reachability", "lab-gw3", priority=100),
    "bfd": case_of("bfd", "gw1", 21, priority=100),
    "alarm": case_of("alarm", "gw1", "red", priority=100),
    "marked port": case_of("portstate", "gw1", 1, descr="uplink [prod]", priority=100),
    "comma port": case_of("portstate", "gw1", 2, descr="customer, 10G", priority=100),
    "bare port": case_of("portstate", "gw1", 3, descr="", priority=100),
}
USUAL = {"plain", "high", "laboratory", "alarm", "comma port"}
KEYS = [
    ({}, USUAL),
    ({"types": ["bfd", "reachability"]}, {"plain", "high", "laboratory", "bfd"}),
    ({"port_description_contains": ""}, USUAL | {"marked port", "bare port"}),
    ({"port_description_contains": "[prod]"}, USUAL - {"comma port"} | {"marked port"}),
    ({"min_priority": 200}, {"high"}),
    ({"ignore_routers": ["LAB-*", "gw[2-9]"]}, USUAL - {"laboratory", "high"}),
]


def begin(world):
    """The scene in Zino, where every port went down; gives the number of each case."""
    world.zino.start()
    return dict(zip(SCENE, world.zino.cases([went_down(**one) for one in SCENE.values()]), strict=True))


def went_down(type, router, sub, attrs, log, **more):
    """A port's log says that it went down, whatever its description is."""
    if type == "portstate":
        log = case_of(type, router, sub, port=attrs["port"])["log"]
    return {"type": type, "router": router, "sub": sub, "attrs": attrs, "log": log, **more}


def have_incidents(world, numbers, wanted):
    """Exactly these cases have an open incident."""
    found = {int(one["source_incident_id"].split("-")[0]) for one in world.argus.incidents(open=True)}
    names = {name for name, number in numbers.items() if number in found}
    assert names == wanted, f"incidents of {sorted(names)}, wanted {sorted(wanted)}"


def come_to_have_incidents(world, numbers, wanted):
    """Wait until these cases have an incident, then see that no others do."""
    world.incidents([numbers[name] for name in wanted])
    world.settled()
    have_incidents(world, numbers, wanted)


@check
def each_key_of_the_filter_decides_alone_which_cases_get_an_incident(world):
    """By `--once` with one key after the other: the incidents are those of the cases that any filter so far has wanted, and right."""
    numbers = begin(world)
    known = set()
    for keys, wanted in sorted(KEYS, key=lambda pair: len(pair[1])):
        world.config["filter"] = keys
        code, said = world.daemon.run("--once", deadline=60)
        assert code == 0, said
        known |= wanted
        have_incidents(world, numbers, known)
    for name in known:
        world.matches(numbers[name])


@check
def the_log_of_a_port_is_read_only_where_the_filter_needs_it(world):
    """GETLOG comes for the ports whose description counts, and for no others."""
    numbers = begin(world)
    commands, _ = world.through_zino_proxies()
    for contains, ports in [(",", {"comma port"}), ("[prod]", {"marked port"}), ("", {"comma port", "marked port", "bare port"})]:
        world.config["filter"] = {"port_description_contains": contains}
        commands.commands.clear()
        code, said = world.daemon.run("--once", deadline=60)
        assert code == 0, said
        asked = {line.split()[1] for line in commands.commands if line.startswith("GETLOG")}
        assert asked == {str(numbers[port]) for port in ports}, f"{contains!r}: GETLOG of {asked}, not of {ports}"


@check
def a_filter_changed_by_reload_ends_nothing_and_creates_what_is_open(world):
    """Narrowed: all incidents stay and are followed to their end. Widened: what is open gets its incident, and a priority that rises, too."""
    numbers = begin(world)
    world.start()
    come_to_have_incidents(world, numbers, USUAL)
    world.config["filter"] = {"types": ["reachability", "bfd"], "min_priority": 200}
    world.daemon.reload()
    world.daemon.logged("filter")
    come_to_have_incidents(world, numbers, USUAL)
    world.ford.add_history(numbers["alarm"], "followed")
    world.zino.modify(numbers["plain"], priority=150)
    for name in ("alarm", "plain"):
        world.matches(numbers[name])
    pk = world.argus.of_case(numbers["alarm"])["pk"]
    world.ford.set_state(numbers["alarm"], "closed")
    world.ended(pk)
    world.zino.modify(numbers["bfd"], priority=200)
    come_to_have_incidents(world, numbers, USUAL - {"alarm"} | {"bfd"})
    world.config["filter"] = {"port_description_contains": ""}
    world.daemon.reload()
    come_to_have_incidents(world, numbers, USUAL - {"alarm"} | {"bfd", "marked port", "bare port"})
    world.still([number for name, number in numbers.items() if name != "alarm"])


@check
def rules_give_levels_and_leave_a_level_set_by_hand(world):
    """The first rule that matches decides, before the thresholds; a changed rule reaches new incidents and changed priorities only."""
    severity = world.config["sync"]["severity"]
    severity["rules"] = [{"type": "alarm", "alarm_type": "red", "level": 1}, {"router": "core-*", "min_priority": 150, "level": 2}]
    world.start()
    red, yellow = world.zino.case("alarm", "gw1", "red", priority=100), world.zino.case("alarm", "gw1", "yellow", priority=100)
    core, low = (world.zino.case("reachability", f"core-{priority}", priority=priority) for priority in (150, 149))
    assert [world.matches(case)["level"] for case in (red, yellow, core, low)] == [1, 4, 2, 4]
    by_hand = world.matches(core)["pk"]
    world.alice.patch(by_hand, level=5)
    severity["rules"] = [{"type": "reachability", "level": 3}]
    world.daemon.reload()
    world.daemon.logged("sync.severity.rules")
    late = world.zino.case("reachability", "core-late", priority=150)
    assert world.matches(late)["level"] == 3
    world.settled()
    levels = {case: world.argus.of_case(case)["level"] for case in (red, core, low)}
    assert levels == {red: 1, core: 5, low: 4}, levels
    world.zino.modify(low, priority=151)
    eventually(lambda: world.argus.of_case(low)["level"] == 3, 10, "a case whose priority changes gets the level of the new rule")


@check
def secrets_may_stand_in_the_environment_and_the_usual_file_is_found(world):
    """Without `-c` and without secrets in the file, `--check` and a single run work; `-v` says where all came from, and shows no secret."""
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    secrets = {"ARGUS_TOKEN": world.config["argus"].pop("token"), "ZINO_SECRET": world.config["zino"].pop("secret")}
    for arguments, words in [(["--check"], "zinoargus.toml with ARGUS_TOKEN and ZINO_SECRET of the environment can be used"),
                             (["--once", "-v"], "configuration: zinoargus.toml with ARGUS_TOKEN and ZINO_SECRET of the environment")]:
        code, said = world.daemon.run(*arguments, environment=secrets, usual_file=True)
        assert code == 0 and words in said, f"exit code {code}: {said}"
        assert not any(secret in said for secret in secrets.values()), f"a secret shows: {said}"
    world.matches(case)
    world.config["argus"]["token"] = secrets["ARGUS_TOKEN"]
    code, said = world.daemon.run("--check", environment=secrets)
    assert code == 78 and "argus.token: is given here and in the environment (ARGUS_TOKEN)" in said, f"exit code {code}: {said}"


LINKS = {
    "port": (case_of("portstate", "gw1", 7, port="ge-0/0/1 {Ås} 100%", descr="NTNU, 10G"),
             "/portstate/gw1/gw1.example.org/ge-0%2F0%2F1%20%7B%C3%85s%7D%20100%25/7/127.0.0.1/{CASE}"),
    "session": (case_of("bgp", "gw1", "2001:db8::5"), None),
}
EVERY = "/{type}/{router}/{host}/{port}/{ifindex}/{server}/{{{case}}}"


@check
def a_changed_template_reaches_every_open_incident_once_and_people_keep_their_tags(world):
    """Link and tags with every placeholder; changed by reload: one PATCH each, after a new case; read again unchanged: none."""
    world.config["incident"] = {"details_url": EVERY, "tags": ["runbook=https://wiki.example.org/{type}/{router}?a={{b}}", "peer={remote_addr}"]}
    world.zino.start()
    cases = dict(zip(LINKS, world.zino.cases([described for described, _ in LINKS.values()]), strict=True))
    many = world.zino.cases([case_of("alarm", f"gw{n}", "red") for n in range(30)])
    world.daemon.start()
    incidents = world.incidents([*cases.values(), *many])
    port, session = (incidents[cases[name]] for name in LINKS)
    assert port["details_url"].endswith(LINKS["port"][1].replace("CASE", str(cases["port"]))), port["details_url"]
    assert session["details_url"] == "", "a link without the name of a port"
    assert tags(port)["runbook"] == "https://wiki.example.org/portstate/gw1?a={b}" and "peer" not in tags(port)
    assert tags(session)["peer"] == "2001:db8::5"
    note = {"tag": "note=by alice"}
    world.alice.patch(port["pk"], tags=[*({"tag": one["tag"]} for one in port["tags"]), note])
    world.settled()
    before = len(world.writes())
    world.config["incident"] = {"details_url": "https://cases.example.org/{case}", "tags": ["customer=uninett", "alarm={alarm_type}"]}
    world.daemon.reload()
    world.daemon.logged("every open incident gets the new link and tags")
    new = world.zino.case("reachability", "new")
    fresh = world.incident(new)
    waiting = [one for one in world.argus.incidents(open=True) if "customer" not in tags(one)]

    def all_follow():
        rows = world.argus.incidents(open=True)
        assert all(tags(one).get("customer") == "uninett" and "runbook" not in tags(one) for one in rows), "a tag is missing or left"
        assert all(one["details_url"] == f"https://cases.example.org/{one['source_incident_id']}" for one in rows)
        return True
    eventually(all_follow, 60, "every open incident has the new link and tags")
    world.settled()
    assert tags(world.argus.incident(port["pk"]))["note"] == "by alice", "a person's tag is gone"
    patches = [line for line in world.writes()[before:] if line.startswith("PATCH")]
    assert len(patches) == len(incidents), f"{len(patches)} changes of {len(incidents)} incidents"
    assert fresh["details_url"] == f"https://cases.example.org/{new}"
    world.daemon.reload()
    world.daemon.logged("nothing has changed")
    world.daemon.restart()
    world.settled()
    patches = [line for line in world.writes()[before:] if line.startswith("PATCH")]
    assert len(patches) == len(incidents), "changed again although nothing is new"
    code, said = world.daemon.run("--check")
    assert code == 0 and "looks like https://cases.example.org/17" in said, said
    return f"the new case's incident came while {len(waiting)} of {len(incidents)} waited for their change"
