"""Owns a name server of the lab, and a program's own view of the system's resolver files.

Answers A and AAAA by a table; what it does to a question instead can be set for a family or a domain. Needs root: name servers
listen on port 53, and the program is started with files of its own in place of the host's `/etc/resolv.conf`.
"""

import ipaddress
import itertools
import os
import socket
import struct
import threading

from .install import CannotSetUp

_PORT = 53
_TYPES = {"A": 1, "AAAA": 28}
CODES = {"NOERROR": 0, "SERVFAIL": 2, "NXDOMAIN": 3, "NOTIMP": 4, "REFUSED": 5}
_numbers = itertools.count(1)


def _question(packet):
    """The name that is asked for, the type, and where the question ends."""
    labels, at = [], 12
    while length := packet[at]:
        labels.append(packet[at + 1:at + 1 + length].decode())
        at += 1 + length
    return ".".join(labels).lower(), struct.unpack_from("!H", packet, at + 1)[0], at + 5


def _answer(packet, end, code, addresses):
    """The reply to a question that ends at `end`."""
    head = packet[:2] + struct.pack("!HHHHH", 0x8180 | CODES[code], 1, len(addresses), 0, 0)
    records = b"".join(struct.pack("!HHHIH", 0xC00C, _TYPES["AAAA" if one.version == 6 else "A"], 1, 5, len(one.packed)) + one.packed
                       for one in addresses)
    return head + packet[12:end] + records


class NameServer:
    """A name server on an address of its own. `names`: the addresses of each name, both families in one list."""

    def __init__(self, names, search=()):
        if os.geteuid():
            raise CannotSetUp("this check needs root: a name server listens on port 53")
        self.names = {name: [ipaddress.ip_address(one) for one in addresses] for name, addresses in names.items()}
        self.search, self.asked = search, []
        # What happens to questions: a code of CODES, or "drop" (no answer at all); by type and by the end of the name.
        self.by_type, self.by_domain = {}, {}
        self.address = f"127.53.{os.getpid() % 250 + 1}.{next(_numbers)}"
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((self.address, _PORT))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        """The end of the server."""
        self._socket.close()

    def _serve(self):
        while True:
            try:
                packet, client = self._socket.recvfrom(4096)
            except OSError:
                return
            name, kind, end = _question(packet)
            self.asked.append((name, kind))
            code = self._code(name, kind)
            if code == "drop":
                continue
            found = [one for one in self.names.get(name, ()) if _TYPES["AAAA" if one.version == 6 else "A"] == kind]
            self._socket.sendto(_answer(packet, end, code, found if code == "NOERROR" else ()), client)

    def _code(self, name, kind):
        for domain, code in self.by_domain.items():
            if name.endswith(f".{domain}"):
                return code
        for of_type, code in self.by_type.items():
            if _TYPES[of_type] == kind:
                return code
        return "NOERROR" if name in self.names else "NXDOMAIN"

    def used_by(self, daemon, hosts=""):
        """From now on this program looks names up here, and in a `hosts` file with these lines."""
        folder = daemon.folder / f"etc-{daemon.name}"
        folder.mkdir(exist_ok=True)
        lines = [f"nameserver {self.address}", *([f"search {' '.join(self.search)}"] if self.search else [])]
        files = {"resolv.conf": "\n".join(lines) + "\n", "hosts": f"127.0.0.1 localhost\n{hosts}\n", "nsswitch.conf": "hosts: files dns\n"}
        for name, text in files.items():
            (folder / name).write_text(text)
        start = folder / "start"
        mounts = "\n".join(f"[ -e /etc/{name} ] && mount --bind {folder}/{name} /etc/{name}" for name in files)
        # unshare and the shell become the program: it keeps their process and their death with the lab
        start.write_text(f"#!/bin/sh\n{mounts}\nexec {daemon.program} \"$@\"\n")
        start.chmod(0o755)
        whole = folder / "program"
        whole.write_text(f"#!/bin/sh\nexec unshare --mount {start} \"$@\"\n")
        whole.chmod(0o755)
        daemon.program = str(whole)


class DeadAddress:
    """An address of this host that never answers a connection: its queue is full, so the system drops what comes."""

    def __init__(self, port, address="::1"):
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        self._listener = socket.socket(family, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((address, port))
        self._listener.listen(0)
        self._fillers = []
        while True:
            filler = socket.socket(family, socket.SOCK_STREAM)
            filler.settimeout(0.3)
            self._fillers.append(filler)
            try:
                filler.connect((address, port))
            except TimeoutError:
                return

    def close(self):
        """Nobody is there any more."""
        for one in [*self._fillers, self._listener]:
            one.close()
