"""What is seen from outside: metrics by listener and file, health, the screen, alerts and dashboard, with a real Prometheus."""

import os
import re
import socket
import stat
import threading
import time
import urllib.error
import urllib.request

from labkit import places
from labkit.children import free_port
from labkit.manager import Manager
from labkit.prometheus import RULE_TESTS, RULES, NodeExporter, Prometheus, check_text, dashboard_queries, promtool
from labkit.runner import check
from labkit.waiting import eventually

from .failover import changes_to, pair

GUIDE = (places.REPO / "packaging" / "doc" / "monitoring.md").read_text()
NAMES = sorted(set(re.findall(r"`(zinoargus_[a-z_]+)", GUIDE)))


def listens(program) -> str:
    """Give a program a listener; its address."""
    address = f"127.0.0.1:{free_port()}"
    program.config.setdefault("metrics", {})["listen"] = address
    return address


def get(address, path, method="GET"):
    """Status, headers and text of an answer."""
    request = urllib.request.Request(f"http://{address}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.headers, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read().decode()
    except OSError as error:
        raise AssertionError(f"{address}{path}: {error}") from error


def health(address, wanted, deadline=40) -> str:
    """Wait until /health answers with this status; gives its line."""
    def there():
        code, _, line = get(address, "/health")
        assert code == wanted, f"{code} {line}"
        return line
    return eventually(there, deadline, f"/health is {wanted}")


def value(text, series) -> float:
    """The value of a series in a text of metrics."""
    return float(re.search(rf"^{re.escape(series)} (\S+)$", text, re.M)[1])


@check
def prometheus_reads_every_metric_and_they_move_with_what_happens(world):
    """Every promised name is there; cases, outages, reloads and lost connections move it; the dashboard has data, promtool no complaint."""
    argus, (_, notifications) = world.through_argus_proxy(), world.through_zino_proxies()
    address, manager = listens(world.daemon), Manager(world.daemon)
    world.start()
    prometheus = Prometheus(world.folder, [address])
    prometheus.wait()
    prometheus.becomes("zinoargus_active", 1)
    prometheus.becomes('zinoargus_server_up{server="argus"}', 1)
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    for query in ("zinoargus_cases", "zinoargus_open_incidents", 'zinoargus_writes_total{kind="create"}',
                  "zinoargus_notification_to_incident_seconds_count"):
        prometheus.becomes(query, 1)
    prometheus.becomes("zinoargus_notification_to_incident_seconds_sum", lambda found: found and 0 < found[0] < 10)
    world.alice.close(pk, "mended")
    world.has_entry(case, "mended (alice)", "closed")
    prometheus.becomes('zinoargus_writes_total{server="zino"}', lambda found: found == [1, 1])
    argus.refuse()
    prometheus.becomes('zinoargus_server_up{server="argus"}', 0)
    prometheus.becomes('zinoargus_requests_total{server="argus",result="unreachable"} > 0', bool)
    assert "Argus CANNOT BE USED since" in health(address, 503)
    argus.listen()
    prometheus.becomes('zinoargus_server_up{server="argus"}', 1, deadline=60)
    notifications.cut()
    prometheus.becomes("zinoargus_zino_reconnects_total", 1, deadline=60)
    good = world.config["sync"]["refresh_interval"]
    for interval, used in (("often", 0), (good + 1, 1)):
        world.config["sync"]["refresh_interval"] = interval
        manager.reload()
        prometheus.becomes("zinoargus_config_last_reload_successful", used)
    prometheus.becomes('zinoargus_writes_total{kind="create"}', 1)  # a reload begins no counter again
    code, headers, text = get(address, "/metrics")
    assert (code, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8"), headers
    check_text(text)
    assert "gw1" not in re.sub(r"^#.*$", "", text, flags=re.M), "a metric names a router"
    known = set(prometheus.api("label/__name__/values"))
    missing = [name for name in NAMES if not {name, f"{name}_bucket"} & known]
    assert len(NAMES) == 20 and not missing, missing
    for query in dashboard_queries():
        assert prometheus.query(query), f"the dashboard has no data for {query}"
    rules = [rule for group in prometheus.api("rules")["groups"] for rule in group["rules"]]
    assert len(rules) == 7 and {rule["health"] for rule in rules} == {"ok"}, rules


@check
def each_alert_fires_when_it_should_and_names_its_chapter(world):
    """By promtool: each rule has a test that it fires and one that it does not."""
    promtool("check", "rules", RULES)
    promtool("test", "rules", RULE_TESTS)
    rules, tests = RULES.read_text(), RULE_TESTS.read_text()
    headings = {re.sub(r"[^a-z0-9 -]", "", line.strip("# ").lower()).replace(" ", "-") for line in GUIDE.splitlines() if line.startswith("#")}
    for name, chapter in re.findall(r"alert: (\w+).*?runbook: packaging/doc/monitoring.md#(\S+)", rules, re.S):
        assert chapter in headings and f"`{name}`" in GUIDE, name
        assert f"alertname: {name}, exp_alerts: []" in tests, f"{name} is never quiet in a test"
        assert re.search(rf"alertname: {name}\n +exp_alerts:\n +- exp_labels", tests), f"{name} never fires in a test"


@check
def node_exporter_serves_the_file(world):
    """Everybody can read it, it follows what happens, and a single run leaves one, too."""
    files = world.folder / "textfile"
    files.mkdir()
    file = files / "zinoargus.prom"
    world.config["metrics"] = {"file": str(file)}
    exporter = NodeExporter(world.folder, files)
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    code, output = world.daemon.run("--once")
    assert (code, output) == (0, ""), output
    assert stat.S_IMODE(file.stat().st_mode) == 0o644 and os.listdir(files) == ["zinoargus.prom"]
    check_text(file.read_text())

    def served(series, wanted):
        def there():
            text = exporter.text()
            assert f"\n{series} {wanted}\n" in text, [line for line in text.splitlines() if line.startswith(series.split("{")[0])]
            assert "\nnode_textfile_scrape_error 0\n" in text, text
            return True
        eventually(there, 40, f"node_exporter serves {series} {wanted}")

    served("zinoargus_cases", 1)
    served('zinoargus_writes_total{kind="create",server="argus"}', 1)
    world.daemon.start()
    world.matches(case)
    world.matches(world.zino.case("reachability", "gw2"))
    served("zinoargus_cases", 2)
    assert os.listdir(files) == ["zinoargus.prom"]


@check
def a_file_that_cannot_be_written_and_an_address_that_is_taken_stop_nothing(world):
    """One warning each; everything else goes on, and both are used as soon as they can be."""
    folder = world.folder / "later"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        world.config["metrics"] = {"file": str(folder / "zinoargus.prom"), "listen": f"127.0.0.1:{port}"}
        world.start()
        world.matches(world.zino.case("reachability", "gw1"))
        world.daemon.logged(r"metrics\.file: .*/later/zinoargus\.prom cannot be written: No such file")
        world.daemon.logged(rf"metrics\.listen: 127\.0\.0\.1:{port} cannot be used: Address .*in use")
    folder.mkdir()
    health(f"127.0.0.1:{port}", 200)
    eventually((folder / "zinoargus.prom").exists, 30, "the file is written")
    assert world.daemon.log().count("metrics.listen: ") == 2, world.daemon.tail()


@check
def health_follows_the_mode_and_the_servers(world):
    """A secondary in STANDBY is healthy while a takeover would work, after the takeover while it does the work."""
    _, _, backup, secondary = pair(world, count=2)
    address = listens(secondary)
    secondary.start()
    assert health(address, 200).startswith("STANDBY: 2 cases")
    _, _, text = get(address, "/metrics")
    assert value(text, "zinoargus_takeover_ready") == 1 and value(text, "zinoargus_active") == 0
    assert value(text, 'zinoargus_failover_pings_total{result="answered"}') > 0
    backup.ask("dump")
    backup.stop()
    health(address, 503)
    assert value(get(address, "/metrics")[2], "zinoargus_takeover_ready") == 0
    backup.start()
    health(address, 200, deadline=90)
    world.zino.ask("dump")
    world.zino.stop()
    changes_to(secondary, "ACTIVE", 1)

    def counted():
        assert health(address, 200).startswith("ACTIVE: 2 cases")
        _, _, text = get(address, "/metrics")
        assert value(text, "zinoargus_active") == 1, text
        assert value(text, 'zinoargus_failover_transitions_total{to="active"}') == 1
        assert value(text, 'zinoargus_failover_pings_total{result="silent"}') >= 3
        return True
    eventually(counted, 20, "the takeover is counted")
    world.zino.start()
    changes_to(secondary, "STANDBY", 1)
    eventually(lambda: value(get(address, "/metrics")[2], 'zinoargus_failover_transitions_total{to="standby"}') == 1, 20, "so is the hand-back")


@check
def a_person_asks_how_it_is_by_listener_or_file(world):
    """`--status` prints the mode, both servers and what waits; 0 while the work is done, else 69, with what to do."""
    argus = world.through_argus_proxy()
    world.zino.start()
    code, text = world.daemon.run("--status")
    assert code == 69 and "metrics.listen = " in text, text
    address = listens(world.daemon)
    world.config["metrics"]["file"] = str(world.folder / "zinoargus.prom")
    token = world.config["argus"].pop("token")
    world.config["argus"]["token_file"] = "%d/argus-token"  # a credential, which only the service has
    code, text = world.daemon.run("--status")
    assert code == 69 and f"metrics.listen {address}" in text and "does not run, or cannot be asked" in text, text
    del world.config["argus"]["token_file"]
    world.config["argus"]["token"] = token
    world.daemon.start()
    case = world.zino.case("reachability", "gw1")
    world.matches(case)
    health(address, 200)

    def screen(wanted, words, code):
        def there():
            ended, text = world.daemon.run("--status")
            assert ended == code and text.startswith(f"zinoargus {wanted}") and words in text, (ended, text)
            return text
        return eventually(there, 40, f"the screen begins with {wanted!r}")

    text = screen("does its work\n", "1 open incidents in Argus", 0)
    assert re.search(r"^  mode +ACTIVE$", text, re.M) and re.search(r"^  Zino +ok, last answer \d+ s ago$", text, re.M), text
    argus.rule("status", status=502)
    world.zino.case("reachability", "gw2")
    screen("does NOT do its work: ", "waiting for", 69)
    argus.heal()
    screen("does its work\n", "last error", 0)
    del world.config["metrics"]["listen"]  # the instance that runs still has it
    screen("does its work\n", "mode", 0)
    world.daemon.kill()
    eventually(lambda: world.daemon.run("--status")[1].startswith("zinoargus does not run any more, or stands still"), 90, "the file is too old")
    assert world.daemon.run("--status")[0] == 69


def misbehave(address, kind, until):
    """One client: hangs, dribbles or sends a gigabyte of head."""
    host, port = address.split(":")
    try:
        with socket.create_connection((host, int(port)), timeout=10) as client:
            if kind == "hangs":
                client.settimeout(max(0.1, until - time.monotonic()))
                client.recv(1)
            elif kind == "dribbles":
                while time.monotonic() < until:
                    client.sendall(b"G")
                    time.sleep(0.2)
            else:
                client.sendall(b"GET /metrics HTTP/1.1\r\nx: ")
                for _ in range(1024):
                    client.sendall(bytes(1024 * 1024))
                raise AssertionError("a gigabyte of head was taken")
    except OSError:
        pass


def scrape(address, times, counts):
    """Scrape so often; counts the whole answers."""
    host, port = address.split(":")
    whole = 0
    for _ in range(times):
        try:
            with socket.create_connection((host, int(port)), timeout=20) as client:
                client.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
                text = b""
                while piece := client.recv(65536):
                    text += piece
                whole += text.startswith(b"HTTP/1.1 200 ") and text.rstrip().rsplit(b"\n", 1)[-1].startswith(b"zinoargus_last_update")
        except OSError:
            pass
    counts.append(whole)


@check(alone=True)
def a_thousand_clients_that_misbehave_and_many_scrapes_harm_nothing(world):
    """Cases get their incidents meanwhile, memory stays, and a scrape costs little."""
    address = listens(world.daemon)
    world.start()
    world.matches(world.zino.case("reachability", "gw0"))
    health(address, 200)
    before, until = world.daemon.memory(), time.monotonic() + 20
    kinds = ("hangs", "dribbles", "a gigabyte")
    clients = [threading.Thread(target=misbehave, args=(address, kinds[n % 3], until), daemon=True) for n in range(1000)]
    for client in clients:
        client.start()
    delays = []
    for n in range(1, 6):
        began = time.monotonic()
        case = world.zino.case("reachability", f"gw{n}")
        world.incident(case)
        delays.append(time.monotonic() - began)
    for client in clients:
        client.join(60)
    assert not any(client.is_alive() for client in clients), "a client is still held"
    health(address, 200)

    def ticks():
        fields = open(f"/proc/{world.daemon.child.process.pid}/stat").read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    cpu, counts, times, beside = ticks(), [], 25_000, 4
    scrapers = [threading.Thread(target=scrape, args=(address, times, counts), daemon=True) for _ in range(beside)]
    for scraper in scrapers:
        scraper.start()
    for scraper in scrapers:
        scraper.join(300)
    cost = (ticks() - cpu) / (times * beside)
    assert sum(counts) == times * beside, f"{sum(counts)} of {times * beside} scrapes were whole"
    world.matches(world.zino.case("reachability", "gw6"))
    grown = world.daemon.memory() - before
    assert grown < 4 * 1024 * 1024, f"{grown} bytes more"
    descriptors = len(os.listdir(f"/proc/{world.daemon.child.process.pid}/fd"))
    assert descriptors < 40, f"{descriptors} open files"
    return (f"{times * beside} scrapes, {cost * 1e6:.0f} us of CPU each; memory + {grown // 1024} KiB; "
            f"an incident within {max(delays):.2f} s beside 1000 clients that misbehave")
