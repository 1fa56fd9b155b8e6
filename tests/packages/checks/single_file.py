"""The static file on a host that has nothing: a folder with the program, a configuration and a certificate."""

import os
import re
import signal
import subprocess
import time

from labkit import places, readme
from labkit.children import Child
from labkit.waiting import eventually
from packkit import servers
from packkit.root import HOME
from packkit.steps import check

NOBODY = ["/usr/sbin/chroot", "--userspec=65534:65534"]


def empty_root(site, config, name, with_ca=True):
    """A folder that holds the program, a configuration and a CA file, and nothing else."""
    folder = HOME / "empty" / name
    subprocess.run(["rm", "-rf", folder], check=True)
    folder.mkdir(parents=True)
    program = folder / "zinoargus"
    program.write_bytes((places.TARGET / "static/x86_64/zinoargus").read_bytes())
    (folder / "zinoargus.toml").write_text(config)
    if with_ca:
        (folder / "internal-ca.pem").write_bytes(site.authority.file.read_bytes())
    for path, mode in ((program, 0o755), (folder / "zinoargus.toml", 0o640)):
        path.chmod(mode)
        os.chown(path, 65534, 65534)
    return folder


def run(folder, command):
    """Run a line of the README as nobody in the folder as root: words only, there is no shell. Gives exit code and output."""
    done = subprocess.run([*NOBODY, folder, *command.split()], env={}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, timeout=120)
    return done.returncode, done.stdout


@check
def the_file_needs_nothing_of_its_host(site):
    """The README's commands in an empty root: names, IPv6, TLS by the internal authority, and the clock work there."""
    try_out, start = readme.blocks("### As one static file")[1]
    world = site.world("alone")
    folder = empty_root(site, site.config(world, ca_file="internal-ca.pem"), "alone")
    assert sorted(os.listdir(folder)) == ["internal-ca.pem", "zinoargus", "zinoargus.toml"]
    code, said = run(folder, try_out)
    assert code == 0 and "FAILED" not in said and f"https://{servers.ARGUS}/" in said, said
    child = Child("static", [*NOBODY, folder, *start.split(), "-v"], HOME / "alone.log", env={})
    world.matches(world.first_case)
    eventually(lambda: world.looks() > 5, 30, "it looks at Argus again and again")
    status = open(f"/proc/{child.process.pid}/status").read()
    resident, most = (int(re.search(rf"{name}:\s+(\d+) kB", status)[1]) for name in ("VmRSS", "VmHWM"))
    stamp = re.findall(r"^(\d{4}-\d\d-\d\dT\d\d:\d\d)", child.log(), re.M)
    now = [time.strftime("%Y-%m-%dT%H:%M", time.gmtime(time.time() - back)) for back in (0, 60, 120, 180)]
    assert stamp and stamp[-1] in now, f"its clock: {stamp[-1:]}, ours: {now[0]}"
    assert child.stop(signal.SIGTERM) == 0, child.log()
    assert sorted(os.listdir(folder)) == ["internal-ca.pem", "zinoargus", "zinoargus.toml"]
    size = (folder / "zinoargus").stat().st_size
    assert size < 5_500_000, size
    return f"{size} bytes; resident at rest {resident} kB, at most {most} kB"


@check
def the_file_trusts_whom_it_should_on_an_empty_host(site):
    """Without a CA file the public authorities that are built in, and not ours; an expired certificate of ours is refused."""
    try_out, _ = readme.blocks("### As one static file")[1]
    world = site.world("strict")
    code, said = run(empty_root(site, site.config(world), "strict", with_ca=False), try_out)
    assert code == 69 and "trusting the public CAs known at the build" in said, said
    assert "no CA that this system trusts signed the server's certificate" in said, said
    expired = site.config(world, ca_file="internal-ca.pem", url=f"https://{servers.EXPIRED}:444/api/v2/")
    code, said = run(empty_root(site, expired, "expired"), try_out)
    assert code == 69 and re.search("expired", said.split("FAILED", 1)[1], re.I), said
