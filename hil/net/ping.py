"""Is a host there? An ICMP echo (RFC 792) from a place on the network, in lab time."""

from __future__ import annotations

import asyncio
import socket
import struct
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.net.interface import Place

_ECHO_REQUEST = 8
_ECHO_REPLY = 0
_IDENTIFIER = 0x6869
_TRIES = 3


async def ping(place: Place, clock: Clock, address: IPv4Address, *, timeout_s: float = 1.0) -> str:
    """Ask up to three times; the empty text if the host answered, else why it counts as silent."""
    reason = "no echo reply"
    with place.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        for sequence in range(1, _TRIES + 1):
            try:
                await clock.loop.sock_sendto(raw, _echo(sequence), (str(address), 0))
                async with asyncio.timeout(timeout_s):
                    await _reply(raw, clock, address, sequence)
            except TimeoutError:
                continue
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            return ""
    return f"{reason} from {address} in {_TRIES} tries of {timeout_s:g} s"


async def _reply(raw: socket.socket, clock: Clock, address: IPv4Address, sequence: int) -> None:
    while True:
        data, sender = await clock.loop.sock_recvfrom(raw, 2048)
        header = (data[0] & 0x0F) * 4 if data else 0
        if sender[0] != str(address) or len(data) < header + 8:
            continue
        kind, _, _, identifier, number = struct.unpack_from("!BBHHH", data, header)
        if (kind, identifier, number) == (_ECHO_REPLY, _IDENTIFIER, sequence):
            return


def _echo(sequence: int) -> bytes:
    head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, _IDENTIFIER, sequence)
    return struct.pack("!BBHHH", _ECHO_REQUEST, 0, _checksum(head), _IDENTIFIER, sequence)


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return int(~(total + (total >> 16)) & 0xFFFF)
