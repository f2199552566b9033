"""Checks of what a virtual testbed rests on: the kernel's virtual wires, and virtual time."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import replace

from hil.doctor.findings import Check, NotApplicable
from hil.errors import LabError
from hil.history import History
from hil.lab_time import NANOSECONDS
from hil.net.tap import Tap
from hil.net.virtual import PDU_ADDRESS, VirtualNetwork
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_pdu import SnmpPdu
from hil.testbed.inventory import Testbed
from hil.testbed.pdus import SnmpPduEntry
from hil.testbed.witnesses import Witnesses
from hil.virtual.pdu import VirtualPdu
from hil.virtual_clock import VirtualClock

_HOUR_S = 3600.0
_PATIENCE_S = 5.0
_MAC = "02:00:00:00:00:01"


def checks(testbed: Testbed) -> list[Check]:
    """The checks of a virtual testbed."""
    return [
        Check("kernel", testbed.name, _wires, "virtual"),
        Check("virtual time", testbed.name, _time, "virtual"),
        Check("capture", testbed.name, _capture, "virtual"),
        *(
            Check("power", pdu.name, lambda pdu=pdu: _power(pdu), "virtual")  # type: ignore[misc]
            for pdu in testbed.pdus
        ),
        *(
            Check(name, testbed.name, _elsewhere, "virtual")
            for name in ("interface", "foreign dhcp", "console", "leases")
        ),
    ]


def _elsewhere() -> str:
    raise NotApplicable("a virtual testbed has none: its wires and phones are made for each run")


def _wires() -> str:
    """veth, bridges and packet sockets; what a virtual network needs of a kernel."""
    with contextlib.closing(VirtualNetwork()) as network:
        port = network.add_handset(_MAC)
        port.far.up()
        if not port.near.running:
            raise LabError("a virtual wire has no carrier", concerns=port.name)
    return "namespaces, bridges and virtual wires are there"


def _time() -> str:
    """An hour of lab time over a network passes at once, and none of it is lost."""
    with contextlib.closing(VirtualNetwork()) as network:
        network.add_handset(_MAC).far.up()
        clock = VirtualClock()
        try:
            clock.attach(network)
            began = time.monotonic()
            clock.run(asyncio.sleep(_HOUR_S), timeout=2 * _HOUR_S)
            took = time.monotonic() - began
            passed = clock.now() / NANOSECONDS
        finally:
            clock.close()
    if passed < _HOUR_S or took > _PATIENCE_S:
        raise LabError(
            "virtual time does not pass as it should",
            evidence=f"{passed:.3f} s of lab time in {took:.3f} s, {_HOUR_S:g} s were asked for",
            next_step="see whether the machine is overloaded",
        )
    return f"an hour passes in {took * 1000:.0f} ms"


def _capture() -> str:
    """Frames on a virtual wire are seen, none is dropped, and no stranger serves DHCP there."""
    with contextlib.closing(VirtualNetwork()) as network:
        port = network.add_handset(_MAC)
        port.far.up()
        clock = VirtualClock()
        try:
            clock.attach(network)
            history = History(clock)
            witnesses = Witnesses(network, port, clock, history, mac=_MAC, late_s=1.0)
            tap = Tap(port.near)
            try:
                witnesses.survey()
                seen = sum(1 for _ in tap.frames())
                dropped = tap.drops()
            finally:
                tap.close()
                clock.run(witnesses.close())
        finally:
            clock.close()
    if not seen or dropped:
        raise LabError(
            "frames are missing from a capture",
            evidence=f"{seen} seen, {dropped} dropped, of the lab's own search for DHCP servers",
            next_step="relieve the machine",
        )
    return f"{seen} frames of our own seen, none dropped"


def _power(pdu: object) -> str:
    """A virtual PDU as the entry describes it obeys the driver, over SNMP."""
    if not isinstance(pdu, SnmpPduEntry):
        raise NotApplicable("it is made for each run")
    thrown: list[tuple[int, bool]] = []
    with contextlib.closing(VirtualNetwork()) as network:
        clock = VirtualClock()
        try:
            clock.attach(network)
            simulated = VirtualPdu(
                lambda outlet, on: thrown.append((outlet, on)),
                outlets=pdu.outlets,
                address=str(PDU_ADDRESS),
                read_community=pdu.read_community,
                write_community=pdu.write_community,
                user=pdu.user.usm_user() if pdu.user else None,
                name=pdu.name,
                socket_factory=network.namespace.socket,
            )
            agent = replace(pdu.agent(str(PDU_ADDRESS)), port=simulated.port)
            clock.run(_switch_off(simulated, agent, network))
        finally:
            clock.close()
    if thrown != [(1, False)]:
        raise LabError("the virtual PDU did not switch", evidence=f"{thrown}", concerns=pdu.name)
    return "a simulated one obeys the driver over SNMP"


async def _switch_off(simulated: VirtualPdu, agent: SnmpAgent, network: VirtualNetwork) -> None:
    await simulated.start()
    try:
        await SnmpPdu(agent, socket_factory=network.namespace.socket).off("1")
        await asyncio.sleep(1)
    finally:
        await simulated.close()
