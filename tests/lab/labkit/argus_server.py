"""Owns the Argus server: its migrated template, its gunicorn, its agent, and the list of requests it served.

Never looks at incidents; that is `argus_people`.
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from . import install, places
from .children import Child, free_port
from .control import Control
from .postgres import TEMPLATE_DATABASE, Cluster
from .waiting import eventually

ADMIN = ("admin", "lab-admin")
# One JSON object a request; the Authorization header says whose it was.
_ACCESS = '{"at": "%(t)s", "method": "%(m)s", "path": "%(U)s", "query": "%(q)s", "status": "%(s)s", "auth": "%({authorization}i)s", "us": %(D)s}'


def environment(database_url, frontend=""):
    """What Argus' settings need from the environment."""
    key, static, page = secrets.token_hex(24), str(places.HOME / "static"), frontend or "http://127.0.0.1/"
    # What older versions look at before the lab's settings do.
    older = dict(SECRET_KEY=key, STATIC_ROOT=static, ARGUS_FRONTEND_URL=page.rstrip("/"), EMAIL_HOST="localhost", DEFAULT_FROM_EMAIL="argus@localhost")
    return dict(os.environ, **older, DATABASE_URL=database_url, DJANGO_SETTINGS_MODULE="lab_settings", PYTHONPATH=str(places.INSIDE),
                PYTHONDONTWRITEBYTECODE="1", LAB_SECRET_KEY=key, LAB_STATIC_ROOT=static, LAB_FRONTEND_URL=page)


def make_template():
    """Once: a cluster with a migrated database, the admin, and the web pages' static files."""
    versions = "\n".join([*places.VENV_REQUIREMENTS["argus"], install.postgres_bin(),
                          (places.INSIDE / "lab_settings.py").read_text()])
    if install.stamped(places.TEMPLATE.name, versions) and (places.TEMPLATE / "pg").exists():
        return
    install.say("migrating Argus' database (once)")
    shutil.rmtree(places.TEMPLATE, ignore_errors=True)
    places.TEMPLATE.mkdir(parents=True)
    cluster = Cluster(places.TEMPLATE / "pg", places.TEMPLATE / "postgres.log")
    cluster.initialise()
    cluster.start()
    cluster.sql(f"CREATE DATABASE {TEMPLATE_DATABASE}")
    env = environment(cluster.url(TEMPLATE_DATABASE))
    for arguments in (["migrate"], ["initial_setup", "-p", ADMIN[1]], ["collectstatic", "--noinput"]):
        install.run([places.venv_program("argus", "django-admin"), *arguments], f"Argus' {arguments[0]}", env=env)
    cluster.stop()
    install.stamp(places.TEMPLATE.name, versions)


# gunicorn as it ships closes the connection after every answer; this one keeps it for two seconds, as others behind a proxy do.
KEEPING = ("--worker-class", "gthread", "--threads", "4")


class ArgusServer:
    """A real Argus on a database of its own."""

    def __init__(self, cluster, folder, name="argus", workers=KEEPING):
        self.cluster, self.folder, self.database, self.workers = cluster, folder, name, workers
        self.port, self.child, self.agent = free_port(), None, None
        self._requests, self._read, self._lock = [], 0, threading.Lock()
        self.access_log = folder / f"{name}-access.log"
        folder.mkdir(parents=True, exist_ok=True)
        cluster.clone_database(name)
        self.env = environment(cluster.url(name), self.url)

    @property
    def url(self) -> str:
        """The address of Argus, API and pages."""
        return f"http://127.0.0.1:{self.port}"

    def start(self):
        """Start gunicorn (and, the first time, the agent) and wait until Argus answers."""
        self.child = Child(
            "argus", [places.venv_program("argus", "gunicorn"), "argus.site.wsgi:application", "--bind",
                      f"127.0.0.1:{self.port}", "--workers", "2", *self.workers, "--graceful-timeout", "2",
                      "--access-logfile", self.access_log, "--access-logformat", _ACCESS],
            self.folder / f"{self.database}.log", env=self.env, death_signal=signal.SIGTERM)
        if self.agent is None:
            child = Child("argus agent", [places.venv_program("argus", "python"), places.INSIDE / "argus_agent.py"],
                          self.folder / f"{self.database}-agent.log", env=self.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            self.agent = Control(child)
        eventually(self._answers, 60, f"Argus answers (its log: {self.child.log_path})", every=0.2)

    def _answers(self):
        if not self.child.running:
            raise install.CannotSetUp(f"Argus ended:\n{self.child.log()[-1500:]}")
        try:
            with urllib.request.urlopen(f"{self.url}/.still-alive/", timeout=5):
                return True
        except urllib.error.HTTPError as answer:
            # older versions do not know this page
            return answer.code == 404
        except (urllib.error.URLError, OSError):
            return False

    def stop(self):
        """Stop serving; the database stays."""
        self.child.stop(patience=6)

    def end(self):
        """End gunicorn and the agent at once."""
        self.child.kill()
        self.agent.child.kill()

    def source(self, name) -> dict:
        """A new source system: id, user, token."""
        return self.agent.ask("source", name=name)

    def person(self, name) -> dict:
        """An ordinary user: id, token and password."""
        password = f"lab-{name}"
        return {**self.agent.ask("person", name=name, password=password), "password": password}

    def requests(self, token) -> list[dict]:
        """Every request that this token made, oldest first, from gunicorn's own access log."""
        with self._lock:
            if self.access_log.exists():
                self._read_on()
            return [entry for entry in self._requests if entry["auth"] == f"Token {token}"]

    def _read_on(self):
        """Take in what the access log has got since the last look. Its last line may be under way: only what ends with a newline is a line."""
        with open(self.access_log, "rb") as file:
            file.seek(self._read)
            lines, end, _ = file.read().rpartition(b"\n")
        self._read += len(lines) + len(end)
        self._requests += map(json.loads, filter(None, lines.split(b"\n")))
