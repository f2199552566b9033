"""A gate at an interface: what one hardware address sends comes in, of all others nothing does.

The kernel of a namespace answers by itself whoever asks: ARP for its address, pings, connections to
ports that are open and to those that are not. An endpoint that ignores a stranger comes too late for
that. The gate is an nftables chain at the netdev ingress hook, before all protocols. Packet sockets
stand before it, so captures and witnesses go on hearing everything.

It is made of five nfnetlink messages (linux/netfilter/nf_tables.h), because nothing more is needed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import struct

from hil.errors import LabError, NamespaceError
from hil.net.interface import Interface

_NETLINK_NETFILTER = 12
_NFPROTO_NETDEV = 5
_SUBSYSTEM = 10
_BATCH_BEGIN, _BATCH_END = 0x10, 0x11
_NEW_TABLE, _NEW_CHAIN, _NEW_RULE = (_SUBSYSTEM << 8 | command for command in (0, 3, 6))
_REQUEST, _ACK, _CREATE, _APPEND = 0x1, 0x4, 0x400, 0x800
_ERROR = 2
_NESTED = 0x8000
_HEADER = struct.Struct("=IHHII")
_GENERIC = struct.Struct(">BBH")
_ATTRIBUTE = struct.Struct("=HH")
_CODE = struct.Struct("=i")
_LARGEST = 65_536

_TABLE, _CHAIN = b"hil\0", b"gate\0"
_DROP, _ACCEPT = 0, 1
_VERDICT_REGISTER, _REGISTER = 0, 1
_SOURCE_AT, _MAC_OCTETS = 6, 6


def admit(interface: Interface, mac: str) -> None:
    """Let in at ``interface`` only what ``mac`` sends, as long as the interface exists.

    One gate a namespace. NamespaceError where the kernel has no nf_tables, LabError where it refuses
    otherwise or the interface is none that carries Ethernet frames.
    """
    # Linux 6.16 and later would take the name of an interface that is not there.
    if not interface.ethernet:
        raise LabError("there are no hardware addresses to go by", concerns=interface.name)
    # Each message of the batch with its attributes; the first and the last only bracket it.
    messages = (
        _message(_BATCH_BEGIN, _REQUEST, b"", batch=True),
        _message(_NEW_TABLE, _REQUEST | _ACK | _CREATE, _attribute(1, _TABLE)),
        _message(_NEW_CHAIN, _REQUEST | _ACK | _CREATE, _chain(interface.name)),
        _message(_NEW_RULE, _REQUEST | _ACK | _CREATE | _APPEND, _rule(mac)),
        _message(_BATCH_END, _REQUEST, b"", batch=True),
    )
    try:
        with contextlib.closing(
            interface.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_NETFILTER)
        ) as opened:
            opened.send(b"".join(messages))
            # The kernel has answered when send returns, so recv never has to wait.
            for _ in range(3):
                _raise_if_refused(opened.recv(_LARGEST))
    except OSError as error:
        raise _refused(interface, error) from error


def _chain(device: str) -> bytes:
    """A base chain at the ingress of the device that drops what no rule accepts."""
    hook = _number(1, 0) + _number(2, 0) + _attribute(3, device.encode() + b"\0")
    return b"".join(
        (
            _attribute(1, _TABLE),
            _attribute(3, _CHAIN),
            _attribute(4 | _NESTED, hook),
            _number(5, _DROP),
            _attribute(7, b"filter\0"),
        )
    )


def _rule(mac: str) -> bytes:
    """Accept if the six octets of the frame's source address are those of ``mac``."""
    source = b"".join(
        (_number(1, _REGISTER), _number(2, 0), _number(3, _SOURCE_AT), _number(4, _MAC_OCTETS))
    )
    octets = _attribute(1, bytes.fromhex(mac.replace(":", "")))
    equal = _number(1, _REGISTER) + _number(2, 0) + _attribute(3 | _NESTED, octets)
    verdict = _attribute(2 | _NESTED, _number(1, _ACCEPT))
    accept = _number(1, _VERDICT_REGISTER) + _attribute(2 | _NESTED, verdict)
    expressions = (
        _expression(b"payload\0", source)
        + _expression(b"cmp\0", equal)
        + _expression(b"immediate\0", accept)
    )
    return _attribute(1, _TABLE) + _attribute(2, _CHAIN) + _attribute(4 | _NESTED, expressions)


def _expression(name: bytes, data: bytes) -> bytes:
    return _attribute(1 | _NESTED, _attribute(1, name) + _attribute(2 | _NESTED, data))


def _number(kind: int, value: int) -> bytes:
    return _attribute(kind, struct.pack(">I", value))


def _attribute(kind: int, data: bytes) -> bytes:
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(data), kind) + data + b"\0" * (-len(data) % 4)


def _message(kind: int, flags: int, body: bytes, *, batch: bool = False) -> bytes:
    generic = _GENERIC.pack(0 if batch else _NFPROTO_NETDEV, 0, _SUBSYSTEM if batch else 0)
    length = _HEADER.size + len(generic) + len(body)
    return _HEADER.pack(length, kind, flags, 1, 0) + generic + body


def _raise_if_refused(answer: bytes) -> None:
    """OSError for an NLMSG_ERROR with a code other than 0, which is an acknowledgement."""
    _, kind, _, _, _ = _HEADER.unpack_from(answer)
    (code,) = _CODE.unpack_from(answer, _HEADER.size) if kind == _ERROR else (0,)
    if code:
        raise OSError(-code, os.strerror(-code))


def _refused(interface: Interface, error: OSError) -> LabError:
    missing = (errno.EPROTONOSUPPORT, errno.EOPNOTSUPP, errno.ENOENT, errno.EINVAL)
    if error.errno in missing:
        return NamespaceError(
            "the kernel cannot keep strangers out",
            evidence=f"nf_tables, ingress of {interface.name}: {error.strerror}",
            next_step="modprobe nf_tables (Linux 5.10 or later, CONFIG_NF_TABLES_NETDEV)",
            concerns=interface.name,
        )
    return LabError(
        "no gate can be set up at the interface",
        evidence=f"nf_tables: {error.strerror}",
        next_step="run as root, or with CAP_NET_ADMIN",
        concerns=interface.name,
    )
