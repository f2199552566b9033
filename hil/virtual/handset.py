"""The virtual handset: the reference machine with sockets, flash and a power cord.

It makes no decision of its own. `hil.reference.resync` says what is due; the handset picks the
instant in a window, carries out each duty with its network clients, and tells the machine what came
of it. A power cut is what it is on a real phone: the link drops first, then everything that ran is
gone between two bytes, without FIN or RELEASE; what the flash held stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from typing import Any

from hil.clock import NANOSECONDS, Clock
from hil.errors import RemoteProtocolError
from hil.net.interface import Interface
from hil.reference import machine
from hil.reference.identity import Identity
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    Destination,
    Duty,
    Finished,
    Happening,
    Leased,
    Locate,
    Located,
    Log,
    Phone,
    PoweredOn,
    Retrieve,
)
from hil.reference.responses import Answer, NoAnswer
from hil.virtual import http, tftp
from hil.virtual.answers import authorization, http_answer, tftp_answer
from hil.virtual.dhcp import DhcpShell
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash
from hil.virtual.resolver import Resolver
from hil.virtual.syslog import send_syslog
from hil.virtual.told import Awaited, Booted, Idle, LeaseLost, Told
from hil.virtual.trust import TrustConfig, client_context
from hil.wire import dhcp_options
from hil.wire.dhcp_lease import Lease

_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Hardware:
    """What a phone is made of and no firmware changes: who it is, and what it trusts and shows."""

    identity: Identity
    authorities: bytes = b""
    certificate: bytes | None = None
    seed: int = 0


class Handset:
    """A phone on ``interface``. Its methods belong to the loop's thread.

    ``crashed`` is told of anything that a phone could not do to itself: a fault of the simulation.
    ``tell`` is told of all that the phone does. ``epoch`` is the date at lab time 0.
    """

    def __init__(
        self,
        hardware: Hardware,
        interface: Interface,
        clock: Clock,
        flash: Flash,
        crashed: Callable[[str], None],
        tell: Callable[[Told], None] = lambda told: None,
        epoch: datetime = _EPOCH,
    ) -> None:
        self.firmware = Firmware()
        self._hardware = hardware
        self._interface = interface
        self._clock = clock
        self._flash = flash
        self._crashed = crashed
        self._tell = tell
        self._epoch = epoch
        self._chance = random.Random(hardware.seed)  # noqa: S311
        self._life: asyncio.Task[None] | None = None
        self._dhcp: DhcpShell | None = None
        self._resolver: Resolver | None = None
        self._tls: ssl.SSLContext | None = None
        self._changed = asyncio.Event()
        self._phone = Phone(hardware.identity, Parameters())

    @property
    def powered(self) -> bool:
        """Whether it has power."""
        return self._life is not None

    @property
    def flash(self) -> Flash:
        """What survives power cuts."""
        return self._flash

    def reseed(self, seed: str) -> None:
        """Draw its random numbers from ``seed`` on: the same seed, the same behaviour."""
        self._chance.seed(seed)

    def power_on(self) -> None:
        """Plug it in; no effect if it has power already."""
        if self._life is not None:
            return
        self._interface.up()
        self._life = self._clock.loop.create_task(self._guarded(self._live()))

    def power_off(self) -> None:
        """Pull the plug, at whatever instant this is."""
        if self._life is None:
            return
        self._interface.down()
        if self._dhcp is not None:
            self._dhcp.cut()
        self._life.cancel()
        self._life = self._dhcp = self._resolver = None
        self._interface.unconfigure()

    async def unplugged(self) -> None:
        """Power off and wait until everything that ran is gone."""
        life = self._life
        self.power_off()
        if life is not None:
            await asyncio.wait([life], timeout=2.0)

    def release_lease(self) -> None:
        """Give the address back, which no phone does that loses its power; it gets no other."""
        if self._dhcp is not None:
            self._dhcp.stop()

    # -- its life ----------------------------------------------------------------------------------

    async def _guarded(self, life: Coroutine[Any, Any, None]) -> None:
        try:
            await life
        except Exception as error:  # noqa: BLE001
            # Told, not raised: nobody awaits a phone, and its crash is our bug, not a verdict.
            self._crashed(f"the virtual handset crashed: {error!r}")

    async def _live(self) -> None:
        firmware = self.firmware
        stored = self._flash.load()
        parameters = Parameters({}, firmware.interpretations).updated(stored)
        self._phone = Phone(self._hardware.identity, parameters, firmware.interpretations)
        self._changed = asyncio.Event()
        self._tls = None
        self._tell(Booted(parameters))
        self._happens(PoweredOn(self._clock.now()))
        await asyncio.sleep(firmware.boot_s)
        self._dhcp = DhcpShell(
            self._interface,
            firmware.dhcp,
            self._clock,
            self._bound,
            self._lost,
            self._chance,
            self._bound,
        )
        self._dhcp.start()
        while True:
            await self._until_due()
            await self._resync()

    def _bound(self, lease: Lease) -> None:
        servers: tuple[IPv4Address, ...] = ()
        with contextlib.suppress(RemoteProtocolError):
            servers = dhcp_options.DOMAIN_SERVER.read(lease.message) or ()
        if self._resolver is None or self._resolver.servers != servers:
            self._resolver = Resolver(
                self._interface,
                servers,
                self._clock,
                self._chance,
                self.firmware.resolver,
                lambda: self._dhcp.place if self._dhcp is not None else None,
            )
        codes = dict.fromkeys(code for code, _ in lease.message.options)
        options = {code: lease.message.option(code) or b"" for code in codes}
        self._happens(Leased(self._clock.now(), str(lease.address), options))
        self._changed.set()

    def _lost(self, reason: str) -> None:
        self._tell(LeaseLost(reason))
        self._resolver = None

    async def _until_due(self) -> None:
        """Sleep until the instant of the next resync, looking again whenever things change."""
        while True:
            self._changed.clear()
            due = self._phone.due
            if due is None:
                self._tell(Idle())
                await self._changed.wait()
                continue
            at = self.firmware.instant(due, self._chance)
            self._tell(Awaited(due, at))
            await asyncio.sleep(max(0, at - self._clock.now()) / NANOSECONDS)
            return

    async def _resync(self) -> None:
        duties = deque(self._happens(Began(self._clock.now())))
        while duties:
            for duty in await self._carry_out(duties.popleft()):
                duties.append(duty)

    async def _carry_out(self, duty: Duty) -> tuple[Duty, ...]:
        match duty:
            case Apply(parameters):
                self._tell(duty)
                await self.firmware.store(self._flash, dict(parameters.items_set()))
            case Log(message):
                await asyncio.sleep(self.firmware.step_s)
                await self._log(message)
            case Locate():
                await asyncio.sleep(self.firmware.step_s)
                self._tell(duty)
                return self._happens(await self._located(duty))
            case Retrieve():
                await asyncio.sleep(self.firmware.step_s)
                if self.firmware.erases_before_fetch:
                    await self._flash.commit({})
                due = self.firmware.retrieve(duty)
                self._tell(due)
                answer = self.firmware.answer(await self._fetch(due))
                return self._happens(Answered(self._clock.now(), answer))
            case Finished():
                self._tell(duty)
        return ()

    def _happens(self, happening: Happening) -> tuple[Duty, ...]:
        self._tell(happening)
        self._phone, duties = machine.advance(self._phone, happening, self.firmware.decisions)
        return duties

    # -- its network clients -----------------------------------------------------------------------

    async def _located(self, locate: Locate) -> Located:
        found: tuple[Destination, ...] = ()
        if self._resolver is not None:
            found = await self._resolver.locate(
                locate.host, locate.service, fallback=locate.fallback
            )
        if not found:
            return Located(self._clock.now(), None)
        return Located(self._clock.now(), found[0].address, found[0].port, found[1:])

    async def _log(self, message: LogMessage) -> None:
        due = self.firmware.message(message)
        if due is None:
            return
        address = (await self._located(Locate(due.host))).address
        if address is None:
            return
        self._tell(due)
        send_syslog(
            self._interface,
            IPv4Address(address),
            due.text,
            hostname=self._phone.address or "phone",
            timestamp=self._epoch + timedelta(microseconds=self._clock.now() // 1000),
            port=due.port,
            config=self.firmware.syslog,
        )

    async def _fetch(self, retrieve: Retrieve) -> Answer:
        fetch = retrieve.fetch
        place = self._dhcp.place if self._dhcp is not None else None
        if place is None:
            return NoAnswer("no address")
        try:
            server = IPv4Address(retrieve.server)
        except ValueError:
            return NoAnswer("no route to the server")
        if fetch.scheme == "tftp":
            transfer = await tftp.fetch(
                self._interface,
                self._clock,
                server,
                fetch.path,
                port=fetch.port,
                config=self.firmware.tftp,
            )
            return tftp_answer(transfer)
        identity = self._hardware.identity
        cnonce = f"{self._chance.getrandbits(64):016x}"
        request = http.Request(
            fetch.host, fetch.path, retrieve.method, retrieve.body.encode(), port=fetch.port
        )
        request = replace(request, headers=authorization(retrieve, request.target, cnonce))
        transfer = await http.fetch(
            place,
            server,
            retrieve.destination.port,
            request,
            agent=http.user_agent(identity.mac, identity.version),
            tls=self._context() if fetch.scheme == "https" else None,
            config=self.firmware.http,
        )
        return http_answer(transfer)

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            shows = self._hardware.certificate if self.firmware.shows_certificate else None
            self._tls = client_context(
                TrustConfig(
                    authorities=self._hardware.authorities,
                    certificate=shows,
                    verify=self.firmware.verifies_server,
                    check_host_name=self.firmware.checks_host_name,
                )
            )
        return self._tls
