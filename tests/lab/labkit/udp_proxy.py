"""Owns a faulty network path to Zino's SNMP agent: a UDP proxy that forwards datagrams, or does to them what networks do.

Knows datagrams, nothing about SNMP.
"""

import random
import socket
import threading
import time

from .children import free_port


class UdpProxy:
    """A UDP port of its own that leads to one agent.

    `mode`: "pass", "drop", "delay" (by `seconds`), "garble" (bytes of the answer changed), "elsewhere" (the answer comes from another address).
    """

    def __init__(self, target_port, seed=1):
        self.target_port, self.port = target_port, free_port(socket.SOCK_DGRAM)
        self.mode, self.seconds, self.asked, self.answered_at = "pass", 0.0, 0, 0.0
        self._dice = random.Random(seed)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", self.port))
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self):
        """The end of the proxy."""
        self._socket.close()

    def _serve(self):
        while True:
            try:
                question, client = self._socket.recvfrom(65536)
            except OSError:
                return
            self.asked += 1
            if self.mode != "drop":
                threading.Thread(target=self._ask, args=(question, client), daemon=True).start()

    def _ask(self, question, client):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as agent:
            agent.settimeout(10)
            try:
                agent.connect(("127.0.0.1", self.target_port))
                agent.send(question)
                self._answer(agent.recv(65536), client)
            except OSError:
                pass  # no agent there, or the proxy is closed: to the client both are silence

    def _answer(self, answer, client):
        if self.mode == "delay":
            time.sleep(self.seconds)
        if self.mode == "garble":
            answer = bytes(byte if self._dice.random() > 0.2 else self._dice.randrange(256) for byte in answer)
        if self.mode == "elsewhere":
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
                other.bind(("127.0.0.2", 0))
                other.sendto(answer, client)
        else:
            self._socket.sendto(answer, client)
        self.answered_at = time.monotonic()
