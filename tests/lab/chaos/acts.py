"""Owns what operators, routers and people do at random, by one seed, with a diary. Never knows what should follow.

Every text is there once, so that it can be counted. A server that is away at that moment refuses; then nothing was done, or it is
not known. The judge asks the servers, not the diary.
"""

import itertools
import time

from labkit.argus_people import iso
from labkit.zino_server import case_of

KINDS = [("reachability", None), ("bgp", "2001:db8::1"), ("alarm", "red"), ("alarm", "yellow"), ("portstate", 7), ("portstate", 8),
         ("bfd", 21)]
ROUTERS = 12
# What chance leaves alone: there the judge proves that it sees.
UNTOUCHED = "prologue"


class Acts:
    """One world's life."""

    def __init__(self, world, random):
        self.world, self.random = world, random
        self.numbers, self.diary, self.levelled = itertools.count(1), [], set()
        self.began = time.monotonic()

    def note(self, what):
        """A line of the diary."""
        self.diary.append((time.monotonic() - self.began, what))

    def text(self, what) -> str:
        """A text that nobody else writes."""
        shape = self.random.choice(["{}", "{}\nand more of it", "{} – på norsk, æøå", "  {} \n\n after a gap "])
        return shape.format(f"{what} {next(self.numbers)}")

    def act(self):
        """One thing, in Zino or in Argus."""
        before = len(self.diary)
        try:
            self.random.choice([self.zino_acts, self.zino_acts, self.argus_acts])()
        except Exception as refused:  # a server is away: whether it was done, the judge sees
            self.note(f"   ... {type(refused).__name__}: {str(refused)[:100]}")
        return len(self.diary) > before

    def new_case(self):
        """A fault begins, if its problem has no open case."""
        kind, sub = self.random.choice(KINDS)
        router = f"gw{self.random.randrange(ROUTERS)}"
        held = self.world.zino.ask("snapshot")
        for case in held.values():
            there = case.get("ifindex") or case.get("remote_address") or case.get("alarm_type")
            if (case["router"], case["type"], str(there or "")) == (router, kind, str(sub or "")) and case["state"] != "closed":
                return
        more = {"interesting": self.random.random() < 0.8} if kind == "portstate" else {}
        described = case_of(kind, router, sub, priority=self.random.choice([100, 300, 600]), **more)
        self.note(f"case {self.world.zino.cases([described])[0]}: {kind} {router} {sub or ''} opens")

    def zino_acts(self):
        """An operator, a router, or Zino itself."""
        open_cases = [number for number, case in self.world.zino.ask("snapshot").items()
                      if case["state"] != "closed" and not case["router"].startswith(UNTOUCHED)]
        what = self.random.choices(["new", "entry", "state", "close", "priority", "burst", "maintenance"], [5, 5, 3, 3, 2, 1, 1])[0]
        if what == "new" or not open_cases:
            return self.new_case()
        case = int(self.random.choice(open_cases))
        if what == "entry":
            text = self.text("entry")
            self.note(f"case {case}: ford writes {text!r}")
            self.world.ford.add_history(case, text)
        elif what == "state":
            state = self.random.choice(["working", "waiting", "open", "ignored", "confirm-wait"])
            self.note(f"case {case}: ford sets {state}")
            self.world.ford.set_state(case, state)
        elif what == "close":
            self.note(f"case {case}: ford closes it")
            self.world.ford.set_state(case, "closed")
        elif what == "priority":
            priority = self.random.choice([100, 300, 600])
            self.note(f"case {case}: priority {priority}")
            self.world.zino.modify(case, priority=priority)
        elif what == "burst":
            texts = [self.text("entry of one second") for _ in range(self.random.randrange(2, 6))]
            self.note(f"case {case}: entries {texts}")
            self.world.zino.modify(case, history=[f"monitor\n{text}" for text in texts])
        else:
            self.note(f"case {case}: flaps")
            self.world.zino.modify(case, log=[f"flap {next(self.numbers)}"], flaps=self.random.randrange(100))

    def argus_acts(self):
        """A person."""
        incidents = [one for one in self.world.argus.incidents() if not one["metadata"]["zino"]["router"].startswith(UNTOUCHED)]
        if not incidents:
            return
        person = self.random.choice([self.world.alice, self.world.bob])
        chosen = self.random.sample(incidents, min(len(incidents), self.random.choice([1, 1, 1, 4])))
        what = self.random.choices(["close", "ack", "ticket", "reopen", "comment", "tag", "level"], [4, 4, 3, 2, 2, 1, 1])[0]
        for one in chosen:
            self.in_argus(person, what, one)

    def in_argus(self, person, what, one):
        """One thing of a person to one incident."""
        pk, text = one["pk"], self.text(what)
        self.note(f"incident {pk} (case {one['source_incident_id']}): {person.name} {what}s {text!r}")
        if what == "close" and one["open"]:
            person.close(pk, text)
        elif what == "ack":
            expiration = iso(time.time() + self.random.randrange(2, 60)) if self.random.random() < 0.3 else None
            person.ack(pk, text, expiration)
        elif what == "ticket":
            person.ticket(pk, f"https://tickets.example.org/{next(self.numbers)}")
        elif what == "reopen" and not one["open"]:
            person.reopen(pk, text)
        elif what == "comment":
            person.comment(pk, text)
        elif what == "tag":
            person.patch(pk, tags=[*({"tag": tag["tag"]} for tag in one["tags"]), {"tag": f"seen_by={person.name}"}])
        elif what == "level":
            self.levelled.add(pk)
            person.patch(pk, level=self.random.randrange(1, 6))
        else:
            self.diary.pop()
