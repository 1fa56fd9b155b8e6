"""Runs inside Zino's venv: starts the real Zino on ports of our choice, with a control channel on stdin and stdout.

Zino hardcodes its two ports as class attributes; they are set before its own `main` runs. The control channel lives in
Zino's event loop and commits real events to Zino's state with Zino's own methods, so the notifications that follow are made
by real code. It ends the process without a dump when the lab is gone.

    zino_launcher.py API_PORT NOTIFY_PORT [Zino's own arguments]
"""

import asyncio
import datetime
import json
import os
import sys

from zino import zino
from zino.api.server import ZinoServer
from zino.statemodels import (
    AlarmEvent, BFDEvent, BGPEvent, DeviceMaintenance, EventState, MatchType, PortStateEvent, ReachabilityEvent)

CLASSES = {"portstate": PortStateEvent, "bgp": BGPEvent, "bfd": BFDEvent, "reachability": ReachabilityEvent, "alarm": AlarmEvent}
SUBINDEX = {"portstate": "ifindex", "bgp": "remote_address", "bfd": "ifindex", "alarm": "alarm_type"}


def utc(epoch):
    """Whole seconds as Zino's own kind of time."""
    return datetime.datetime.fromtimestamp(epoch, tz=datetime.timezone.utc)


def validated(event, values):
    """The event with these attributes, each turned into the type that its model wants."""
    return type(event).model_validate({**event.model_dump(), **values})


class Controller:
    """What the lab can ask for. One method each; the answer goes back as JSON."""

    def __init__(self, server):
        self.server, self.state, self.events = server, server.state, server.state.events

    def create(self, type, router, sub=None, attrs=None, log=(), history=(), opened=None, user="monitor"):
        """A new case, committed once, complete; `log` and `history` entries are texts or [epoch, text]. Gives its number."""
        values = dict(attrs or {})
        if type in SUBINDEX:
            values[SUBINDEX[type]] = sub
        event = validated(self.events.create_event(router, None, CLASSES[type]), values)
        for entry in log:
            self._entry(event.add_log, entry)
        event.set_state(EventState.OPEN, user)  # commit would do the same; we want the entries after it
        if opened is not None:
            event.opened = event.history[0].timestamp = utc(opened)
        for entry in history:
            self._entry(event.add_history, entry)
        self.events.commit(event, user)
        return event.id

    @staticmethod
    def _entry(add, entry):
        if isinstance(entry, str):
            add(entry)
        else:
            add(entry[1]).timestamp = utc(entry[0])

    def create_many(self, cases):
        """Many cases in one go; gives their numbers."""
        return [self.create(**case) for case in cases]

    def modify(self, id, attrs=None, log=(), history=(), silent=False):
        """Change attributes and add entries in one commit; `silent` changes the state without telling anybody, as some
        of Zino's own code does."""
        event = validated(self.events.checkout(id), attrs or {})
        for entry in log:
            self._entry(event.add_log, entry)
        for entry in history:
            self._entry(event.add_history, entry)
        if silent:
            self.events.events[id] = event
            self.events._rebuild_indexes()
        else:
            self.events.commit(event)
        return id

    def set_state(self, id, state, user="monitor"):
        """A state change by Zino itself or by a user."""
        event = self.events.checkout(id)
        event.set_state(EventState(state), user)
        self.events.commit(event, user)
        return id

    def close(self, id, user="monitor", history=None):
        """Close a case, as Zino does when a router goes away."""
        event = self.events.checkout(id)
        if history:
            self._entry(event.add_history, history)
        event.set_state(EventState.CLOSED, user)
        self.events.commit(event, user)
        return id

    def scavenge(self, ids):
        """Let closed cases be over eight hours old and have Zino's own job remove them."""
        for number in ids:
            self.events[number].closed = utc(datetime.datetime.now().timestamp() - 9 * 3600)
        self.events.delete_expired_events()
        return [number for number in ids if number in self.events.events]

    def storm(self, ids, changes):
        """Very many commits: attributes and log entries in turn over the given cases."""
        for n in range(changes):
            event = self.events.checkout(ids[n % len(ids)])
            event.add_log(f"storm {n}")
            event.priority = 100 + n
            self.events.commit(event)
        return changes

    def maintenance(self, router, start=True):
        """Begin a planned maintenance of a device (by its exact name), or end it: by Zino's own code, now."""
        maintenances = self.state.planned_maintenances
        now = datetime.datetime.now(tz=datetime.timezone.utc)
        if start:
            self.state.devices.get(router)
            made = maintenances.create_planned_maintenance(
                now, now + datetime.timedelta(hours=1), DeviceMaintenance, MatchType.EXACT, router)
        else:
            made = next(pm for pm in maintenances.planned_maintenances.values() if pm.match_expression == router)
            made.end_time = now
        maintenances.update_pm_states(self.state)
        return made.event_ids

    def number_from(self, last):
        """Go on counting cases after this number."""
        self.events.last_event_id = last
        return last

    def dump(self):
        """Write the state file now, instead of within ten seconds."""
        from zino import state

        self.state.dump_state_to_file(state.config.persistence.file)
        return True

    def snapshot(self):
        """Every case as Zino holds it, for messages."""
        return json.loads(self.events.model_dump_json(exclude_none=True))["events"]

    def connections(self):
        """How many clients Zino has now."""
        return len(self.server.active_clients)


async def converse(server, replies):
    """Answer requests until the lab closes our stdin."""
    reader = asyncio.StreamReader(limit=64 << 20)
    await asyncio.get_event_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    controller = Controller(server)
    while line := await reader.readline():
        request = json.loads(line)
        try:
            answer = {"ok": getattr(controller, request.pop("do"))(**request)}
        except Exception as error:  # the lab shows it; one failed request must not end Zino
            answer = {"error": f"{type(error).__name__}: {error}"}
        replies.write(json.dumps(answer) + "\n")
        replies.flush()
    os._exit(1)


def main():
    api_port, notify_port = int(sys.argv.pop(1)), int(sys.argv.pop(1))
    ZinoServer.API_PORT, ZinoServer.NOTIFY_PORT = api_port, notify_port
    replies, sys.stdout = os.fdopen(os.dup(1), "w"), sys.stderr  # nothing that Zino prints may look like a reply
    os.dup2(2, 1)
    serve = ZinoServer.serve

    def serve_on_loopback(server, address="127.0.0.1"):
        serve(server, address)
        server.lab_conversation = server._loop.create_task(converse(server, replies))  # the loop itself keeps no hold of it

    ZinoServer.serve = serve_on_loopback
    zino.main()


if __name__ == "__main__":
    main()
