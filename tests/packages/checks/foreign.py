"""The static file of the other architecture: run, not only linked."""

import os
import re
import shutil

from labkit import places
from packkit.steps import Skipped, check

from .building import run
from .single_file import empty_root
from .single_file import run as run_in

ARCHITECTURE = "aarch64"


def emulated(site, architecture, file) -> str:
    """Run a file under the emulator, in a root that holds nothing else: its version, the trial of everything, and a single run that
    makes an incident."""
    world = site.world(f"emulated-{architecture}")
    folder = empty_root(site, site.config(world, ca_file="internal-ca.pem"), f"emulated-{architecture}")
    shutil.copy2(file, folder / "zinoargus")
    shutil.copy2(shutil.which(f"qemu-{architecture}-static"), folder / "qemu")
    code, version = run_in(folder, "/qemu /zinoargus --version")
    assert code == 0 and re.match(r"zinoargus \S+", version), version
    code, said = run_in(folder, "/qemu /zinoargus -c zinoargus.toml --check")
    assert code == 0 and "FAILED" not in said and said.count("\nok ") >= 4, said
    code, said = run_in(folder, "/qemu /zinoargus -c zinoargus.toml --once")
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
