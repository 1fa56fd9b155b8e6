"""The static file of the other architecture: run, not only linked."""

import os
import re
import subprocess

from labkit import places
from packkit.root import HOME
from packkit.steps import Skipped, check

from .building import run

ARCHITECTURE = "aarch64"


def emulated(site, architecture, file) -> str:
    """Run a file under the emulator: its version, the trial of everything, and a single run that makes an incident."""
    world = site.world(f"emulated-{architecture}")
    folder = HOME / f"emulated-{architecture}"
    folder.mkdir(exist_ok=True)
    (folder / "internal-ca.pem").write_bytes(site.authority.file.read_bytes())
    configuration = folder / "zinoargus.toml"
    configuration.write_text(site.config(world, ca_file="internal-ca.pem"))
    configuration.chmod(0o640)

    def emulator(*arguments):
        done = subprocess.run([f"qemu-{architecture}-static", file, *arguments, "-c", configuration], capture_output=True, text=True, timeout=180)
        return done.returncode, done.stdout + done.stderr
    code, version = emulator("--version")
    assert code == 0 and re.match(r"zinoargus \S+", version), version
    code, said = emulator("--check")
    assert code == 0 and "FAILED" not in said and said.count("\nok ") >= 5, said
    code, said = emulator("--once", "--timeout", "120")
    assert (code, said) == (0, ""), said
    world.matches(world.first_case)
    return version.strip()


@check
def the_other_architectures_file_does_its_work(site):
    """aarch64 under qemu, against the lab's servers; left out where Rust's libraries for it are not installed."""
    sysroot = run("rustc", "--print", "sysroot").strip()
    if not os.path.isdir(f"{sysroot}/lib/rustlib/{ARCHITECTURE}-unknown-linux-musl"):
        raise Skipped(f"Rust's libraries for {ARCHITECTURE} are not installed: rustup target add {ARCHITECTURE}-unknown-linux-musl")
    run("packaging/static", ARCHITECTURE)
    return emulated(site, ARCHITECTURE, places.TARGET / "static" / ARCHITECTURE / "zinoargus")
