"""What is built, before anybody installs it: the same bytes everywhere, and nothing that Debian's own tools complain about."""

import re
import subprocess

from labkit import places, readme
from packkit import beside
from packkit.steps import check


def run(*command) -> str:
    """Run a program in the checkout; gives all that it printed."""
    done = subprocess.run(list(map(str, command)), cwd=places.REPO, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert done.returncode == 0, f"{command}: exit code {done.returncode}\n{done.stdout[-3000:]}"
    return done.stdout


@check
def the_readmes_build_commands_give_the_package_and_the_file(site):
    """And not more than an operator would want to copy."""
    sizes = []
    for heading, name in (("### As a Debian package, with a service", "deb"), ("### As one static file", "static")):
        [command] = readme.blocks(heading)[0]
        assert command == f"packaging/{name}", command
        sizes.append(re.search(r"\d+ bytes, SHA-256 \w+", run(*command.split()).splitlines()[-1])[0])
    return f"package {sizes[0]}; file {sizes[1]}"


@check
def the_same_sources_give_the_same_bytes(site):
    """Built in another folder (setgid), with another cargo home, umask and user, on one core: the static file and the package."""
    said = beside.result("reproducible")
    sums = re.findall(r"(\S+): \d+ bytes, SHA-256 (\w+)", said)
    for ending in ("/zinoargus", ".deb"):
        found = [digest for name, digest in sums if name.endswith(ending)]
        assert len(found) == 2 and found[0] == found[1], f"{ending}: {said}"
    return "; ".join(f"{name.split('/')[-1]} {digest}" for name, digest in sums)


@check
def lintian_finds_nothing(site):
    """No errors and no warnings, and no override that is for nothing."""
    said = run("lintian", "--allow-root", "--fail-on", "error,warning", "--display-info", "--tag-display-limit", "0", site.package)
    found = [line for line in said.splitlines() if line[:2] in ("E:", "W:") or "unused-override" in line or "mismatched-override" in line]
    assert not found, said
    return f"{len(said.splitlines())} lines of its lesser kinds" if said else "not a word"


@check
def the_man_pages_are_well_formed(site):
    """groff has nothing to say about them."""
    for page in sorted((places.REPO / "packaging" / "man").iterdir()):
        done = subprocess.run(["man", "--warnings", "--local-file", "-Tutf8", "-Z", page], capture_output=True, text=True,
                              env={"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"})
        assert done.returncode == 0 and not done.stderr, f"{page.name}: {done.stderr}"
        assert len(done.stdout) > 2000, f"{page.name} is empty"


@check
def a_later_commit_is_an_upgrade_and_the_release_is_one_too(site):
    """The package's version names the commit, and sorts before the release that Cargo.toml names."""
    release = re.search(r'^version = "(.*)"$', (places.REPO / "Cargo.toml").read_text(), re.M)[1]
    version = run("dpkg-deb", "--field", site.package, "Version").strip()
    if version != f"{release}-1":
        assert re.fullmatch(rf"{re.escape(release)}~git\d{{14}}\.[0-9a-f]{{8}}(\.dirty)?-1", version), version
        run("dpkg", "--compare-versions", version, "lt", f"{release}-1")
        later = re.sub(r"git\d{14}", "git99991231235959", version)
        run("dpkg", "--compare-versions", version, "lt", later)
    return version
