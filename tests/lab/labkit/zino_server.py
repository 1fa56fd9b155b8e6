"""Owns one Zino server: its folder, its process, and the cases that the lab makes in it.

Never talks to Argus. Cases are made and changed through the control channel inside the process, or by
`ZinoClient` where a person does it.
"""

import os
import shutil
import signal
import socket
import subprocess
import time

from . import places
from .children import Child, free_port
from .control import Control
from .waiting import eventually
from .zino_client import ZinoClient

USERS = {"zinoargus": "glue secret", "ford": "fords secret", "trillian": "trillians secret"}
DOWN_LOG = 'port "{port}" ix {sub} changed state from up to down'


class ZinoServer:
    """A real Zino in its own folder."""

    def __init__(self, folder, name="zino"):
        self.folder, self.name = folder / name, name
        self.port, self.notify_port, self.snmp_port = free_port(), free_port(), free_port(socket.SOCK_DGRAM)
        self.child = self.control = None
        self._clients = {}
        self.folder.mkdir(parents=True)
        (self.folder / "polldevs.cf").write_text("default interval: 5\n")
        self.write_config()
        self.write_users(USERS)

    def write_config(self, agent_address="127.0.0.1", community="public"):
        """Its config, which it reads when it starts."""
        agent = f'[snmp.agent]\nport = {self.snmp_port}\naddress = "{agent_address}"\ncommunity = "{community}"\n'
        # Zino has its agent since 2.3, and refuses a section that it does not know.
        older = places.VERSIONS["zino"].startswith(("2.0", "2.1.", "2.2"))
        (self.folder / "zino.toml").write_text(("" if older else agent) + '[authentication]\nfile = "secrets"\n')

    def write_users(self, users):
        """The secrets file, which Zino reads at each login."""
        secrets = self.folder / "secrets"
        secrets.touch(mode=0o600)
        secrets.write_text("".join(f"{user} {secret}\n" for user, secret in users.items()))

    @property
    def log_path(self):
        """Where Zino's own log is."""
        return self.folder / "zino.log"

    def start(self, with_state=True):
        """Start Zino; without its state it has forgotten everything and counts from 1."""
        if not with_state:
            self.state_file.unlink(missing_ok=True)
        self.child = Child(
            self.name, [places.venv_program("zino", "python"), places.INSIDE / "zino_launcher.py", self.port, self.notify_port,
                        "--trap-port", "0"], self.log_path, cwd=self.folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            env=dict(os.environ, PYTHONDONTWRITEBYTECODE="1"))
        self.control = Control(self.child)
        eventually(self._answers, 30, f"Zino answers (its log: {self.log_path})")

    def _answers(self):
        if not self.child.running:
            raise RuntimeError(f"Zino ended:\n{self.child.log()[-1500:]}")
        try:
            socket.create_connection(("127.0.0.1", self.notify_port), timeout=2).close()
            return True
        except OSError:
            return False

    @property
    def state_file(self):
        """Zino's dump."""
        return self.folder / "zino-state.json"

    def stop(self, gently=False):
        """End Zino: gently (SIGINT) it writes its state, with SIGTERM, as systemd does it, it does not."""
        self._clients.clear()
        self.child.stop(signal.SIGINT if gently else signal.SIGTERM)

    def restart(self, gently=True, with_state=True):
        """Stop and start again."""
        self.stop(gently)
        self.start(with_state)

    def save_state(self, name):
        """Keep a copy of the state as it is now, to start from later."""
        self.ask("dump")
        shutil.copy2(self.state_file, self.folder / name)

    def restore_state(self, name):
        """Put a kept state in place (Zino must be stopped)."""
        shutil.copy2(self.folder / name, self.state_file)

    def ask(self, do, **arguments):
        """Have something done inside Zino (see `inside/zino_launcher.py`)."""
        return self.control.ask(do, **arguments)

    def user(self, name="ford") -> ZinoClient:
        """A person's connection to Zino."""
        client = self._clients.get(name)
        if client is None:
            client = self._clients[name] = ZinoClient(self.port, name, USERS[name])
        return client

    def case(self, type, router, sub=None, **more) -> int:
        """A new case with everything that polling would give it; gives its number."""
        return self.ask("create", **case_of(type, router, sub, **more))

    def cases(self, described) -> list[int]:
        """Many new cases at once, each described as by `case_of`."""
        return self.ask("create_many", cases=described)

    def modify(self, case, silent=False, log=(), history=(), **attrs):
        """Change a case."""
        self.ask("modify", id=case, attrs=attrs, log=list(log), history=list(history), silent=silent)

    def history(self, case, text, at=None, user="ford"):
        """An entry in a person's name, at a time of our choice."""
        entry = f"{user}\n{text}"
        self.ask("modify", id=case, history=[entry if at is None else [int(at), entry]])

    def close(self, case, user="monitor", history=None):
        """Close a case."""
        self.ask("close", id=case, user=user, history=history)

    def scavenge(self, *cases):
        """Have Zino forget closed cases, as it does after eight hours."""
        left = self.ask("scavenge", ids=list(cases))
        assert not left, f"Zino kept {left}"


def case_of(type, router, sub=None, *, interesting=True, log=None, history=(), opened=None, **attrs) -> dict:
    """The full description of a case as the control channel takes it; `interesting=False` leaves out what makes a port count."""
    attrs = {"polladdr": "192.0.2.1", **attrs}
    if type == "portstate":
        attrs = {"port": f"ge-0/0/{sub}", "portstate": "down", "descr": "customer, 10G" if interesting else "lab port", **attrs}
        if log is None and interesting:
            log = [f"{router}: " + DOWN_LOG.format(port=attrs["port"], sub=sub)]
    elif type == "bgp":
        attrs = {"remote_as": 64500, "operational_state": "down", "admin_status": "running", "peer_uptime": 0, "lastevent":
                 "peer is down", **attrs}
    elif type == "bfd":
        attrs = {"bfdstate": "down", "bfdix": 7, "bfdaddr": "192.0.2.7", **attrs}
    elif type == "reachability":
        attrs = {"reachability": "no-response", **attrs}
    elif type == "alarm":
        attrs = {"alarm_count": 1, "lastevent": "alarms went from 0 to 1", **attrs}
    return {"type": type, "router": router, "sub": sub, "attrs": attrs, "log": log if log is not None else [f"{router} {type}"],
            "history": list(history), "opened": opened and int(opened)}


def ago(**parts) -> int:
    """An epoch in the past, whole seconds: ago(minutes=5)."""
    seconds = parts.get("seconds", 0) + 60 * parts.get("minutes", 0) + 3600 * parts.get("hours", 0)
    return int(time.time() - seconds)
