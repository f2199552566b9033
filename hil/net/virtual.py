"""The virtual testbed's network: one namespace for the lab, one a handset, joined by a bridge.

::

    lab namespace                                     handset namespace
    ┌──────────────────────────────┐                  ┌──────────────┐
    │ servers, PDU ── br0 ── port1 ├── veth (delay) ──┤ eth0   phone │
    └──────────────────────────────┘                  └──────────────┘

The packets are the kernel's own. `VirtualNetwork.flush` proves every link empty for the virtual
clock. Addresses are those of TEST-NET-1 (RFC 5737), so a mistake can reach nobody.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hil.errors import LabError, NamespaceError
from hil.net.barrier import Probe
from hil.net.closing import close_together
from hil.net.interface import Interface, Place
from hil.net.namespace import Namespace
from hil.net.relay import Relay

SUBNET = ipaddress.IPv4Network("192.0.2.0/24")
LAB_ADDRESS = SUBNET[1]
PDU_ADDRESS = SUBNET[2]
FIRST_HANDSET = 16
BRIDGE = "br0"
_BRIDGE_MAC = "02:00:5e:00:02:01"


@dataclass(frozen=True)
class VirtualPort:
    """A handset's place on the virtual network."""

    name: str
    far: Interface
    near: Interface
    probe: Probe
    relay: Relay | None
    address: ipaddress.IPv4Address

    @property
    def connected(self) -> bool:
        """Whether the handset's end is up: what a switch would call its link."""
        return self.far.running


class VirtualNetwork:
    """Lab namespace, bridge and handset ports; build it before the loop runs."""

    def __init__(self) -> None:
        self.namespace = Namespace.create()
        self.netmask = SUBNET.netmask
        self.address = LAB_ADDRESS
        self.ports: list[VirtualPort] = []
        self.lost_barriers = 0
        self._at_rest: list[Callable[[], bool]] = []
        try:
            self._build_bridge()
        except NamespaceError:
            self.namespace.close()
            raise
        self.bridge = Interface(self.namespace, BRIDGE)
        self._loopback = Interface(self.namespace, "lo")
        self._own_probe = Probe(self._loopback, self._loopback)

    def add_handset(self, mac: str, *, delay_s: float = 0.0) -> VirtualPort:
        """A port with an unpowered handset's interface; ``delay_s`` holds each frame back."""
        return self.add_handsets([mac], delay_s=delay_s)[0]

    def add_handsets(self, macs: list[str], *, delay_s: float = 0.0) -> list[VirtualPort]:
        """Several ports at once."""
        from pyroute2 import IPRoute

        made: list[VirtualPort] = []
        with self.namespace.entered():
            route = IPRoute()
        try:
            (bridge,) = route.link_lookup(ifname=BRIDGE)
            for mac in macs:
                made.append(self._add(route, bridge, mac, delay_s))
                self.ports.append(made[-1])
        finally:
            route.close()
        return made

    def place(self, address: ipaddress.IPv4Address = LAB_ADDRESS) -> Place:
        """Where a server of the lab listens."""
        return Place(self.bridge, address, self.netmask)

    def flush(self) -> bool:
        """Deliver all that is in flight; say whether anything but barriers moved meanwhile."""
        moved = 0
        for probe in self._probes():
            if not probe.round_trip():
                self.lost_barriers += 1
        for probe in self._probes():
            moved += probe.moved()
        if moved:
            return True
        again = [look() for look in self._at_rest]
        return any(again)

    def at_rest(self, look: Callable[[], bool]) -> None:
        """Call ``look`` whenever a flush moved nothing; True from it asks for another flush."""
        self._at_rest.append(look)

    def close(self) -> None:
        """Let go of every namespace; the kernel takes the interfaces with them."""
        close_together([self._own_probe, *(port.probe for port in self.ports)])
        for port in self.ports:
            port.near.close()
            if port.relay is not None:
                port.relay.close()
                port.near.namespace.close()
            port.far.close()
            port.far.namespace.close()
        self.ports.clear()
        self._loopback.close()
        self.bridge.close()
        self.namespace.close()

    # -- inside ------------------------------------------------------------------------------------

    def _probes(self) -> list[Probe]:
        return [self._own_probe, *(port.probe for port in self.ports if port.far.running)]

    def _build_bridge(self) -> None:
        from pyroute2 import IPRoute
        from pyroute2.netlink.exceptions import NetlinkError

        with self.namespace.entered():
            route = IPRoute()
        try:
            route.link("set", index=1, state="up")
            route.link(
                "add", ifname=BRIDGE, kind="bridge", br_mcast_snooping=0, address=_BRIDGE_MAC
            )
            (bridge,) = route.link_lookup(ifname=BRIDGE)
            route.link("set", index=bridge, state="up")
            with self.namespace.entered():
                # Else a host that takes another's address passes for it for a second.
                Path(f"/proc/sys/net/ipv4/neigh/{BRIDGE}/locktime").write_text("0")
            for address in (LAB_ADDRESS, PDU_ADDRESS):
                route.addr("add", index=bridge, address=str(address), prefixlen=SUBNET.prefixlen)
        except NetlinkError as error:
            raise NamespaceError(
                "the kernel cannot make a bridge",
                evidence=str(error),
                next_step="load the modules bridge and veth",
            ) from error
        finally:
            route.close()

    def _add(self, route: object, bridge: int, mac: str, delay_s: float) -> VirtualPort:
        from pyroute2.netlink.exceptions import NetlinkError

        number = len(self.ports) + 1
        name = f"port{number}"
        address = SUBNET[FIRST_HANDSET + number - 1]
        namespace = Namespace.create()
        far = {"ifname": "eth0", "net_ns_fd": namespace.descriptor, "address": mac}
        try:
            if delay_s > 0:
                relay = Relay.insert(route, bridge, name, far, delay_s)
            else:
                relay = None
                route.link(  # type: ignore[attr-defined]
                    "add", ifname=name, kind="veth", master=bridge, state="up", peer=far
                )
        except NetlinkError as error:
            namespace.close()
            raise LabError(
                "the kernel cannot make a handset's link", evidence=str(error), concerns=mac
            ) from error
        phone = Interface(namespace, "eth0")
        # The near end is the one whose carrier follows the handset's.
        near = Interface(self.namespace, name) if relay is None else relay.handset_side
        probe = Probe(self.bridge, phone)
        return VirtualPort(name, phone, near, probe, relay, address)
