"""What every endpoint stands on: its place, the lab's clock, the history and whom it serves.

An endpoint lives in the clock's loop and is configured from the test's thread. The rule that makes
this safe without locks: what is configured is one immutable object, replaced whole, and everything
else is touched in the loop only (`Station.in_loop` gets there). No error leaves a callback: what
the handset sends wrong and what the kernel would not send become events.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hil.clock import Clock
from hil.endpoints.admission import Admission
from hil.endpoints.faults import Fault, Planned, describe
from hil.errors import ProtocolError, TransportError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place

EVIDENCE_OCTETS = 2048
"""As much of a refused or a stranger's message is kept as evidence."""
CLOSING_S = 2.0
"""Seconds of lab time that closing an endpoint may take."""


class Endpoint(Protocol):
    """What a bench asks of each of its servers."""

    @property
    def address(self) -> str:
        """The IPv4 address that it listens on."""

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""

    async def close(self) -> None:
        """Stop, within `CLOSING_S`."""

    def reset(self) -> None:
        """Go back to the default configuration and abort what is under way, without a restart."""


@dataclass(frozen=True)
class Datagram:
    """One datagram from outside: the sender's address and port, and when the kernel got it.

    ``destination`` is the address that it was sent to, which may be a broadcast address.
    """

    data: bytes
    host: str
    port: int
    at: int
    kernel_ns: int
    destination: str = ""

    @property
    def peer(self) -> str:
        """Who sent it, ``192.0.2.16:68``."""
        return f"{self.host}:{self.port}"


class Station:
    """The surroundings of one endpoint, and its voice in the history.

    ``source`` is the endpoint's name in its events.
    """

    def __init__(
        self, source: str, place: Place, clock: Clock, history: History, admission: Admission
    ) -> None:
        self.source = source
        self.place = place
        self.clock = clock
        self.history = history
        self.admission = admission
        self._timers: set[asyncio.TimerHandle] = set()

    @property
    def address(self) -> str:
        """The address of the place, as text."""
        return str(self.place.address)

    # -- events ------------------------------------------------------------------------------------

    def configured(self, what: str) -> None:
        """Record how the endpoint behaves from now on."""
        self.history.append(ev.Configured(source=self.source, what=what))

    def stranger(self, peer: str, data: bytes = b"", *, at: int = -1, kernel_ns: int = 0) -> None:
        """Record somebody who is not the handset and gets no answer."""
        self.history.append(
            ev.Stranger(
                source=self.source,
                peer=peer,
                data=data[:EVIDENCE_OCTETS],
                at=at,
                kernel_ns=kernel_ns,
            )
        )
        host = peer.rpartition(":")[0]
        if self.admission.is_misplaced(host, self.place.interface):
            self.history.append(
                ev.LabFault(
                    source=self.source,
                    what="the handset has an address that this bench never leased",
                    evidence=f"{self.admission.mac} speaks from {host}",
                    next_step="look for another DHCP server on this wire",
                    concerns=self.admission.mac,
                )
            )

    def refused(
        self, peer: str, reason: str, data: bytes = b"", *, at: int = -1, kernel_ns: int = 0
    ) -> None:
        """Record a message that makes no sense or asks for what must not be."""
        self.history.append(
            ev.Refused(
                source=self.source,
                peer=peer,
                reason=reason,
                data=data[:EVIDENCE_OCTETS],
                at=at,
                kernel_ns=kernel_ns,
            )
        )

    def refused_datagram(self, datagram: Datagram, reason: str) -> None:
        """Record a datagram that makes no sense or asks for what must not be."""
        self.refused(
            datagram.peer, reason, datagram.data, at=datagram.at, kernel_ns=datagram.kernel_ns
        )

    def armed(self, planned: Planned) -> None:
        """Record that a fault is planned."""
        self.history.append(
            ev.FaultArmed(
                source=self.source, fault=type(planned.fault).__name__, detail=str(planned)
            )
        )

    def injected(self, fault: Fault, about: str = "") -> None:
        """Record that a fault was applied; ``about`` says to which request."""
        detail = ", ".join(part for part in (describe(fault), about) if part)
        self.history.append(
            ev.FaultInjected(source=self.source, fault=type(fault).__name__, detail=detail)
        )

    def undelivered(
        self, peer: str, error: OSError | ProtocolError | TransportError, data: bytes = b""
    ) -> None:
        """Record that a message could not be sent."""
        self.history.append(
            ev.Undelivered(
                source=self.source,
                peer=peer,
                reason=getattr(error, "strerror", None) or str(error),
                data=data[:EVIDENCE_OCTETS],
            )
        )

    # -- the loop ----------------------------------------------------------------------------------

    def in_loop(self, action: Callable[[], None]) -> None:
        """Do something in the loop, from whatever thread, and return when it is done."""
        try:
            here = asyncio.get_running_loop()
        except RuntimeError:
            here = None
        if here is self.clock.loop:
            action()
            return

        async def there() -> None:
            action()

        self.clock.run(there(), timeout=CLOSING_S)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something in ``seconds`` of lab time, unless `cancel_timers` comes first."""

        def fire() -> None:
            self._timers.discard(timer)
            action()

        timer = self.clock.loop.call_later(seconds, fire)
        self._timers.add(timer)

    def cancel_timers(self) -> None:
        """Forget everything that `after` has pending; in the loop only."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
