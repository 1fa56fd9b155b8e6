"""Owns what an incident must look like for a case: rule CREATE-1 again, from what Zino's API says, in another language.

Shares nothing with the program under test.
"""

from fnmatch import fnmatch

from .argus_people import instant, tags


def host(router, domain) -> str:
    """The router's name with the default domain, if it has no dot."""
    return router if "." in router or not domain else f"{router}.{domain}"


def description(case) -> str:
    """The incident's one-line description."""
    router = case["router"]
    return {
        "reachability": lambda: f"{router} is not reachable",
        "bgp": lambda: f"{router} BGP Neighbor AS{case['remote-AS']}/{case['remote-addr']} is DOWN",
        "portstate": lambda: f"{router} port {case['port']} changed state to DOWN ({case['descr']})",
        "bfd": lambda: f"{router} BFD session with {case['bfdAddr']} is DOWN",
        "alarm": lambda: f"{router} Active {case['alarm-type']} alarms reported",
    }[case["type"]]().strip()


def level(case, severity) -> int:
    """The level of the first rule that matches, else of the highest band that the priority reaches."""
    for rule in severity.get("rules", []):
        applies = {"type": lambda value: value == case["type"], "alarm_type": lambda value: value == case.get("alarm-type"),
                   "router": lambda value: fnmatch(case["router"].lower(), value.lower()),
                   "min_priority": lambda value: int(case["priority"]) >= value, "level": lambda value: True}
        if all(applies[key](value) for key, value in rule.items()):
            return rule["level"]
    bands = sorted(severity.get("thresholds", []), key=lambda band: band["min_priority"])
    reached = [band["level"] for band in bands if int(case["priority"]) >= band["min_priority"]]
    return reached[-1] if reached else severity.get("default", 3)


def expected_tags(case, domain) -> dict[str, str]:
    """The tags of the incident."""
    wanted = {"host": host(case["router"], domain), "event_type": case["type"], "priority": case["priority"]}
    if case["type"] == "portstate":
        wanted["interface"] = case["port"].strip()
        if case["descr"].strip():
            wanted["description"] = case["descr"].strip()
    if case["type"] == "alarm":
        wanted["alarm_type"] = case["alarm-type"]
    if case["type"] == "bfd":
        wanted |= {"interface": case["ifindex"], "remote_addr": case["bfdAddr"]}
    if case["type"] == "bgp":
        wanted |= {"remote_as": case["remote-AS"], "remote_addr": case["remote-addr"]}
    return wanted


SUBINDEX = {"portstate": "ifindex", "bfd": "ifindex", "bgp": "remote-addr", "alarm": "alarm-type"}


def check_incident(incident, case, config):
    """Compare one incident with its case, field by field."""
    name = f"case {case['id']} ({case['type']} {case['router']})"
    wanted = {
        "start_time": int(case["opened"]), "source_incident_id": case["id"], "description": description(case),
        "level": level(case, config.get("sync", {}).get("severity", {})),
        "tags": expected_tags(case, config["zino"].get("default_domain", "")),
    }
    found = {**{key: incident[key] for key in ("source_incident_id", "description", "level")},
             "start_time": instant(incident["start_time"]), "tags": tags(incident)}
    for key, value in wanted.items():
        assert found[key] == value, f"{name}: {key} is {found[key]!r}, should be {value!r}"
    check_identity(incident["metadata"], case, name)


def check_identity(metadata, case, name):
    """The identity (CREATE-2), which survives restarts of everything."""
    identity = metadata.get("zino", {})
    wanted = {"case": case["id"], "opened": case["opened"], "router": case["router"], "type": case["type"]}
    for key, value in wanted.items():
        assert str(identity.get(key)) == value, f"{name}: metadata.zino.{key} is {identity.get(key)!r}, should be {value!r}"
    sub = SUBINDEX.get(case["type"])
    if sub:
        assert str(identity.get("subindex")) == case[sub], f"{name}: metadata.zino.subindex is {identity.get('subindex')!r}"
    assert identity.get("server"), f"{name}: metadata.zino.server is empty"


OPENING = "state change embryonic -> open"


def expected_events(history, own_user) -> list[tuple[int, str]]:
    """HISTORY-1: (second, text) of every OTH event that a case's history must give."""
    sent = []
    for entry in history:
        if entry.header.startswith(OPENING) or entry.header == own_user or entry.header.endswith(f"({own_user})"):
            continue
        if "-> closed" in entry.header:
            continue
        sent.append((entry.at, normal(entry.text)))
    return sent


def normal(text) -> str:
    """TEXT-1: the text as either server would give it back."""
    return "\n".join(line.strip() for line in text.splitlines()).strip()


def check_events(events, history, own_user):
    """Every history entry is there once, nothing else of ours is."""
    wanted = sorted(expected_events(history, own_user))
    found = sorted((int(event["at"]), normal(event["text"])) for event in events if event["kind"] == "OTH" and event["ours"])
    assert found == wanted, f"events of ours are {found}, should be {wanted}"
