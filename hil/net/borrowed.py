"""A machine's own interface, lent to a bench: taken into its namespace and given back as it was.

What comes back is its name, whether it was up, its addresses and its routes (not those over several
interfaces at once, and none that the kernel or a router's announcement makes by itself). If the
process is killed meanwhile, the kernel moves a physical interface to the machine's first namespace,
down and without addresses; a virtual one (veth, macvlan) it destroys with the namespace.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hil.errors import LabError
from hil.net.child import parent_index
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.net.rtnetlink import connected

if TYPE_CHECKING:
    from pyroute2 import IPRoute

_IFF_UP = 0x1
_UNICAST = 1
_MAIN_TABLE = 254
# Routes by the kernel itself (RTPROT_KERNEL) and by router advertisements (RTPROT_RA).
_BY_THEMSELVES = (2, 9)
_LINK_SCOPE = 253
_FAMILIES = (socket.AF_INET, socket.AF_INET6)

Attributes = Mapping[str, Any]
"""Arguments of pyroute2's ``addr`` or ``route``, but the interface."""


@dataclass(frozen=True)
class Borrowed:
    """What an interface was before it was taken from ``host``."""

    host: Namespace
    name: str
    was_up: bool
    addresses: tuple[Attributes, ...]
    routes: tuple[Attributes, ...]

    def give_back(self, interface: Interface) -> None:
        """Bring the interface home; LabError if it does not come back as it was."""
        from pyroute2.netlink.exceptions import NetlinkError

        try:
            with connected(interface.namespace) as route, _descriptor(self.host) as home:
                (index,) = route.link_lookup(ifname=self.name)
                route.link("set", index=index, state="down")
                route.link("set", index=index, net_ns_fd=home)
            with connected(self.host) as route:
                (index,) = route.link_lookup(ifname=self.name)
                if self.was_up:
                    route.link("set", index=index, state="up")
                for address in self.addresses:
                    route.addr("add", index=index, **address)
                for entry in self.routes:
                    route.route("add", oif=index, **entry)
        except (NetlinkError, ValueError) as error:
            raise LabError(
                "the interface did not come back as it was",
                evidence=str(error),
                next_step=f"look at `ip address show dev {self.name}` and set it up again",
                concerns=self.name,
            ) from error


def borrow(
    name: str, host: Namespace, namespace: Namespace, *, configured: bool = False
) -> Borrowed:
    """Move the interface from ``host`` into ``namespace``, where it arrives down and bare.

    LabError, with everything as it was, if it belongs to a bridge or bond, if other interfaces stand
    on it, or if it has a global address or the default route, unless ``configured`` allows that.
    `hil.net.child.InUseError` if it is not there.
    """
    from pyroute2.netlink.exceptions import NetlinkError

    index = parent_index(name, host, up=False)
    try:
        with connected(host) as route:
            (link,) = route.get_links(index)
            found = Borrowed(
                host,
                name,
                bool(link["flags"] & _IFF_UP),
                tuple(_addresses(route, index)),
                tuple(sorted(_routes(route, index), key=lambda entry: "gateway" in entry)),
            )
            _refuse_if_needed(route, link, found, configured=configured)
            route.link("set", index=index, net_ns_fd=namespace.descriptor)
    except NetlinkError as error:
        raise LabError(
            "the interface cannot be taken into a namespace",
            evidence=str(error),
            next_step="run as root; a wireless interface or a bridge has to stay where it is",
            concerns=name,
        ) from error
    return found


def _refuse_if_needed(route: IPRoute, link: Any, found: Borrowed, *, configured: bool) -> None:
    here = [other for other in route.get_links() if other.get("link_netnsid") is None]
    # The two ends of a veth name each other: none of them stands on the other.
    other_end = link.get("link") if link.get("link_netnsid") is None else None
    above = [
        other.get("ifname")
        for other in here
        if other.get("link") == link["index"] and other["index"] != other_end
    ]
    if link.get("master") or above:
        raise LabError(
            "the interface is part of the machine's network",
            evidence="others stand on it: " + ", ".join(above)
            if above
            else "a bridge or bond has it",
            next_step="take an interface of its own, or attach by macvlan",
            concerns=found.name,
        )
    if not configured and (found.addresses or any("dst" not in each for each in found.routes)):
        has = [f"{each['address']}/{each['prefixlen']}" for each in found.addresses]
        raise LabError(
            "the machine itself uses the interface",
            evidence="it has " + ", ".join(has or ["the default route"]),
            next_step="attach by macvlan, or say configured: true to lend it for the time of a run",
            concerns=found.name,
        )


def _addresses(route: IPRoute, index: int) -> Iterator[Attributes]:
    """Its addresses, but those of the link that the kernel makes by itself."""
    for message in route.get_addr(index=index):
        if message["family"] in _FAMILIES and message["scope"] != _LINK_SCOPE:
            kept = {
                "family": message["family"],
                "address": message.get("local") or message.get("address"),
                "prefixlen": message["prefixlen"],
                "scope": message["scope"],
                "broadcast": message.get("broadcast"),
            }
            yield {name: value for name, value in kept.items() if value is not None}


def _routes(route: IPRoute, index: int) -> Iterator[Attributes]:
    """The routes of all tables that somebody made over it."""
    for family in _FAMILIES:
        for message in route.get_routes(family=family):
            ours = message.get("oif") == index and message["type"] == _UNICAST
            if ours and message["proto"] not in _BY_THEMSELVES:
                destination = message.get("dst")
                kept = {
                    "family": family,
                    "dst": f"{destination}/{message['dst_len']}" if destination else None,
                    "gateway": message.get("gateway"),
                    "prefsrc": message.get("prefsrc"),
                    "priority": message.get("priority"),
                    "table": message.get("table", _MAIN_TABLE),
                    "proto": message["proto"],
                    "scope": message["scope"],
                }
                yield {name: value for name, value in kept.items() if value is not None}


@contextlib.contextmanager
def _descriptor(namespace: Namespace) -> Iterator[int]:
    with namespace.entered():
        opened = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield opened
    finally:
        os.close(opened)
