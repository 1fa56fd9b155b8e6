"""What an operator reads when something is wrong, and what a script learns from the exit code (FAIL-8, FAIL-9, PROCESS-5)."""

import re
import secrets

from labkit.children import free_port
from labkit.manager import Manager
from labkit.runner import check
from labkit.waiting import eventually
from labkit.zino_server import USERS

SECRETS = ("glue secret", "another secret", "0123456789abcdef0123456789abcdef01234567")


def ends_with(world, code, *patterns, arguments=("-vv",), deadline=40):
    """The program ends by itself with this code, says these things, and no secret."""
    found, output = world.daemon.run(*arguments, deadline=deadline)
    assert found == code, f"exit code {found}, should be {code}; it said:\n{output}"
    for pattern in patterns:
        assert re.search(pattern, output, re.IGNORECASE), f"nothing like {pattern!r} in:\n{output}"
    no_secret(world, output)
    return output


def no_secret(world, text):
    """No secret and no token of this world is in the text."""
    for secret in (*SECRETS, world.source["token"]):
        assert secret not in text, f"a secret is in the output: {secret}"


@check
def a_wrong_zino_secret_ends_it_with_77(world):
    """Refused for ten seconds before the first login: it says by whom and as which user, and ends."""
    world.zino.start()
    world.config["zino"]["secret"] = "another secret"
    ends_with(world, 77, "zino", world.config["zino"]["user"])


@check
def an_unknown_zino_user_ends_it_with_77(world):
    """The same for a user that Zino does not know."""
    world.zino.start()
    world.config["zino"]["user"] = "nobody-knows-me"
    ends_with(world, 77, "zino", "nobody-knows-me")


@check
def a_wrong_argus_token_ends_it_with_77(world):
    """An unknown token that is still unknown after ten seconds: it says so and ends."""
    world.zino.start()
    world.zino.case("reachability", "gw1")
    world.config["argus"]["token"] = SECRETS[2]
    ends_with(world, 77, "argus", "token")


@check
def a_token_replaced_in_its_file_is_used_without_a_restart(world):
    """Whoever renews the token writes it into argus.token_file, and the program goes on with it."""
    file, new = world.folder / "token", secrets.token_hex(20)
    file.touch(mode=0o600)
    file.write_text(world.config["argus"].pop("token") + "\n")
    world.config["argus"]["token_file"] = str(file)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    file.write_text(new + "\n")
    assert world.argus_server.agent.ask("replace_token", key=world.source["token"], new=new) == 1
    world.matches(world.zino.case("reachability", "gw2"))
    assert new not in world.daemon.log()


def refused_and_running(world, times=3):
    """Wait until Argus has refused the program this many times more, which says so once and goes on trying."""
    refused = lambda: sum(one["status"] == "401" for one in world.argus_server.requests(world.source["token"]))  # noqa: E731
    before = refused()
    eventually(lambda: refused() >= before + times, 40, "it asks Argus again")
    assert world.daemon.running, f"it has ended:\n{world.daemon.tail()}"
    assert world.daemon.log().count("ERROR Argus refuses our token") == 1, world.daemon.tail()


@check
def a_token_that_is_deleted_and_made_again_needs_no_restart(world):
    """Argus forgets the token while the program runs: an error, tried again; with the token it goes on where it was."""
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    assert world.argus_server.agent.ask("delete_token", key=world.source["token"])
    case = world.zino.case("reachability", "gw2")
    world.daemon.logged(r"ERROR Argus refuses our token \(Invalid token\.\); trying again\. .*make a new one")
    refused_and_running(world)
    world.argus_server.agent.ask("give_token", name=world.source["name"], key=world.source["token"])
    world.matches(case)
    world.daemon.logged(r"WARN  Argus takes our token again after \d+ s")
    no_secret(world, world.daemon.log())


@check
def a_token_that_expires_is_an_error_until_another_stands_in_its_file(world):
    """Argus deletes a token after 14 days, while the program runs: it says what that means, and takes the new one from the file."""
    file, new = world.folder / "token", secrets.token_hex(20)
    file.touch(mode=0o600)
    file.write_text(world.config["argus"].pop("token") + "\n")
    world.config["argus"]["token_file"] = str(file)
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    world.argus_server.agent.ask("age_token", key=world.source["token"], days=15)
    case = world.zino.case("reachability", "gw2")
    world.daemon.logged(r"ERROR Argus refuses our token \((Token has expired|Invalid token)\.\)")
    refused_and_running(world)
    world.argus_server.agent.ask("give_token", name=world.source["name"], key=new)
    file.write_text(new + "\n")
    world.matches(case)
    world.daemon.logged(r"WARN  Argus takes our token again after \d+ s")
    no_secret(world, world.daemon.log())
    assert new not in world.daemon.log()


@check
def a_proxy_that_wants_a_password_is_an_outage(world):
    """401 with a page for people, at the start and later: not our token's fault, and waited for (stacklok/toolhive#3991)."""
    proxy = world.through_argus_proxy()
    page = b"<html><head><title>Sign in</title></head></html>"
    world.zino.start()
    for router in ("gw1", "gw2"):
        case = world.zino.case("reachability", router)
        rule = proxy.rule("status", status=401, text=page)
        if not world.daemon.running:
            world.daemon.start()
        eventually(lambda: len(rule.hits) >= 4, 40, "it asks again")
        assert world.daemon.running, f"it has ended:\n{world.daemon.tail()}"
        proxy.heal()
        world.matches(case)
    assert "refuses our token" not in world.daemon.log()
    world.daemon.logged(r"WARN  Argus is back after \d+ s")
    no_secret(world, world.daemon.log())


@check
def a_secrets_file_that_is_being_rewritten_at_the_start_is_waited_for(world):
    """Zino knows our user only after five seconds: the start goes on."""
    world.zino.start()
    case = world.zino.case("reachability", "gw1")
    users = dict(USERS)
    del users[world.config["zino"]["user"]]
    world.zino.write_users(users)
    world.daemon.start()
    world.daemon.logged(r"WARN  Zino refuses user zinoargus \(no such user\); asking again")
    eventually(lambda: world.daemon.log().count("Zino refuses the login: no such user") >= 3, 20, "it tries again")
    world.zino.write_users(USERS)
    world.matches(case)
    world.daemon.logged(r"WARN  Zino takes our login again after \d+ s")
    no_secret(world, world.daemon.log())


@check
def a_reload_with_a_wrong_token_and_secret_ends_nothing(world):
    """Both are errors that the next reload mends."""
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    sound = {section: dict(keys) for section, keys in world.config.items()}
    world.config["argus"]["token"] = SECRETS[2]
    world.daemon.reload()
    world.daemon.logged("ERROR Argus refuses our token")
    world.config["zino"]["secret"] = SECRETS[1]
    world.daemon.reload()
    world.daemon.logged(r"ERROR Zino refuses the login of user zinoargus \(Authentication failure\)")
    case = world.zino.case("reachability", "gw2")
    eventually(lambda: world.daemon.log().count("Zino refuses the login: ") >= 3, 40, "it tries again")
    assert world.daemon.running
    world.config.update(sound)
    world.daemon.reload()
    world.matches(case)
    no_secret(world, world.daemon.log())


@check
def unreachable_servers_are_waited_for(world):
    """As a daemon it tries on, says it once, and works as soon as they are there."""
    world.zino.start()
    world.zino.stop(gently=True)
    port, world.config["zino"]["server"] = world.zino.port, "localhost"
    url = world.config["argus"]["url"]
    world.config["argus"]["url"] = f"http://127.0.0.1:{free_port()}/api/v2/"
    world.daemon.start()
    world.daemon.logged(rf"(?i)zino.*{port}|{port}.*zino|cannot.*zino")
    world.zino.start()
    eventually(lambda: world.zino.ask("connections"), 40, "it is connected to Zino")
    case = world.zino.case("reachability", "gw1")
    world.daemon.logged("(?i)argus")
    assert world.daemon.running
    world.daemon.stop()
    world.config["argus"]["url"] = url
    world.daemon.start()
    world.matches(case)
    no_secret(world, world.daemon.log())


@check
def once_and_check_say_69_when_a_server_is_unreachable(world):
    """For scripts: no waiting, an exit code."""
    world.zino.start()
    world.config["argus"]["url"] = f"http://127.0.0.1:{free_port()}/"
    for argument in ("--once", "--check"):
        ends_with(world, 69, "argus", arguments=(argument,))
    world.config.update(world.default_config())
    world.zino.stop()
    for argument in ("--once", "--check"):
        ends_with(world, 69, "zino", arguments=(argument,))


@check
def a_wrong_address_of_argus_is_answered_with_the_right_one(world):
    """Without /api/v2/, and with the version that Argus has given up: 69 and what to write, once; the daemon's log and status say it too."""
    world.zino.start()
    right = f"{world.argus_server.url}/api/v2/"
    for path in ("/", "/api/", "/api/v1/", "/api/v3/"):
        world.config["argus"]["url"] = world.argus_server.url + path
        for argument in ("--check", "--once"):
            output = ends_with(world, 69, re.escape(f"should argus.url be {right}?"), arguments=(argument,))
            assert output.count("argus.url be") == 1 and "is Argus running" not in output, output
    world.config["argus"]["url"] = f"{world.argus_server.url}/api/v1/"
    manager = Manager(world.daemon)
    world.daemon.start()
    world.daemon.logged(re.escape(f"should argus.url be {right}?"))
    assert "410: " in manager.shows("Zino ok; Argus CANNOT BE USED since "), manager.status


@check
def a_bad_config_is_explained_and_ends_it_with_78(world):
    """File, key, line, what is wrong, and the nearest key that exists."""
    sound = world.config["sync"]
    world.config["sync"] = {**sound, "acknowlege": {"setstate": "working"}}
    output = ends_with(world, 78, "acknowlege", "acknowledge", re.escape(world.daemon.config_file.name))
    line = world.daemon.config_file.read_text().splitlines().index("[sync.acknowlege]") + 1
    assert re.search(rf"\b{line}\b", output), f"line {line} is not named in:\n{output}"
    world.config["sync"] = {**sound, "acknowledge": {"setstate": "sleeping"}}
    ends_with(world, 78, "setstate", "working.*waiting")
    world.config["sync"] = {**sound, "severity": {"default": 9}}
    ends_with(world, 78, "severity", "default")
    world.config["sync"] = sound
    del world.config["argus"]["token"]
    ends_with(world, 78, "token")


@check
def a_missing_config_or_a_wrong_argument_is_explained(world):
    """No config: 78 and its name. An argument that does not exist: 64."""
    world.daemon.write_config()
    world.daemon.config_file.unlink()
    world.daemon.write_config = lambda: None
    ends_with(world, 78, re.escape(world.daemon.config_file.name))
    ends_with(world, 64, "--no-such-thing", arguments=("--no-such-thing",))


@check
def secrets_are_in_no_log_at_any_level(world):
    """Everything it says with -vv while it works, and Argus' token in none of it."""
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    world.still()
    world.daemon.stop()
    no_secret(world, world.daemon.log())
    # with the challenge and the answer to it a secret could be guessed at leisure
    answers = [line for line in world.daemon.log().splitlines() if re.search(r"USER .*[0-9a-f]{40}", line)]
    assert not answers, f"the answer to Zino's challenge is in the log: {answers[0][:60]}"


@check
def a_proxy_that_shows_the_request_does_not_put_the_token_into_the_log(world):
    """An error page with all headers, in capitals too, and a redirect that carries them: none of it shows the token."""
    proxy, token = world.through_argus_proxy(), world.source["token"]
    shown = f"<html><title>Authorization: Token {token}, {token.upper()}</title>".encode()
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
    for rule in (proxy.rule("status", text=shown, times=3),
                 proxy.rule("status", status=302, headers={"Location": f"https://elsewhere.example.org/?token={token}"}, times=3),
                 proxy.rule("status", status=401, text=shown, times=3)):
        eventually(lambda rule=rule: len(rule.hits) >= 3, 60, "it asks again")
    world.matches(world.zino.case("reachability", "gw2"))
    no_secret(world, world.daemon.log().lower())
    assert "(secret)" in world.daemon.log()


@check
def argus_may_be_named_with_or_without_the_last_slash(world):
    """`argus.url` as the Python program took it."""
    world.config["argus"]["url"] = world.config["argus"]["url"].rstrip("/")
    world.start()
    world.matches(world.zino.case("reachability", "gw1"))
