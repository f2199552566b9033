"""Is a host there, and does the way to it carry all? ICMP echoes (RFC 792), in lab time."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.net.interface import Place

_ECHO_REQUEST = 8
_ECHO_REPLY = 0
_IDENTIFIER = 0x6869
_SERIES = 0x6870
_TRIES = 3


async def ping(place: Place, clock: Clock, address: IPv4Address, *, timeout_s: float = 1.0) -> str:
    """Ask up to three times; the empty text if the host answered, else why it counts as silent."""
    reason = "no echo reply"
    with place.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        for sequence in range(1, _TRIES + 1):
            try:
                echo = _echo(_IDENTIFIER, sequence)
                await clock.loop.sock_sendto(raw, echo, (str(address), 0))
                async with asyncio.timeout(timeout_s):
                    while await _reply(raw, clock, address, _IDENTIFIER) != sequence:
                        pass
            except TimeoutError:
                continue
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            return ""
    return f"{reason} from {address} in {_TRIES} tries of {timeout_s:g} s"


@dataclass(frozen=True)
class Echoes:
    """A series of echo requests: how many were sent, and which of them, from 0 on, were answered."""

    sent: int
    answered: frozenset[int]

    @property
    def lost(self) -> int:
        """How many between the first and the last that was answered were not.

        What stays unanswered at either end may be a host that comes or goes.
        """
        if not self.answered:
            return 0
        return max(self.answered) - min(self.answered) + 1 - len(self.answered)


async def echoes(
    place: Place,
    clock: Clock,
    address: IPv4Address,
    *,
    count: int = 20,
    every_s: float = 0.01,
    within_s: float = 1.0,
) -> Echoes:
    """Send so many echo requests, one each ``every_s``; answers count until ``within_s`` after."""
    answered: set[int] = set()
    with place.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        for sequence in range(count):
            # What the kernel does not take is lost like everything else.
            with contextlib.suppress(OSError):
                await clock.loop.sock_sendto(raw, _echo(_SERIES, sequence), (str(address), 0))
            await asyncio.sleep(every_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while len(answered) < count:
                    answered.add(await _reply(raw, clock, address, _SERIES))
    return Echoes(count, frozenset(answered))


async def _reply(raw: socket.socket, clock: Clock, address: IPv4Address, wanted: int) -> int:
    """The sequence number of the next echo reply from there that bears the identifier."""
    while True:
        data, sender = await clock.loop.sock_recvfrom(raw, 2048)
        header = (data[0] & 0x0F) * 4 if data else 0
        if sender[0] != str(address) or len(data) < header + 8:
            continue
        kind, _, _, identifier, number = struct.unpack_from("!BBHHH", data, header)
        if (kind, identifier) == (_ECHO_REPLY, wanted):
            return int(number)


def _echo(identifier: int, sequence: int) -> bytes:
    head = struct.pack("!BBHHH", _ECHO_REQUEST, 0, 0, identifier, sequence)
    return struct.pack("!BBHHH", _ECHO_REQUEST, 0, _checksum(head), identifier, sequence)


def _checksum(data: bytes) -> int:
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total >> 16) + (total & 0xFFFF)
    return int(~(total + (total >> 16)) & 0xFFFF)
