"""Three phones on a PDU that really speaks SNMP, wired as they please, for a walk over its outlets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from hil.clock import WallClock
from hil.doctor.bounds import Pace
from hil.doctor.findings import Finding
from hil.doctor.observed import Observed, conclude
from hil.doctor.signs import Subject
from hil.doctor.walk import walk
from hil.history import History
from hil.power import Outlet, PowerPolicy, SnmpAgent, SnmpPdu
from hil.virtual.pdu import VirtualPdu

PACE = Pace(
    link_s=0.4,
    dark_s=0.1,
    silence_s=0.05,
    poll_s=0.02,
    power_s=5.0,
    straggle_s=0.1,
    asking_s=0.4,
)
NAMES = ("a01", "a02", "a03")


@dataclass
class Phone:
    """A phone as a switch, a wire and a console show it.

    It asks for a lease when it boots, unless it is ``static``. One that gets none asks again
    ``every`` so many seconds.
    """

    clock: WallClock
    boots: bool = True
    alive: bool = True
    every: float = 0.0
    asked_at: float | None = None
    static: bool = False
    said: dict[str, int] = field(default_factory=lambda: {"wire": 0, "console": 0})
    asking: asyncio.TimerHandle | None = None

    def power(self, on: bool) -> None:
        self.alive = on
        if self.asking is not None:
            self.asking.cancel()
        if on and self.boots:
            # A phone says something on its console at once, and asks for a lease later.
            self.said["console"] += 1
            if not self.static:
                self.asking = self.clock.loop.call_later(0.05, self.lease)

    def lease(self) -> None:
        self.said["wire"] += 1
        if self.every:
            self.asked_at = self.clock.loop.time()
            self.asking = self.clock.loop.call_later(self.every, self.lease)

    def unserved(self, every: float) -> None:
        self.every = every
        self.clock.loop.call_soon(self.lease)


@dataclass
class Port:
    phone: Phone
    name: str = "switch port"
    asked: int = 0

    async def up(self) -> bool:
        self.asked += 1
        return self.phone.alive


@dataclass
class Heard:
    phone: Phone
    kind: str

    @property
    def name(self) -> str:
        return self.kind

    def said(self) -> int:
        return self.phone.said[self.kind]

    def frames(self) -> int:
        return self.phone.said["wire"]

    def unanswered(self) -> float | None:
        return self.phone.asked_at


class Rack:
    """Three phones on one PDU; ``plugs`` says which phone hangs on an outlet.

    ``ports`` and ``consoles`` say whose link and line it is that a handset is said to have.
    """

    def __init__(self) -> None:
        self.clock = WallClock()
        self.phones = {name: Phone(self.clock) for name in NAMES}
        self.plugs: dict[int, tuple[str, ...]] = {1: ("a01",), 2: ("a02",), 3: ("a03",)}
        self.ports = dict(zip(NAMES, NAMES, strict=True))
        self.consoles = dict(zip(NAMES, NAMES, strict=True))
        self.thrown: list[tuple[int, bool]] = []
        self.told: list[str] = []
        self.dropped = asyncio.Event()
        self.meanwhile: Callable[[int, bool], None] = lambda outlet, on: None
        self.history = History(self.clock)
        self.pdu = VirtualPdu(self.switch, outlets=3, port=0)
        self.clock.run(self.pdu.start())
        self.driver = SnmpPdu(SnmpAgent(host="127.0.0.1", port=self.pdu.port))

    def switch(self, outlet: int, on: bool) -> None:
        self.thrown.append((outlet, on))
        self.dropped.set()
        self.meanwhile(outlet, on)
        for name in self.plugs.get(outlet, ()):
            self.phones[name].power(on)

    def subjects(
        self, *, links: bool = True, wires: bool = True, consoles: bool = True
    ) -> list[Subject]:
        policy = PowerPolicy(minimum_off_s=0, attempts=2, settle_s=0.2, poll_s=0.02, call_s=2)
        return [
            Subject(
                name,
                Outlet(self.driver, str(outlet), self.history, policy),
                boot_s=0.5,
                link=Port(self.phones[self.ports[name]]) if links else None,
                wire=Heard(self.phones[name], "wire") if wires else None,
                console=Heard(self.phones[self.consoles[name]], "console") if consoles else None,
            )
            for outlet, name in enumerate(NAMES, 1)
        ]

    def walked(self, *names: str, **signs: bool) -> tuple[Finding, ...]:
        return conclude(self.seen(names, self.subjects(**signs), PACE))

    def seen(
        self, names: tuple[str, ...], subjects: list[Subject], pace: Pace
    ) -> tuple[Observed, ...]:
        going = walk(subjects, drop=names or None, pace=pace, progress=self.told.append)
        return self.clock.run(going, timeout=30)

    def all_on(self) -> bool:
        return all(self.pdu.is_on(outlet) for outlet in (1, 2, 3))

    def close(self) -> None:
        self.clock.run(self.pdu.close())
        self.clock.close()
