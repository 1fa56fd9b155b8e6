"""Owns the look straight into Argus' database, over one connection that stays: what a person could see, without asking Argus.

Never changes an incident; `empty` takes all of them away between two measurements.
"""

import json
import os
import subprocess

from labkit import install
from labkit.children import Child

INCIDENTS = "argus_incident_incident"


class Database:
    """A psql that waits for questions."""

    def __init__(self, lab):
        self.cluster, self.name = lab.cluster, lab.argus.database
        self.child = Child("psql", [f"{install.postgres_bin()}/psql", "-h", "127.0.0.1", "-p", self.cluster.port, "-U", "lab",
                                    "-d", self.name, "-v", "ON_ERROR_STOP=1", "-qAtX"], lab.run / "psql.log",
                           env=dict(os.environ, PGPASSWORD=self.cluster.password), stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def one(self, question) -> str:
        """The answer to a question whose answer is one value."""
        self.child.process.stdin.write(question + ";\n")
        self.child.process.stdin.flush()
        line = self.child.process.stdout.readline()
        if not line:
            raise RuntimeError(f"psql ended:\n{self.child.log()[-800:]}")
        return line.rstrip("\n")

    def count(self, source) -> int:
        """How many incidents a source has."""
        return int(self.one(f"SELECT count(*) FROM {INCIDENTS} WHERE source_id = {source['id']}"))

    def numbers(self, source, wanted) -> set[str]:
        """Which of these case numbers have an incident."""
        listed = ",".join(f"'{int(number)}'" for number in wanted)
        found = self.one(f"SELECT coalesce(json_agg(source_incident_id), '[]') FROM {INCIDENTS} "
                         f"WHERE source_id = {source['id']} AND source_incident_id IN ({listed})")
        return set(json.loads(found))

    def empty(self):
        """Take away every incident with all that hangs on it, so that each measurement begins with the same database."""
        self.cluster.sql(f"TRUNCATE {INCIDENTS}, argus_incident_tag CASCADE", self.name)

    def version(self) -> str:
        """What server this is."""
        return self.one("SHOW server_version").split()[0]
