"""The end of what `cron.py` began; it is last, because cron needs its minutes."""

import re

from labkit.children import Child
from labkit.waiting import eventually
from packkit.root import HOME
from packkit.steps import check


@check
def the_line_in_cron_synchronises_and_sends_no_mail(site):
    """The case is in Argus and a person's close in Zino; the one mail is that of another line, which shows that mail works."""
    root, world = site.plain, site.cron_world
    pk = world.incident(world.first_case, deadline=400)["pk"]
    assert "cron" in root.running(), f"cron does not run: {site.cron.log()}"
    mail = root.file("var/mail/all")
    eventually(lambda: mail.exists() and "this is mailed" in mail.read_text(), 90, "cron mails what another line prints")
    eventually(lambda: "zinoargus" not in root.running(), 60, "the run ends")
    world.matches(world.first_case)
    assert pk and "zinoargus" not in mail.read_text(), mail.read_text()
    site.cron.stop()


@check
def the_services_command_runs_as_its_user_where_systemd_does_not_run(site):
    """ExecStart of the unit, word for word, as the unit's user: a new case is in Argus; SIGTERM ends it well."""
    root, world = site.plain, site.cron_world
    unit = root.file("usr/lib/systemd/system/zinoargus.service").read_text()
    command, user = (re.search(rf"^{key}=(.*)$", unit, re.M)[1] for key in ("ExecStart", "User"))
    service = Child("service", ["chroot", root.path, "setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--no-new-privs",
                                *command.split()], HOME / "service.log")
    world.matches(world.zino.case("alarm", "cron-gw2", "yellow"))
    assert service.stop() == 0, service.log()


@check
def the_package_goes_without_a_trace_where_systemd_does_not_run(site):
    """Remove and purge in a chroot."""
    root = site.plain
    root.run("apt remove -y zinoargus && test -e /etc/zinoargus/zinoargus.toml")
    root.run("rm /etc/cron.d/control && apt purge -y zinoargus")
    left = sorted(root.paths() - site.plain_before)
    assert not left, left
    assert root.run("cat /etc/passwd /etc/group") == site.plain_accounts
