"""Owns a faulty network path to Zino: a proxy for one of its ports that forwards bytes, or does to them what networks do.

Knows lines, nothing about cases. It can delay each command of a kind, as a slow server would. Packets can be dropped on
connections that stay open: a filter in the kernel throws away what arrives, also the probes of TCP keepalive, which a proxy that
merely stopped reading would still answer.
"""

import ctypes
import re
import socket
import struct
import threading
import time

from .children import free_port

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27
# the classic BPF program "return 0": keep no byte of any packet
_DROP_ALL = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0))


def _drop_packets(connection):
    program = struct.pack("HL", 1, ctypes.addressof(_DROP_ALL))
    connection.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, program)


class _Link:
    """One client and its connection to the target, with a thread in each direction."""

    def __init__(self, proxy, client):
        self.proxy, self.client = proxy, client
        self.target = socket.create_connection(("127.0.0.1", proxy.target_port), timeout=20)
        self.target.settimeout(None)
        self.lost = False  # a command whose reply is to be lost has gone through
        for source, way in ((client, self._commands), (self.target, self._replies)):
            threading.Thread(target=self._pump, args=(source, way), daemon=True).start()

    def _pump(self, source, way):
        try:
            while data := source.recv(65536):
                way(data)
        except OSError:
            pass
        finally:
            self.end()

    def _commands(self, data):
        self.proxy.note(self, data)
        # one line after the other where some are slow, as in a server that does one thing at a time
        for piece in data.splitlines(keepends=True) if self.proxy.slow else [data]:
            time.sleep(self.proxy.slow.get(piece.split(b" ")[0].decode(errors="replace"), 0))
            self.target.sendall(piece)

    def _replies(self, data):
        if self.lost:  # it has been executed; the answer stays here, and the connection dies
            raise OSError
        if not self.proxy.silent:
            self.proxy.replied += len(data)  # bytes
            self.client.sendall(data)

    def end(self):
        """Both connections end."""
        for one in (self.client, self.target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            one.close()
        self.proxy.links.discard(self)


class TcpProxy:
    """A port of its own that leads to one port of Zino."""

    def __init__(self, target_port):
        self.target_port, self.port = target_port, free_port()
        self.links, self.accepted, self.silent, self.commands, self.replied = set(), 0, False, [], 0
        self.slow = {}  # by command: the seconds that each takes
        self._losing, self._listener = [], None
        self.listen()

    def listen(self):
        """Take connections (again)."""
        self._listener = socket.create_server(("127.0.0.1", self.port), backlog=64)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            try:
                link = _Link(self, client)
            except OSError:
                client.close()  # the target is away: so are we
                continue
            self.accepted += 1
            self.links.add(link)
            if self.silent:
                _drop_packets(client)

    def refuse(self):
        """Nobody listens any more, and open connections are cut."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)  # without it the accept under way would take one more connection
        except OSError:
            pass
        self._listener.close()
        self.cut()

    close = refuse

    def cut(self):
        """Cut the connections that are open now."""
        for link in list(self.links):
            link.end()

    def drop(self):
        """From now on every packet is lost, in both directions; the connections stay open."""
        self.silent = True
        for link in list(self.links):
            _drop_packets(link.client)

    def restore(self):
        """New connections work again; those that lost bytes cannot, and are ended without a word to the client."""
        self.silent = False
        for link in list(self.links):
            link.end()

    def lose_reply(self, pattern, times=1):
        """The next lines from a client that match are executed, but the answer is lost with the connection."""
        self._losing += [re.compile(pattern.encode())] * times

    def losing(self) -> int:
        """How many replies are still to be lost."""
        return len(self._losing)

    def note(self, link, data):
        """Keep the lines that a client sent; see whether one of them is to lose its reply."""
        for line in data.splitlines():
            self.commands.append(line.decode(errors="replace"))
            for pattern in self._losing:
                if pattern.fullmatch(line):
                    self._losing.remove(pattern)
                    link.lost = True
                    break

    def inject(self, data):
        """Say something to every client, as if the server had."""
        for link in list(self.links):
            try:
                link.client.sendall(data)
            except OSError:
                pass
