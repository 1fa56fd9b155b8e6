"""Owns what the lab lacks of a real network: the names, and the addresses behind them.

The lab's Argus is at https://argus.lab.example, which has only an IPv6 address; its Zino is at zino.lab.example. Never changes
what passes.
"""

import socket
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
