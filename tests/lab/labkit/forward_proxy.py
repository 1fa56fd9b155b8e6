"""Owns a proxy as companies have them.

The proxy takes CONNECT and requests with a whole address, and leads each name to a port of this host by a table, so no name that it
is asked for needs to exist. Never changes what passes.
"""

import base64
import socket
import threading


def _pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    finally:
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class ForwardProxy:
    """Leads `host:port`, as it is asked for, to a port of this host. With a `password` it refuses who does not show it."""

    def __init__(self, places, password=""):
        self.places, self.password, self.seen = places, password, []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._guarded, args=(client,), daemon=True).start()

    def _guarded(self, client):
        try:
            self._serve(client)
        except (OSError, ValueError, KeyError):
            client.close()

    def close(self):
        """No new connections."""
        self._listener.close()

    def _serve(self, client):
        data = b""
        while b"\r\n\r\n" not in data:
            more = client.recv(65536)
            if not more:
                return client.close()
            data += more
        head = data.split(b"\r\n\r\n")[0].decode()
        self.seen.append(head)
        expected = base64.b64encode(self.password.encode()).decode()
        if self.password and f"\r\nproxy-authorization: basic {expected}".lower() not in head.lower():
            body = f"<title>refused</title>you sent {head}".encode()  # as careless ones do
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
            return client.close()
        method, where = head.split()[:2]
        if method == "CONNECT":
            target = socket.create_connection(("127.0.0.1", self.places[where]))
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            place = where.removeprefix("http://").split("/")[0]
            target = socket.create_connection(("127.0.0.1", self.places[place if ":" in place else f"{place}:80"]))
            # One request for each connection, with its path alone.
            path = where.removeprefix("http://").partition("/")[2]
            _, rest = data.split(b"\r\n", 1)
            rest = b"\r\n".join(line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:"))
            target.sendall(f"{method} /{path} HTTP/1.1\r\nConnection: close\r\n".encode() + rest)
        threading.Thread(target=_pump, args=(target, client), daemon=True).start()
        return _pump(client, target)
