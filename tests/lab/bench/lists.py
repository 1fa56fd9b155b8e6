"""Measures what each way of finding out "what changed?" costs Argus: the newest events, the filters of the list, and everything."""

import http.client
import json
import time
import urllib.parse
from datetime import datetime, timedelta, timezone

from labkit.waiting import eventually

from .stage import Usage

PAGE = 100
FIRST_EVENTS = 25
OLD_EVENTS = 100_000


def questions() -> dict[str, str]:
    """How one can ask."""
    ended = urllib.parse.quote((datetime.now(timezone.utc) - timedelta(hours=1)).isoformat())
    return {
        "newest events, the first page as the program asks for it": f"events/?page_size={FIRST_EVENTS}",
        "the number of open incidents, as the program asks for it": "mine/?open=true&count=true&page_size=1",
        "newest events, a page of 100": f"events/?page_size={PAGE}",
        "`open=true&acked=true`": f"mine/?open=true&acked=true&page_size={PAGE}",
        "`open=true&ticket=true`": f"mine/?open=true&ticket=true&page_size={PAGE}",
        "`open=false&end_time__gte=` an hour ago": f"mine/?open=false&end_time__gte={ended}&page_size={PAGE}",
        "`open=true`, all pages": f"mine/?open=true&page_size={PAGE}",
    }


class Asking:
    """A connection to Argus with the source's token."""

    def __init__(self, world):
        self.port, self.token = world.argus_server.port, world.source["token"]

    def page(self, query) -> dict:
        """One page."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        connection.request("GET", f"/api/v2/incidents/{query}", headers={"Authorization": f"Token {self.token}"})
        answer = connection.getresponse()
        page = json.loads(answer.read())
        connection.close()
        assert answer.status == 200, page
        return page

    def pages(self, query) -> int:
        """Read a list to its end by time, as the program does (of events only the first page); gives how many pages it has."""
        count, until, size = 0, "", PAGE
        while True:
            page = self.page(query.replace(f"page_size={PAGE}", f"page_size={size}") + until)
            count += 1
            if not page.get("next") or not query.startswith("mine/"):
                return count
            newest, oldest = (page["results"][n]["start_time"] for n in (0, -1))
            if newest == oldest:
                size *= 2
            until = f"&start_time__lte={urllib.parse.quote(oldest)}"
            assert count < 1000, "a list without end"


def ask(bench, world) -> dict:
    """Each question several times; for each the pages, and what one asking costs."""
    asking, found = Asking(world), {}
    for name, query in questions().items():
        asking.pages(query.replace(f"page_size={PAGE}", "page_size=1") if query.startswith("events/") else "mine/?source_incident_id=0")
        usage, times, pages = Usage(world), 0, 0
        end = time.monotonic() + bench.pick(2.0, 0.1)
        while times < 1 or (times < 20 and time.monotonic() < end):
            pages = asking.pages(query)
            times += 1
        used = usage.until_now()
        found[name] = {"pages": pages, "times": times, **{key: used[key] / times for key in used}}
    return found


def acknowledge(world) -> int:
    """A person acknowledges a tenth of the incidents; gives how many."""
    chosen = world.argus.incidents(open=True)[::10]
    for incident in chosen:
        world.alice.ack(incident["pk"], "seen")
    return len(chosen)


def grow_old(bench, world):
    """A past: very many events of the months before, as a server has that is not new."""
    count = bench.pick(OLD_EVENTS, 100)
    world.lab.cluster.sql(
        "INSERT INTO argus_incident_event (incident_id, actor_id, timestamp, received, type, description) "
        f"SELECT (SELECT min(id) FROM argus_incident_incident), {world.source['user']}, now() - interval '1 day' - n * interval '1 minute', "
        f"now() - interval '1 day' - n * interval '1 minute', 'OTH', 'something that happened' FROM generate_series(1, {count}) n; "
        "ANALYZE argus_incident_event", world.database.name)
    eventually(lambda: world.database.one("SELECT count(*) > 0 FROM argus_incident_event") == "t", 10, "events of the past")


def table(sizes) -> str:
    """What one asking costs, by size."""
    lines = ["| open incidents | question | pages | takes ms | CPU ms of Argus | CPU ms of PostgreSQL |", "|---|---|---|---|---|---|"]
    for size, found in sizes.items():
        for name, one in found.items():
            lines.append(f"| {size} | {name} | {one['pages']} | {1000 * one['seconds']:.0f} | {1000 * one['argus']:.0f} | "
                         f"{1000 * one['postgres']:.0f} |")
    return "\n".join(lines)
