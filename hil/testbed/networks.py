"""The network of an inventory: which wires join laboratory and phones, and who has which address.

A virtual testbed has its wires made for it, and says at most how slow they are. A rack says on which
interface of the machine its phones hang, and how a handset gets a wire of its own there (`attach`):

``plain``
    The interface itself, for one handset at a time; while a bench runs the machine is without it.
``vlan``
    An 802.1Q child of it, one VLAN a handset; the switch keeps the handsets apart.
``macvlan``
    A child of it with a MAC address of its own, on a LAN that all handsets share.

A handset's address is its own ``address``, or else goes by its place in the list: the second half of
the subnet belongs to the handsets. The lab has the subnet's first host address. Where all share one
LAN every bench needs an address of its own, so there it is that address plus the handset's place.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, NamedTuple, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from hil.errors import UsageError
from hil.net.attachment import Attach, Wiring
from hil.testbed.checks import Wrong, refusal
from hil.testbed.entry import RACK_NEEDED, VIRTUAL_ONLY, Entry, Mac

VlanId = Annotated[int, Field(ge=1, le=4094)]
"""A VLAN identifier that may be given to a VLAN (IEEE 802.1Q-2022, table 9-2)."""

VLAN_IS = "the handset's VLAN, 1 to 4094"
"""What would be right for a `VlanId`."""

InterfaceName = Annotated[str, StringConstraints(pattern=r"^[!-\-0-9;-~][!-.0-9;-~]{0,14}$")]
"""An interface's name: 1 to 15 visible characters but slash and colon, the first no full stop."""

_LONGEST_PREFIX = 30


def _usable(subnet: IPv4Network) -> IPv4Network:
    if subnet.prefixlen > _LONGEST_PREFIX or subnet.is_loopback or subnet.is_multicast:
        raise refusal(
            [
                Wrong(
                    (),
                    f"{subnet} has no room for a lab and a phone",
                    "an IPv4 network of hosts with a prefix of at most 30 bits",
                )
            ]
        )
    return subnet


class Network(Entry):
    """The wires between the phones and the laboratory; see the module.

    ``delay_ms`` belongs to a virtual testbed and everything else to a rack. ``direct`` says that no
    switch is in between, so that the interface loses its link when the handset loses its power;
    ``configured`` lends a bench a plain interface that has addresses or the default route.
    ``known_dhcp_servers`` are servers that may be on the LAN because they leave the handsets alone.
    """

    delay_ms: float = Field(
        default=0.0,
        ge=0,
        le=1000,
        json_schema_extra=VIRTUAL_ONLY,
        description="the delay of each link one way, 0 to 1000 milliseconds",
    )
    interface: InterfaceName | None = Field(
        default=None,
        json_schema_extra=RACK_NEEDED,
        description="the interface of this machine that leads to the phones (eth1)",
    )
    attach: Attach = Field(default="macvlan", description="plain, vlan or macvlan")
    direct: bool = Field(
        default=False,
        description="true where the phone hangs on the interface itself, without a switch",
    )
    configured: bool = Field(
        default=False,
        description="true to lend a plain interface that the machine itself uses, during a run",
    )
    subnet: Annotated[IPv4Network, AfterValidator(_usable)] = Field(
        default=IPv4Network("192.0.2.0/24"),
        description="an IPv4 network such as 192.0.2.0/24, of at least 4 addresses",
    )
    address: IPv4Address | None = Field(
        default=None, description="the lab's own IPv4 address in the subnet, such as 192.0.2.1"
    )
    known_dhcp_servers: tuple[Mac, ...] = Field(
        default=(), description="a list of MAC addresses such as 00:0e:08:aa:bb:cc"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if wrongs := tuple(self._wrongs()):
            raise refusal(wrongs)
        return self

    def _wrongs(self) -> Iterator[Wrong]:
        given = self.model_fields_set
        if self.interface is None:
            for key in sorted(given - {"delay_ms", "interface"}):
                yield Wrong((key,), f"{key} without an interface", "interface: eth1, on a rack")
        elif "delay_ms" in given:
            yield Wrong(("delay_ms",), "real wires have the delay they have", "leave it out")
        if self.attach != "plain":
            for key in ("direct", "configured"):
                if getattr(self, key):
                    yield Wrong((key,), f"{key} with attach: {self.attach}", "attach: plain")
        if self.address is not None and not _is_host(self.address, self.subnet):
            yield Wrong(
                ("address",),
                f"{self.address} is no host address of {self.subnet}",
                f"an address such as {self.subnet[1]}",
            )


class Wired(NamedTuple):
    """What the inventory says of a handset's place on the network."""

    vlan: int | None = None
    address: IPv4Address | None = None


def wiring(network: Network, handsets: Sequence[Wired], place: int) -> Wiring:
    """The wire of the handset at ``place`` in the list, from 0; UsageError if there is none."""
    if network.interface is None:
        raise UsageError("the inventory names no interface", remedy="network: {interface: eth1}")
    for wrong in disagreements(network, handsets):
        raise UsageError(wrong.problem, remedy=wrong.remedy)
    handset = handsets[place]
    return Wiring(
        network.interface,
        network.attach,
        address=_lab(network, place),
        netmask=network.subnet.netmask,
        handset_address=handset.address or _by_place(network, place),
        vlan=handset.vlan,
        configured=network.configured,
    )


def disagreements(network: Network, handsets: Sequence[Wired]) -> Iterator[Wrong]:
    """Find where a rack's network and its handsets do not go together; places are below the testbed.

    A VLAN that is missing, not wanted or taken twice; an address that is no host's, taken twice or
    the lab's; more handsets than the subnet has addresses.
    """
    if network.interface is None:
        return
    room = network.subnet.num_addresses // 2 - 1
    if len(handsets) > room:
        problem = f"{network.subnet} has addresses for {room} handsets, not {len(handsets)}"
        yield Wrong(("network", "subnet"), problem, "a subnet with a shorter prefix")
        return
    last = _lab(network, len(handsets) - 1) if handsets else network.subnet[1]
    if not _is_host(last, network.subnet):
        problem = f"the lab's addresses from {network.address} on leave {network.subnet}"
        yield Wrong(("network", "address"), problem, "an address nearer to the subnet's begin")
        return
    yield from _vlan_troubles(network, handsets)
    yield from _address_troubles(network, handsets)


def _vlan_troubles(network: Network, handsets: Sequence[Wired]) -> Iterator[Wrong]:
    seen: dict[int, int] = {}
    for place, handset in enumerate(handsets):
        at = ("handsets", place, "vlan")
        if handset.vlan is None:
            if network.attach == "vlan":
                yield Wrong(at[:2], "no VLAN, though the network attaches by VLAN", "vlan: 101")
        elif network.attach != "vlan":
            yield Wrong(at, f"a VLAN, though attach is {network.attach}", "attach: vlan")
        elif handset.vlan in seen:
            problem = f"VLAN {handset.vlan} is also that of handsets[{seen[handset.vlan]}]"
            yield Wrong(at, problem, "a VLAN of its own")
        else:
            seen[handset.vlan] = place


def _address_troubles(network: Network, handsets: Sequence[Wired]) -> Iterator[Wrong]:
    taken = {_lab(network, place): "the lab's" for place in range(len(handsets))}
    # Addresses that are given come first: they are what a person can change.
    for place, handset in enumerate(handsets):
        if handset.address is not None:
            at = ("handsets", place, "address")
            if not _is_host(handset.address, network.subnet):
                problem = f"{handset.address} is no host address of {network.subnet}"
                yield Wrong(at, problem, f"an address such as {_by_place(network, place)}")
            elif handset.address in taken:
                problem = f"{handset.address} is also {taken[handset.address]}"
                yield Wrong(at, problem, "an address of its own")
            else:
                taken[handset.address] = f"that of handsets[{place}]"
    for place, handset in enumerate(handsets):
        if handset.address is None and (own := _by_place(network, place)) in taken:
            problem = f"{own}, which it has by its place, is also {taken[own]}"
            yield Wrong(("handsets", place), problem, "give it an address of its own")


def _lab(network: Network, place: int) -> IPv4Address:
    first = network.address or network.subnet[1]
    return first + place if network.attach == "macvlan" else first


def _by_place(network: Network, place: int) -> IPv4Address:
    return network.subnet[network.subnet.num_addresses // 2 + place]


def _is_host(address: IPv4Address, subnet: IPv4Network) -> bool:
    ends = (subnet.network_address, subnet.broadcast_address)
    return address in subnet and address not in ends
