"""Owns the incidents that an earlier run of the program has left in Argus: made in bulk, because the POSTs of hundreds take minutes.

Never says what becomes of them.
"""

from . import oracle


def incident_of(case, config) -> dict:
    """What the program makes of a case, given by its attributes, in Argus' own field names."""
    identity = {"case": int(case["id"]), "opened": int(case["opened"]), "router": case["router"], "type": case["type"],
                "subindex": case.get(oracle.SUBINDEX.get(case["type"]), ""), "server": config["zino"]["server"]}
    return {"start_time": int(case["opened"]), "source_incident_id": case["id"], "description": oracle.description(case),
            "level": oracle.level(case, config["sync"].get("severity", {})), "metadata": {"zino": identity},
            "tags": oracle.expected_tags(case, config["zino"].get("default_domain", ""))}


def leave_incidents(world, cases) -> dict[int, int]:
    """Put the incident of each of these cases of the world's Zino into Argus; gives their keys by case."""
    described = [incident_of(world.ford.attrs(case), world.config) for case in cases]
    return dict(zip(cases, world.argus_server.agent.ask("incidents", name=world.source["name"], described=described)))
