"""What operators write in Zino, as people read it in Argus (TEXT, HISTORY)."""

from labkit.oracle import normal
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import ago


@check
def an_operators_history_arrives_complete_and_once(world):
    """Entries of several lines, written while it runs, are each one event with Zino's time and text."""
    world.start()
    case = world.zino.case("bgp", "gw1", "192.0.2.9")
    pk = world.matches(case)["pk"]
    for text in ("one line", "Ærlig talt:\n  indented\n\nafter a blank line", ".\n..\nlone dots", "\n\nblank lines around\n\n"):
        world.ford.add_history(case, text)
    world.ford.set_state(case, "working")
    world.zino.user("trillian").add_history(case, "from somebody else")
    world.matches(case)
    texts = [event["text"] for event in world.argus.events(pk, "OTH")]
    assert any(text.endswith("indented\n\nafter a blank line") for text in texts), texts
    world.still([case])
    world.daemon.restart()
    world.still([case])
    world.matches(case)


@check
def several_entries_within_one_second_all_arrive(world):
    """Also equal ones: as many events as entries, since the time in whole seconds does not distinguish them."""
    world.zino.start()
    at = ago(minutes=4)
    case = world.zino.case("reachability", "gw1", opened=ago(minutes=5),
                           history=[[at, "ford\nfirst"], [at, "ford\nsecond"], [at, "ford\nfirst"], [at, "trillian\nfirst"]])
    world.start()
    pk = world.matches(case)["pk"]
    world.zino.history(case, "first", at=at)
    world.zino.history(case, "third", at=at)
    world.matches(case)
    assert len(world.argus.events(pk, "OTH")) == 6
    world.still([case])
    world.daemon.restart()
    world.still([case])


@check
def text_that_either_server_rewrites_arrives_once(world):
    """Odd line breaks, blanks at the ends, long entries: what comes back differs from what was sent, and is still known again."""
    world.start()
    case = world.zino.case("alarm", "gw1", "red")
    pk = world.matches(case)["pk"]
    for text in ("vertical\x0btab", "form\x0cfeed", "next\x85line", "separators\u2028here\u2029too", "file\x1cgroup\x1drecord\x1eseparators",
                 "lone\rreturn", "   blanks   ", "\u00a0no-break blanks\u00a0", "x" * 20_000, "emoji 🦆 and ￾ noncharacter"):
        world.ford.add_history(case, text)

    def all_there():
        wanted = sorted(normal(entry.text) for entry in world.ford.history(case)[1:])
        found = sorted(normal(event["text"]) for event in world.argus.events(pk, "OTH"))
        assert len(found) == len(wanted), f"{len(found)} events of {len(wanted)} entries"
        assert found == wanted, [pair for pair in zip(found, wanted) if pair[0] != pair[1]][:3]
        return True
    eventually(all_there, 20, "every entry in Argus")
    world.still([case])
    world.daemon.restart()
    world.still([case])


@check
def our_own_entries_do_not_come_back(world):
    """What the program itself writes into Zino is not sent to Argus as news."""
    world.start()
    case = world.zino.case("reachability", "gw1")
    pk = world.matches(case)["pk"]
    world.alice.ack(pk, "I am on it")
    world.has_entry(case, "I am on it (alice)", "working")
    world.refreshed(2)
    assert not world.argus.events(pk, "OTH"), "our own entries came back"
    world.ford.add_history(case, "and this is Ford")
    world.matches(case)
    assert len(world.argus.events(pk, "OTH")) == 1
