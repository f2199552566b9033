"""A handset's wire on a real interface: a lab-side place in a namespace of its own.

::

    the machine               namespace of one bench
    ┌────────────┐            ┌─────────────────────────────────┐
    │ eth1 ──────┼─ macvlan ──┤ lab0  gate ── servers, witnesses │
    │            │  or VLAN   └─────────────────────────────────┘
    └────────────┘

`attach` makes it, for benches in as many processes as there are handsets. What the machine does with
its network and what a bench does cannot disturb each other, and the kernel removes the namespace with
all that is in it when the process ends, however it ends. The interface of ``plain`` is no child but
the machine's own; `hil.net.borrowed` has what that means.

At the gate (`hil.net.gate`) ends whatever the handset did not send, so that nothing in the namespace,
the kernel's ARP and ICMP included, answers anybody else. What remains a stranger's to see are the ARP
requests by which the lab looks for its handset, and broadcasts to the handset.

Proven against interfaces of Linux 6.1 (Debian 12's kernel, with 802.1Q) and 6.18, all of them virtual.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import Literal, Self, TypeVar

from hil.errors import LabError
from hil.net.borrowed import Borrowed, borrow
from hil.net.child import InUseError, make_macvlan, make_vlan
from hil.net.gate import admit
from hil.net.interface import Interface, Place
from hil.net.namespace import Namespace
from hil.net.rtnetlink import LinkEvents, connected

Attach = Literal["plain", "vlan", "macvlan"]
"""How a handset gets a wire of its own: see `hil.testbed.networks`."""

PATIENCE_S = 5.0
"""Seconds that `attach` waits for the kernel to clear away a bench that was killed."""

_CHILD = "lab0"
_IS_LOCAL = 0x02
_GROUP = 0x01
_T = TypeVar("_T")


@dataclass(frozen=True)
class Wiring:
    """What is to be made for one handset.

    ``interface`` is the machine's. The lab stands at ``address`` with ``netmask``, the handset is to
    have ``handset_address``. ``vlan`` is its VLAN (1 to 4094) where ``attach`` is vlan. ``configured``
    allows to take a plain interface although it has addresses or the default route.
    """

    interface: str
    attach: Attach
    address: IPv4Address
    netmask: IPv4Address
    handset_address: IPv4Address
    vlan: int | None = None
    configured: bool = False


class Attachment:
    """One handset's wire while it is made: where the lab stands (`place`) and its end (`close`)."""

    def __init__(
        self,
        wiring: Wiring,
        mac: str,
        interface: Interface,
        uplink: Interface,
        borrowed: Borrowed | None,
    ) -> None:
        self.wiring = wiring
        self.mac = mac
        """The handset's."""
        self.interface = interface
        """The lab's own interface, alone in its namespace."""
        self.uplink = uplink
        """The interface that has the cable; a child's carrier follows up to a second later."""
        self._borrowed = borrowed
        self._closed = False

    @property
    def place(self) -> Place:
        """Where the servers of the handset's bench stand."""
        return Place(self.interface, self.wiring.address, self.wiring.netmask)

    def close(self) -> None:
        """Take the wire away again; LabError if a plain interface cannot be given back."""
        if self._closed:
            return
        self._closed = True
        try:
            if self._borrowed is None:
                _remove(self.interface)
            else:
                self._borrowed.give_back(self.interface)
        finally:
            self.uplink.close()
            self.interface.close()
            self.interface.namespace.close()

    def __enter__(self) -> Self:
        """The attachment itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self.close()


def lab_mac(handset_mac: str) -> str:
    """The lab's MAC address toward a handset on a LAN of many: locally administered, by SHA-256.

    It follows from the handset's alone, so each bench of an inventory knows the others' and takes
    none of their DHCP servers for a foreign one.
    """
    octets = bytearray(hashlib.sha256(f"hil {handset_mac}".encode()).digest()[:6])
    octets[0] = octets[0] & ~_GROUP | _IS_LOCAL
    return octets.hex(":")


def attach(
    wiring: Wiring, mac: str, *, host: Namespace | None = None, patience_s: float = PATIENCE_S
) -> Attachment:
    """Make the wire of the handset ``mac`` (lower case with colons); see the module.

    ``host`` is where the machine's interface is, by default the namespace of the process. A wire
    that another bench has is waited for up to ``patience_s``, since the kernel needs a moment to
    clear away what a killed process held. To be called while no loop runs in this thread.

    NamespaceError if the kernel cannot do it at all, LabError if it cannot be done here: no such
    interface, no right to it, an interface that is down or in use.
    """
    host = host or Namespace.host()
    with LinkEvents(host) as events:
        return _patiently(lambda: _attach(wiring, mac, host), events, wiring, patience_s)


def _patiently(make: Callable[[], _T], events: LinkEvents, wiring: Wiring, patience_s: float) -> _T:
    """Try again after each change of a link, as long as somebody else has the wire."""
    until = time.monotonic() + patience_s
    while True:
        try:
            return make()
        except InUseError as busy:
            if not events.wait(until - time.monotonic()):
                raise LabError(
                    f"the wire is in use ({wiring.attach})",
                    evidence=str(busy),
                    next_step="see which bench or program has it; `hil leases` tells of benches",
                    concerns=wiring.interface,
                ) from busy


def _attach(wiring: Wiring, mac: str, host: Namespace) -> Attachment:
    namespace = Namespace.create()
    with contextlib.ExitStack() as undo:
        undo.callback(namespace.close)
        _loopback_up(namespace)
        borrowed = None
        if wiring.attach == "plain":
            borrowed = borrow(wiring.interface, host, namespace, configured=wiring.configured)
            interface = Interface(namespace, wiring.interface)
            undo.callback(borrowed.give_back, interface)
        else:
            _make_child(wiring, mac, host, namespace)
            interface = Interface(namespace, _CHILD)
            undo.callback(_remove, interface)
        undo.callback(interface.close)
        admit(interface, mac)
        try:
            interface.up()
        except LabError as error:
            # A macvlan's address is held against the others' when it is set up.
            if isinstance(cause := error.__cause__, OSError) and cause.errno == errno.EADDRINUSE:
                raise InUseError(f"{lab_mac(mac)}: {cause.strerror}") from error
            raise
        interface.configure(wiring.address, wiring.netmask)
        uplink = Interface(host if borrowed is None else namespace, wiring.interface)
        undo.pop_all()
    return Attachment(wiring, mac, interface, uplink, borrowed)


def _make_child(wiring: Wiring, mac: str, host: Namespace, namespace: Namespace) -> None:
    if wiring.vlan is not None:
        make_vlan(wiring.interface, host, wiring.vlan, _CHILD, namespace)
    else:
        make_macvlan(wiring.interface, host, lab_mac(mac), _CHILD, namespace)


def _loopback_up(namespace: Namespace) -> None:
    with contextlib.closing(Interface(namespace, "lo")) as loopback:
        loopback.up()


def _remove(interface: Interface) -> None:
    """Remove a child; one that is gone with its parent needs no removal."""
    from pyroute2.netlink.exceptions import NetlinkError

    with connected(interface.namespace) as route, contextlib.suppress(NetlinkError):
        for index in route.link_lookup(ifname=interface.name):
            route.link("del", index=index)
