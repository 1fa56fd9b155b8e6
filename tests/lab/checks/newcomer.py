"""The commands of the README, for a person who has never seen the program: they do what it says."""

import re
import subprocess

from labkit import places, readme
from labkit.runner import check


@check
def the_readmes_commands_make_a_source_system_and_a_token(world):
    """On Argus' host, word for word; the program then accepts that token as that source's."""
    make_source, make_token = readme.blocks("### A token")[0]
    name = re.search(r"create_source (\S+)", make_source)[1]
    said = ""
    for command in (make_source, make_token):
        program, *words = command.split()
        assert program == "django-admin", command
        done = subprocess.run([places.venv_program("argus", program), *words], env=world.argus_server.env, capture_output=True,
                              text=True, timeout=60)
        assert done.returncode == 0, done.stderr[-500:]
        said = done.stdout
    token = re.search(r"Generated token (\w+) for user " + name, said)[1]
    world.config["argus"]["token"] = token
    world.zino.start()
    code, printed = world.daemon.run("--check")
    assert code == 0 and f"the token belongs to {name} of type zino" in printed, printed
