"""One network interface in one namespace, through the ioctls of netdevice(7) and arp(7).

These calls work at once and inside a running event loop, which is why the few that are needed after
the network was built (link up and down, an address, a route, a neighbour) are made this way.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import fcntl
import ipaddress
import socket
import struct
from dataclasses import dataclass

from hil.errors import LabError
from hil.net.namespace import Namespace

_SIOCADDRT = 0x890B
_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_SIOCGIFADDR = 0x8915
_SIOCSIFADDR = 0x8916
_SIOCSIFNETMASK = 0x891C
_SIOCSIFHWADDR = 0x8924
_SIOCGIFHWADDR = 0x8927
_SIOCETHTOOL = 0x8946
_SIOCGARP = 0x8954
_IFF_UP = 0x1
_ETHTOOL_GLINK = 0x0A
_ETHTOOL_GGRO = 0x2B
_RTF_UP = 0x1
_RTF_GATEWAY = 0x2
_LAST_RESORT = 32_000
_ARPHRD_ETHER = 1
# rtnetlink(7), linux/rtnetlink.h and linux/if_link.h.
_NETLINK_HEADER = struct.Struct("=IHHII")
_LINK_MESSAGE = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_RTM_NEWLINK = 16
_RTM_GETLINK = 18
_NLM_F_REQUEST = 1
_IFLA_IFNAME = 3
_IFLA_CARRIER_CHANGES = 35
_LARGEST_ANSWER = 65_536
_NAME = 16
_SOCKADDR = struct.Struct("=HH4s8x")
_NO_ADDRESS = ipaddress.IPv4Address(0)


@dataclass(frozen=True)
class Place:
    """Where a server or a client stands: an interface, its address and its netmask."""

    interface: Interface
    address: ipaddress.IPv4Address
    netmask: ipaddress.IPv4Address

    def socket(self, family: int, kind: int, protocol: int = 0) -> socket.socket:
        """Open a non-blocking socket in the namespace of the interface."""
        return self.interface.namespace.socket(family, kind, protocol)


class Interface:
    """An Ethernet interface; everything raises LabError with the interface's name."""

    def __init__(self, namespace: Namespace, name: str) -> None:
        if not name or len(name.encode()) >= _NAME:
            raise LabError("not the name of an interface", concerns=name)
        self.namespace = namespace
        self.name = name
        self._control = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sender: socket.socket | None = None

    @property
    def mac(self) -> str:
        """Its MAC address, lower case with colons."""
        answer = self._call(_SIOCGIFHWADDR, b"\0" * 16)
        return answer[18:24].hex(":")

    @property
    def ethernet(self) -> bool:
        """Whether it carries Ethernet frames; a loopback or a tunnel does not."""
        (family,) = struct.unpack_from("=H", self._call(_SIOCGIFHWADDR, b"\0" * 16), _NAME)
        return bool(family == _ARPHRD_ETHER)

    def set_mac(self, mac: str) -> None:
        """Give it another MAC address, written with colons; most have to be down for that."""
        self._call(_SIOCSIFHWADDR, struct.pack("=H6s8x", _ARPHRD_ETHER, _octets(mac)))

    @property
    def address(self) -> ipaddress.IPv4Address | None:
        """Its first IPv4 address, or None."""
        try:
            answer = self._call(_SIOCGIFADDR, b"\0" * 16)
        except LabError:
            return None
        return ipaddress.IPv4Address(answer[20:24])

    @property
    def running(self) -> bool:
        """Whether it is up and has a carrier, as of now.

        IFF_RUNNING would tell the same a moment later: the kernel updates it in the background.
        """
        return self.enabled and self._carrier()

    def _carrier(self) -> bool:
        return self._ethtool(_ETHTOOL_GLINK)

    def _ethtool(self, command: int) -> bool:
        # The kernel writes its answer through the pointer, so the buffer must outlive the call.
        question = ctypes.create_string_buffer(struct.pack("=II", command, 0), 8)
        self._call(_SIOCETHTOOL, struct.pack("@P", ctypes.addressof(question)))
        return bool(struct.unpack("=II", question.raw)[1])

    @property
    def joins_segments(self) -> bool:
        """Whether what arrives may be several TCP segments in one frame (generic receive offload)."""
        return self._ethtool(_ETHTOOL_GGRO)

    @property
    def enabled(self) -> bool:
        """Whether it is set up, with a carrier or without."""
        (flags,) = struct.unpack_from("=H", self._call(_SIOCGIFFLAGS, b"\0" * 16), _NAME)
        return bool(flags & _IFF_UP)

    def carrier_changes(self) -> int:
        """How often its carrier came or went since it was made, whoever was the cause."""
        try:
            with contextlib.closing(
                self.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
            ) as route:
                # The kernel has answered when send returns, so recv never has to wait.
                route.send(_link_question(self.name))
                return _carrier_changes(route.recv(_LARGEST_ANSWER))
        except (OSError, struct.error, KeyError) as error:
            raise LabError(
                "the kernel does not tell how often the carrier changed",
                evidence=repr(error),
                concerns=self.name,
            ) from error

    def up(self) -> None:
        """Set it up; a veth then has a carrier if its peer is up as well."""
        self._set_flag(up=True)

    def down(self) -> None:
        """Set it down: the other side loses its carrier, routes and neighbours are gone."""
        self._set_flag(up=False)

    def configure(self, address: ipaddress.IPv4Address, netmask: ipaddress.IPv4Address) -> None:
        """Give it its one IPv4 address."""
        self._call(_SIOCSIFADDR, _sockaddr(address))
        self._call(_SIOCSIFNETMASK, _sockaddr(netmask))

    def unconfigure(self) -> None:
        """Take the IPv4 address away."""
        with contextlib.suppress(LabError):
            self._call(_SIOCSIFADDR, _sockaddr(_NO_ADDRESS))

    def route_by(self, gateway: ipaddress.IPv4Address) -> None:
        """Make ``gateway`` the default route through this interface; an existing one is kept.

        Its metric is so high that only sockets bound to the interface use it where the machine has
        a default route of its own.
        """
        # The kernel reads the device's name through a pointer, so the buffer must outlive the call.
        name = ctypes.create_string_buffer(self.name.encode())
        entry = struct.pack(
            "@L16s16s16sHhLPhPLLH",
            0,
            _sockaddr(_NO_ADDRESS),
            _sockaddr(gateway),
            _sockaddr(_NO_ADDRESS),
            _RTF_UP | _RTF_GATEWAY,
            0,
            0,
            0,
            _LAST_RESORT,
            ctypes.addressof(name),
            0,
            0,
            0,
        )
        try:
            fcntl.ioctl(self._control, _SIOCADDRT, entry)
        except OSError as error:
            if error.errno != errno.EEXIST:
                raise self._error("default route", error) from error

    def neighbour(self, address: str) -> str | None:
        """The MAC that answered ARP for ``address`` on this link, or None if none is known."""
        # Asked for every datagram that an endpoint gets, so nothing here takes the long way.
        request = (
            _SOCKADDR.pack(socket.AF_INET, 0, socket.inet_pton(socket.AF_INET, address))
            + b"\0" * 16
            + b"\0" * 4
            + b"\0" * 16
            + self.name.encode().ljust(_NAME, b"\0")
        )
        try:
            answer = fcntl.ioctl(self._control, _SIOCGARP, request)
        except OSError:
            return None
        mac = answer[18:24]
        return mac.hex(":") if any(mac) else None

    def transmit(self, frame: bytes) -> None:
        """Send an Ethernet frame as it stands; OSError if the kernel does not take it.

        The socket for it is kept until `close`, since each that is closed costs a wait in the kernel.
        """
        if self._sender is None:
            # Protocol 0: a socket that only sends, else it would queue every frame of the link.
            self._sender = self.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._sender.sendto(frame, (self.name, 0))

    def close(self) -> None:
        """Let go of its sockets; the interface stays as it is."""
        self._control.close()
        if self._sender is not None:
            self._sender.close()
            self._sender = None

    def _set_flag(self, *, up: bool) -> None:
        (flags,) = struct.unpack_from("=H", self._call(_SIOCGIFFLAGS, b"\0" * 16), _NAME)
        flags = flags | _IFF_UP if up else flags & ~_IFF_UP
        self._call(_SIOCSIFFLAGS, struct.pack("=H14x", flags))

    def _call(self, request: int, argument: bytes) -> bytes:
        message = self.name.encode().ljust(_NAME, b"\0") + argument.ljust(24, b"\0")
        try:
            return bytes(fcntl.ioctl(self._control, request, message))
        except OSError as error:
            raise self._error(f"ioctl {request:#x}", error) from error

    def _error(self, what: str, error: OSError) -> LabError:
        return LabError(
            f"interface {self.name}: {what} failed",
            evidence=error.strerror or str(error),
            next_step="check that the interface exists and that this user may configure it",
        )


def _octets(mac: str) -> bytes:
    return bytes.fromhex(mac.replace(":", ""))


def _sockaddr(address: ipaddress.IPv4Address) -> bytes:
    return _SOCKADDR.pack(socket.AF_INET, 0, address.packed)


def _link_question(name: str) -> bytes:
    """RTM_GETLINK for the interface of this name."""
    text = name.encode() + b"\0"
    attribute = _ATTRIBUTE.pack(_ATTRIBUTE.size + len(text), _IFLA_IFNAME) + text
    body = _LINK_MESSAGE.pack(socket.AF_UNSPEC, 0, 0, 0, 0) + attribute + b"\0" * (-len(text) % 4)
    length = _NETLINK_HEADER.size + len(body)
    return _NETLINK_HEADER.pack(length, _RTM_GETLINK, _NLM_F_REQUEST, 1, 0) + body


def _carrier_changes(answer: bytes) -> int:
    """IFLA_CARRIER_CHANGES of an RTM_NEWLINK; KeyError or struct.error if it is not there."""
    length, kind, _, _, _ = _NETLINK_HEADER.unpack_from(answer)
    if kind != _RTM_NEWLINK:
        raise KeyError(kind)
    at = _NETLINK_HEADER.size + _LINK_MESSAGE.size
    while at < length:
        size, name = _ATTRIBUTE.unpack_from(answer, at)
        if name == _IFLA_CARRIER_CHANGES:
            (changes,) = struct.unpack_from("=I", answer, at + _ATTRIBUTE.size)
            return int(changes)
        if size < _ATTRIBUTE.size:
            break
        at += (size + 3) & ~3
    raise KeyError(_IFLA_CARRIER_CHANGES)
