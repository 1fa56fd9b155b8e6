"""A token that is kept alive (TOKEN), whatever breaks in between."""

import contextlib
import os
import stat
import subprocess
import time

from labkit.runner import check
from labkit.waiting import eventually

REFRESH = r"/auth/refresh-token/$"
A_DAY = 25 * 3600


def renewing(world):
    """The program keeps its token in a file, which is more than a day old; gives the file."""
    file = world.folder / "secrets" / "token"
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o640)
    file.write_text(world.config["argus"].pop("token") + "\n")
    os.utime(file, (time.time() - A_DAY,) * 2)
    world.config["argus"].update(token_file=str(file), renew_token=True)
    return file


def renewed(world, file, deadline=30):
    """Wait until the file holds another token, and beside it lies only when that was made; gives the token."""
    old = world.source["token"]

    def done():
        token = file.read_text().strip()
        return token != old and sorted(os.listdir(file.parent)) == [file.name, f"{file.name}.renewed"] and token
    world.source["token"] = eventually(done, deadline, "a new token in the file, and nothing else beside it")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640, "the mode of the file is kept"
    return world.source["token"]


def works(world, name):
    """A new case gets its incident, and no token is in the log."""
    world.matches(world.zino.case("reachability", name))
    world.still()
    assert world.source["token"] not in world.daemon.log()


@check
def a_token_is_renewed_and_the_program_goes_on_with_the_new_one(world):
    """The old one is dead, the new one is in the file, and a restart works with it and renews nothing."""
    file, old = renewing(world), world.source["token"]
    world.start()
    new = renewed(world, file)
    works(world, "gw1")
    asked = world.argus_server.requests(old)[-1]
    assert "refresh-token" in asked["path"], f"the last request with the old token was {asked}"
    world.daemon.restart()
    works(world, "gw2")
    assert file.read_text().strip() == new


def renewed_in_spite_of_losses(world, times):
    """The first so many replies to a renewal are lost, and there is a token that works in the end."""
    file, proxy = renewing(world), world.through_argus_proxy()
    lost = proxy.rule("lose", method="POST", path=REFRESH, times=times)
    world.start()
    renewed(world, file)
    assert len(lost.hits) == times
    works(world, "gw1")


@check
def a_renewal_whose_reply_is_lost_is_repeated(world):
    """The old token is dead and nobody knows the new one: the session token gets another."""
    renewed_in_spite_of_losses(world, 1)
    assert "not renewed" not in world.daemon.log(), "it was repeated at once"


@check
def a_program_killed_in_the_middle_of_a_renewal_is_not_locked_out(world):
    """Killed when Argus had made the new token and before it was written: the next start gets another."""
    file, proxy = renewing(world), world.through_argus_proxy()
    held = proxy.rule("late", method="POST", path=REFRESH, times=1, seconds=60)
    world.start()
    eventually(lambda: held.hits, 20, "the refresh is under way")
    # Argus has executed it as soon as the old token is refused
    eventually(lambda: any("refresh-token" in one["path"] and one["status"] == "200"
                           for one in world.argus_server.requests(world.source["token"])), 20, "Argus has made a new token")
    world.daemon.kill()
    assert (file.parent / "token.session").exists() and file.read_text().strip() == world.source["token"]
    world.daemon.start()
    renewed(world, file)
    works(world, "gw1")


@check
def a_token_whose_directory_cannot_be_written_is_left_alone(world):
    """It says why and what to do, touches nothing in Argus, and works on."""
    file = renewing(world)
    (file.parent / "token.new" / "in-the-way").mkdir(parents=True)  # a mode would not stop root
    world.start()
    world.daemon.logged(r"ERROR the Argus token was not renewed: argus.token_file \S+ cannot be replaced.*directory")
    works(world, "gw1")
    assert not [one for one in world.argus_server.requests(world.source["token"]) if "refresh" in one["path"]]


@check
def a_token_of_13_days_in_a_new_file_is_renewed_at_the_first_start(world):
    """Nobody knows how old it is: the date of a file that somebody has just made says nothing. A restart renews nothing."""
    file = renewing(world)
    os.utime(file)
    world.argus_server.agent.ask("age_token", key=world.source["token"], days=13)
    world.start()
    new = renewed(world, file)
    works(world, "gw1")
    os.utime(file, (time.time() - 10 * A_DAY,) * 2)
    world.daemon.restart()
    works(world, "gw2")
    assert file.read_text().strip() == new


@check
def a_renewal_whose_reply_is_lost_twice_is_made_good(world):
    """Also the repetition is lost: the next probe begins with the session token."""
    renewed_in_spite_of_losses(world, 2)


@check
def a_reload_keeps_a_token_that_could_not_be_written(world):
    """The new token is nowhere but in the program: it goes on with it after a reload, and the reload writes it."""
    file, proxy = renewing(world), world.through_argus_proxy()
    late = proxy.rule("late", method="POST", path=REFRESH, times=1, seconds=3)
    world.start()
    eventually(lambda: late.hits, 20, "the refresh is under way")
    (file.parent / "token.new").unlink()
    world.daemon.logged("ERROR the Argus token was not renewed: Argus gave a new one, but .* exists in this process only")
    world.matches(world.zino.case("reachability", "gw1"))
    assert file.read_text().strip() == world.source["token"]
    world.config["argus"]["timeout"] = 9.0
    (file.parent / "token.session").unlink()  # without it nothing but the token in memory helps
    world.daemon.reload()
    renewed(world, file)
    works(world, "gw2")
    world.daemon.logged("WARN  the Argus token can be renewed again")


@contextlib.contextmanager
def small_disk(folder, size):
    """A disk of so many bytes in this place; None where only root may have one."""
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], stderr=subprocess.DEVNULL).returncode == 0
    try:
        yield folder if mounted else None
    finally:
        if mounted:
            subprocess.run(["umount", "-l", folder], check=True)


@check
def a_full_disk_locks_nobody_out(world):
    """No room for the new token: it is found before the old one is touched, and made good once there is room."""
    with small_disk(world.folder / "secrets", 8192) as disk:
        if disk is None:
            return "not tried: nobody but root can make a small disk"
        file = renewing(world)
        world.start()
        world.daemon.logged(r"ERROR the Argus token was not renewed: .*(No space left|cannot be written)")
        works(world, "gw1")
        assert file.read_text().strip() == world.source["token"]
        world.daemon.stop()
        subprocess.run(["mount", "-o", "remount,size=1m", disk], check=True)
        world.daemon.start()
        renewed(world, file)
        works(world, "gw2")
        world.daemon.stop()
