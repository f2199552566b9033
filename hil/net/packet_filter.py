"""Which frames a packet socket takes: classic BPF programs (bpf(4)), run by the kernel.

A filter costs the kernel some nanoseconds a frame and the bench nothing, so a witness may stand on a
busy link and be woken only by what it is there for.
"""

from __future__ import annotations

import ctypes
import socket
import struct
from collections.abc import Sequence
from typing import NamedTuple

BARRIER_ETHERTYPE = 0x88B5
"""The EtherType that IEEE 802 keeps for local experiments; `hil.net.barrier` uses it."""
WHOLE = 0x0004_0000
"""Octets to take of a frame: all of it, however large."""

_SO_ATTACH_FILTER = 26
_LD_WORD, _LD_HALF, _LD_BYTE = 0x20, 0x28, 0x30
_LD_HALF_INDEXED, _LDX_HEADER_LENGTH = 0x48, 0xB1
_JUMP_EQUAL, _JUMP_SET, _RETURN = 0x15, 0x45, 0x06
_ETHERTYPE_AT, _SOURCE_AT, _DESTINATION_AT = 12, 6, 0
_IPV4, _ARP, _UDP, _LLDP = 0x0800, 0x0806, 17, 0x88CC
_TCP = 6
_EVERYBODY = "ff:ff:ff:ff:ff:ff"
_CDP_GROUP = "01:00:0c:cc:cc:cc"
_GROUP_BIT = 0x01
_FRAGMENT_OFFSET = 0x1FFF
_NEXT, _TAKE, _DROP = "next", "take", "drop"

Program = tuple[tuple[int, int, int, int], ...]
"""Instructions: operation, steps to skip if true, steps to skip if false, operand."""


class _Line(NamedTuple):
    """One instruction, whose jumps go to labels; ``label`` is its own."""

    operation: int
    operand: int
    if_true: str = _NEXT
    if_false: str = _NEXT
    label: str = ""


def attach(opened: socket.socket, program: Program) -> None:
    """Let ``opened`` take only what ``program`` lets pass; bind it afterwards, or strays are in it."""
    held = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *row) for row in program))
    opened.setsockopt(
        socket.SOL_SOCKET,
        _SO_ATTACH_FILTER,
        struct.pack("@HP", len(program), ctypes.addressof(held)),
    )


def all_but_barriers(octets: int = WHOLE) -> Program:
    """Every frame that is no barrier, of each as many ``octets`` as asked for."""
    return _assemble(
        [
            _Line(_LD_HALF, _ETHERTYPE_AT),
            _Line(_JUMP_EQUAL, BARRIER_ETHERTYPE, _DROP, _TAKE),
        ],
        octets,
    )


def carried(source: str, destination: str, octets: int = 1) -> Program:
    """IPv4 and ARP from one MAC address to another or to a group.

    What bridges keep to themselves or answer for others (LLDP, CDP, spanning tree) is not among it.
    """
    return _assemble(
        [
            _Line(_LD_HALF, _ETHERTYPE_AT),
            _Line(_JUMP_EQUAL, _IPV4, "from"),
            _Line(_JUMP_EQUAL, _ARP, "from", _DROP),
            *_is_mac(_SOURCE_AT, source, _NEXT, _DROP, label="from"),
            _Line(_LD_BYTE, _DESTINATION_AT),
            _Line(_JUMP_SET, _GROUP_BIT, _TAKE),
            *_is_mac(_DESTINATION_AT, destination, _TAKE, _DROP),
        ],
        octets,
    )


def unicasts(source: str, destination: str = "", octets: int = 1) -> Program:
    """Frames from one MAC address to another, or to any that is no group's."""
    to = (
        _is_mac(_DESTINATION_AT, destination, _TAKE, _DROP)
        if destination
        else [_Line(_LD_BYTE, _DESTINATION_AT), _Line(_JUMP_SET, _GROUP_BIT, _DROP, _TAKE)]
    )
    return _assemble([*_is_mac(_SOURCE_AT, source, _NEXT, _DROP), *to], octets)


def broadcasts(source: str, octets: int = 1) -> Program:
    """Frames from one MAC address to all."""
    to_all = _is_mac(_DESTINATION_AT, _EVERYBODY, _TAKE, _DROP)
    return _assemble([*_is_mac(_SOURCE_AT, source, _NEXT, _DROP), *to_all], octets)


def broadcasts_but_of(source: str, octets: int = 1) -> Program:
    """Frames to all from any other MAC address."""
    to_all = _is_mac(_DESTINATION_AT, _EVERYBODY, _TAKE, _DROP, label="others")
    return _assemble([*_is_mac(_SOURCE_AT, source, _DROP, "others"), *to_all], octets)


def unicasts_to(destination: str, octets: int = 1) -> Program:
    """Frames to one MAC address, whoever sends them."""
    return _assemble(_is_mac(_DESTINATION_AT, destination, _TAKE, _DROP), octets)


def tcp_from(source: str, octets: int = 1) -> Program:
    """TCP over IPv4 from one MAC address."""
    return _assemble(
        [
            _Line(_LD_HALF, _ETHERTYPE_AT),
            _Line(_JUMP_EQUAL, _IPV4, _NEXT, _DROP),
            _Line(_LD_BYTE, 23),
            _Line(_JUMP_EQUAL, _TCP, _NEXT, _DROP),
            *_is_mac(_SOURCE_AT, source, _TAKE, _DROP),
        ],
        octets,
    )


def of_bench(handset: str, lab: str) -> Program:
    """What the handset sends, what is sent to it, and what the lab sends, to whomever.

    On a LAN of many handsets each bench sees the others' broadcasts, which are not among it.
    """
    return _assemble(
        [
            *_is_mac(_SOURCE_AT, handset, _TAKE, "to"),
            *_is_mac(_DESTINATION_AT, handset, _TAKE, "lab", label="to"),
            *_is_mac(_SOURCE_AT, lab, _TAKE, _DROP, label="lab"),
        ],
        WHOLE,
    )


def dhcp_servers(ours: str) -> Program:
    """IPv4 datagrams from UDP port 67 whose sender has not our MAC address (RFC 2131 section 4.1)."""
    return _assemble(
        [
            _Line(_LD_HALF, _ETHERTYPE_AT),
            _Line(_JUMP_EQUAL, _IPV4, _NEXT, _DROP),
            _Line(_LD_BYTE, 23),
            _Line(_JUMP_EQUAL, _UDP, _NEXT, _DROP),
            _Line(_LD_HALF, 20),
            _Line(_JUMP_SET, _FRAGMENT_OFFSET, _DROP),
            _Line(_LDX_HEADER_LENGTH, 14),
            _Line(_LD_HALF_INDEXED, 14),
            _Line(_JUMP_EQUAL, 67, _NEXT, _DROP),
            *_is_mac(_SOURCE_AT, ours, _DROP, _TAKE),
        ],
        WHOLE,
    )


def introductions() -> Program:
    """Frames by which devices say who they are: LLDP, CDP, and datagrams to UDP port 67 (DHCP)."""
    return _assemble(
        [
            _Line(_LD_HALF, _ETHERTYPE_AT),
            _Line(_JUMP_EQUAL, _LLDP, _TAKE),
            _Line(_JUMP_EQUAL, _IPV4, "ip"),
            *_is_mac(_DESTINATION_AT, _CDP_GROUP, _TAKE, _DROP),
            _Line(_LD_BYTE, 23, label="ip"),
            _Line(_JUMP_EQUAL, _UDP, _NEXT, _DROP),
            _Line(_LD_HALF, 20),
            _Line(_JUMP_SET, _FRAGMENT_OFFSET, _DROP),
            _Line(_LDX_HEADER_LENGTH, 14),
            _Line(_LD_HALF_INDEXED, 16),
            _Line(_JUMP_EQUAL, 67, _TAKE, _DROP),
        ],
        WHOLE,
    )


def _is_mac(at: int, mac: str, yes: str, no: str, *, label: str = "") -> list[_Line]:
    octets = bytes.fromhex(mac.replace(":", ""))
    return [
        _Line(_LD_WORD, at, label=label),
        _Line(_JUMP_EQUAL, int.from_bytes(octets[:4], "big"), _NEXT, no),
        _Line(_LD_HALF, at + 4),
        _Line(_JUMP_EQUAL, int.from_bytes(octets[4:], "big"), yes, no),
    ]


def _assemble(lines: Sequence[_Line], octets: int) -> Program:
    whole = [*lines, _Line(_RETURN, octets, label=_TAKE), _Line(_RETURN, 0, label=_DROP)]
    places = {line.label: at for at, line in enumerate(whole) if line.label}

    def steps(at: int, label: str) -> int:
        return 0 if label == _NEXT else places[label] - at - 1

    return tuple(
        (line.operation, steps(at, line.if_true), steps(at, line.if_false), line.operand)
        for at, line in enumerate(whole)
    )
