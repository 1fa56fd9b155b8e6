"""What would be published: a rehearsal of a release, which makes everything and says what a release would still lack."""

import json
import os
import subprocess
import tomllib

from labkit import places
from packkit import beside
from packkit.steps import check

from .building import run


@check
def a_rehearsed_release_has_all_that_is_published(site):
    """Static file, package, image, the list of its crates, and sums that are right; what keeps it from being a release is said."""
    version = tomllib.loads((places.REPO / "Cargo.toml").read_text())["package"]["version"]
    sysroot = run("rustc", "--print", "sysroot").strip()
    architectures = [one for one in ("x86_64", "aarch64") if os.path.isdir(f"{sysroot}/lib/rustlib/{one}-unknown-linux-musl")]
    beside.result("tools")
    if "aarch64" in architectures:
        beside.result("foreign")
    done = subprocess.run([places.REPO / "packaging" / "release", "--rehearsal"], cwd=places.REPO, capture_output=True, text=True,
                          env={**os.environ, "ARCHITECTURES": " ".join(architectures)})
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    assert f"this commit is not tagged v{version}" in done.stderr, done.stderr
    folder = places.TARGET / f"release-{version}"
    names = sorted(os.listdir(folder))
    assert len(names) == 3 * len(architectures) + 2, names
    checked = subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=folder, capture_output=True, text=True)
    assert checked.returncode == 0 and checked.stdout.count(": OK") == len(names) - 1, checked.stdout + checked.stderr
    said = run(folder / "zinoargus_x86_64", "--version")
    assert said.startswith(f"zinoargus {version} (commit "), said
    listed = {(one["name"], one["version"]) for one in json.loads((folder / f"zinoargus_{version}.cdx.json").read_text())["components"]}
    wanted = ["cargo", "tree", "--locked", "--offline", "--edges", "normal", "--prefix", "none", "--format", "{p}",
              "--target", "x86_64-unknown-linux-musl"]
    tree = {tuple(line.split()[:2]) for line in run(*wanted).splitlines() if line.strip() and not line.startswith("zinoargus ")}
    missing = {(name, number.removeprefix("v")) for name, number in tree} - listed
    assert not missing, f"the list of crates lacks {missing}"
    left_out = "" if len(architectures) == 2 else "; aarch64 is left out, because Rust's libraries for it are not installed"
    return f"{len(names)} files, {len(listed)} crates listed{left_out}"
