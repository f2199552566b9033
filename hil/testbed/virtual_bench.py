"""The virtual testbed around one handset: namespaces, a handset that is a program, a simulated PDU.

The handset's flash can be written while it is off, its relay can be watched from inside, and time
may jump: all that a rack has not. So this is what the suite is developed and proved on.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeAlias, cast

from hil.clients.screen import Operator, ScreenOperator
from hil.clock import Clock, WallClock
from hil.errors import LabError, UsageError
from hil.history import events as ev
from hil.net.virtual import PDU_ADDRESS, VirtualNetwork
from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.snmp_pdu import SnmpPdu
from hil.testbed.bench import Bench
from hil.testbed.control import HandsetControl
from hil.testbed.health import Trouble
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.link import PortLink
from hil.testbed.pdus import SnmpPduEntry
from hil.testbed.restorer import Power
from hil.testbed.site import Site, Surroundings, Wire
from hil.testbed.witnesses import Witnesses
from hil.virtual.direct_switch import DirectSwitch
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.pace import booting_at
from hil.virtual.pdu import VirtualPdu
from hil.virtual_clock import VirtualClock


def virtual_bench(
    testbed: Testbed,
    entry: HandsetEntry,
    *,
    firmware: Firmware | None = None,
    directory: Path | None = None,
    wall_clock: bool = False,
    direct_power: bool = False,
) -> VirtualBench:
    """A bench around a virtual handset that runs ``firmware``, which is the reference's by default.

    ``directory`` is where the history and the key log go. ``wall_clock`` lets time pass by itself
    instead of jumping. ``direct_power`` throws the PDU's relays without SNMP in between.
    """
    refuse_rack(testbed, entry)
    site = VirtualSite(
        testbed,
        entry,
        firmware or Firmware(),
        wall_clock=wall_clock,
        direct_power=direct_power,
    )
    return Bench(testbed, entry, site, directory=directory)


def refuse_rack(testbed: Testbed, entry: HandsetEntry) -> None:
    """`UsageError` for a real handset: what a virtual one does in its place would say nothing of it."""
    if testbed.kind == "rack":
        raise UsageError(
            f"handset {entry.name} of {testbed.name} is real, and this needs a virtual one",
            remedy="a testbed of kind: virtual",
        )


def as_virtual(bench: Bench[Site]) -> VirtualBench:
    """The same bench, for what only a virtual testbed can do; `UsageError` for a rack's."""
    if not isinstance(bench.site, VirtualSite):
        raise UsageError(
            f"testbed {bench.testbed.name} is a rack", remedy="a testbed of kind: virtual"
        )
    return cast("VirtualBench", bench)


class VirtualSite:
    """A namespace for the lab and one for the handset, with a PDU that feeds it; see `Site`."""

    provides = frozenset({"flash_access", "test_loads", "neighbour_frames", "screen_operator"})

    def __init__(
        self,
        testbed: Testbed,
        entry: HandsetEntry,
        firmware: Firmware,
        *,
        wall_clock: bool,
        direct_power: bool,
    ) -> None:
        self._testbed = testbed
        self._entry = entry
        self._firmware = firmware
        self._direct_power = direct_power
        self.provides = provided_to(entry)
        self._delay_s = testbed.network.delay_ms / 1000
        with contextlib.ExitStack() as cleanup:
            self.network = VirtualNetwork()
            cleanup.callback(self.network.close)
            self.port = self.network.add_handset(entry.mac, delay_s=self._delay_s)
            self.clock: Clock = self._make_clock(wall_clock)
            cleanup.callback(self.clock.close)
            self.wire = Wire(self.network.place(), self.port.address, self.port.near)
            self._cleanup = cleanup.pop_all()

    def _make_clock(self, wall_clock: bool) -> Clock:
        if wall_clock:
            return WallClock()
        clock = VirtualClock()
        clock.attach(self.network)
        return clock

    # -- assembly ----------------------------------------------------------------------------------

    def furnish(self, surroundings: Surroundings) -> HandsetControl:
        """Make the handset and its power."""
        self._surroundings = surroundings
        entry, authority = self._entry, surroundings.authority
        identity = entry.identity()
        hardware = Hardware(
            identity,
            authority.root_pem.encode(),
            authority.client(identity.ma).pem if identity.ccert_installed else None,
            entry.seed,
        )
        self.handset = Handset(
            hardware,
            self.port.far,
            self.clock,
            Flash(MemoryMedium(), self.clock),
            lambda text: surroundings.lab_fault("the virtual handset crashed", text),
        )
        self.install(self._firmware)
        self.screen: Operator = ScreenOperator(
            self.clock, surroundings.history, self.handset.screen
        )
        return HandsetControl(
            entry.name,
            identity,
            surroundings.timing,
            self.clock,
            surroundings.history,
            self._outlet(surroundings),
            self.network.place(),
            link=PortLink(self.port.near),
            restorer=_Preset(self.handset, self.clock),
            address=lambda: surroundings.admission.address,
            standing=entry.parameters,
        )

    def _outlet(self, surroundings: Surroundings) -> Outlet:
        power = self._entry.power
        pdu = next(each for each in self._testbed.pdus if each.name == power.pdu)
        if not isinstance(pdu, SnmpPduEntry):
            raise UsageError(
                f"{pdu.name} cannot be simulated", remedy="driver: snmp, model: apc-rpdu"
            )
        self._plugged = power.number
        self._unplugged: Callable[[bool], None] = _nothing
        self.pdu = VirtualPdu(
            self._switch,
            outlets=pdu.outlets,
            address=str(PDU_ADDRESS),
            read_community=pdu.read_community,
            write_community=pdu.write_community,
            user=pdu.user.usm_user() if pdu.user else None,
            name=pdu.name,
            initially_on=False,
            socket_factory=self.network.namespace.socket,
        )
        policy = PowerPolicy(minimum_off_s=self._entry.minimum_off_s)
        return Outlet(self._driver(pdu), str(power.number), surroundings.history, policy)

    def _driver(self, pdu: SnmpPduEntry) -> PowerDriver:
        if self._direct_power:
            return DirectSwitch(self.pdu)
        return SnmpPdu(pdu.agent(str(PDU_ADDRESS)), socket_factory=self.network.namespace.socket)

    def watch(self, surroundings: Surroundings) -> Witnesses:
        """Begin to watch both ends of the handset's wire."""
        self.witnesses = Witnesses(
            self.network,
            self.port,
            self.clock,
            surroundings.history,
            mac=surroundings.admission.mac,
            late_s=surroundings.timing.late,
            delay_s=self._delay_s,
            directory=surroundings.directory,
        )
        return self.witnesses

    async def start(self) -> None:
        """Have the PDU answer."""
        if not self._direct_power:
            await self.pdu.start()

    async def stop(self) -> None:
        """Pull the handset's plug."""
        await self.handset.unplugged()
        await self.pdu.close()

    @property
    def far_end(self) -> None:
        """Its frames are counted at both ends already, by the kernel; see `hil.witness.crossing`."""
        return None

    def begin(self, test: str) -> None:
        """The handset behaves alike whatever test ran before it."""
        self.handset.reseed(f"{self._entry.seed}/{test}")

    def trouble(self) -> Iterator[Trouble]:
        """Barriers that got lost."""
        if self.network.lost_barriers:
            self.network.lost_barriers = 0
            yield "the virtual network lost a frame", "a barrier did not come back"

    def lacks(self, capability: str, *, stated: bool) -> str:
        """Nothing: the handset is made for this bench, and trusts its authority."""
        del capability, stated
        return ""

    def close(self) -> None:
        """Let go of clock and network."""
        self._cleanup.close()

    # -- what only this site can do ----------------------------------------------------------------

    def install(self, firmware: Firmware) -> None:
        """Let the handset run another firmware from its next power-on."""
        self.handset.firmware = booting_at(firmware, self._entry.boot_pace)

    def plug_into(self, outlet: int, unplugged: Callable[[bool], None] | None = None) -> None:
        """Move the handset's plug to another outlet, whatever the inventory says; in the loop only.

        ``unplugged`` is told how the outlet of the inventory is switched meanwhile.
        """
        self._unplugged = unplugged or _nothing
        if self.pdu.is_on(self._plugged):
            self._feed(False)
        self._plugged = outlet
        if self.pdu.is_on(outlet):
            self._feed(True)

    def _switch(self, outlet: int, on: bool) -> None:
        if outlet == self._plugged:
            self._feed(on)
        elif outlet == self._entry.power.number:
            self._unplugged(on)

    def _feed(self, on: bool) -> None:
        self.witnesses.link_changes()
        if on:
            self.handset.power_on()
        else:
            self.handset.power_off()
        up = self.port.near.running
        self._surroundings.history.append(ev.LinkChanged(source="net", up=up))


def provided_to(entry: HandsetEntry) -> frozenset[str]:
    """The capabilities that a virtual handset has, whatever its entry declares."""
    shown = {"client_certificate"} if entry.client_certificate else set()
    return VirtualSite.provides | shown


VirtualBench: TypeAlias = Bench[VirtualSite]
"""A bench on a virtual testbed."""


class _Preset:
    """Writes a virtual handset's flash while it is off; see `hil.testbed.restorer.Restorer`."""

    lazy = False

    def __init__(self, handset: Handset, clock: Clock) -> None:
        self._handset = handset
        self._clock = clock

    def restore(self, power: Power, parameters: Mapping[str, str]) -> str:
        """Set exactly these, and forget all else."""
        del power

        async def written() -> None:
            self._handset.flash.preset(parameters)
            self._handset.partitions.preset()
            self._handset.logbook.clear()

        self._clock.run(written())
        return ""

    def recover(self, power: Power, parameters: Mapping[str, str], why: LabError) -> None:
        """Nothing to do: the next test begins with other memory and other power."""


def _nothing(on: bool) -> None:
    """Nothing hangs on an outlet but the handset."""
