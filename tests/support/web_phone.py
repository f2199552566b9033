"""The web server of a virtual phone, and requests to it by the byte."""

from __future__ import annotations

import contextlib
import datetime
import random

from hil.errors import StreamClosed
from hil.net.stream import connect
from hil.reference.parameters import Parameters
from hil.reference.status import Product, Status
from hil.virtual.web import WebServer

SECOND = 1_000_000_000
STATUS = Status(Product("CP-7832-3PCC"), clock=datetime.datetime(2026, 1, 1))
LAB = "192.0.2.1"


class WebPhone:
    """The web server of a phone that has its address, and what it was told to do, and when."""

    def __init__(self, lab, certificate=None):
        self.lab = lab
        self.parameters = Parameters()
        self.told = []
        self.web = WebServer(
            lab.clock,
            lambda: self.parameters,
            lambda: STATUS,
            self._note,
            self._note,
            random.Random(7832),  # noqa: S311
            certificate=certificate,
        )
        lab.configure()
        self.call(lambda: self.web.start(lab.place))

    def _note(self, what):
        self.told.append(what)

    def call(self, action):
        async def inside():
            action()

        self.lab.clock.run(inside())

    def settle(self):
        """Until every connection has ended."""
        self.lab.clock.wait(lambda: not self.web._open, self.lab.clock.now() + 5 * SECOND)

    def set(self, **values):
        self.parameters = self.parameters.updated(values)
        self.call(self.web.reconfigure)

    def connect(self, port=80):
        return self.lab.clock.run(connect(self.lab.server, self.lab.port.address, port, within=5))

    def ask(self, data, *, port=80, within=60.0):
        """Send octets on a connection of their own; what comes back until it ends."""

        async def asking():
            stream = await connect(self.lab.server, self.lab.port.address, port, within=5)
            await stream.write(data, within=5)
            return await all_of(stream, within)

        return self.lab.clock.run(asking(), timeout=600)

    def get(self, target, *headers, method="GET", body=b""):
        lines = [f"{method} {target} HTTP/1.1", "Host: phone", *headers]
        if body:
            lines.append(f"Content-Length: {len(body)}")
        head, _, answered = self.ask("\r\n".join([*lines, "", ""]).encode() + body).partition(
            b"\r\n\r\n"
        )
        return head.decode().split("\r\n"), answered


async def all_of(stream, within):
    received = b""
    with contextlib.suppress(StreamClosed):
        while data := await stream.read(within=within):
            received += data
    stream.close()
    return received
