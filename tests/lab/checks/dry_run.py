"""A dry run says what a real run then does, line by line, and writes nothing."""

import itertools
import random
import re
from collections import defaultdict

from labkit.runner import check
from labkit.zino_server import case_of

WORLDS = 30
WRITES = ("created incident", "changed incident", "ended incident", "reopened incident", "history to incident", "acknowledged incident",
          "our acknowledgement of incident", "to Zino: ", "ended, its case is no longer in Zino", "to the record of incident")
COUNTS = re.compile(r"created \d+, updated \d+, closed \d+, to Zino \d+, unchanged \d+, failed \d+")


class Chance:
    """Whatever operators, routers and people may do between two runs, by one seed."""

    def __init__(self, world, seed):
        self.world, self.random, self.cases, self.routers = world, random.Random(seed), [], itertools.count()

    def happens(self):
        """A few things, on both sides."""
        kinds = [("reachability", None), ("bgp", "2001:db8::1"), ("alarm", "red"), ("portstate", 7)]
        described = [case_of(kind, f"gw{next(self.routers)}", sub, priority=self.random.choice([100, 300, 600]))
                     for kind, sub in self.random.choices(kinds, k=self.random.randrange(3))]
        self.cases += self.world.zino.cases(described) if described else []
        for case in self.random.sample(self.cases, min(len(self.cases), 4)):
            self.in_zino(case)
        for one in self.random.sample(self.world.argus.incidents(), min(len(self.world.argus.incidents()), 3)):
            self.in_argus(one)

    def in_zino(self, case):
        """An operator, a router, or Zino itself."""
        ford, state = self.world.ford, self.world.ford.state(case)
        match self.random.randrange(5):
            case 0 if state != "closed":
                ford.add_history(case, self.random.choice(["on it", "still\non it", "incident -1: an odd text"]))
            case 1 if state != "closed":
                ford.set_state(case, self.random.choice(["working", "waiting", "open", "ignored"]))
            case 2 if state != "closed":
                ford.set_state(case, "closed")
            case 3:
                self.world.zino.modify(case, priority=self.random.choice([100, 300, 600]))
            case 4 if state == "closed":
                self.world.zino.scavenge(case)
                self.cases.remove(case)

    def in_argus(self, incident):
        """A person."""
        alice, pk = self.world.alice, incident["pk"]
        match self.random.randrange(4):
            case 0 if incident["open"]:
                alice.close(pk, "done\nand tested")
            case 1 if not incident["open"]:
                alice.reopen(pk)
            case 2:
                alice.ack(pk, self.random.choice(["", "I know"]))
            case 3:
                alice.ticket(pk, f"https://tickets.example.org/{self.random.randrange(5)}")


def sentences(output):
    """What was or would be written, by case in order, without the numbers of new incidents; and the counts."""
    found, new = defaultdict(list), {}
    for line in output.splitlines():
        line = re.sub(r"^\S+Z INFO  ", "", line)
        if made := re.match(r"(case \d+) .*created (?:new )?(incident \d+)", line):
            new[made[2] if "new" not in line.split("created", 1)[1] else f"new {made[2]}"] = f"the incident of {made[1]}"
        if any(write in line.replace("new incident", "incident") for write in WRITES):
            found[line.split(":")[0]].append(line)
    named = {who: [name_new(line, new) for line in lines] for who, lines in found.items()}
    return named, COUNTS.search(output)[0]


def name_new(line, new):
    """A line with the incidents that the run itself makes named by their cases."""
    for number, name in sorted(new.items(), key=lambda pair: -len(pair[0])):
        line = re.sub(rf"(?<!new ){number}\b", name, line)
    return line


@check
def a_dry_run_writes_nothing_and_says_what_the_real_run_then_does(world):
    """30 times something else happens on both sides; the dry run's lines are those of the real run, case by case, and so are the counts."""
    argus = world.through_argus_proxy()
    zino, _ = world.through_zino_proxies()
    world.config["sync"]["acknowledge"] = {"setstate": "working", "history": True, "from_states": ["waiting", "ignored"]}
    world.config["sync"]["orphan_grace"] = 1
    world.zino.start()
    chance, lines = Chance(world, 20261126), 0
    for number in range(WORLDS):
        chance.happens()
        asked, sent = len(argus.seen), len(zino.commands)
        code, said = world.daemon.run("--once", "--dry-run", deadline=60)
        assert code == 0, f"world {number}: exit code {code}: {said}"
        writes = [str(one) for one in argus.seen[asked:] if one.method != "GET"]
        writes += [line for line in zino.commands[sent:] if line.split()[0].upper() in ("ADDHIST", "SETSTATE")]
        assert not writes, f"world {number}: the dry run writes: {writes}"
        code, done = world.daemon.run("--once", "-v", deadline=60)
        assert code == 0, f"world {number}: exit code {code}: {done}"
        expected, real = sentences(said), sentences(done)
        assert expected == real, f"world {number}:\nwithout writing:\n{said}\nwith writing:\n{done}"
        lines += sum(map(len, expected[0].values()))
    assert lines > WORLDS, "next to nothing happened"
    code, said = world.daemon.run("--once", "--dry-run", deadline=60)
    assert code == 0 and not sentences(said)[0], f"after a real run a dry run finds more to do: {said}"
    return f"{lines} lines compared in {WORLDS} worlds"


@check
def a_dry_run_ends_with_the_exit_code_of_the_real_one(world):
    """69 without Argus, 69 without Zino, 77 with a token that Argus refuses; nothing but the reason is said."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    good = dict(world.config["argus"])
    for change, expected in [({"url": "http://127.0.0.1:9/api/v2/"}, 69), ({"token": "0" * 40}, 77), ({"timeout": 0}, 78)]:
        world.config["argus"] = {**good, **change}
        codes = [world.daemon.run("--once", *more, deadline=60)[0] for more in ([], ["--dry-run"])]
        assert codes == [expected, expected], f"{change}: exit codes {codes}"
    world.config["argus"] = good
    world.zino.stop()
    codes = [world.daemon.run("--once", *more, deadline=60)[0] for more in ([], ["--dry-run"])]
    assert codes == [69, 69], f"without Zino: exit codes {codes}"
