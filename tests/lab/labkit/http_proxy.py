"""Owns a faulty network path to Argus: an HTTP proxy that forwards requests, or does to them what networks do.

Knows requests and replies, nothing about incidents. Every request that came is kept, so checks can count.
"""

import http.client
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from .children import free_port


@dataclass
class Request:
    """One request as it came to the proxy."""

    at: float
    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        """The decoded body, or None."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    def __str__(self):
        return f"{self.method} {self.path} {self.body[:200].decode(errors='replace')}"


@dataclass
class Rule:
    """What happens to requests that match, the next `times` times (None: always)."""

    does: str
    method: str = ".*"
    path: str = ".*"
    body: str = ""
    times: int | None = None
    status: int = 502
    text: bytes = b"<html><h1>Bad Gateway</h1></html>"
    kind: str = "text/html"
    headers: dict = field(default_factory=dict)
    seconds: float = 0.0
    hits: list = field(default_factory=list)

    def matches(self, request) -> bool:
        """Whether this request is meant."""
        return ((self.times is None or len(self.hits) < self.times) and re.fullmatch(self.method, request.method)
                and re.search(self.path, request.path) and (not self.body or re.search(self.body.encode(), request.body)))


class _Lost(Exception):
    """The client gets no answer: the connection just ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, *_):
        """Quiet: the proxy keeps the requests themselves."""

    def _any(self):
        proxy = self.server.proxy
        length = int(self.headers.get("Content-Length") or 0)
        request = Request(time.monotonic(), self.command, self.path, dict(self.headers), self.rfile.read(length))
        try:
            rule = proxy.note(request)
            self._reply(*proxy.answer(request, rule))
            if rule and rule.does == "endless":
                self._pour(proxy)
        except (_Lost, OSError, http.client.HTTPException):
            self.close_connection = True
            _cut(self.connection)

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = do_HEAD = _any

    def _reply(self, status, headers, body):
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _pour(self, proxy):
        """A body that does not end before the client has had enough."""
        while not proxy.closed:
            self.wfile.write(b'"' + b"x" * 65536)
            proxy.poured += 65537


def _cut(connection):
    """End a connection with a reset, as a dying host does."""
    try:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, proxy, port):
        self.proxy, self.open = proxy, set()
        super().__init__(("127.0.0.1", port), _Handler)

    def process_request(self, request, client_address):
        self.open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        """A client that has gone is nothing to print about."""


class HttpProxy:
    """A port of its own that leads to Argus."""

    def __init__(self, target_port):
        self.target_port, self.port = target_port, free_port()
        self.rules, self.seen, self.closed, self.poured = [], [], False, 0
        self._lock, self._server = threading.Lock(), None
        self._released = threading.Event()
        self.listen()

    @property
    def url(self) -> str:
        """The address for clients."""
        return f"http://127.0.0.1:{self.port}"

    def listen(self):
        """Take connections (again)."""
        self._server = _Server(self, self.port)
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def refuse(self):
        """Nobody listens any more, and open connections are cut."""
        self._server.shutdown()
        self._server.server_close()
        self.cut()

    def cut(self):
        """Cut the connections that are open now."""
        for connection in list(self._server.open):
            _cut(connection)

    def close(self):
        """The end of the proxy."""
        self.closed = True
        self._released.set()
        self.refuse()

    def rule(self, does, **what) -> Rule:
        """From now on do this to matching requests:

        hang     keep the connection, never answer, until `heal`     lose    pass it on, but not the answer
        cut      end the connection before it is passed on           status  answer with `status`, `text`, `headers`
        delay    pass it on `seconds` later                          late    pass it on, hold the answer `seconds`
        twice    pass it on two times, answer once                   endless an answer that never ends
        """
        rule = Rule(does, **what)
        with self._lock:
            self.rules.append(rule)
        return rule

    def heal(self):
        """No more rules; what hangs is cut."""
        with self._lock:
            self.rules.clear()
        self._released.set()
        self._released = threading.Event()

    def note(self, request):
        """Keep the request, and find what is to be done to it."""
        with self._lock:
            self.seen.append(request)
            rule = next((rule for rule in self.rules if rule.matches(request)), None)
            if rule:
                rule.hits.append(request)
            return rule

    def answer(self, request, rule):
        """The answer for the client, according to the rule."""
        does = rule.does if rule else ""
        if does == "hang":
            self._released.wait()
            raise _Lost
        if does == "cut":
            raise _Lost
        if does == "status":
            headers = {"Content-Type": rule.kind, **rule.headers, "Content-Length": str(len(rule.text))}
            return rule.status, list(headers.items()), rule.text
        if does == "endless":
            return 200, [("Content-Type", "application/json"), ("Content-Length", str(1 << 30))], b'{"results": ['
        if does == "delay":
            time.sleep(rule.seconds)
        if does == "twice":
            self._pass_on(request)
        answer = self._pass_on(request)
        if does == "late":
            time.sleep(rule.seconds)
        if does == "lose":
            raise _Lost
        return answer

    def _pass_on(self, request):
        target = http.client.HTTPConnection("127.0.0.1", self.target_port, timeout=120)
        try:
            hop = ("connection", "keep-alive", "transfer-encoding", "content-length")
            headers = {name: value for name, value in request.headers.items() if name.lower() not in hop}
            target.request(request.method, request.path, request.body or None, {**headers, "Content-Length": str(len(request.body))})
            response = target.getresponse()
            body = response.read()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in hop]
            return response.status, [*kept, ("Content-Length", str(len(body)))], body
        finally:
            target.close()

    def count(self, method=".*", path=".*", since=0) -> int:
        """How many such requests came since that many had come."""
        return sum(1 for one in self.seen[since:] if re.fullmatch(method, one.method) and re.search(path, one.path))
