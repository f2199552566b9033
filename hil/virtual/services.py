"""What runs in the handset beside its provisioning: clock, lines, web pages, screen, neighbours.

Each is a component of its own; here they begin and end with the phone's address and power, follow its
parameters, and tell the reference machine what happened through one function, ``happens``.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hil.clock import Clock
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface, Place
from hil.reference import phone_clock
from hil.reference import status as pages
from hil.reference.direct_actions import Accept
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Action,
    Asked,
    Asker,
    ClockSet,
    Finished,
    Happening,
    LineChanged,
    Phone,
    Registration,
    Submitted,
)
from hil.virtual.errands import Errands
from hil.virtual.firmware import Firmware
from hil.virtual.health import Health
from hil.virtual.logbook import Logbook
from hil.virtual.neighbours import NeighbourAnnouncer
from hil.virtual.ntp import NtpClient
from hil.virtual.resolver import NoAnswer, Resolution
from hil.virtual.screen import Keys, Screen
from hil.virtual.sip import SipCallbacks, SipPhone
from hil.virtual.web import WebServer
from hil.wire.syslog import Severity


@dataclass(frozen=True)
class ServiceSetting:
    """What services need of the handset; the functions tell how things stand, or take what happens."""

    interface: Interface
    clock: Clock
    chance: random.Random
    phone: Callable[[], Phone]
    happens: Callable[[Happening], None]
    tls: Callable[[], ssl.SSLContext]
    crashed: Callable[[str], None]
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]
    health: Health
    forget: Callable[[], object]


class Services:
    """All of them, for one life of the phone. Their methods belong to the loop's thread."""

    def __init__(
        self, around: ServiceSetting, firmware: Firmware, errands: Errands, logbook: Logbook
    ) -> None:
        self._around = around
        self._logbook = logbook
        self._firmware = firmware
        self._errands = errands
        self._sip: SipPhone | None = None
        self._place: Place | None = None
        self._announcer = NeighbourAnnouncer(
            around.interface, around.clock, around.phone().identity, firmware.neighbours
        )
        self._ntp = NtpClient(
            around.interface,
            around.clock,
            self._resolve,
            self._clock_set,
            around.chance,
            firmware.ntp,
        )
        self._web = WebServer(
            around.clock,
            lambda: around.phone().parameters,
            self._status,
            self._commanded,
            self._submitted,
            around.chance,
            firmware.pages,
            reset=self._factory_reset,
            in_use=self._in_use,
        )
        self._keeping_time: asyncio.Task[None] | None = None

    # -- its life ----------------------------------------------------------------------------------

    async def announce(self) -> None:
        """Tell the neighbours of the link, before the phone asks for an address."""
        await self._announcer.start(self._around.phone().parameters)

    def leased(self, place: Place) -> None:
        """The phone has an address."""
        self._announcer.address = place.address
        if place == self._place:
            self.configured()
            return
        self.unleased()
        self._place = place
        if self._around.health.serves_pages:
            self._web.start(place)
        if self._around.health.hears_sip:
            self._begin_lines(place)
        self.configured()
        if self._firmware.first_utc_ns is not None:
            self._clock_set(self._firmware.first_utc_ns)
        self._keeping_time = self._around.spawn(self._ntp.run())

    def _begin_lines(self, place: Place) -> None:
        phone = self._around.phone()
        self._sip = SipPhone(
            place,
            self._around.clock,
            self._around.chance,
            phone.identity,
            phone.parameters,
            locate=self._errands.address_of,
            tls=self._around.tls,
            crashed=self._around.crashed,
            callbacks=self._callbacks(),
            config=self._firmware.sip,
            interpretations=phone.interpretations,
        )
        self._sip.start()

    def unleased(self) -> None:
        """The phone has no address any more."""
        self._place = None
        if self._sip is not None:
            self._sip.stop()
            self._sip = None
        self._web.cut()
        if self._keeping_time is not None:
            self._keeping_time.cancel()
            self._keeping_time = None

    def configured(self) -> None:
        """The parameters are others now, or what DHCP said is."""
        phone = self._around.phone()
        if self._sip is not None:
            self._sip.configure(phone.parameters)
        if self._place is not None:
            self._web.reconfigure()
        self._ntp.use(self._firmware.ntp_servers(phone.parameters, phone.options))

    def cut(self) -> None:
        """The power is gone, or the phone restarts: everything ends at once and in silence."""
        self.unleased()
        self._announcer.cut()

    # -- what they tell ----------------------------------------------------------------------------

    @property
    def _now(self) -> int:
        return self._around.clock.now()

    async def _resolve(self, host: str) -> Resolution:
        if self._errands.resolver is None:
            return NoAnswer()
        return await self._errands.resolver.resolve(host)

    def _clock_set(self, utc_ns: int) -> None:
        if self._firmware.takes_time(self._around.phone(), utc_ns):
            self._around.happens(ClockSet(self._now, utc_ns))

    def _submitted(self, values: Mapping[str, str]) -> None:
        if self._around.health.provisions:
            self._around.happens(Submitted(self._now, values))

    def _factory_reset(self) -> None:
        self._remark("factory reset requested by web", Severity.INFORMATIONAL)
        self._around.forget()

    def _in_use(self) -> bool:
        return self._sip is not None and any(self._sip.active(line) for line in LINES)

    def _commanded(self, accepted: Accept) -> None:
        self._ask(Asker.WEB, accepted.action, accepted.rule, accepted.requester)

    def _ask(self, by: Asker, action: Action, rule: str = "", requester: str = "") -> None:
        self._remark(f"{action.value} requested by {by.value}", Severity.INFORMATIONAL)
        self._remark(f"rule {rule!r} from {requester or by.value}", Severity.DEBUG)
        asked = self._firmware.asked(Asked(self._now, by, action, rule, requester))
        if asked is not None:
            self._around.happens(asked)

    def _callbacks(self) -> SipCallbacks:
        happens = self._around.happens
        return SipCallbacks(
            registered=lambda line: happens(Registration(self._now, line, True)),
            lost=lambda line: happens(Registration(self._now, line, False)),
            active=lambda line, active: happens(LineChanged(self._now, line, active)),
            asked=lambda action, rule, line: self._ask(Asker.SIP, action.asks, rule),
            log=self._remark,
        )

    def _remark(self, text: str, severity: Severity = Severity.NOTICE) -> None:
        self._around.spawn(self._errands.remark(text, severity))

    # -- the screen --------------------------------------------------------------------------------

    def keys(self) -> Keys:
        """What the keys of the screen lead to."""
        return Keys(
            resync=lambda rule: self._ask(Asker.SCREEN, Action.RESYNC, rule),
            dial=self._dial,
            hang_up=self._hang_up,
            reboot=lambda: self._ask(Asker.SCREEN, Action.REBOOT),
        )

    def _dial(self, number: str, line: int) -> None:
        if self._sip is not None:
            self._sip.dial(line, number)

    def _hang_up(self) -> None:
        if self._sip is not None:
            for line in LINES:
                self._sip.hang_up(line)

    # -- the status page ---------------------------------------------------------------------------

    def finished(self, finished: Finished) -> None:
        """An attempt is over: the status pages show it."""
        outcome = pages.SUCCEEDED if finished.succeeded else pages.FAILED
        line = pages.StatusLine(outcome, self._local_time(), finished.reason)
        self._logbook.concluded(finished.purpose, line)

    def status(self) -> pages.Status:
        """What the status pages show."""
        return self._status()

    def _status(self) -> pages.Status:
        phone = self._around.phone()
        lines = {}
        for line in LINES:
            registered = self._sip is not None and self._sip.registered(line)
            lines[line] = "Registered" if registered else "Not Registered"
        return pages.Status(
            pages.Product.of(phone.identity, phone.address),
            self._logbook.provisioning,
            self._logbook.upgrades,
            self._logbook.reboots,
            lines,
            self._local_time(),
        )

    def _local_time(self) -> datetime | None:
        phone = self._around.phone()
        if phone.clock is None:
            return None
        set_at, utc_ns = phone.clock
        now = utc_ns + self._now - set_at
        zone = phone_clock.time_zone(phone.parameters, phone.options)
        offset = zone.utc_offset(now // NANOSECONDS)
        return datetime.fromtimestamp(now // NANOSECONDS, UTC).replace(tzinfo=None) + timedelta(
            seconds=offset
        )


def screen(
    lit: Callable[[], bool],
    parameters: Callable[[], Parameters],
    keys: Callable[[], Keys | None],
    firmware: Firmware,
) -> Screen:
    """The phone's screen, which leads to the services of its present life."""

    def pressed(choose: Callable[[Keys], Callable[..., None]]) -> Callable[..., None]:
        def act(*arguments: str | int) -> None:
            now = keys()
            if now is not None:
                choose(now)(*arguments)

        return act

    led = Keys(
        resync=pressed(lambda now: now.resync),
        dial=pressed(lambda now: now.dial),
        hang_up=pressed(lambda now: now.hang_up),
        reboot=pressed(lambda now: now.reboot),
    )
    return Screen(lit, parameters, led, firmware.screen)
