"""Checks of one wire of a rack: its link, strangers that serve DHCP on it, and its capture.

They take the wire as a bench does, in a namespace of its own, and give it back. A wire that a bench has
just now is left to it.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterable

from hil.clock import Clock
from hil.doctor.findings import Check, NotApplicable
from hil.errors import LabError
from hil.history import History
from hil.net.attachment import Attachment, Wiring, attach, lab_mac
from hil.net.carrier import carrier
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.net.packet_filter import of_bench
from hil.net.tap import Tap
from hil.witness.dhcp_watch import RACK_SURVEY_S, DhcpWatch, survey

LINK_S = 15.0
"""Seconds that a link may take to come up; a gigabit port negotiates for some 4."""

_ATTACHING_S = 2.0
_MARGIN_S = 15.0


class WireChecks:
    """The checks of the wire of one handset; they are to run in order, in one group.

    ``own`` are the MAC addresses of the inventory's handsets, whose benches may serve DHCP there;
    ``known_servers`` others that leave the handsets alone.
    """

    def __init__(
        self,
        wiring: Wiring,
        handset: str,
        mac: str,
        clock: Clock,
        *,
        own: Iterable[str],
        known_servers: Iterable[str],
        host: Namespace | None = None,
        survey_s: float = RACK_SURVEY_S,
    ) -> None:
        self._wiring = wiring
        self._handset = handset
        self._mac = mac
        self._clock = clock
        self._known = [*map(lab_mac, own), *known_servers]
        self._host = host or Namespace.host()
        self._survey_s = survey_s
        self._dead = False
        self._attached: Attachment | None = None
        self._tap: Tap | None = None

    def checks(self, group: str) -> list[Check]:
        """All of them."""
        took = LINK_S + self._survey_s + _MARGIN_S
        return [
            Check("interface", self._wiring.interface, self._interface, group),
            Check("wire", self._handset, self._attach, group, LINK_S + _MARGIN_S),
            Check("foreign dhcp", self._handset, self._survey, group, took),
            Check("capture", self._handset, self._capture, group),
        ]

    def _interface(self) -> str:
        name = self._wiring.interface
        with contextlib.closing(Interface(self._host, name)) as interface:
            state = "up" if interface.enabled else "down"
            if not interface.ethernet:
                raise LabError("phones cannot hang on it", evidence="it is no Ethernet interface")
            if interface.enabled and not interface.running:
                self._dead = True
                raise LabError(
                    "it has no carrier",
                    next_step="plug the cable in, and look at the port of the switch",
                    concerns=name,
                )
            return f"{interface.mac}, {state}"

    def _attach(self) -> str:
        if self._dead:
            raise NotApplicable(f"{self._wiring.interface} has no carrier")
        try:
            self._attached = attach(
                self._wiring, self._mac, host=self._host, patience_s=_ATTACHING_S
            )
        except LabError as error:
            if error.what.startswith("the wire is in use"):
                raise NotApplicable(f"a bench has it: {error.evidence}") from error
            raise
        interface = self._attached.interface
        try:
            self._clock.run(_link(interface), timeout=LINK_S + _MARGIN_S)
            program = of_bench(self._mac, interface.mac)
            self._tap = Tap(interface, program=program)
        except BaseException:
            self._let_go()
            raise
        return f"{self._wiring.attach} on {self._wiring.interface}, with a link"

    def _survey(self) -> str:
        attached = self._have()
        try:
            self._clock.run(self._search(attached), timeout=self._survey_s + _MARGIN_S)
        except BaseException:
            self._let_go()
            raise
        return f"nobody else answered within {self._survey_s:g} s"

    async def _search(self, attached: Attachment) -> None:
        interface = attached.interface
        watch = DhcpWatch(
            (interface,),
            interface.mac,
            self._clock,
            History(self._clock),
            lambda _: None,
            known=self._known,
            handset=self._mac,
        )
        try:
            await survey(attached.place, watch, seconds=self._survey_s)
        finally:
            watch.close()

    def _capture(self) -> str:
        self._have()
        tap = self._tap
        if tap is None:
            raise NotApplicable("there is no wire to capture on")
        try:
            frames = list(tap.frames())
            dropped = tap.drops()
        finally:
            self._let_go()
        own = sum(frame.outgoing for frame in frames)
        if dropped or not own:
            raise LabError(
                "frames are missing from a capture",
                evidence=f"{own} of our own seen, {dropped} dropped by the kernel",
                next_step="relieve the machine, or see what filters packets on it",
                concerns=self._wiring.interface,
            )
        heard = sum(frame.data[6:12].hex(":") == self._mac for frame in frames)
        return f"{own} frames of our own seen, {heard} of the handset's, none dropped"

    def _have(self) -> Attachment:
        if self._attached is None:
            raise NotApplicable("there is no wire to look at")
        return self._attached

    def _let_go(self) -> None:
        tap, attached = self._tap, self._attached
        self._tap = self._attached = None
        if tap is not None:
            tap.close()
        if attached is not None:
            attached.close()


async def _link(interface: Interface) -> None:
    try:
        await asyncio.wait_for(carrier(interface), LINK_S)
    except TimeoutError as error:
        raise LabError(
            "it has no link",
            evidence=f"no carrier within {LINK_S:g} s",
            next_step="plug the cable in, and look at the port of the switch",
            concerns=interface.name,
        ) from error
