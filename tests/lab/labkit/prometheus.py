"""Owns Debian's Prometheus, promtool and node_exporter, and one run of each. Never installs a service on the host."""

import json
import subprocess
import threading
import urllib.parse
import urllib.request

from . import places
from .children import Child, free_port
from .install import CannotSetUp, run, say, stamp, stamped
from .waiting import eventually

PACKAGES = ("prometheus", "prometheus-node-exporter")
FOLDER = places.HOME / "prometheus"
PACKAGING = places.REPO / "packaging"
RULES = PACKAGING / "prometheus" / "zinoargus.rules.yml"
RULE_TESTS = PACKAGING / "prometheus" / "zinoargus.test.yml"
DASHBOARD = PACKAGING / "grafana" / "zinoargus.json"
_unpacking = threading.Lock()


def program(name) -> str:
    """The path of one of the programs, unpacked once: installed, they would start services."""
    with _unpacking:
        _unpack()
    return str(FOLDER / "usr" / "bin" / name)


def _unpack():
    if not stamped("prometheus", "1"):
        say(f"unpacking {', '.join(PACKAGES)} (once)")
        FOLDER.mkdir(parents=True, exist_ok=True)
        try:
            run(["apt-get", "download", *PACKAGES], "apt-get download", cwd=FOLDER)
        except CannotSetUp:
            run(["apt-get", "update"], "reading Debian's package lists")
            run(["apt-get", "download", *PACKAGES], "apt-get download", cwd=FOLDER)
        for package in sorted(FOLDER.glob("*.deb")):
            run(["dpkg", "-x", package, FOLDER], f"unpacking {package.name}")
        stamp("prometheus", "1")


def promtool(*arguments, text=None) -> str:
    """What promtool says; it must find nothing wrong."""
    done = subprocess.run([program("promtool"), *map(str, arguments)], input=text, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0 and not done.stderr.strip(), f"promtool {arguments}: {done.stdout}{done.stderr}"
    return done.stdout


def check_text(text):
    """promtool finds nothing to say about a text of metrics."""
    promtool("check", "metrics", text=text)


class Prometheus:
    """One Prometheus that scrapes these addresses every second, with our rules."""

    def __init__(self, folder, targets):
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        config = {"global": {"scrape_interval": "1s", "evaluation_interval": "1s"}, "rule_files": [str(RULES)],
                  "scrape_configs": [{"job_name": "zinoargus", "static_configs": [
                      {"targets": [target], "labels": {"pair": "zino"}} for target in targets]}]}
        file = folder / "prometheus.yml"
        file.write_text(json.dumps(config))  # JSON is YAML
        self.child = Child("prometheus", [program("prometheus"), f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}",
                                          f"--web.listen-address=127.0.0.1:{self.port}"], folder / "prometheus.log")

    def api(self, path, **query):
        """The data that an address of its API answers."""
        with urllib.request.urlopen(f"{self.url}/api/v1/{path}?{urllib.parse.urlencode(query)}", timeout=10) as answer:
            return json.load(answer)["data"]

    def wait(self):
        """Wait until it answers."""
        def answers():
            try:
                return self.api("status/buildinfo")
            except OSError as error:
                raise AssertionError(f"{error}: {self.child.log()[-500:]}") from error
        eventually(answers, 30, "Prometheus answers")

    def query(self, text) -> list[float]:
        """The values of the series that a query finds."""
        return [float(one["value"][1]) for one in self.api("query", query=text)["result"]]

    def becomes(self, text, wanted, deadline=30):
        """Wait until a query finds exactly this value (or, if `wanted` is a function, one that it likes)."""
        def there():
            found = self.query(text)
            right = wanted(found) if callable(wanted) else found == [wanted]
            assert right, f"{text}: {found}"
            return True
        eventually(there, deadline, f"Prometheus has {text}")


def dashboard_queries() -> list[str]:
    """The queries of the dashboard, as Grafana would send them for all instances."""
    panels = json.loads(DASHBOARD.read_text())["panels"]
    found = [target["expr"] for panel in panels for target in panel["targets"]]
    return [text.replace("$__rate_interval", "1m").replace("$job", ".*").replace("$instance", ".*") for text in found]


class NodeExporter:
    """One node_exporter with nothing but the textfile collector."""

    def __init__(self, folder, files):
        self.port = free_port()
        self.child = Child("node_exporter", [program("prometheus-node-exporter"), "--collector.disable-defaults", "--collector.textfile",
                                             f"--collector.textfile.directory={files}", f"--web.listen-address=127.0.0.1:{self.port}"],
                           folder / "node_exporter.log")

    def text(self) -> str:
        """What it serves."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=10) as answer:
                return answer.read().decode()
        except OSError as error:
            raise AssertionError(f"{error}: {self.child.log()[-500:]}") from error
