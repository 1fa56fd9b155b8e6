"""Owns what `lab demo` and `lab up` show: some cases of every kind, and what Argus then has of them.

Never asserts anything; that is what the checks are for.
"""

import os
import signal
import subprocess

from . import places
from .argus_server import ADMIN
from .waiting import eventually
from .world import World
from .zino_server import USERS, ago, case_of

CASES = [
    case_of("reachability", "oslo-gw1", priority=500, opened=ago(minutes=50)),
    case_of("portstate", "bergen-gw2", 17, descr="Bergen - Ålesund, 100G", priority=300, opened=ago(minutes=40),
            history=[[ago(minutes=35), "ford\nthe fibre is cut near Førde,\nthe owner has been called"]]),
    case_of("bgp", "trondheim-gw1", "2001:db8::1", remote_as=64511, opened=ago(minutes=30)),
    case_of("alarm", "tromso-gw1", "yellow", priority=150, opened=ago(minutes=20)),
    case_of("portstate", "bergen-gw2", 18, interesting=False, opened=ago(minutes=10)),
    case_of("bfd", "oslo-gw1", 21, opened=ago(minutes=10)),
]
SHOWN = 4  # the last port is not in production and BFD is never shown: those two cases get no incident


def _table(rows):
    widths = [max(len(str(row[n])) for row in rows) for n in range(len(rows[0]))]
    for row in rows:
        print("  " + "  ".join(str(cell).ljust(width) for cell, width in zip(row, widths)).rstrip())


def _show_argus(world):
    rows = [("case", "incident", "level", "state", "events", "description")]
    for one in sorted(world.argus.incidents(), key=lambda one: int(one["source_incident_id"])):
        rows.append((one["source_incident_id"], one["pk"], one["level"], "open" if one["open"] else "closed",
                     len(world.argus.events(one["pk"])), one["description"]))
    _table(rows)


def _tell(world, heading):
    print(f"\n{heading}")
    _show_argus(world)


def take_picture(world, file):
    """What a person on duty sees of the incidents that are open, as a picture."""
    login = world.alice.login
    texts = [one["description"] for one in world.argus.incidents() if one["open"]]
    done = subprocess.run([places.venv_program("browser", "python"), places.INSIDE / "picture.py", world.argus_server.url, login["name"],
                           login["password"], str(file), *texts], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr[-2000:]
    print(f"lab: {file}: {os.path.getsize(file)} bytes", flush=True)


def show(lab, stay=False, picture=None):
    """Seed Zino, run the program, show both directions; with `stay`, leave all of it running until Ctrl-C; with `picture`, put one of
    Argus' page into that file."""
    world = World(lab, "demo")
    world.daemon.verbosity = ("-v",)
    world.zino.start()
    numbers = world.zino.cases(CASES)
    print(f"lab: Zino has {len(numbers)} open cases; starting zinoargus", flush=True)
    world.start()
    eventually(lambda: len(world.argus.incidents()) >= SHOWN, 30, f"{SHOWN} incidents in Argus (log: {world.daemon.log_path})")
    second = world.argus.of_case(numbers[1])
    eventually(lambda: world.argus.events(second["pk"], "OTH"), 20, "the history of a case in Argus")
    if picture:
        take_picture(world, picture)
    _tell(world, "What Argus has now (of six cases: BFD and ports out of production are left out):")
    first = world.argus.of_case(numbers[0])
    world.alice.close(first["pk"], "power is back")
    world.has_entry(numbers[0], "power is back (alice)", "closed")
    print(f"\nAlice, who is on duty and works in Argus, closed incident {first['pk']} there; "
          f"case {numbers[0]} in Zino is now closed, with her words:")
    for entry in world.ford.history(numbers[0]):
        print(f"  {entry.text}".replace("\n", "\n    "))
    world.ford.set_state(numbers[2], "closed")
    world.ended(world.argus.of_case(numbers[2])["pk"])
    _tell(world, f"Ford, who works in Zino, closed case {numbers[2]} there; what Argus has in the end:")
    if stay:
        _stay(lab, world)
    world.daemon.stop()
    world.leave()
    if not stay:
        _next_steps(world)


def _next_steps(world):
    print(f"""
To look further:
  tests/lab/lab up      leaves all of it running, with Argus' web pages, and says how to log in
  {os.path.relpath(world.daemon.log_path)}
                        is what zinoargus logged (-v), until the next run of the lab
  tests/lab/lab clean   removes what the lab installed below {os.path.relpath(places.HOME)}; its Debian packages stay""", flush=True)


def _stay(lab, world):
    print(f"""
Running until Ctrl-C:
  Argus   {lab.argus.url}/   log in as {ADMIN[0]} / {ADMIN[1]}, or alice / {lab.alice['password']}
  Zino    127.0.0.1:{world.zino.port}   (notifications {world.zino.notify_port}; user ford / {USERS['ford']})
  config  {os.path.relpath(world.daemon.config_file)}
  logs    {os.path.relpath(world.daemon.log_path)}
          {os.path.relpath(world.zino.log_path)}
          {os.path.relpath(lab.argus.child.log_path)}""", flush=True)
    try:
        signal.pause()
    except KeyboardInterrupt:
        print("\nlab: ending", flush=True)
