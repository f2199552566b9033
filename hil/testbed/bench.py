"""The bench: one handset with all that surrounds it, assembled from a testbed file.

`VirtualBench` builds the virtual testbed: a network of namespaces, a handset on it whose power hangs
on a simulated PDU, the controlled endpoints, and the one history. Tests see only its attributes,
which a bench on a rack has as well.

A bench lives through many tests. `begin` takes the endpoints back to their defaults and leaves the
handset without power; `end` looks whether the handset lives and closes the test's part of the
history, which `events_of` gives to the judge.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from hil import __version__
from hil.clients.screen import Operator, ScreenOperator
from hil.clients.web import PhoneWeb
from hil.clock import Clock, WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.certificates import Authority
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import TlsConfig
from hil.endpoints.neighbours import NeighbourListener
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.errors import LabError, UsageError
from hil.history import History, HistoryFile
from hil.history import events as ev
from hil.net.virtual import LAB_ADDRESS, PDU_ADDRESS, VirtualNetwork
from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.snmp_pdu import SnmpPdu
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testbed.health import endpoints_deaf, endpoints_gone
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.pdus import SnmpPduEntry
from hil.testbed.witnesses import Witnesses
from hil.virtual.direct_switch import DirectSwitch
from hil.virtual.firmware import Firmware
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.pace import booting_at
from hil.virtual.pdu import VirtualPdu
from hil.virtual_clock import VirtualClock

HTTPS_NAME = "prov.example"
"""The host name in the HTTPS endpoint's certificate; its DNS endpoint knows the name."""

BACKUP_SIP_PORT = 5070
"""Where the second SIP server of a bench listens, the backup proxy."""

_CLOSING_S = 10.0


def _nothing(on: bool) -> None:
    """Nothing hangs on an outlet but the handset."""


class VirtualBench:
    """The virtual testbed around one of its handsets.

    ``firmware`` is what the handset runs. ``directory`` is where the history and the key log go.
    ``wall_clock`` lets time pass by itself instead of jumping. ``direct_power`` throws the PDU's relays
    without SNMP in between.
    """

    def __init__(
        self,
        testbed: Testbed,
        entry: HandsetEntry,
        *,
        firmware: Firmware | None = None,
        directory: Path | None = None,
        wall_clock: bool = False,
        direct_power: bool = False,
    ) -> None:
        self._direct_power = direct_power
        self.testbed = testbed
        self.entry = entry
        self.timing = entry.judge_timing()
        self._cleanup = contextlib.ExitStack()
        try:
            self._build(firmware or Firmware(), directory, wall_clock)
        except BaseException:
            self._cleanup.close()
            raise

    def _build(self, firmware: Firmware, directory: Path | None, wall_clock: bool) -> None:
        entry = self.entry
        self.network = VirtualNetwork()
        self._cleanup.callback(self.network.close)
        self._port = self.network.add_handset(
            entry.mac, delay_s=self.testbed.network.delay_ms / 1000
        )
        self.clock: Clock = self._make_clock(wall_clock)
        self._cleanup.callback(self.clock.close)
        self.history_file: HistoryFile | None = None
        if directory is not None:
            opened = HistoryFile(directory / "history.jsonl")
            self.history_file = self._cleanup.enter_context(opened)
        self.history = History(self.clock, handset=entry.name, file=self.history_file)
        self.clock.on_crash(lambda text: self._lab_fault("a task of the lab crashed", text))
        authority = Authority()
        self._build_endpoints(authority, directory)
        self._build_handset(authority, firmware)
        self._build_power()
        self.clock.run(self._start())
        self._cleanup.callback(lambda: self.clock.run(self._stop(), timeout=_CLOSING_S))
        self.witnesses = Witnesses(
            self.network,
            self._port,
            self.clock,
            self.history,
            mac=self.admission.mac,
            late_s=self.timing.late,
            delay_s=self.testbed.network.delay_ms / 1000,
            directory=directory,
        )
        self._cleanup.callback(lambda: self.clock.run(self.witnesses.close(), timeout=_CLOSING_S))
        self.history.append(
            ev.RunStarted(
                source="bench",
                version=__version__,
                testbed=self.testbed.name,
                clock="virtual" if self.clock.virtual else "wall",
                wall_ns=time.time_ns(),
                identity=asdict(entry.identity()),
                interpretations=entry.interpretations,
                timing=asdict(self.timing),
            )
        )

    def _make_clock(self, wall_clock: bool) -> Clock:
        if wall_clock:
            return WallClock()
        clock = VirtualClock()
        clock.attach(self.network)
        return clock

    def _build_endpoints(self, authority: Authority, directory: Path | None) -> None:
        place = self.network.place()
        self.admission = Admission(self.entry.mac)
        surroundings = (place, self.clock, self.history, self.admission)
        self.dhcp = DhcpEndpoint(*surroundings, handset_address=self._port.address)
        self.dns = DnsEndpoint(*surroundings)
        self.tftp = TftpEndpoint(*surroundings)
        self.http = HttpEndpoint(*surroundings)
        self.https = HttpEndpoint(
            *surroundings,
            port=443,
            tls=TlsConfig(
                authority,
                (HTTPS_NAME, str(LAB_ADDRESS)),
                key_log=directory / "tls-keys.log" if directory else None,
            ),
        )
        self.syslog = SyslogEndpoint(*surroundings)
        self.ntp = NtpEndpoint(*surroundings)
        sip_tls = TlsConfig(authority, (HTTPS_NAME, str(LAB_ADDRESS)))
        self.sip = SipEndpoint(*surroundings, tls=sip_tls)
        self.backup_sip = SipEndpoint(*surroundings, port=BACKUP_SIP_PORT, name="backup-sip")
        self.neighbours = NeighbourListener(*surroundings, port=self._port.near)
        self._endpoints: dict[str, Endpoint] = {
            "dhcp": self.dhcp,
            "dns": self.dns,
            "tftp": self.tftp,
            "http": self.http,
            "https": self.https,
            "syslog": self.syslog,
            "ntp": self.ntp,
            "sip": self.sip,
            "backup_sip": self.backup_sip,
            "neighbours": self.neighbours,
        }

    def _build_handset(self, authority: Authority, firmware: Firmware) -> None:
        entry = self.entry
        identity = entry.identity()
        self._hardware = Hardware(
            identity,
            authority.root_pem.encode(),
            authority.client(identity.ma).pem if identity.ccert_installed else None,
            self.entry.seed,
        )
        self._handset = Handset(
            self._hardware,
            self._port.far,
            self.clock,
            Flash(MemoryMedium(), self.clock),
            lambda text: self._lab_fault("the virtual handset crashed", text),
        )
        self.install(firmware)
        self.web = PhoneWeb(
            self.network.place(), self.clock, self.history, lambda: self.admission.address
        )
        self.screen: Operator = ScreenOperator(self.clock, self.history, self._handset.screen)

    def _build_power(self) -> None:
        pdu = next(each for each in self.testbed.pdus if each.name == self.entry.power.pdu)
        if not isinstance(pdu, SnmpPduEntry):
            raise UsageError(
                f"{pdu.name} cannot be simulated", remedy="driver: snmp, model: apc-rpdu"
            )
        self._plugged = self.entry.power.number
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
        outlet = Outlet(
            self._driver(pdu),
            str(self.entry.power.outlet),
            self.history,
            PowerPolicy(minimum_off_s=self.entry.minimum_off_s),
        )
        self.power = outlet
        self.handset = HandsetControl(
            self.entry.name,
            self.entry.identity(),
            self.timing,
            self.clock,
            self.history,
            outlet,
            self.network.place(),
            self._restore,
            lambda: self.admission.address,
            lambda: self._port.near.running,
            self._port.near.carrier_changes,
            self.entry.parameters,
        )

    def _driver(self, pdu: SnmpPduEntry) -> PowerDriver:
        if self._direct_power:
            return DirectSwitch(self.pdu)
        return SnmpPdu(pdu.agent(str(PDU_ADDRESS)), socket_factory=self.network.namespace.socket)

    def install(self, firmware: Firmware) -> None:
        """Let the handset run another firmware from its next power-on."""
        self._handset.firmware = booting_at(firmware, self.entry.boot_pace)

    # -- tests -------------------------------------------------------------------------------------

    def begin(self, test: str, requirements: tuple[str, ...] = ()) -> ev.TestStarted:
        """Everything at its default, the handset off, its flash as from the factory."""
        self.witnesses.begin()
        started = self.history.append(
            ev.TestStarted(source="bench", test=test, requirements=requirements)
        )
        for endpoint in self._endpoints.values():
            endpoint.reset()
        self.web.reset()
        self.handset.prepare()
        self.admission.leased(None)
        self.handset.watch_link()
        # A test behaves alike whatever ran before it.
        self._handset.reseed(f"{self.entry.seed}/{test}")
        return started

    def end(self, test: str, *, linger: bool = False) -> ev.TestEnded:
        """See whether the handset lives, and close the test's part of the history.

        ``linger`` lets a moment pass first, so that the monitor sees what is overdue where a test
        gave up at the end of its own window.
        """
        if linger:
            self.history.sleep(2 * self.timing.late + 0.1)
        self.handset.is_alive()
        trouble = self.handset.link_trouble()
        if trouble:
            self._lab_fault("the handset's link and its power do not go together", trouble)
        for look in (endpoints_gone, endpoints_deaf):
            for what, evidence in look(self._endpoints):
                self._lab_fault(what, evidence)
        if self.network.lost_barriers:
            self.network.lost_barriers = 0
            self._lab_fault("the virtual network lost a frame", "a barrier did not come back")
        if self.history.unwritten:
            self._lab_fault("what happened is not on disk", self.history.unwritten)
        self.witnesses.end()
        return self.history.append(ev.TestEnded(source="bench", test=test))

    def events_of(self, started: ev.TestStarted, ended: ev.TestEnded) -> Sequence[ev.Event]:
        """The history from a test's beginning to its end."""
        return [e for e in self.history.since(started) if e.seq <= ended.seq]

    def reference_phone(self) -> Phone:
        """The handset as the reference knows it at the beginning of a test."""
        interpretations = self.entry.chosen_interpretations()
        return Phone(self.entry.identity(), Parameters({}, interpretations), interpretations)

    def endpoint(self, name: str) -> Endpoint:
        """An endpoint by the name of its attribute."""
        return self._endpoints[name]

    @contextlib.contextmanager
    def serving(self, name: str, endpoint: Endpoint) -> Iterator[None]:
        """Have one endpoint more for the time of the block, looked after like the others."""
        self.clock.run(endpoint.start())
        self._endpoints[name] = endpoint
        try:
            yield
        finally:
            del self._endpoints[name]
            self.clock.run(endpoint.close())

    def close(self) -> None:
        """Switch everything off and let go of the network."""
        self._cleanup.close()

    # -- inside ------------------------------------------------------------------------------------

    async def _start(self) -> None:
        for endpoint in self._endpoints.values():
            await endpoint.start()
        if not self._direct_power:
            await self.pdu.start()

    async def _stop(self) -> None:
        await self._handset.unplugged()
        closing: list[Callable[[], Awaitable[None]]] = [e.close for e in self._endpoints.values()]
        for close in [*closing, self.pdu.close]:
            try:
                await close()
            except LabError as error:
                self._lab_fault("an endpoint did not close", str(error))

    async def _restore(self, parameters: Mapping[str, str]) -> str:
        self._handset.flash.preset(parameters)
        self._handset.partitions.preset()
        self._handset.logbook.clear()
        return ""

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
        elif outlet == self.entry.power.number:
            self._unplugged(on)

    def _feed(self, on: bool) -> None:
        self.witnesses.link_changes()
        if on:
            self._handset.power_on()
        else:
            self._handset.power_off()
        up = self._port.near.running
        self.history.append(ev.LinkChanged(source="net", up=up))

    def _lab_fault(self, what: str, evidence: str) -> None:
        self.history.append(
            ev.LabFault(source="bench", what=what, evidence=evidence, concerns=self.entry.name)
        )
