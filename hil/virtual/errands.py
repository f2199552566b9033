"""What the handset does on the network for its provisioning: look up, log, fetch, report.

Each method carries out one duty with the client of its protocol and brings back what came of it, in
the reference's words. Nothing here decides anything.
"""

from __future__ import annotations

import random
import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.net.interface import Interface, Place
from hil.reference import attempts, reporting
from hil.reference.log_messages import LogMessage
from hil.reference.phone import Destination, Locate, Located, Phone, Retrieve
from hil.reference.reports import SALT
from hil.reference.responses import Answer, NoAnswer
from hil.reference.status import Status
from hil.reference.upgrade import is_member
from hil.virtual import http, tftp
from hil.virtual.answers import authorization, http_answer, tftp_answer
from hil.virtual.firmware import Firmware
from hil.virtual.resolver import Resolver
from hil.virtual.syslog import send_syslog
from hil.virtual.transfer import discard
from hil.wire.syslog import Severity

SYSLOG_PORT = 514


class Errands:
    """The handset's network clients. Its methods belong to the loop's thread.

    ``phone`` and ``status`` tell how things stand; ``tls`` makes the context for a server.
    ``place`` and ``resolver`` are set while there is a lease. ``epoch`` is the date at lab time 0.
    """

    def __init__(
        self,
        interface: Interface,
        clock: Clock,
        firmware: Firmware,
        chance: random.Random,
        phone: Callable[[], Phone],
        status: Callable[[], Status],
        tls: Callable[[], ssl.SSLContext],
        epoch: datetime,
    ) -> None:
        self.place: Place | None = None
        self.resolver: Resolver | None = None
        self._interface = interface
        self._clock = clock
        self._firmware = firmware
        self._chance = chance
        self._phone = phone
        self._status = status
        self._tls = tls
        self._epoch = epoch

    async def locate(self, locate: Locate) -> Located:
        """Find the servers that a `Locate` asks for."""
        found: tuple[Destination, ...] = ()
        if self.resolver is not None:
            found = await self.resolver.locate(
                locate.host, locate.service, fallback=locate.fallback
            )
        if not found:
            return Located(self._clock.now(), None)
        return Located(self._clock.now(), found[0].address, found[0].port, found[1:])

    async def address_of(self, host: str) -> IPv4Address | None:
        """The address of a host, or None."""
        address = (await self.locate(Locate(host))).address
        return IPv4Address(address) if address is not None else None

    # -- messages ----------------------------------------------------------------------------------

    async def send(self, message: LogMessage) -> bool:
        """Send a message of the reference to its server; whether it left."""
        address = await self.address_of(message.host)
        if address is None:
            return False
        self._log(message.text, address, message.port, Severity.NOTICE)
        return True

    async def remark(self, text: str, severity: Severity) -> None:
        """Send a message of the phone's own to Syslog_Server, if Debug_Level lets it."""
        parameters = self._phone().parameters
        host, _, port = parameters.raw("Syslog_Server").strip().partition(":")
        if not host or not self._firmware.is_sent(severity, parameters):
            return
        address = await self.address_of(host)
        if address is not None:
            number = int(port) if port.isdigit() else SYSLOG_PORT
            self._log(text, address, number, severity)

    def _log(self, text: str, address: IPv4Address, port: int, severity: Severity) -> None:
        phone = self._phone()
        table = attempts.macros(phone, self._clock.now(), self._firmware.decisions)
        send_syslog(
            self._interface,
            address,
            text,
            hostname=self._firmware.sender_name(table, phone.address or "phone"),
            timestamp=self._epoch + timedelta(microseconds=self._clock.now() // 1000),
            severity=severity,
            port=port,
            config=self._firmware.syslog,
        )

    # -- files -------------------------------------------------------------------------------------

    async def fetch(self, retrieve: Retrieve) -> Answer:
        """Carry out a `Retrieve`; the image of a load is measured on its way and not kept."""
        fetch, place = retrieve.fetch, self.place
        if place is None:
            return NoAnswer("no address")
        try:
            server = IPv4Address(retrieve.server)
        except ValueError:
            return NoAnswer("no route to the server")
        sink = discard if is_member(self._phone()) else None
        if fetch.scheme == "tftp":
            transfer = await tftp.fetch(
                self._interface,
                self._clock,
                server,
                fetch.path,
                port=fetch.port,
                config=self._firmware.tftp if sink is None else self._firmware.tftp_loads,
                sink=sink,
            )
            return tftp_answer(transfer)
        phone = self._phone()
        table = attempts.macros(phone, self._clock.now(), self._firmware.decisions)
        transfer = await http.fetch(
            place,
            server,
            retrieve.destination.port,
            self._request(retrieve, phone),
            agent=self._firmware.user_agent(table),
            tls=self._tls() if fetch.scheme == "https" else None,
            config=self._firmware.http if sink is None else self._firmware.http_loads,
            sink=sink,
        )
        return http_answer(transfer)

    def _request(self, retrieve: Retrieve, phone: Phone) -> http.Request:
        fetch = retrieve.fetch
        body = retrieve.body.encode()
        headers: tuple[tuple[str, str], ...] = ()
        if retrieve.rule == reporting.RULE:
            report = self._firmware.report(
                fetch,
                phone.parameters,
                salt=self._chance.randbytes(SALT),
                reported=phone.reported,
                status=self._status(),
                interpretations=phone.interpretations,
            )
            body = report.body
            encoding = report.content_encoding
            headers = (("Content-Encoding", encoding),) if encoding else ()
        request = http.Request(fetch.host, fetch.path, retrieve.method, body, port=fetch.port)
        cnonce = f"{self._chance.getrandbits(64):016x}"
        shown = authorization(retrieve, request.target, cnonce)
        return replace(request, headers=(*headers, *shown))
