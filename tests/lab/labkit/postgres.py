"""Owns PostgreSQL: a private cluster of this run, copied from a template in which Argus is already migrated.

The system's own cluster is never touched. A copy per run means that two labs can run beside each other and
that nothing has to be cleaned up in a database.
"""

import os
import pwd
import secrets
import shutil
import signal
import subprocess

from . import install, places
from .children import Child, free_port
from .waiting import eventually

TEMPLATE_DATABASE = "argus_migrated"
_SETTINGS = ["max_connections=200", "listen_addresses=127.0.0.1", "unix_socket_directories=", "shared_buffers=64MB", "autovacuum=on"]
# Nobody needs the data after a power cut; what is measured is measured without.
_IN_HASTE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def _reachable_by(account) -> bool:
    """Whether this account may walk to the lab's folder (a checkout below a private home may not be)."""
    probe = ["test", "-x", str(places.HOME)]
    return subprocess.run(probe, user=account.pw_uid, group=account.pw_gid, extra_groups=[],
                          stderr=subprocess.DEVNULL).returncode == 0


def account():
    """Whom PostgreSQL runs as, since it refuses root: "same" as we are, an account, or "namespace"."""
    if os.geteuid():
        return "same"
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        if _reachable_by(entry):
            return entry
    return "namespace"


def look_first():
    """Whether there will be somebody that PostgreSQL can run as, before anything is installed for it."""
    places.HOME.mkdir(parents=True, exist_ok=True)
    if account() != "namespace":
        return
    tried = subprocess.run(["unshare", "--user", "--map-root-user", "true"], capture_output=True, text=True)
    if tried.returncode:
        raise install.CannotSetUp(
            f"PostgreSQL runs as a user of its own, and none may enter {places.HOME} (nor are there user namespaces here: "
            f"{tried.stderr.strip()}): move the checkout to where every user may go, such as /srv, or chmod o+x the folders above it")


class Cluster:
    """A running PostgreSQL of our own; `durable` where it writes to the disk as it ships."""

    def __init__(self, folder, log, durable=False):
        self.folder, self.log, self.durable = folder, log, durable
        self.port, self.child = free_port(), None
        self.account = account()

    def initialise(self):
        """Make an empty cluster in the folder, with a password that only this checkout knows."""
        self.folder.mkdir(parents=True)
        (self.folder.parent / "pg-password").write_text(secrets.token_hex(16))
        password_file = self.folder / "pwfile"
        password_file.write_text(self.password)
        self._own(self.folder)
        maker = Child("initdb", [f"{install.postgres_bin()}/initdb", "-D", self.folder / "data", "-U", "lab", "-E",
                                 "UTF8", "--no-locale", "--auth=scram-sha-256", f"--pwfile={password_file}"], self.log,
                      cwd="/", account=self.account)
        if maker.process.wait():
            raise install.CannotSetUp(f"initdb failed:\n{maker.log()[-1500:]}")
        maker.kill()
        password_file.unlink()

    @property
    def password(self) -> str:
        """The password of the cluster's only account."""
        return (self.folder.parent / "pg-password").read_text()

    def copy_from(self, template):
        """Start from a cleanly stopped cluster."""
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # cp keeps owners and shares blocks where the file system can
        subprocess.run(["cp", "-a", "--reflink=auto", template, self.folder], check=True)
        shutil.copy2(template.parent / "pg-password", self.folder.parent / "pg-password")

    def _own(self, folder):
        if self.account not in ("same", "namespace"):
            os.chown(folder, self.account.pw_uid, self.account.pw_gid)
            for parent, folders, files in os.walk(folder):
                for name in folders + files:
                    os.chown(os.path.join(parent, name), self.account.pw_uid, self.account.pw_gid)

    def start(self):
        """Start the server and wait until it answers."""
        settings = [part for setting in _SETTINGS + ([] if self.durable else _IN_HASTE) for part in ("-c", setting)]
        # SIGINT is PostgreSQL's fast shutdown, SIGQUIT its immediate one
        self.child = Child("postgres", [f"{install.postgres_bin()}/postgres", "-D", self.folder / "data", "-p", self.port,
                                        *settings], self.log, cwd="/", account=self.account,
                           stop_signal=signal.SIGINT, death_signal=signal.SIGQUIT)
        eventually(self._answers, 30, f"PostgreSQL answers (its log: {self.log})")

    def _answers(self):
        if not self.child.running:
            raise install.CannotSetUp(f"PostgreSQL ended:\n{self.child.log()[-1500:]}")
        return subprocess.run([f"{install.postgres_bin()}/pg_isready", "-q", "-h", "127.0.0.1", "-p",
                               str(self.port)]).returncode == 0

    def stop(self):
        """Stop cleanly."""
        self.child.stop(patience=20)

    def sql(self, text, database="postgres") -> str:
        """Run SQL; gives psql's bare output."""
        return install.run([f"{install.postgres_bin()}/psql", "-h", "127.0.0.1", "-p", self.port, "-U", "lab", "-d",
                            database, "-v", "ON_ERROR_STOP=1", "-qAtc", text], "psql",
                           env=dict(os.environ, PGPASSWORD=self.password)).strip()

    def clone_database(self, name):
        """A fresh, migrated database."""
        self.sql(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE_DATABASE}')

    def url(self, database) -> str:
        """The database's address as Argus wants it."""
        return f"postgresql://lab:{self.password}@127.0.0.1:{self.port}/{database}"
