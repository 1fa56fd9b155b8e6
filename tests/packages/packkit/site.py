"""Owns what the checks share: the lab, its names and its TLS, the built package, and the container. Never checks anything."""

import fcntl
import functools
import shutil
import socket
import struct
import subprocess

from labkit import places, tls_front, toml_writer
from labkit.world import World

from . import servers
from .machine import CannotBoot, Machine
from .root import HOME, Root
from .steps import Skipped


def loopback_up():
    """In a new network namespace not even 127.0.0.1 is there."""
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh", b"lo", 1))  # SIOCSIFFLAGS, IFF_UP


class Site:
    """One run of the checks."""

    def __init__(self, lab):
        self.lab = lab
        self.authority = tls_front.Authority(HOME / "authority")
        servers.resolver()
        tls_front.tls_front(self.authority.context(servers.ARGUS), 443, lab.argus.port)
        tls_front.tls_front(self.authority.context(servers.EXPIRED, days=0), 444, lab.argus.port)

    @property
    def package(self):
        """The package that packaging/deb has built."""
        found = list((places.TARGET / "deb").glob("zinoargus_*_amd64.deb"))
        assert len(found) == 1, f"packages in target/deb: {found}"
        return found[0]

    def world(self, name) -> World:
        """A Zino and a source system in Argus, with an open case."""
        world = World(self.lab, name)
        world.config["argus"].update(url=f"https://{servers.ARGUS}/api/v2/")
        world.config["zino"].update(server=servers.ZINO)
        world.zino.start()
        world.first_case = world.zino.case("reachability", f"{name}-gw1")
        return world

    @staticmethod
    def config(world, **argus) -> str:
        """A world's configuration as a file; `argus` are other values of that section, None takes one away."""
        config = {**world.config, "argus": {**world.config["argus"], **argus}}
        config["argus"] = {key: value for key, value in config["argus"].items() if value is not None}
        return toml_writer.dumps(config) + "\n"

    def copy_of_debian(self, name) -> Root:
        """A fresh Debian that trusts the internal authority, with the package in the place that the README names."""
        root = Root(name)
        root.file("usr/local/share/ca-certificates/internal.crt").write_bytes(self.authority.file.read_bytes())
        root.run("update-ca-certificates")
        folder = root.file("root/zinoargus/target/deb")
        folder.mkdir(parents=True)
        (folder / self.package.name).write_bytes(self.package.read_bytes())
        return root

    @functools.cached_property
    def _machine(self) -> Machine | CannotBoot:
        try:
            return Machine(self.copy_of_debian("service"))
        except CannotBoot as error:
            return error

    @property
    def machine(self) -> Machine:
        """The container for the checks of the service. A host that is itself a container may not let another one boot. Then
        the checks that need a running systemd are skipped; those in a chroot still run.
        """
        if isinstance(self._machine, CannotBoot):
            raise Skipped(f"systemd cannot be booted here: {self._machine}")
        return self._machine

    def close(self):
        """Shut the container down, if there is one."""
        if isinstance(self.__dict__.get("_machine"), Machine):
            self.machine.stop()

    @staticmethod
    def toml(config) -> str:
        """A whole configuration as a file."""
        return toml_writer.dumps(config) + "\n"

    def newer_package(self, root):
        """Put a package of the next revision, whose example is another one, into a root as /root/newer.deb."""
        tree = root.file("root/newer")
        subprocess.run(["dpkg-deb", "--raw-extract", self.package, tree], check=True)
        control, example = tree / "DEBIAN/control", tree / "etc/zinoargus/zinoargus.toml"
        text = control.read_text()
        assert "-1\n" in text
        control.write_text(text.replace("-1\n", "-2\n", 1))
        example.write_text(example.read_text() + "# one line more\n")
        subprocess.run(["dpkg-deb", "--root-owner-group", "--build", tree, root.file("root/newer.deb")], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.rmtree(tree)
