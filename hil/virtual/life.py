"""One life of the virtual handset, from a boot to the next one: the reference machine with sockets.

It makes no decision of its own. `hil.reference.machine` says what is due; the life picks the instant
in a window, carries out each duty, and tells the machine what came of it. One attempt is made at a
time; what happens beside it (a call, a request, the time) reaches the machine at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import ssl
from collections import deque
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import datetime
from ipaddress import IPv4Address
from typing import Any

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface
from hil.reference import machine
from hil.reference.due import FOREVER
from hil.reference.identity import Identity
from hil.reference.log_messages import LogMessage
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    BootCause,
    Due,
    Duty,
    Finished,
    Happening,
    Install,
    Leased,
    Locate,
    Log,
    Phase,
    Phone,
    PoweredOn,
    Purpose,
    Reboot,
    Retrieve,
    Upgrades,
)
from hil.reference.status import StatusLine
from hil.virtual.dhcp import DhcpShell
from hil.virtual.errands import Errands
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash
from hil.virtual.logbook import Logbook
from hil.virtual.partitions import Partitions
from hil.virtual.resolver import Resolver
from hil.virtual.services import Services, ServiceSetting
from hil.virtual.told import Awaited, Booted, Idle, LeaseLost, Told
from hil.virtual.trust import TrustConfig, client_context
from hil.wire import dhcp_options
from hil.wire.dhcp_lease import Lease


@dataclass(frozen=True)
class Hardware:
    """What a phone is made of and no firmware changes: who it is, and what it trusts and shows.

    The ``swver`` of the identity is the load that it left the factory with.
    """

    identity: Identity
    authorities: bytes = b""
    certificate: bytes | None = None
    seed: int = 0


@dataclass(frozen=True)
class Body:
    """What outlasts a life: the hardware, its link, its memories, its dice, and who watches it."""

    hardware: Hardware
    interface: Interface
    clock: Clock
    flash: Flash
    partitions: Partitions
    chance: random.Random
    logbook: Logbook
    crashed: Callable[[str], None]
    tell: Callable[[Told], None]
    epoch: datetime


class Life:
    """The phone from a boot on. Its methods belong to the loop's thread.

    ``before`` is the phone as it was if it restarts by itself, for ``cause``; ``restart`` is called
    when it has to do so again.
    """

    def __init__(
        self,
        body: Body,
        firmware: Firmware,
        restart: Callable[[BootCause], None],
        cause: BootCause = BootCause.POWER,
        before: Phone | None = None,
    ) -> None:
        self._body = body
        self._firmware = firmware
        self._restart = restart
        self._cause = cause
        self._clock = body.clock
        self._health = firmware.health(cause)
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._picked: dict[Purpose, tuple[Due, int]] = {}
        self._told_next: Awaited | Idle | None = None
        self._tls: ssl.SSLContext | None = None
        self._dhcp: DhcpShell | None = None
        self.phone = self._from_flash(before)
        self._errands = Errands(
            interface=body.interface,
            clock=body.clock,
            firmware=firmware,
            chance=body.chance,
            phone=lambda: self.phone,
            status=lambda: self.services.status(),
            tls=self._context,
            epoch=body.epoch,
        )
        around = ServiceSetting(
            interface=body.interface,
            clock=body.clock,
            chance=body.chance,
            phone=lambda: self.phone,
            happens=self._happens_beside,
            tls=self._context,
            crashed=body.crashed,
            spawn=self._spawn,
            health=self._health,
            forget=lambda: self._spawn(self._forget()),
        )
        self.services = Services(around, firmware, self._errands, body.logbook)
        self._spawn(self._live())

    def _from_flash(self, before: Phone | None) -> Phone:
        reading = self._firmware.interpretations
        parameters = Parameters(self._firmware.defaults, reading).updated(self._body.flash.load())
        if before is not None:
            return replace(self._firmware.remembered(before), parameters=parameters)
        identity = self._body.hardware.identity
        load = self._body.partitions.active
        if load != identity.swver:
            identity = identity.running(load)
        standby = self._body.partitions.inactive or ""
        return Phone(identity, parameters, reading, upgrades=Upgrades(standby=standby))

    def cut(self) -> tuple[asyncio.Task[None], ...]:
        """End at once, between two bytes; returns what is ending."""
        if self._dhcp is not None:
            self._dhcp.cut()
        self.services.cut()
        ending = tuple(self._tasks)
        for task in ending:
            task.cancel()
        self._dhcp = self._errands.place = self._errands.resolver = None
        return ending

    def release_lease(self) -> None:
        """Give the address back, which no phone does that loses its power; it gets no other."""
        if self._dhcp is not None:
            self._dhcp.stop()

    # -- from boot to idle -------------------------------------------------------------------------

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._clock.loop.create_task(self._guarded(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        # One that is cancelled before its first step would leave the work unbegun and unclosed.
        task.add_done_callback(lambda _: work.close())
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001
            # Told, not raised: nobody awaits a phone, and its crash is our bug, not a verdict.
            self._body.crashed(f"the virtual handset crashed: {error!r}")

    async def _live(self) -> None:
        if not (self._body.partitions.bootable and self._health.boots):
            # Its link comes up, and that is all.
            return
        self._body.tell(Booted(self.phone.parameters))
        self._happens(PoweredOn(self._clock.now(), self._cause))
        self._body.logbook.booted(StatusLine(self._cause.value))
        await asyncio.sleep(self._firmware.boot_s)
        if self._firmware.neighbours.before_dhcp:
            await self.services.announce()
        else:
            self._spawn(self.services.announce())
        self._dhcp = DhcpShell(
            self._body.interface,
            self._firmware.dhcp,
            self._clock,
            self._bound,
            self._lost,
            self._body.chance,
            self._bound,
        )
        self._dhcp.start()
        if not self._health.provisions:
            return
        while True:
            await self._attempt(*await self._next())

    def _bound(self, lease: Lease) -> None:
        servers: tuple[IPv4Address, ...] = ()
        with contextlib.suppress(RemoteProtocolError):
            servers = dhcp_options.DOMAIN_SERVER.read(lease.message) or ()
        place = self._dhcp.place if self._dhcp is not None else None
        self._errands.place = place
        resolver = self._errands.resolver
        if resolver is None or resolver.servers != servers:
            self._errands.resolver = Resolver(
                self._body.interface,
                servers,
                self._clock,
                self._body.chance,
                self._firmware.resolver,
                lambda: self._errands.place,
            )
        codes = dict.fromkeys(code for code, _ in lease.message.options)
        options = {code: lease.message.option(code) or b"" for code in codes}
        self._happens_beside(Leased(self._clock.now(), str(lease.address), options))
        if not self._health.networks:
            self._fall_silent()
        elif place is not None:
            self.services.leased(place)

    def _fall_silent(self) -> None:
        """The network stack stops: nothing that is sent to it is ever answered."""
        if self._dhcp is not None:
            self._dhcp.cut()
        self._dhcp = self._errands.place = self._errands.resolver = None
        self._body.interface.unconfigure()

    def _lost(self, reason: str) -> None:
        self._body.tell(LeaseLost(reason))
        self._errands.place = self._errands.resolver = None
        self.services.unleased()

    # -- what is due -------------------------------------------------------------------------------

    async def _next(self) -> tuple[Purpose, int]:
        """Sleep until the instant of what comes next, looking again whenever things change.

        Returns what it is and its instant: a loop's timers may come a moment early, by their grain.
        """
        while True:
            self._changed.clear()
            self._pick()
            if not self._picked:
                if self.phone.phase is Phase.WAITING:
                    self._tell_next(Idle())
                await self._changed.wait()
                continue
            purpose, (due, at) = min(self._picked.items(), key=lambda item: item[1][1])
            self._tell_next(Awaited(due, at, purpose))
            left = max(0, at - self._clock.now()) / NANOSECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._changed.wait()
            if not self._changed.is_set():
                return purpose, max(at, self._clock.now())

    def _pick(self) -> None:
        """An instant for everything that is due; what has one already keeps it."""
        picked: dict[Purpose, tuple[Due, int]] = {}
        for purpose in Purpose:
            due = machine.due_of(self.phone, purpose, self._firmware.decisions)
            if due is None or due.latest >= FOREVER:
                continue
            known = self._picked.get(purpose)
            if known is not None and known[0] == due:
                picked[purpose] = known
            else:
                picked[purpose] = (due, self._firmware.instant(due, self._body.chance))
        self._picked = picked

    def _tell_next(self, news: Awaited | Idle) -> None:
        if news != self._told_next:
            self._told_next = news
            self._body.tell(news)

    async def _attempt(self, purpose: Purpose, at: int) -> None:
        self._picked.pop(purpose, None)
        self._told_next = None
        await self._perform(self._happens(Began(at, purpose)))

    # -- duties ------------------------------------------------------------------------------------

    async def _perform(self, due: tuple[Duty, ...]) -> None:
        duties = deque(due)
        while duties:
            duties.extend(await self._carry_out(duties.popleft()))

    async def _carry_out(self, duty: Duty) -> tuple[Duty, ...]:
        firmware = self._firmware
        match duty:
            case Apply(parameters):
                self._body.tell(duty)
                await firmware.store(self._body.flash, dict(parameters.items_set()))
                self.services.configured()
            case Log(message):
                await asyncio.sleep(firmware.step_s)
                await self._log(message)
            case Locate():
                await asyncio.sleep(firmware.step_s)
                self._body.tell(duty)
                return self._happens(await self._errands.locate(duty))
            case Retrieve():
                return await self._retrieve(duty)
            case Install(load=load):
                self._body.tell(duty)
                await firmware.install(self._body.partitions, load)
            case Finished():
                self._body.tell(duty)
                self.services.finished(duty)
            case Reboot(cause=cause):
                self._body.tell(duty)
                because = firmware.restarted(cause)
                if because is not None:
                    await self._settle()
                    self._restart(because)
                await asyncio.Event().wait()
        return ()

    async def _settle(self) -> None:
        """Have in the flash what is in force, before an orderly restart reads it."""
        parameters = dict(self.phone.parameters.items_set())
        if self._body.flash.load() != parameters:
            await self._firmware.store(self._body.flash, parameters)

    async def _forget(self) -> None:
        """Back to factory settings: nothing that anybody set or told it is left."""
        await self._body.flash.commit({})
        self.phone = self._from_flash(None)
        self._restart(BootCause.RESTART)

    async def _retrieve(self, duty: Retrieve) -> tuple[Duty, ...]:
        firmware = self._firmware
        await asyncio.sleep(firmware.step_s)
        if firmware.erases_before_fetch:
            await self._body.flash.commit({})
        due = firmware.retrieve(duty)
        self._body.tell(due)
        answer = firmware.answer(await self._errands.fetch(due))
        return self._happens(Answered(self._clock.now(), answer))

    async def _log(self, message: LogMessage) -> None:
        due = self._firmware.message(message)
        if due is not None and await self._errands.send(due):
            self._body.tell(due)

    def _happens(self, happening: Happening) -> tuple[Duty, ...]:
        self._body.tell(happening)
        before = self.phone
        self.phone, duties = machine.advance(before, happening, self._firmware.decisions)
        return duties

    def _happens_beside(self, happening: Happening) -> None:
        """Something happens that no attempt waits for."""
        duties = self._happens(happening)
        self._changed.set()
        if duties:
            self._spawn(self._perform(duties))

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            hardware, firmware = self._body.hardware, self._firmware
            self._tls = client_context(
                TrustConfig(
                    authorities=hardware.authorities,
                    certificate=hardware.certificate if firmware.shows_certificate else None,
                    verify=firmware.verifies_server,
                    check_host_name=firmware.checks_host_name,
                )
            )
        return self._tls
