"""A rack of virtual handsets, to be reached only as a real one would be.

::

    this machine                          namespaces of the rack's process
    ┌──────────────────────┐              ┌──────────────────────────────┐
    │ lab ── hilrack ══════╪═ veth ═══════╪═ trunk ─┬─ eth0  phone a01   │
    │ PoE switch's agent   │              │         ├─ eth0  phone a02   │
    │ consoles (RFC 2217)  │              │         └─ ...               │
    └──────────────────────┘              └──────────────────────────────┘

The cable's end in this machine is an interface like any other, behind which phones are. Each phone is
a macvlan or a VLAN child of the other end, in a namespace of its own. With an interface of the machine
instead of a cable they hang on whatever that leads to. Their power is a port of a PoE switch that
answers SNMP, and each has a serial console at a TCP port. Time passes by itself.

Nothing here is shared with a bench: no clock, no history, no memory.
"""

from __future__ import annotations

import contextlib
import errno
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from hil.clock import WallClock
from hil.errors import LabError
from hil.net.child import unsupported
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.net.rtnetlink import connected
from hil.reference.identity import Identity
from hil.virtual.console_text import ConsoleText
from hil.virtual.firmware import REFERENCE_FIRMWARE, Firmware
from hil.virtual.flash import Flash, MemoryMedium
from hil.virtual.handset import Handset, Hardware
from hil.virtual.poe_switch import PluggedIn, PortFault, Traffic, VirtualPoeSwitch
from hil.virtual.port_traffic import PortTraffic
from hil.virtual.serial_console import ConsoleServer
from hil.virtual.snmp_agent import Access
from hil.virtual.told import Told

Attach = Literal["macvlan", "vlan"]
"""How the phones share the cable: one LAN, or a VLAN each."""

_TRUNK = "trunk"
_PHONE = "eth0"
_STOP_S = 5.0


@dataclass(frozen=True)
class Slot:
    """One place of the rack: who hangs there, at which port of the switch, in which VLAN.

    ``certificate`` is what the phone shows over TLS, chain and key as PEM, if it has one; one that is
    not ``trusting`` was not given the rack's authorities.
    """

    name: str
    identity: Identity
    port: str
    vlan: int | None = None
    firmware: Firmware = REFERENCE_FIRMWARE
    fault: PortFault = PortFault.NONE
    certificate: bytes | None = None
    trusting: bool = True


@dataclass(frozen=True)
class RackSetup:
    """A whole rack.

    ``cable`` is the name of the interface that is made in this machine; empty where the phones hang
    on ``interface``, which is there. ``authorities`` are the PEM that the phones trust. Consoles are at
    ``access.address``, at TCP ports from ``first_console`` on, or free ones if that is 0.
    """

    slots: Sequence[Slot]
    access: Access
    cable: str = "hilrack"
    interface: str = ""
    attach: Attach = "macvlan"
    authorities: bytes = b""
    first_console: int = 0
    host: Namespace = field(default_factory=Namespace.host)


class VirtualRack:
    """The rack, from its making until `close`; ``failed`` is told what no phone does to itself.

    `LabError` where the machine cannot make it.
    """

    def __init__(self, setup: RackSetup, failed: Callable[[str], None]) -> None:
        self._failed = failed
        with contextlib.ExitStack() as undo:
            interfaces = _wired(setup, undo)
            self._clock = WallClock()
            undo.callback(self._clock.close)
            self._clock.on_crash(failed)
            self._phones = [
                _Phone(slot, interface, self._clock, setup, self._failed, place)
                for place, (slot, interface) in enumerate(zip(setup.slots, interfaces, strict=True))
            ]
            self.switch = VirtualPoeSwitch(
                self._feed,
                [PluggedIn(each.port, each.identity.mac, each.fault) for each in setup.slots],
                setup.access,
                name="virtual-poe",
                counted=self._passed,
            )
            undo.callback(self._stop)
            self._clock.run(self._start())
            self._undo = undo.pop_all()

    @property
    def consoles(self) -> list[str]:
        """The URLs of the consoles, in the order of the slots."""
        return [phone.console.url for phone in self._phones]

    def close(self) -> None:
        """Pull every plug, and take the wires away."""
        self._undo.close()

    # -- inside ------------------------------------------------------------------------------------

    async def _start(self) -> None:
        for phone in self._phones:
            await phone.console.start()
        await self.switch.start()

    def _stop(self) -> None:
        self._clock.run(self._end(), timeout=_STOP_S)

    async def _end(self) -> None:
        await self.switch.close()
        for phone in self._phones:
            await phone.unplugged()
            phone.traffic.close()
            await phone.console.close()

    def _passed(self, port: int) -> Traffic:
        return self._phones[port - 1].traffic.passed()

    def _feed(self, port: int, on: bool) -> None:
        self._phones[port - 1].feed(on)
        self.switch.changed(port, on)


class _Phone:
    """A handset in its slot, and what it prints."""

    def __init__(
        self,
        slot: Slot,
        interface: Interface,
        clock: WallClock,
        setup: RackSetup,
        failed: Callable[[str], None],
        place: int,
    ) -> None:
        self._clock = clock
        port = setup.first_console + place if setup.first_console else 0
        self.console = ConsoleServer(setup.access.address, port, concerns=slot.name)
        self._text = ConsoleText(slot.identity)
        self.traffic = PortTraffic(interface, slot.identity.mac)
        trusted = setup.authorities if slot.trusting else b""
        self._handset = Handset(
            Hardware(slot.identity, trusted, slot.certificate, secrets.randbits(64)),
            interface,
            clock,
            Flash(MemoryMedium(), clock),
            lambda text: failed(f"{slot.name}: {text}"),
            self._told,
        )
        self._handset.firmware = slot.firmware

    def feed(self, on: bool) -> None:
        """Give it power or take it away; in the loop."""
        if on:
            self._print(self._text.powered(self._clock.now()))
            self._handset.power_on()
        else:
            self._handset.power_off()

    async def unplugged(self) -> None:
        """Pull the plug and wait until nothing runs any more."""
        await self._handset.unplugged()

    def _told(self, news: Told) -> None:
        self._print(self._text.of(self._clock.now(), news))

    def _print(self, lines: list[str]) -> None:
        for line in lines:
            self.console.say(line)


# -- wires -----------------------------------------------------------------------------------------


def _wired(setup: RackSetup, undo: contextlib.ExitStack) -> list[Interface]:
    """The phones' interfaces, each down in a namespace of its own."""
    from pyroute2.netlink.exceptions import NetlinkError

    home, kind = setup.host, "veth"
    try:
        if setup.interface:
            trunk, name = home, setup.interface
        else:
            trunk, name = _cable(setup, undo), _TRUNK
        kind = setup.attach
        return [_child(setup, slot, trunk, name, undo) for slot in setup.slots]
    except NetlinkError as error:
        if error.code == errno.EOPNOTSUPP:
            raise unsupported(kind, str(error), setup.interface or setup.cable) from error
        raise LabError(
            "the kernel does not make the rack's wires",
            evidence=str(error),
            next_step="run as root; see whether the interface's name is free",
            concerns=setup.interface or setup.cable,
        ) from error


def _cable(setup: RackSetup, undo: contextlib.ExitStack) -> Namespace:
    """A veth pair: one end in this machine, the other in a namespace, which is returned."""
    namespace = Namespace.create()
    undo.callback(namespace.close)
    with connected(setup.host) as route:
        peer = {"ifname": _TRUNK, "net_ns_fd": namespace.descriptor}
        route.link("add", ifname=setup.cable, kind="veth", peer=peer)
        undo.callback(_remove, setup.host, setup.cable)
        (index,) = route.link_lookup(ifname=setup.cable)
        # The machine itself has nothing to say on this wire: else its kernel answers ARP for any
        # address that the machine has, on whatever interface.
        route.link("set", index=index, arp=False)
        route.link("set", index=index, state="up")
    with contextlib.closing(Interface(namespace, _TRUNK)) as trunk:
        trunk.up()
    return namespace


def _child(
    setup: RackSetup, slot: Slot, trunk: Namespace, name: str, undo: contextlib.ExitStack
) -> Interface:
    namespace = Namespace.create()
    undo.callback(namespace.close)
    kind: dict[str, object] = {"kind": "macvlan", "macvlan_mode": "bridge"}
    if setup.attach == "vlan":
        kind = {"kind": "vlan", "vlan_id": slot.vlan}
    with connected(trunk) as route:
        found = route.link_lookup(ifname=name)
        if not found:
            raise LabError("there is no such interface", concerns=name)
        route.link(
            "add",
            ifname=_PHONE,
            link=found[0],
            address=slot.identity.mac,
            net_ns_fd=namespace.descriptor,
            **kind,
        )
    interface = Interface(namespace, _PHONE)
    undo.callback(interface.close)
    return interface


def _remove(host: Namespace, name: str) -> None:
    with connected(host) as route:
        for index in route.link_lookup(ifname=name):
            route.link("del", index=index)
