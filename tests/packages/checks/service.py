"""The Debian package in a booted Debian, from its installation to its purge; each check goes on where the one before ended."""

import os
import re
import shutil
import tomllib

from labkit import readme
from labkit.waiting import eventually
from packkit.steps import check

HEADING = "### As a Debian package, with a service"
CONFIG = "/etc/zinoargus/zinoargus.toml"
# path -> owner, group and mode
INSTALLED = {
    "/usr/bin/zinoargus": "root root 755",
    "/etc/zinoargus": "root zinoargus 750",
    CONFIG: "root zinoargus 640",
    "/etc/cron.d/zinoargus": "root root 644",
    "/var/lib/zinoargus": "zinoargus zinoargus 700",
    "/usr/lib/systemd/system/zinoargus.service": "root root 644",
    "/usr/lib/systemd/system/zinoargus@.service": "root root 644",
    "/usr/lib/sysusers.d/zinoargus.conf": "root root 644",
    "/usr/share/man/man1/zinoargus.1.gz": "root root 644",
    "/usr/share/bash-completion/completions/zinoargus": "root root 644",
    "/usr/share/zsh/vendor-completions/_zinoargus": "root root 644",
    "/usr/share/fish/vendor_completions.d/zinoargus.fish": "root root 644",
    "/usr/share/man/man5/zinoargus.toml.5.gz": "root root 644",
    **{f"/usr/share/doc/zinoargus/{name}": "root root 644" for name in (
        "README.md.gz", "container.md.gz", "cron.md.gz", "failover.md.gz", "monitoring.md.gz", "moving-over.md.gz", "network.md.gz", "status-and-reload.md.gz",
        "synchronisation.md.gz", "token.md.gz", "troubleshooting.md.gz",
        "pictures/argus.png", "pictures/failover.svg", "prometheus/zinoargus.rules.yml", "prometheus/zinoargus.test.yml", "grafana/zinoargus.json",
        "changelog.gz", "changelog.Debian.gz", "copyright", "rust-library.html.gz")},
}


def active(machine, unit="zinoargus"):
    """Wait until a unit runs; gives its process."""
    def runs():
        assert machine.show(unit, "ActiveState") == "active", machine.run(f"systemctl status --no-pager {unit}", (0, 3))
        return machine.show(unit, "MainPID")
    return eventually(runs, 60, f"{unit} is active")


def has_modes(machine, expected):
    """Paths have this owner, group and mode."""
    said = machine.run(f"stat --format '%n %U %G %a' {' '.join(expected)}")
    wrong = {path: have for path, have in (line.split(" ", 1) for line in said.splitlines()) if expected[path] != have}
    assert not wrong, f"owners and modes that should be others: {wrong}"


@check
def the_package_installs_and_starts_nothing_with_the_example(site):
    """Files, owners, modes and the user are right; one line says why the service does not run."""
    machine = site.machine
    site.paths_before = machine.root.paths()
    site.accounts_before = machine.run("cat /etc/passwd /etc/group")
    command = readme.blocks(HEADING)[1][0]
    said = machine.run(command)
    [told] = [line for line in said.splitlines() if line.startswith("zinoargus:")] or [said]
    assert told == f"zinoargus: not started, because {CONFIG} is still the example; " \
                   "fill it in, then: systemctl enable --now zinoargus", told
    has_modes(machine, INSTALLED)
    assert re.search(r"^zinoargus:x:\d+:\d+:zinoargus:/:/usr/sbin/nologin$", machine.run("cat /etc/passwd"), re.M)
    assert machine.run("systemctl is-enabled zinoargus", (1,)).strip() == "disabled"
    assert machine.run("systemctl is-active zinoargus", (3,)).strip() == "inactive"
    said = machine.run("zinoargus --version").strip()
    assert re.fullmatch(r"zinoargus \S+ \(commit [0-9a-f]{12}(-dirty)?\)", said), said


@check
def the_units_are_valid_and_let_the_program_do_little(site):
    """systemd-analyze finds nothing wrong, and an exposure of at most 1.5."""
    machine, scores = site.machine, []
    for unit in ("zinoargus.service", "zinoargus@one.service"):
        said = machine.run(f"systemd-analyze verify --man=no {unit}")
        assert not said, said
        said = machine.run(f"systemd-analyze security --offline=true --no-pager /usr/lib/systemd/system/{unit.replace('one', '')}")
        scores.append(re.search(r"exposure level for \S+: ([\d.]+)", said)[1])
    assert all(float(score) <= 1.5 for score in scores), scores
    return f"exposure {' and '.join(scores)}"


@check
def the_readme_leads_to_a_running_service(site):
    """Its commands, word for word: the check finds all well, the status is there, and the case is in Argus."""
    machine = site.machine
    site.first = site.world("first")
    machine.types(site.config(site.first))
    _, edit, try_out, start, status = readme.blocks(HEADING)[1]
    machine.run(edit)
    has_modes(machine, {CONFIG: "root zinoargus 640"})
    said = machine.run(try_out)
    assert "FAILED" not in said and said.count("\nok ") >= 5, said
    machine.run(start)
    pid = active(machine)
    site.first.matches(site.first.first_case)
    eventually(lambda: re.search(r'Status: "ACTIVE: 1 cases, 1 open incidents, 0 waiting; Zino ok; Argus ok', machine.run(status)), 20)
    assert machine.run(f"ps -o user:20=,args= -p {pid}").split() == ["zinoargus", "/usr/bin/zinoargus", "-c", CONFIG]
    process = machine.run(f"cat /proc/{pid}/status")
    for line in ("NoNewPrivs:\t1", "Seccomp:\t2", "CapEff:\t0000000000000000", "CapBnd:\t0000000000000000"):
        assert line in process, process
    assert machine.run("systemctl is-enabled zinoargus").strip() == "enabled"


@check
def the_service_is_reloaded_and_started_again(site):
    """`reload` reads the configuration; a killed program is back; one with a wrong token is not tried again and again."""
    machine = site.machine
    pid = active(machine)
    site.first.config["sync"]["refresh_interval"] = 2
    machine.types(site.config(site.first))
    machine.run(f"editor {CONFIG} && systemctl reload zinoargus")
    eventually(lambda: "sync.refresh_interval" in machine.journal("zinoargus"), 20, "the reload is in the journal")
    assert active(machine) == pid, "the reload was a restart"
    machine.run(f"kill -KILL {pid}")
    eventually(lambda: machine.show("zinoargus", "NRestarts") == "1", 30, "systemd starts the killed program")
    assert active(machine) != pid
    machine.types(site.config(site.first, token="0" * 40))
    machine.run(f"editor {CONFIG} && systemctl restart zinoargus", (1,))
    eventually(lambda: machine.show("zinoargus", "ActiveState") == "failed", 30, "the service fails for good")
    assert machine.show("zinoargus", "ExecMainStatus") == "77"
    machine.types(site.config(site.first))
    machine.run(f"editor {CONFIG} && systemctl restart zinoargus")
    active(machine)


@check
def the_service_shows_its_metrics_as_the_guide_says(site):
    """With the guide's configuration, commands and drop-in: the sandboxed service writes the file and answers --status."""
    machine, guide, chapter = site.machine, "packaging/doc/monitoring.md", "## The file and its directory"
    [section] = readme.blocks("## Turn it on", "toml", guide)
    metrics = tomllib.loads("\n".join(section))["metrics"]
    folder = os.path.dirname(metrics["file"])
    machine.run(f"install -d {folder}")  # as the package of node_exporter does
    *commands, edit = readme.blocks(chapter, document=guide)[0]
    assert edit == "sudo systemctl edit zinoargus", edit
    for command in commands:
        machine.run(command)
    [lines] = readme.blocks(chapter, "ini", guide)
    drop_in = machine.root.file("etc/systemd/system/zinoargus.service.d/override.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("\n".join(lines) + "\n")
    machine.types(site.toml({**site.first.config, "metrics": metrics}))
    machine.run(f"editor {CONFIG} && systemctl daemon-reload && systemctl restart zinoargus")
    active(machine)

    def fine():
        said = machine.run(readme.blocks("## How is it now?", document=guide)[0][0], (0, 69))
        assert said.startswith("zinoargus does its work\n") and "Argus     ok" in said, said
        return True
    eventually(fine, 30, "--status asks the service")
    has_modes(machine, {metrics["file"]: "zinoargus zinoargus 644"})
    machine.types(site.config(site.first))
    shutil.rmtree(drop_in.parent)
    machine.run(f"editor {CONFIG} && systemctl daemon-reload && systemctl restart zinoargus && rm -r {os.path.dirname(folder)}")
    active(machine)


@check
def secrets_may_be_credentials(site):
    """The drop-in of token.md: token and secret in files that only root can read."""
    machine, world = site.machine, site.first
    config = {**world.config, "argus": {**world.config["argus"], "token_file": "%d/argus-token"},
              "zino": {**world.config["zino"], "secret_file": "%d/zino-secret"}}
    token, secret = config["argus"].pop("token"), config["zino"].pop("secret")
    folder = machine.root.file("etc/zinoargus")
    for name, text in (("argus-token", token), ("zino-secret", secret)):
        (folder / name).write_text(f"{text}\n")
        (folder / name).chmod(0o600)
    [lines] = readme.blocks("## Files and credentials", "ini", "packaging/doc/token.md")
    drop_in = machine.root.file("etc/systemd/system/zinoargus.service.d/override.conf")
    drop_in.parent.mkdir()
    drop_in.write_text("\n".join(lines) + "\n")
    machine.types(site.toml(config))
    machine.run(f"editor {CONFIG} && systemctl daemon-reload && systemctl restart zinoargus")
    active(machine)
    machine.run("runuser -u zinoargus -- cat /etc/zinoargus/argus-token", (1,))
    world.matches(world.zino.case("alarm", "first-gw2", "yellow"))


@check
def a_second_instance_renews_its_token_in_its_state_directory(site):
    """The README's commands; the token in /var/lib/zinoargus/second is replaced with owner and mode as they were."""
    machine = site.machine
    site.second = world = site.world("second")
    path = "/var/lib/zinoargus/second/argus-token"
    machine.run(f"install -d -m 700 -o zinoargus -g zinoargus {path.rsplit('/', 1)[0]}")
    old = world.source["token"]
    machine.root.file(path).write_text(old)
    machine.run(f"chown zinoargus: {path}; chmod 600 {path}; touch -d '2 days ago' {path}")
    machine.types(site.config(world, token=None, token_file=path, renew_token=True))
    for command in readme.blocks("## Several instances", document="packaging/doc/status-and-reload.md")[0]:
        machine.run(command)
    has_modes(machine, {"/etc/zinoargus/second.toml": "root zinoargus 640"})
    active(machine, "zinoargus@second")
    eventually(lambda: machine.root.file(path).read_text().strip() != old, 30, "the token is renewed")
    has_modes(machine, {path: "zinoargus zinoargus 600"})
    world.incident(world.zino.case("alarm", "second-gw2", "yellow"))
    assert active(machine, "zinoargus@second") and active(machine), "both run"


@check
def an_upgrade_keeps_the_configuration_and_restarts_what_runs(site):
    """A package with another version and another example: both instances run the new one with the old configuration."""
    machine = site.machine
    configs = machine.run("sha256sum /etc/zinoargus/*.toml")
    before = [active(machine, unit) for unit in ("zinoargus", "zinoargus@second")]
    site.newer_package(machine.root)
    said = machine.run("sudo apt install -y -o Dpkg::Options::=--force-confdef /root/newer.deb")
    assert "still the example" not in said, said
    assert machine.run("sha256sum /etc/zinoargus/*.toml") == configs, said
    after = [active(machine, unit) for unit in ("zinoargus", "zinoargus@second")]
    assert all(old != new for old, new in zip(before, after)), (before, after)
    has_modes(machine, {CONFIG: "root zinoargus 640"})
    site.first.matches(site.first.zino.case("alarm", "first-gw3", "yellow"))


@check
def remove_leaves_the_configuration_and_purge_leaves_nothing(site):
    """Also not what the operator added: instances, credentials, the drop-in, the state, the user."""
    machine = site.machine
    configs = machine.run("sha256sum /etc/zinoargus/*.toml")
    machine.run("sudo apt remove -y zinoargus")
    assert machine.run("sha256sum /etc/zinoargus/*.toml") == configs
    assert not machine.root.file("usr/bin/zinoargus").exists()
    assert machine.run("pgrep zinoargus", (1,)) == "", "something runs"
    machine.run("sudo apt purge -y zinoargus")
    left = sorted(machine.root.paths() - site.paths_before)
    assert not left, left
    assert machine.run("cat /etc/passwd /etc/group") == site.accounts_before
    assert machine.run("systemctl list-units --all --plain --no-legend 'zinoargus*'") == ""
