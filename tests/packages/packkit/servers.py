"""Owns what the lab lacks of a real network: names, an internal certificate authority, and Argus behind TLS.

The lab's Argus is at https://argus.lab.example, which has only an IPv6 address; its Zino is at zino.lab.example. Never changes
what passes.
"""

import asyncio
import socket
import ssl
import subprocess
import threading

ARGUS, ZINO, EXPIRED = "argus.lab.example", "zino.lab.example", "expired.lab.example"
NAMES = {ARGUS: "::1", EXPIRED: "::1", ZINO: "127.0.0.1"}


def resolver():
    """A name server on 127.0.0.1:53 for our names; whatever else is asked for does not exist."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("127.0.0.1", 53))

    def serve():
        while True:
            question, asker = sock.recvfrom(1500)
            sock.sendto(_answer(question), asker)
    threading.Thread(target=serve, daemon=True).start()


def _answer(question) -> bytes:
    labels, at = [], 12
    while question[at]:
        labels.append(question[at + 1:at + 1 + question[at]].decode())
        at += 1 + question[at]
    kind, query = question[at + 1:at + 3], question[12:at + 5]
    address = NAMES.get(".".join(labels).lower())
    family, wanted = (socket.AF_INET6, b"\0\x1c") if address and ":" in address else (socket.AF_INET, b"\0\x01")
    if not address or kind != wanted:
        code = b"\x81\x80" if address else b"\x81\x83"
        return question[:2] + code + b"\0\x01" + bytes(6) + query
    data = socket.inet_pton(family, address)
    record = b"\xc0\x0c" + wanted + b"\0\x01" + (60).to_bytes(4, "big") + len(data).to_bytes(2, "big") + data
    return question[:2] + b"\x81\x80\0\x01\0\x01" + bytes(4) + query + record


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)


class Authority:
    """An internal certificate authority, and what it has signed."""

    def __init__(self, folder):
        self.folder, self.file = folder, folder / "internal-ca.pem"
        folder.mkdir(parents=True, exist_ok=True)
        _openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", 30,
                 "-subj", "/CN=Internal CA of the lab", "-keyout", folder / "ca.key", "-out", self.file)

    def context(self, name, days=30) -> ssl.SSLContext:
        """What a server of this name shows."""
        key, request, certificate, extra = (self.folder / f"{name}.{end}" for end in ("key", "csr", "pem", "ext"))
        extra.write_text(f"subjectAltName=DNS:{name}\n")
        _openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj", f"/CN={name}",
                 "-keyout", key, "-out", request)
        _openssl("x509", "-req", "-in", request, "-CA", self.file, "-CAkey", self.folder / "ca.key", "-CAcreateserial",
                 "-days", days, "-extfile", extra, "-out", certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        return context


async def _copy(source, sink):
    try:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    except (ConnectionError, ssl.SSLError):
        pass
    finally:
        sink.close()


def tls_front(context, port, behind):
    """Port `port` of ::1 is what 127.0.0.1:`behind` says, in TLS."""
    async def forward(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    async def serve(ready):
        server = await asyncio.start_server(forward, "::1", port, ssl=context)
        ready.set()
        await server.serve_forever()

    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve(ready)), daemon=True).start()
    assert ready.wait(10), f"port {port} of ::1 could not be opened"
