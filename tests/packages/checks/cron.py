"""The package where systemd does not run: a line in cron in a plain root, and installing and purging there."""

from labkit import readme
from labkit.children import Child
from packkit.root import HOME
from packkit.steps import check

CONTROL = "* * * * * root echo this is mailed\n"


@check
def the_package_installs_and_the_line_in_cron_is_accepted_without_systemd(site):
    """In a chroot: the README's commands but for those of the service; a real cron starts then, and is looked at at the end."""
    site.plain = root = site.copy_of_debian("plain")
    root.mount_proc()
    site.plain_before = root.paths()
    site.plain_accounts = root.run("cat /etc/passwd /etc/group")
    site.cron_world = site.world("cron")
    root.file("root/what-the-person-types").write_text(site.config(site.cron_world))
    install, edit, try_out = readme.blocks("### As a Debian package, with a service")[1][:3]
    [[edit_line]] = readme.blocks("### As a line in cron")
    for command in (install, edit, try_out):
        said = root.run(f"cd /root/zinoargus && {command}")
        assert "FAILED" not in said, said
    assert root.run("stat --format '%U %G %a' /var/lib/zinoargus").strip() == "zinoargus zinoargus 700"
    shipped = root.file("etc/cron.d/zinoargus").read_text()
    assert all(line.startswith("#") for line in shipped.splitlines()), shipped
    *others, line = shipped.splitlines()
    root.file("root/what-the-person-types").write_text("\n".join([*others, line.removeprefix("#")]) + "\n")
    root.run(edit_line)
    root.file("etc/cron.d/control").write_text(CONTROL)
    site.cron = Child("cron", ["chroot", root.path, "/usr/sbin/cron", "-f", "-L", "15"], HOME / "cron.log",
                      env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})
