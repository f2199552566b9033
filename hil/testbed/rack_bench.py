"""The bench of a handset on a rack: real wires, real outlets, and time that passes by itself.

The lab stands on the handset's wire in a namespace of its own (`hil.net.attachment`). Power is switched
by whatever the inventory names, and believed only when a second witness agrees: the link of the switch
port that gives the power, the carrier where the handset hangs on the lab's own interface, or else what
is heard of the phone. Its memory cannot be written, so it is told what to hold
(`hil.testbed.rack_restorer`). Nobody presses its keys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from hil.clients.screen import Operator
from hil.clients.web import PhoneWeb
from hil.clock import Clock, WallClock
from hil.console.console import LOG_NAME, Console
from hil.errors import LabError
from hil.history.events import PowerAction
from hil.net.attachment import Attachment, Wiring, attach
from hil.net.machine import refuse_own_addresses
from hil.power.driver import PowerDriver
from hil.reference.parameters import Parameters
from hil.testbed import networks
from hil.testbed.bench import Bench
from hil.testbed.control import HandsetControl
from hil.testbed.health import Trouble
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.link import CarrierWitness, HeardLink, Link, LinkWitness, WatchedLink
from hil.testbed.other_phone import OtherPhone, Others
from hil.testbed.outlets import handset_power
from hil.testbed.rack_restorer import RackRestorer
from hil.testbed.rack_witnesses import RackWitnesses, port_counters
from hil.testbed.restorer import LadderMaker, Power, Reach
from hil.testbed.site import Surroundings, Wire
from hil.testbed.stand_ins import StandIns
from hil.testbed.trust import TrustTrial
from hil.witness.arrivals import Arrivals
from hil.witness.echoes import lost_on_the_way
from hil.witness.port_counters import PortCounters
from hil.witness.whose_console import Known, WhoseConsole
from hil.witness.witness import Witness

Leased: TypeAlias = Callable[[PowerDriver], PowerDriver]
"""What a lease makes of a handset's power driver; see `hil.leases.device`."""
_ASKED_S = 120.0
"""The longest that it may take to ask a power device, as often as its policy says."""


def rack_bench(
    testbed: Testbed,
    entry: HandsetEntry,
    *,
    directory: Path | None = None,
    leased: Leased = lambda driver: driver,
    ladder: LadderMaker | None = None,
    others: Others | None = None,
) -> RackBench:
    """A bench around a handset of a rack.

    ``directory`` is where history, capture, console log and key log go. ``ladder`` makes the ways
    back for a phone that does not take a profile; ``others`` are those who switch other handsets,
    without whom no outlet is said to feed another phone. `LabError` where the machine cannot reach the
    handset's wire or its outlet, `UsageError` where the inventory does not say how.
    """
    site = RackSite(testbed, entry, leased=leased, ladder=ladder, others=others)
    return Bench(testbed, entry, site, directory=directory)


def provided_by(testbed: Testbed, entry: HandsetEntry) -> frozenset[str]:
    """The capabilities that a handset of a rack has by its place, whatever its entry declares."""
    provided = set()
    if testbed.network.direct:
        # Without a switch in between nothing keeps the phone's frames from the lab.
        provided.add("neighbour_frames")
    kept = testbed.kept_authority
    if kept is not None and kept.roots and entry.client_certificate:
        provided.add("client_certificate")
    return frozenset(provided)


class RackSite:
    """A handset's wire, its outlet and its console; see `hil.testbed.site.Site`."""

    screen: Operator | None = None
    far_end: PortCounters | None = None

    def __init__(
        self,
        testbed: Testbed,
        entry: HandsetEntry,
        *,
        leased: Leased = lambda driver: driver,
        ladder: LadderMaker | None = None,
        others: Others | None = None,
    ) -> None:
        self._testbed = testbed
        self._entry = entry
        self.provides = provided_by(testbed, entry)
        self._leased = leased
        self._ladder = ladder
        self._others = others
        self._other_phone: OtherPhone | None = None
        with contextlib.ExitStack() as cleanup:
            wiring = wiring_of(testbed, entry)
            refuse_own_addresses(wiring)
            self.attachment: Attachment = cleanup.enter_context(attach(wiring, entry.mac))
            self.clock: Clock = WallClock()
            cleanup.callback(self.clock.close)
            self.wire = Wire(
                self.attachment.place,
                self.attachment.wiring.handset_address,
                self.attachment.interface if testbed.network.direct else None,
            )
            self._cleanup = cleanup.pop_all()

    # -- assembly ----------------------------------------------------------------------------------

    def furnish(self, surroundings: Surroundings) -> HandsetControl:
        """Find the handset's outlet, its link and its console."""
        entry, history = self._entry, surroundings.history
        self._admission = surroundings.admission
        power = handset_power(self._testbed, entry, history, leased=self._leased)
        self.outlet = power.outlet
        self._link = self._linked(surroundings, power.witness)
        if power.counts is not None and not self._testbed.network.direct:
            self.far_end = port_counters(self.attachment, power.counts, history)
        self.console = self._console(surroundings)
        kept = self._testbed.kept_authority
        stand_ins = StandIns(
            self.wire,
            self.clock,
            history,
            surroundings.admission,
            entry.shown_psn,
            surroundings.authority if kept is not None else None,
        )
        # Not the test's own, which is somebody with a password only where the test says so.
        web = PhoneWeb(self.wire.place, self.clock, history, lambda: surroundings.admission.address)
        reach = self._reach(surroundings, stand_ins, web)
        ladder = self._ladder(reach) if self._ladder else None
        restorer = RackRestorer(
            self.clock,
            history,
            surroundings.servers,
            stand_ins,
            web,
            surroundings.admission,
            surroundings.timing,
            surroundings.phone,
            ladder=ladder,
        )
        self._control = HandsetControl(
            entry.name,
            entry.identity(),
            surroundings.timing,
            self.clock,
            history,
            self.outlet,
            self.attachment.place,
            link=self._link,
            restorer=restorer,
            address=lambda: surroundings.admission.address,
            standing=entry.parameters,
            dark=self._look_at_dark,
        )
        self._trust = TrustTrial(
            entry.name,
            str(kept.about()) if kept is not None else "",
            self.clock,
            history,
            visitable=restorer,
            power=self._control.cord,
            standing=Parameters(entry.parameters).items_set(),
            address_of=stand_ins.secure_url,
            within=surroundings.timing.give_up,
        )
        return self._control

    def lacks(self, capability: str, *, stated: bool) -> str:
        """Whether the handset trusts the laboratory is found out; see `hil.testbed.trust`."""
        return self._trust.missing(stated=stated) if capability == "https" else ""

    def _reach(self, surroundings: Surroundings, stand_ins: StandIns, web: PhoneWeb) -> Reach:
        return Reach(
            self._testbed,
            self._entry,
            self.clock,
            surroundings.history,
            self.attachment.place,
            lambda: surroundings.admission.address,
            surroundings.timing,
            self.outlet,
            web,
            stand_ins.sip,
            self.console,
            self._search,
            self._look_elsewhere,
        )

    def _search(self) -> None:
        self._witnesses.survey()
        self.clock.run(self.outlet.ask_device(), timeout=_ASKED_S)

    def _linked(self, surroundings: Surroundings, port: LinkWitness | None) -> Link:
        """Whoever sees the handset's port."""
        history = surroundings.history

        def trouble(error: LabError) -> None:
            surroundings.lab_fault("the handset's link cannot be watched", str(error))

        if self._testbed.network.direct:
            port = CarrierWitness(self.attachment.interface)
        if port is not None:
            return WatchedLink(port, history, trouble)
        return HeardLink(
            self.attachment.place,
            self.clock,
            history,
            lambda: surroundings.admission.address,
            surroundings.timing.boot,
        )

    def _console(self, surroundings: Surroundings) -> Console | None:
        entry, directory = self._entry, surroundings.directory
        if entry.console is None:
            return None
        return entry.console.make(
            self.clock,
            surroundings.history,
            handset=entry.name,
            log=directory / LOG_NAME if directory else None,
        )

    def watch(self, surroundings: Surroundings) -> RackWitnesses:
        """Begin to watch the lab's end of the handset's wire."""
        network = self._testbed.network
        if self._others is not None:
            self._other_phone = OtherPhone(
                self._testbed,
                self._entry,
                surroundings.history,
                surroundings.timing,
                self.clock.run(self._arrivals()),
                self._others,
            )
        self._witnesses = RackWitnesses(
            self.attachment,
            self.clock,
            surroundings.history,
            late_s=surroundings.timing.late,
            handsets=[each.mac for each in self._testbed.handsets],
            known_dhcp_servers=network.known_dhcp_servers,
            direct=network.direct,
            more=self._inventory_witnesses(surroundings),
            directory=surroundings.directory,
        )
        return self._witnesses

    async def _arrivals(self) -> Arrivals:
        return Arrivals(self.attachment.interface, self.clock)

    def _look_elsewhere(self, power: Power) -> None:
        if self._other_phone is not None:
            self._other_phone.look(power)

    def _inventory_witnesses(self, surroundings: Surroundings) -> Iterator[Witness]:
        """Who sees that console or outlet are another handset's."""
        if self._other_phone is not None:
            yield self._other_phone
        if self.console is None:
            return
        known = [Known(each.name, each.mac, each.serial) for each in self._testbed.handsets]
        (own,) = (each for each in known if each.name == self._entry.name)
        others = [each for each in known if each is not own]
        yield WhoseConsole(surroundings.history, own, others)

    async def start(self) -> None:
        """Begin to look at the link and to read the console."""
        if isinstance(self._link, WatchedLink):
            await self._link.start()
        if self.console is not None:
            await self.console.start()

    async def stop(self) -> None:
        """Leave the handset with power, whatever was done to it."""
        try:
            if self._control.powered is not True:
                await self.outlet.on()
        finally:
            if isinstance(self._link, WatchedLink):
                await self._link.close()
            if self.far_end is not None:
                self.far_end.close()
                self.far_end = None
            if self.console is not None:
                await self.console.close()

    async def _look_at_dark(self) -> None:
        if self.far_end is not None:
            await self.far_end.dark()

    def begin(self, test: str) -> None:
        """Whoever counts at the far end begins anew; a phone has no seed."""
        if self.far_end is not None:
            self.far_end.begin()

    def trouble(self) -> Iterator[Trouble]:
        """Doubts about trust, a wire that loses frames, an outlet that is not as it was told to be."""
        yield from self._trust.trouble()
        yield from self._wire_trouble()
        told = self._control.powered
        if told is None:
            return
        try:
            said = self.clock.run(self.outlet.state())
        except LabError as error:
            yield "the handset's outlet does not say what it is", str(error)
            return
        if said is not (PowerAction.ON if told else PowerAction.OFF):
            word = "on" if told else "off"
            yield (
                "the handset's outlet was switched by somebody else",
                f"{self.outlet.name} was told to be {word} and says {said.value}",
            )

    def _wire_trouble(self) -> Iterator[Trouble]:
        address = self._admission.address
        if self._control.powered and address is not None:
            lost = self.clock.run(lost_on_the_way(self.wire.place, self.clock, address))
            if lost:
                yield "the wire loses frames", lost

    def close(self) -> None:
        """Let go of clock and wire."""
        self._cleanup.close()


RackBench: TypeAlias = Bench[RackSite]
"""A bench on a rack."""


def wiring_of(testbed: Testbed, entry: HandsetEntry) -> Wiring:
    """How the handset's wire is made; `UsageError` where the inventory does not say it."""
    handsets = [networks.Wired(each.vlan, each.address) for each in testbed.handsets]
    names = [each.name for each in testbed.handsets]
    return networks.wiring(testbed.network, handsets, names.index(entry.name))
