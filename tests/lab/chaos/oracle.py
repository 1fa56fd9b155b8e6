"""Owns the judgement: what must be true of both servers once everything works and nothing happens any more.

Written from `src/design.md` alone. It knows what the servers say at the end and nothing of how it came about, so every act counts
that a server shows, and none that it does not. Pure: it gets what was read, and gives a list of violations.
"""

from collections import Counter, defaultdict

from labkit.argus_people import instant, tags
from labkit.oracle import SUBINDEX, description, expected_events, expected_tags, level, normal

STATE_CHANGE = "state change"


def problem_of_case(case) -> tuple:
    """What a case is about."""
    sub = SUBINDEX.get(case["type"])
    return case["router"], case["type"], case[sub] if sub else ""


def problem_of_incident(incident) -> tuple:
    """What an incident is about, by its identity (CREATE-2)."""
    identity = incident["metadata"].get("zino", {})
    sub = identity.get("subindex")
    return identity.get("router"), identity.get("type"), "" if sub is None else str(sub)


def wanted(case) -> bool:
    """Whether a case gets an incident (CASE), with the filter as it ships."""
    return case["type"] in ("reachability", "bgp", "alarm") or (case["type"] == "portstate" and "," in case.get("descr", ""))


class Judge:
    """One look at both servers. `cases`: the attributes of each case that Zino knows, with `history`. `incidents`: each of the source,
    with `events`. `levelled`: the incidents whose level a person has set."""

    def __init__(self, cases, incidents, config, own_user, levelled=()):
        self.cases, self.incidents, self.config, self.own_user = cases, incidents, config, own_user
        self.levelled, self.violations = set(levelled), []
        self.cases_of, self.incidents_of = defaultdict(list), defaultdict(list)
        for case in cases.values():
            self.cases_of[problem_of_case(case)].append(case)
        for incident in incidents.values():
            self.incidents_of[problem_of_incident(incident)].append(incident)

    def says(self, rule, what):
        """One violation."""
        self.violations.append(f"{rule}: {what}")

    def judge(self) -> list[str]:
        """All violations."""
        self.each_case_has_at_most_one_incident_of_its_own()
        for problem in self.cases_of.keys() | self.incidents_of.keys():
            self.one_open_incident_where_a_case_is_open(problem)
            self.history_is_there_once(problem)
            self.acts_are_there_once(problem)
            self.nothing_of_ours_besides(problem)
        for incident in self.incidents.values():
            self.looks_like_its_case(incident)
        return self.violations

    def each_case_has_at_most_one_incident_of_its_own(self):
        """CREATE-5, CREATE-6: no number and time twice."""
        made = Counter((one["source_incident_id"], one["start_time"]) for one in self.incidents.values())
        for (number, start), count in made.items():
            if count > 1:
                self.says("CREATE", f"{count} incidents of case {number} that opened at {start}")

    @staticmethod
    def persons_last_word(incident) -> str | None:
        """The newest closing or reopening by a person."""
        words = [event["kind"] for event in incident["events"] if event["kind"] in ("CLO", "REO") and not event["ours"]]
        return words[-1] if words else None

    def one_open_incident_where_a_case_is_open(self, problem):
        """PRINCIPLE-1, CASE-4, CLOSE-1, IDENT, USER-6, USER-7."""
        numbers = {one["source_incident_id"] for one in self.incidents_of[problem]}
        open_cases = [case for case in self.cases_of[problem] if case["state"] != "closed" and wanted(case)
                      and (case["state"] != "ignored" or case["id"] in numbers)]
        open_incidents = [one for one in self.incidents_of[problem] if one["open"]]
        if len(open_cases) > 1:
            self.says("ZINO", f"{problem} has two open cases: the world is wrong")
        if open_cases:
            # The incident of a closed case that a person reopened stays open beside it.
            reopened = [one for one in open_incidents if self.persons_last_word(one) == "REO" and one["source_incident_id"] != open_cases[0]["id"]
                        and one["source_incident_id"] in {case["id"] for case in self.cases_of[problem]}]
            if len(open_incidents) - len(reopened) != 1 and len(open_incidents) != 1:
                self.says("CREATE", f"{problem}: case {open_cases[0]['id']} is open and has the open incidents "
                                    f"{[one['pk'] for one in open_incidents]}, reopened {[one['pk'] for one in reopened]}")
        if not open_cases:
            for one in open_incidents:
                if self.persons_last_word(one) != "REO":
                    self.says("CLOSE", f"{problem}: incident {one['pk']} is open, no case is, and nobody reopened it")
        if not any(wanted(case) for case in self.cases_of[problem]) and self.cases_of[problem] and self.incidents_of[problem]:
            self.says("CASE", f"{problem} has an incident that no case is for")

    def history_is_there_once(self, problem):
        """HISTORY-1: each entry of a case that has its incident, once among the events of the problem."""
        shown = Counter(normal(event["text"]) for one in self.incidents_of[problem] for event in one["events"]
                        if event["kind"] == "OTH" and event["ours"])
        numbers = {one["source_incident_id"] for one in self.incidents_of[problem]}
        for case in self.cases_of[problem]:
            if case["id"] not in numbers:
                continue
            wants = Counter(text for _, text in expected_events(case["history"], self.own_user) if not text.startswith(STATE_CHANGE))
            for text, count in wants.items():
                if shown[text] != count:
                    self.says("HISTORY", f"case {case['id']}: {text!r} is shown {shown[text]} times, not {count}")

    def entries(self, problem) -> Counter:
        """Our entries in all cases of a problem."""
        return Counter("\n".join(entry.lines) for case in self.cases_of[problem] for entry in case["history"]
                       if entry.header == self.own_user)

    def acts(self, problem):
        """What people did: (text of its entry, whether it must be there)."""
        for one in self.incidents_of[problem]:
            ticket = None
            for event in one["events"]:
                if event["ours"]:
                    continue
                if event["kind"] in ("CLO", "ACK"):
                    text = normal(event["text"])
                    yield f"{text} ({event['actor']})" if text else f"({event['actor']})", True
                elif event["kind"] == "CHI" and "ticket_url" in event["text"]:
                    url = event["text"].rsplit("→", 1)[-1].strip()
                    if ticket:
                        yield ticket, False
                    ticket = f"Ticket {url} added by Argus user {event['actor']}"
            if ticket:
                yield ticket, True

    def acts_are_there_once(self, problem):
        """USER-1 to USER-4, USER-9: each act is one entry, if Zino knows a case of the problem."""
        if not self.cases_of[problem]:
            return
        there, acts = self.entries(problem), Counter()
        for text, must in self.acts(problem):
            acts[text] += 1
            if must and there[text] < 1:
                self.says("USER", f"{problem}: {text!r} is not in Zino")
        for text, count in there.items():
            if text in acts and count > acts[text]:
                self.says("USER", f"{problem}: {text!r} is in Zino {count} times, done {acts[text]} times")

    def nothing_of_ours_besides(self, problem):
        """PRINCIPLE: nothing is written that nobody did."""
        acts = {text for text, _ in self.acts(problem)}
        for text in self.entries(problem):
            if text not in acts and self.incidents_of[problem]:
                self.says("USER", f"{problem}: {text!r} is in Zino, and nobody in Argus did that")

    def looks_like_its_case(self, incident):
        """CREATE-1, TAGS: an open incident has description, tags and level of its open case."""
        case = self.cases.get(int(incident["source_incident_id"]))
        if not incident["open"] or not case or case["state"] == "closed" or problem_of_case(case) != problem_of_incident(incident):
            return
        name = f"incident {incident['pk']} of case {case['id']}"
        if int(instant(incident["start_time"])) != int(case["opened"]):
            return  # the number means another case now
        if incident["description"] != description(case):
            self.says("TAGS", f"{name}: description {incident['description']!r}, should be {description(case)!r}")
        found = tags(incident)
        for key, value in expected_tags(case, self.config["zino"].get("default_domain", "")).items():
            if found.get(key) != value:
                self.says("TAGS", f"{name}: tag {key} is {found.get(key)!r}, should be {value!r}")
        should = level(case, self.config["sync"].get("severity", {}))
        if incident["level"] != should and incident["pk"] not in self.levelled:
            self.says("TAGS", f"{name}: level {incident['level']}, should be {should}")
