"""Owns how people and the checks see Argus: its REST API with the token of an end user, through plain urllib.

Never uses the source system's token, so whatever is requested with that one was requested by the program under test.
"""

import datetime
import json
import urllib.error
import urllib.parse
import urllib.request


class ArgusRefused(Exception):
    """Argus answered with an error."""


def instant(text):
    """A time as Argus gives it, as epoch seconds; None for infinity."""
    return None if text == "infinity" else datetime.datetime.fromisoformat(text).timestamp()


def iso(epoch) -> str:
    """An epoch as Argus takes it."""
    return datetime.datetime.fromtimestamp(epoch, tz=datetime.timezone.utc).isoformat()


class Person:
    """Somebody with a login at Argus."""

    def __init__(self, base, login):
        self.base, self.login, self.name = f"{base}/api/v2/incidents/", login, login["name"]

    def request(self, method, path, body=None):
        """One call; gives the decoded answer."""
        request = urllib.request.Request(
            self.base + path, method=method, data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Token {self.login['token']}", "Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise ArgusRefused(f"{method} {path}: {error.code} {error.read()[:500]!r}") from error

    def event(self, pk, kind, text="", at=None):
        """Post one event on an incident."""
        at = iso(at) if at else datetime.datetime.now(tz=datetime.timezone.utc).isoformat()
        return self.request("POST", f"{pk}/events/", {"type": kind, "timestamp": at, "description": text})

    def close(self, pk, text="", at=None):
        """Close an incident as a person does."""
        return self.event(pk, "CLO", text, at)

    def reopen(self, pk, text=""):
        """Open a closed incident again."""
        return self.event(pk, "REO", text)

    def comment(self, pk, text):
        """Write on an incident."""
        return self.event(pk, "OTH", text)

    def ack(self, pk, text="", expiration=None):
        """Acknowledge an incident."""
        now = datetime.datetime.now(tz=datetime.timezone.utc).isoformat()
        return self.request("POST", f"{pk}/acks/", {"timestamp": now, "description": text, "expiration": expiration})

    def ticket(self, pk, url):
        """Set the ticket URL."""
        return self.request("PUT", f"{pk}/ticket_url/", {"ticket_url": url})

    def patch(self, pk, **fields):
        """Change fields by hand."""
        return self.request("PATCH", f"{pk}/", fields)


class ArgusView:
    """What Argus holds of one source system."""

    def __init__(self, reader, source):
        self.reader, self.source = reader, source

    def incidents(self, **filters) -> list[dict]:
        """All incidents of the source (open=True for the open ones), oldest first."""
        query = urllib.parse.urlencode({"source__id__in": self.source["id"], "page_size": 100000,
                                        **{key: str(value).lower() for key, value in filters.items()}})
        found = self.reader.request("GET", f"?{query}")["results"]
        return sorted((one for one in found if one["source"]["pk"] == self.source["id"]), key=lambda one: one["pk"])

    def incident(self, pk) -> dict:
        """One incident as it is now."""
        return self.reader.request("GET", f"{pk}/")

    def of_case(self, case) -> dict | None:
        """The newest incident with this case number."""
        found = self.incidents(source_incident_id=case)
        return found[-1] if found else None

    def events(self, pk, *kinds) -> list[dict]:
        """An incident's events in the order of their arrival, of these kinds or all; `ours` says who made them."""
        found = sorted(self.reader.request("GET", f"{pk}/events/"), key=lambda event: event["pk"])
        return [{"pk": event["pk"], "kind": event["type"]["value"], "at": instant(event["timestamp"]),
                 "received": instant(event["received"]), "text": event["description"],
                 "actor": event["actor"]["username"], "ours": event["actor"]["pk"] == self.source["user"]}
                for event in found if not kinds or event["type"]["value"] in kinds]


def tags(incident) -> dict[str, str]:
    """An incident's tags as a dict; a key that is there twice is an error."""
    pairs = [tag["tag"].split("=", 1) for tag in incident["tags"]]
    found = dict(pairs)
    assert len(found) == len(pairs), f"a tag key twice: {pairs}"
    return found
