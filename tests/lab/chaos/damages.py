"""Owns the proof that the judge sees: twenty damages, each done to a copy of what was read. A judge that misses one is blind."""

import copy

from .oracle import problem_of_case, problem_of_incident, wanted


class NothingThere(Exception):
    """The world has nothing that could be damaged so."""


def first(found):
    """The first one."""
    for one in found:
        return one
    raise NothingThere


class Damages:
    """What may be wrong on either server. Each method damages one thing."""

    def __init__(self, cases, incidents, own_user):
        self.cases, self.incidents, self.own_user = copy.deepcopy(cases), copy.deepcopy(incidents), own_user
        self.case = None

    def own(self, is_open, has=lambda incident: True):
        """An incident with the number and problem of a case that is open or closed, the only one of its problem."""
        problems = [problem_of_incident(one) for one in self.incidents.values()]
        for one in self.incidents.values():
            case = self.cases.get(int(one["source_incident_id"]))
            alone = problems.count(problem_of_incident(one)) == 1
            if case and alone and problem_of_case(case) == problem_of_incident(one) and (case["state"] != "closed") == is_open and has(one):
                self.case = case
                return one
        raise NothingThere

    @staticmethod
    def shown(one):
        """Its events of ours that show history."""
        return [event for event in one["events"] if event["kind"] == "OTH" and event["ours"]]

    def entries(self):
        """(case, entry) of ours."""
        return [(case, entry) for case in self.cases.values() for entry in case["history"]
                if entry.header == self.own_user and any(problem_of_incident(one) == problem_of_case(case) for one in self.incidents.values())]

    def an_open_case_has_no_incident(self):
        del self.incidents[self.own(True)["pk"]]

    def an_open_case_has_two(self):
        one = self.own(True)
        self.incidents[-1] = {**one, "pk": -1, "source_incident_id": "999999"}

    def an_incident_was_made_twice(self):
        one = self.own(False)
        self.incidents[-1] = {**one, "pk": -1}

    def the_incident_of_an_open_case_is_ended(self):
        self.own(True)["open"] = False

    def the_incident_of_a_closed_case_is_open(self):
        self.own(False, lambda one: not any(event["kind"] == "REO" for event in one["events"]))["open"] = True

    def an_entry_is_not_shown(self):
        one = self.own(True, self.shown)
        one["events"].remove(self.shown(one)[0])

    def an_entry_is_shown_twice(self):
        one = self.own(True, self.shown)
        one["events"].append(self.shown(one)[0])

    def an_entry_is_shown_with_other_words(self):
        self.shown(self.own(True, self.shown))[0]["text"] += " or so"

    def the_history_of_a_closed_case_is_not_shown(self):
        one = self.own(False, self.shown)
        one["events"].remove(self.shown(one)[0])

    def _without_entry(self, holds):
        case, entry = first((case, entry) for case, entry in self.entries() if holds(entry))
        case["history"] = [one for one in case["history"] if one is not entry]

    def a_close_is_not_in_zino(self):
        self._without_entry(lambda entry: "close" in entry.text)

    def an_acknowledgement_is_not_in_zino(self):
        self._without_entry(lambda entry: "ack" in entry.text)

    def a_ticket_is_not_in_zino(self):
        one = self.own(True, lambda one: any("ticket_url" in event["text"] for event in one["events"] if event["kind"] == "CHI"))
        last = [event["text"].rsplit("→", 1)[-1].strip() for event in one["events"] if event["kind"] == "CHI" and "ticket_url" in event["text"]][-1]
        self.case["history"] = [entry for entry in self.case["history"] if last not in entry.text]

    def an_act_is_in_zino_twice(self):
        case, entry = first((case, entry) for case, entry in self.entries() if "ack" in entry.text or "close" in entry.text)
        case["history"].append(entry)

    def an_act_has_another_name(self):
        case, entry = first((case, entry) for case, entry in self.entries() if "(alice)" in entry.text or "(bob)" in entry.text)
        other = type(entry)(entry.at, entry.header, tuple(line.replace("(alice)", "(x)").replace("(bob)", "(x)") for line in entry.lines))
        case["history"] = [other if one is entry else one for one in case["history"]]

    def we_wrote_what_nobody_did(self):
        case, entry = first(self.entries())
        case["history"].append(type(entry)(entry.at, self.own_user, ("out of the blue (alice)",)))

    def a_description_is_wrong(self):
        self.own(True)["description"] += "!"

    def a_tag_is_missing(self):
        one = self.own(True)
        one["tags"] = [tag for tag in one["tags"] if not tag["tag"].startswith("host=")]

    def a_tag_is_old(self):
        one = self.own(True)
        one["tags"] = [{"tag": "priority=7"} if tag["tag"].startswith("priority=") else tag for tag in one["tags"]]

    def an_incident_is_about_another_router(self):
        self.own(True)["metadata"]["zino"]["router"] = "elsewhere"

    def a_case_that_nobody_wants_has_an_incident(self):
        case = first(case for case in self.cases.values() if not wanted(case) and case["state"] != "closed"
                     and not any(wanted(other) for other in self.cases.values() if problem_of_case(other) == problem_of_case(case)))
        one = self.own(True)
        identity = {"case": case["id"], "opened": case["opened"], "router": case["router"], "type": case["type"],
                    "subindex": problem_of_case(case)[2] or None}
        self.incidents[-1] = {**one, "pk": -1, "source_incident_id": case["id"], "metadata": {"zino": identity}}


ALL = [name for name in vars(Damages) if name[0] != "_" and name not in ("own", "shown", "entries")]
