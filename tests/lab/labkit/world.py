"""Owns one world of a check: a Zino, a source system in Argus, people on both sides, and zinoargus between them.

A world never shares a Zino or a source with another one; Argus and PostgreSQL are shared, because they are slow to start and
keep sources apart by themselves.
"""

import re
import time
import urllib.parse

from . import oracle
from .argus_people import ArgusView, Person
from .daemon import Daemon, PythonProgram
from .http_proxy import HttpProxy
from .tcp_proxy import TcpProxy
from .waiting import eventually
from .zino_server import USERS, ZinoServer

GLUE_USER = "zinoargus"
# For its first seconds the program holds back what an earlier life may still be doing; rest before that proves nothing.
HELD_BACK = 6.0
SIGN_OF_LIFE = "/api/v2/incidents/sources/heartbeat/"
NEWEST_EVENTS = "/api/v2/incidents/events/"


class World:
    """Everything one check has to do with."""

    def __init__(self, lab, name):
        self.name, self.lab, self.folder = name, lab, lab.run / name
        self.folder.mkdir(parents=True)
        self.argus_server = lab.argus
        self.source = lab.argus.source(name)
        self.alice, self.bob = (Person(lab.argus.url, login) for login in (lab.alice, lab.bob))
        self.argus = ArgusView(Person(lab.argus.url, lab.reader), self.source)
        self.zinos, self.proxies, self.programs = [], [], []
        self.zino = self.another_zino("zino")
        self.daemon = Daemon(self.folder, lab.program, self.default_config())
        self.programs.append(self.daemon)

    def default_config(self) -> dict:
        """A quick config; checks change it before they start the program."""
        return {
            "argus": {"url": f"{self.argus_server.url}/api/v2/", "token": self.source["token"], "timeout": 10.0},
            "zino": {"server": "127.0.0.1", "port": self.zino.port, "notify_port": self.zino.notify_port, "user": GLUE_USER,
                     "secret": USERS[GLUE_USER], "default_domain": "example.org"},
            "sync": {"refresh_interval": 1, "acknowledge": {"setstate": "working"}, "ticket": {"enable": True},
                     "severity": {"default": 4, "thresholds": [{"min_priority": 200, "level": 3}, {"min_priority": 500, "level": 1}]}},
        }

    @property
    def config(self) -> dict:
        """The program's config, to be changed before it starts."""
        return self.daemon.config

    def through_argus_proxy(self) -> HttpProxy:
        """Lead the program to Argus through a proxy that can break connections."""
        proxy = HttpProxy(self.argus_server.port)
        self.proxies.append(proxy)
        self.config["argus"]["url"] = f"{proxy.url}/api/v2/"
        return proxy

    def through_zino_proxies(self) -> tuple[TcpProxy, TcpProxy]:
        """Lead the program to both ports of Zino through proxies that can break connections: commands, notifications."""
        proxies = TcpProxy(self.zino.port), TcpProxy(self.zino.notify_port)
        self.proxies += proxies
        self.config["zino"]["port"], self.config["zino"]["notify_port"] = (proxy.port for proxy in proxies)
        return proxies

    @property
    def ford(self):
        """An operator, logged in at Zino."""
        return self.zino.user("ford")

    def start(self):
        """Start Zino (if it does not run) and the program."""
        if self.zino.child is None:
            self.zino.start()
        self.daemon.start()

    def python_program(self) -> PythonProgram:
        """The Python program in this world."""
        self.programs.append(PythonProgram(self.folder, self.config))
        return self.programs[-1]

    def another_zino(self, name) -> ZinoServer:
        """One more Zino, with cases, numbers and ports of its own (a secondary)."""
        self.zinos.append(ZinoServer(self.folder, name))
        return self.zinos[-1]

    def another_program(self, name, zino, **sections) -> Daemon:
        """One more instance, between another Zino and the same Argus; `sections` go into its config."""
        config = self.default_config()
        config["zino"].update(port=zino.port, notify_port=zino.notify_port)
        self.programs.append(Daemon(self.folder, self.lab.program, {**config, **sections}, name))
        return self.programs[-1]

    def incident(self, case, deadline=20) -> dict:
        """The incident of a case, waited for."""
        return eventually(lambda: self.argus.of_case(case), deadline, f"an incident of case {case}")

    def incidents(self, cases, deadline=60) -> dict[int, dict]:
        """The incidents of all these cases, waited for."""
        def all_there():
            found = {one["source_incident_id"]: one for one in self.argus.incidents()}
            missing = [case for case in cases if str(case) not in found]
            assert not missing, f"cases without an incident: {missing[:10]}"
            return {case: found[str(case)] for case in cases}
        return eventually(all_there, deadline, "an incident of every case", every=0.3)

    def matches(self, case, deadline=20):
        """Wait until the case's incident and its events are exactly what the oracle says; gives the incident."""
        def right():
            incident = self.argus.of_case(case)
            assert incident, f"no incident of case {case}"
            oracle.check_incident(incident, self.ford.attrs(case), self.config)
            oracle.check_events(self.argus.events(incident["pk"]), self.ford.history(case), GLUE_USER)
            return incident
        return eventually(right, deadline, f"the incident of case {case} is exactly right")

    def ended(self, pk, deadline=20) -> dict:
        """Wait until an incident is closed; gives it."""
        def closed():
            incident = self.argus.incident(pk)
            return not incident["open"] and incident
        return eventually(closed, deadline, f"incident {pk} is closed")

    def lose_close(self, pk):
        """Do to an incident what Argus does when two of its requests meet: the event stays, the closing is gone."""
        self.lab.cluster.sql(f"UPDATE argus_incident_incident SET end_time = 'infinity' WHERE id = {int(pk)}", self.argus_server.database)

    def entries_of_ours(self, case) -> list[str]:
        """The texts that the program wrote into a case's history."""
        return ["\n".join(entry.lines) for entry in self.ford.history(case) if entry.header == GLUE_USER]

    def states_of_ours(self, case) -> list[str]:
        """The state changes that the program made, as `open -> closed`."""
        found = [re.fullmatch(r"state change (.*) \((.*)\)", entry.header) for entry in self.ford.history(case)]
        return [match[1] for match in found if match and match[2] == GLUE_USER]

    def has_entry(self, case, text, state=None, deadline=20):
        """Wait until the case has this text of ours exactly once, and the state."""
        def there():
            texts = self.entries_of_ours(case)
            assert texts.count(text) == 1, f"our entries in case {case}: {texts}"
            assert state is None or self.ford.state(case) == state, f"case {case} is {self.ford.state(case)}"
            return True
        return eventually(there, deadline, f"case {case} has {text!r} once" + (f" and is {state}" if state else ""))

    def requests(self) -> list[dict]:
        """What the program has asked of Argus so far, but for its signs of life."""
        return [one for one in self.argus_server.requests(self.source["token"]) if one["path"] != SIGN_OF_LIFE]

    def signs_of_life(self) -> int:
        """How many heartbeats of the source it has sent to Argus."""
        return sum(1 for one in self.argus_server.requests(self.source["token"]) if one["path"] == SIGN_OF_LIFE)

    def writes(self) -> list[str]:
        """Its requests that write."""
        return [f"{one['method']} {one['path']} {one['status']}" for one in self.requests() if one["method"] != "GET"]

    def reads(self) -> int:
        """How many requests of it have read from Argus."""
        return sum(1 for one in self.requests() if one["method"] == "GET")

    def looks(self) -> int:
        """How often it has looked at what is new in Argus: readings of the newest events, however many pages each has."""
        looks, before = 0, 0
        for one in self.requests():
            if one["path"] == NEWEST_EVENTS and one["status"] == "200":
                query = dict(urllib.parse.parse_qsl(one["query"]))
                size = int(query["page_size"])
                # a larger page than the one before goes on from it: that one had not shown enough
                looks += "cursor" not in query and not 0 < before < size
                before = size
        return looks

    def refreshed(self, times=3, deadline=60):
        """Wait until the program has looked at what is new in Argus again, completely, this many times."""
        before = self.looks()
        # one may be under way, and the last must have come to its end
        eventually(lambda: self.looks() > before + times, deadline, "the program looks at Argus again")

    def settled(self, deadline=30):
        """Wait until the program has asked Argus twice more without writing anything: what it had begun is done."""
        def quiet():
            before = len(self.writes())
            self.refreshed(2)
            return len(self.writes()) == before and time.monotonic() > self.daemon.started + HELD_BACK
        eventually(quiet, deadline, "the program comes to rest")

    def still(self, cases=()):
        """The program does nothing more while it looks again and again: not in Argus, not in Zino."""
        self.settled()
        before, fingerprint = self.writes(), self.fingerprint(cases)
        self.refreshed()
        more = self.writes()[len(before):]
        assert not more, f"the program goes on writing: {more}"
        now = self.fingerprint(cases)
        assert now == fingerprint, f"something changed by itself: {fingerprint} -> {now}"

    def fingerprint(self, cases=()):
        """All that both sides hold of this world."""
        argus = [(one["pk"], one["end_time"], one["level"], one["description"], sorted(tag["tag"] for tag in one["tags"]),
                  [(event["pk"], event["kind"]) for event in self.argus.events(one["pk"])]) for one in self.argus.incidents()]
        zino = [(case, self.ford.state(case), [entry.text for entry in self.ford.history(case)]) for case in cases]
        return argus, zino

    def leave(self):
        """End the processes of this world; its logs stay."""
        for program in self.programs:
            if program.running:
                program.kill()
        for zino in self.zinos:
            if zino.child:
                zino.child.kill()
        for proxy in self.proxies:
            proxy.close()
