"""Owns an internal certificate authority, and TLS in front of a server that speaks none. Never changes what passes."""

import asyncio
import ssl
import subprocess
import threading


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


def tls_front(context, port, behind, address="::1"):
    """Port `port` of an address is what 127.0.0.1:`behind` says, in TLS."""
    async def forward(reader, writer):
        inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", behind)
        await asyncio.gather(_copy(reader, inner_writer), _copy(inner_reader, writer))

    async def serve(ready):
        server = await asyncio.start_server(forward, address, port, ssl=context)
        ready.set()
        await server.serve_forever()

    ready = threading.Event()
    threading.Thread(target=lambda: asyncio.run(serve(ready)), daemon=True).start()
    assert ready.wait(10), f"port {port} of {address} could not be opened"
