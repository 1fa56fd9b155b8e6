"""What people can type must stay text (TEXT-5), and a log that nobody reads must stop nothing."""

import os
import re
import threading
import time

from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import case_of

NASTY = ["closed\n.\nSETSTATE {other} closed", "a\r\n.\r\nSETSTATE {other} closed\r\n.", ".", ".\n.", "..", "x\u2028.\u2028SETSTATE {other} closed",
         "x\u0085.\u0085SETSTATE {other} closed", "x\x0b.\x0bSETSTATE {other} closed", "x\r.\rSETSTATE {other} closed\r.\r",
         "x\x0c.\x0cSETSTATE {other} closed", "\n.\n\nSETSTATE {other} closed\n", "SETSTATE {other} closed", "QUIT", "long " * 200_000]


@check
def text_from_argus_cannot_command_zino(world):
    """Closes, acknowledgements and tickets full of line breaks, lone dots and commands change nothing but their own case."""
    world.start()
    other = world.zino.case("reachability", "innocent-gw")
    world.matches(other)
    cases = [world.zino.case("reachability", f"gw{n}") for n in range(len(NASTY))]
    incidents = world.incidents(cases)
    world.settled()
    before = world.fingerprint([other])[1]
    for n, text in enumerate(NASTY):
        pk = incidents[cases[n]]["pk"]
        (world.alice.close if n % 2 else world.alice.ack)(pk, text.format(other=other))
        world.alice.ticket(pk, f"https://tickets.example.org/\n.\nSETSTATE {other} closed")
    for n, case in enumerate(cases):
        eventually(lambda: world.ford.state(case) == ("closed" if n % 2 else "working"), 60, f"the act on case {case} arrives")
    world.settled(60)
    assert world.fingerprint([other])[1] == before, "the innocent case was touched"
    world.still([other, *cases])
    for case in cases:
        texts = world.entries_of_ours(case)
        assert len(texts) == 2 and any("(alice)" in text for text in texts), f"case {case}: {[text[:80] for text in texts]}"


@check
def text_from_zino_cannot_forge_log_lines_or_break_json(world):
    """Control characters and line breaks in what devices and operators say: one log line each, and a correct incident."""
    world.start()
    case = world.zino.case("portstate", "gw1", 7, descr='cust, "x" \\ \x1b[31mred\x07\u2028ERROR forged')
    incident = world.incident(case)
    world.ford.add_history(case, 'two\nERROR forged line\n{"json": "broken')
    eventually(lambda: world.argus.events(incident["pk"], "OTH"), 20, "the history in Argus")
    world.still([case])
    log = world.daemon.log()
    assert "\x1b" not in log and "\x07" not in log, "control characters of a device reach the terminal"
    forged = [line for line in log.splitlines() if re.match(r"\s*ERROR forged", line)]
    assert not forged, f"a forged line: {forged}"


# Every line of Zino is logged at -vv; the program keeps 1 MiB for a reader, and the pipe 64 KiB.
MORE_THAN_IS_KEPT = 2 << 20
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ (ERROR|WARN |INFO |DEBUG) .*")


@check
def a_log_that_nobody_reads_stops_nothing_and_says_later_what_was_lost(world):
    """A storm at -vv into a pipe that nobody reads: all work is done in flat memory; a later reader gets whole lines
    (systemd/systemd#16456)."""
    commands, _ = world.through_zino_proxies()
    world.daemon.log_to = world.folder / "unread.pipe"
    os.mkfifo(world.daemon.log_to)
    # For both ends, so that the program finds a reader; nothing is read for now.
    pipe = os.open(world.daemon.log_to, os.O_RDWR)
    try:
        world.start()
        cases = world.zino.cases([case_of("portstate", f"gw{n}", n + 1) for n in range(10)])
        world.incidents(cases)
        for case in cases:
            world.zino.modify(case, log=["gw: " + "word " * 80] * 50)  # long lines at -vv, and nothing for Argus
        world.settled()
        before = world.daemon.memory()
        replied = commands.replied
        world.zino.ask("storm", ids=cases, changes=1000)
        while commands.replied < replied + MORE_THAN_IS_KEPT:  # a slow machine reads many changes at once
            for case in cases:
                world.zino.modify(case, priority=int(world.ford.attrs(case)["priority"]) + 1)
            world.matches(cases[-1], deadline=60)
        for case in [*cases, world.zino.case("reachability", "calm-gw")]:
            world.matches(case, deadline=120)
        grown = world.daemon.memory() - before
        assert grown < 32 << 20, f"memory grew by {grown >> 20} MB"
        read = []
        reading = threading.Thread(target=lambda: read.extend(iter(lambda: os.read(pipe, 65536), b"the end\n")), daemon=True)
        reading.start()
        eventually(lambda: b" log lines lost\n" in b"".join(read), 20, "how many lines were lost")
        began = time.monotonic()
        world.daemon.stop()
        seconds = time.monotonic() - began
        assert seconds < 5, f"the end took {seconds:.1f} s"
        eventually(lambda: b"ending on signal 15\n" in b"".join(read), 10, "the last word")
        os.write(pipe, b"the end\n")
        reading.join(10)
    finally:
        os.close(pipe)
    lines = b"".join(read).decode().splitlines()
    torn = [line for line in lines if not LINE.fullmatch(line)]
    assert not torn, f"no whole lines: {torn[:5]}"
    lost = [int(line.split()[2]) for line in lines if re.search(r"WARN  \d+ log lines lost$", line)]
    return f"memory grew by {grown >> 20} MB; {len(lines)} lines read, {sum(lost)} lost"


@check
def a_config_that_everybody_can_read_is_warned_about(world):
    """It holds secrets: one warning that names the file."""
    world.zino.start()
    write = world.daemon.write_config

    def readable():
        write()
        world.daemon.config_file.chmod(0o644)
    world.daemon.write_config = readable
    world.start()
    world.daemon.logged(rf"WARN.*{re.escape(world.daemon.config_file.name)}")


@check
def secrets_may_come_from_files(world):
    """`argus.token_file` and `zino.secret_file` in place of the inline values, as systemd credentials."""
    for section, key in (("argus", "token"), ("zino", "secret")):
        file = world.folder / f"{key}.secret"
        file.touch(mode=0o600)
        file.write_text(world.config[section].pop(key) + "\n")
        world.config[section][f"{key}_file"] = str(file)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
