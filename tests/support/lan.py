"""A machine on a LAN of its own making, to attach to as one would on a rack.

The switch is the bridge of a `VirtualNetwork`; the machine and each station hang on it by a veth pair
and have a namespace of their own. Their subnet is not the bridge's, so the bridge answers nobody.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest
from pyroute2.netlink.exceptions import NetlinkError

from hil.net.attachment import Attach, Wiring
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.net.rtnetlink import connected
from hil.net.virtual import VirtualNetwork

SUBNET = IPv4Network("198.51.100.0/24")
MACHINE = "02:00:5e:00:02:99"
PHONE = "00:0e:08:aa:bb:cc"
OTHER_PHONE = "00:0e:08:aa:bb:cd"
STRANGER = "00:00:5e:00:53:01"
VLAN = 101


class Lan:
    """``machine`` is the namespace whose interface ``eth0`` leads to the LAN."""

    def __init__(self) -> None:
        self.network = VirtualNetwork()
        self._port = self.network.add_handset(MACHINE)
        self.machine = self._port.far.namespace
        self.interface = self._port.far
        self.cleanup = contextlib.ExitStack()
        self.cleanup.callback(self.network.close)
        self.interface.up()
        assert self._port.probe.round_trip()

    def station(self, mac: str, address: IPv4Address | None = None) -> Interface:
        """One more on the LAN, whose link is up."""
        port = self.network.add_handset(mac)
        port.far.up()
        assert port.probe.round_trip()
        if address is not None:
            port.far.configure(address, SUBNET.netmask)
        return port.far

    def tagged(self, station: Interface, vlan: int) -> Interface:
        """A station's child in a VLAN; skips the test, loudly, on a kernel without 802.1Q."""
        with connected(station.namespace) as route:
            (index,) = route.link_lookup(ifname=station.name)
            try:
                route.link(
                    "add", ifname="tagged", kind="vlan", link=index, vlan_id=vlan, state="up"
                )
            except NetlinkError as error:
                pytest.skip(f"this kernel has no 802.1Q (modprobe 8021q): {error}")
        made = Interface(station.namespace, "tagged")
        self.cleanup.callback(made.close)
        return made

    def cable(self, *, plugged: bool) -> None:
        """The machine's cable, at the switch's side."""
        (self._port.near.up if plugged else self._port.near.down)()


@contextlib.contextmanager
def made() -> Iterator[Lan]:
    """A LAN for the time of the block."""
    lan = Lan()
    with lan.cleanup:
        yield lan


def wiring(attach: Attach = "macvlan", number: int = 0, *, configured: bool = False) -> Wiring:
    """The wire of the handset at that place of an inventory."""
    return Wiring(
        "eth0",
        attach,
        SUBNET[1 + number],
        SUBNET.netmask,
        SUBNET[128 + number],
        vlan=VLAN + number if attach == "vlan" else None,
        configured=configured,
    )


def told(namespace: Namespace, *arguments: str) -> Any:
    """What iproute2 says there, as it prints JSON."""
    with namespace.entered():
        done = subprocess.run(
            ["ip", "-json", *arguments], capture_output=True, text=True, check=True, timeout=10
        )
    return json.loads(done.stdout or "[]")


def names(namespace: Namespace) -> set[str]:
    """The interfaces that are there."""
    return {link["ifname"] for link in told(namespace, "link", "show")}


def has_vlans(machine: Namespace) -> bool:
    """Whether the kernel makes VLAN interfaces (IEEE 802.1Q), tried in this namespace."""
    with connected(machine) as route, contextlib.suppress(NetlinkError):
        route.link("add", ifname="v0", kind="veth", peer={"ifname": "v1"})
        (index,) = route.link_lookup(ifname="v0")
        try:
            route.link("add", ifname="v0.1", kind="vlan", vlan_id=1, link=index)
        finally:
            route.link("del", index=index)
        return True
    return False
