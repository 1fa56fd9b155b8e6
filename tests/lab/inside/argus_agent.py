"""Runs inside Argus' venv: makes sources, people and tokens with Argus' own models, asked by JSON lines on stdin.

Never changes an incident, and makes none of those that a check looks at closely: these are made through the API. Only
hundreds of incidents that were there before are put in place by `incidents`, because their POSTs would take minutes.
"""

import datetime
import json
import sys

import django

django.setup()

from django.contrib.auth import get_user_model  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

from argus.incident.models import Event, Incident, IncidentTagRelation, SourceSystem, Tag  # noqa: E402


def source(name):
    """A source system and its token."""
    call_command("create_source", name, source_type="zino")
    system = SourceSystem.objects.get(name=name)
    return {"id": system.pk, "user": system.user.pk, "name": name, "token": Token.objects.get_or_create(user=system.user)[0].key}


def rename_source(name, new):
    """Give a source system another name than its user's."""
    return SourceSystem.objects.filter(name=name).update(name=new)


def person(name, password):
    """An ordinary user and their token."""
    users = get_user_model()
    user = users.objects.filter(username=name).first() or users.objects.create_user(username=name, password=password)
    return {"user": user.pk, "name": name, "token": Token.objects.get_or_create(user=user)[0].key}


def age_token(key, days):
    """Make a token look as if it had been made some days ago."""
    return Token.objects.filter(key=key).update(created=timezone.now() - timezone.timedelta(days=days))


def delete_token(key):
    """Take a token away."""
    return Token.objects.filter(key=key).delete()[0]


def give_token(name, key):
    """Give the user of a source system this token in place of what they have."""
    user = SourceSystem.objects.get(name=name).user
    Token.objects.filter(user=user).delete()
    return Token.objects.create(user=user, key=key).key


def replace_token(key, new):
    """Give the user of a token another one in its place, as a renewal does."""
    return Token.objects.filter(key=key).update(key=new)


def expect_heartbeat(name, seconds, silent_for=None):
    """Have Argus expect a sign of life of a source this often; `silent_for` makes it look as if the last came so long ago."""
    systems = SourceSystem.objects.filter(name=name)
    if silent_for is not None:
        systems.update(last_seen=timezone.now() - timezone.timedelta(seconds=silent_for))
    return systems.update(heartbeat_frequency=timezone.timedelta(seconds=seconds))


def silent_sources():
    """Run Argus' own check of heartbeats; gives the names of the sources that it holds an open incident about."""
    from argus.incident.models import SOURCE_TAG_KEY  # not in versions without heartbeats

    call_command("sync_heartbeat_incidents", verbosity=0)
    keys = [key for incident in Incident.objects.heartbeat_incidents().open() for key in incident.get_values_for_tag_key(SOURCE_TAG_KEY)]
    return sorted(SourceSystem.objects.filter(pk__in=keys).values_list("name", flat=True))


def incidents(name, described):
    """Many open incidents of a source at once, each as its POST would have left it: with its tags and the event STA. Gives their
    keys. `described` holds dicts of Argus' own field names; `start_time` is an epoch, `tags` a dict."""
    system = SourceSystem.objects.get(name=name)
    pairs = {pair for one in described for pair in one["tags"].items()}
    Tag.objects.bulk_create([Tag(key=key, value=value) for key, value in pairs], ignore_conflicts=True)
    tags = {(tag.key, tag.value): tag for tag in Tag.objects.filter(key__in={key for key, _ in pairs})}
    began = [datetime.datetime.fromtimestamp(one["start_time"], tz=datetime.timezone.utc) for one in described]
    made = Incident.objects.bulk_create(
        Incident(source=system, end_time="infinity", start_time=at,
                 **{key: value for key, value in one.items() if key not in ("start_time", "tags")})
        for one, at in zip(described, began))
    IncidentTagRelation.objects.bulk_create(IncidentTagRelation(tag=tags[pair], incident=incident, added_by=system.user)
                                            for one, incident in zip(described, made) for pair in one["tags"].items())
    Event.objects.bulk_create(Event(incident=incident, actor=system.user, timestamp=incident.start_time, type="STA",
                                    description=incident.description) for incident in made)
    return [incident.pk for incident in made]


COMMANDS = {command.__name__: command
            for command in (source, rename_source, person, age_token, delete_token, give_token, replace_token, expect_heartbeat,
                            silent_sources, incidents)}


def main():
    replies, sys.stdout = sys.stdout, sys.stderr  # nothing that Django prints may look like a reply
    for line in sys.stdin:
        request = json.loads(line)
        # a check may have ended every connection of the database since
        connection.close()
        try:
            answer = {"ok": COMMANDS[request.pop("do")](**request)}
        except Exception as error:  # the lab shows it; one failed request must not end the agent
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=replies, flush=True)


if __name__ == "__main__":
    main()
