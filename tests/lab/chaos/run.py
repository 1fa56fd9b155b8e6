"""Owns one run of chaos: random life and random faults, then peace, then the judgement and the story of what it finds."""

import random
import time

from labkit.world import GLUE_USER
from labkit.zino_server import case_of

from .acts import UNTOUCHED, Acts
from .damages import ALL, Damages, NothingThere
from .faults import Faults
from .oracle import Judge

# Both servers are read completely this often, so that what a fault hid is found before peace is judged.
FULL_INTERVAL = 15
PEACE = 2.5 * FULL_INTERVAL
LONGEST_UNREST = 240


class Chaos:
    """One seed in one world."""

    def __init__(self, world, seed):
        self.world, self.seed, self.random = world, seed, random.Random(seed)
        self.acts = Acts(world, self.random)
        world.config["sync"].update(refresh_interval=1, full_interval=FULL_INTERVAL)
        world.config["argus"]["timeout"] = 3
        self.faults = Faults(world, self.random, self.acts.note)

    def prologue(self):
        """One of each, so that the judge has everything to look at: before any fault."""
        world = self.world
        cases = world.zino.cases([case_of("reachability", f"{UNTOUCHED}1", history=["ford\nan entry of the prologue"]),
                                  case_of("reachability", f"{UNTOUCHED}2", history=["ford\nanother entry of the prologue"]),
                                  case_of("reachability", f"{UNTOUCHED}3"), case_of("bfd", f"{UNTOUCHED}4", 7)])
        found = world.incidents(cases[:3])
        world.alice.ack(found[cases[0]]["pk"], "prologue ack")
        world.bob.ticket(found[cases[0]]["pk"], "https://tickets.example.org/prologue")
        world.alice.close(found[cases[2]]["pk"], "prologue close")
        world.ford.set_state(cases[1], "closed")

    def live(self, minutes):
        """So many minutes of life and faults, then everything is healed."""
        end = time.monotonic() + 60 * minutes
        while time.monotonic() < end:
            self.acts.act()
            self.faults.go_on()
            assert self.world.daemon.running, f"the program has ended: {self.world.daemon.tail()}"
            time.sleep(self.random.uniform(0, 0.25))
        if self.faults.what:
            self.faults.heal()
        self.acts.note("PEACE")

    def peace(self):
        """Nothing is written any more for so long that both servers were read completely twice. That only counts while the program is
        connected to Zino: after many cuts it waits up to a minute."""
        end, before, quiet_since = time.monotonic() + LONGEST_UNREST, -1, time.monotonic()
        while time.monotonic() < quiet_since + PEACE:
            assert time.monotonic() < end, f"no rest within {LONGEST_UNREST} s: {self.world.writes()[-10:]}"
            writes = len(self.world.writes()) + sum(command.startswith(("ADDHIST", "SETSTATE")) for command in list(self.faults.commands.commands))
            if writes != before or not self.faults.is_linked():
                before, quiet_since = writes, time.monotonic()
            time.sleep(0.5)

    def read(self):
        """What both servers say."""
        ford, cases = self.world.ford, {}
        for number in map(int, self.world.zino.ask("snapshot")):
            cases[number] = {**ford.attrs(number), "history": ford.history(number)}
        incidents = {one["pk"]: {**one, "events": self.world.argus.events(one["pk"])} for one in self.world.argus.incidents()}
        return cases, incidents

    def judge(self, cases, incidents):
        """All violations."""
        return Judge(cases, incidents, self.world.config, GLUE_USER, self.acts.levelled).judge()

    def blind_spots(self, cases, incidents) -> list[str]:
        """The damages that the judge does not see."""
        missed = []
        for name in ALL:
            damaged = Damages(cases, incidents, GLUE_USER)
            try:
                getattr(damaged, name)()
            except NothingThere:
                missed.append(f"{name}: there was nothing to damage")
                continue
            if not self.judge(damaged.cases, damaged.incidents):
                missed.append(name)
        return missed

    def story(self, violation) -> str:
        """What happened around it: the diary and the log of the last minutes."""
        words = [word.strip("(),:'") for word in violation.split()]
        names = {word for word in words if word.startswith(("gw", "prologue"))} | {f"case {a}" for w, a in zip(words, words[1:]) if w == "case"}
        diary = [f"{at:7.1f} s  {what}" for at, what in self.acts.diary
                 if what.startswith(("FAULT", "healed", "PEACE")) or any(f"{name}:" in what or f"{name})" in what or f" {name} " in what for name in names)]
        log = [line for line in self.world.daemon.log().splitlines() if "DEBUG" not in line and any(f"{name} " in line or f"{name}:" in line for name in names)]
        return "\n".join([f"VIOLATION {violation}", "  diary:", *(f"    {line}" for line in diary[-60:]), "  log:", *(f"    {line}" for line in log[-40:])])


def run(world, seed, minutes) -> str:
    """Live, rest, judge. Gives what was done; raises with the stories if anything is wrong."""
    chaos = Chaos(world, seed)
    world.start()
    chaos.prologue()
    chaos.live(minutes)
    chaos.peace()
    cases, incidents = chaos.read()
    violations = chaos.judge(cases, incidents)
    assert not violations, f"seed {seed}: {len(violations)} violations\n" + "\n".join([*violations, ""]) + "\n\n".join(chaos.story(one) for one in violations[:5])
    missed = chaos.blind_spots(cases, incidents)
    assert not missed, f"seed {seed}: the judge is blind: {missed}"
    acts = sum(not what.startswith(("FAULT", "healed", "PEACE", "   ")) for _, what in chaos.acts.diary)
    return (f"seed {seed}, {minutes:g} minutes: {acts} acts, {sum(chaos.faults.count.values())} faults of {len(chaos.faults.count)} kinds, "
            f"{len(cases)} cases, {len(incidents)} incidents, {len(world.writes())} writes; the judge sees all {len(ALL)} damages")
