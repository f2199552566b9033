"""UDP sockets of the handset: bound to its one interface, awaited with a deadline in lab time.

Cancelling whoever waits here is as good as cutting the power: closing a UDP socket says nothing.
"""

from __future__ import annotations

import asyncio
import socket
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.lab_time import NANOSECONDS
from hil.net.interface import Interface

LARGEST = 65_535
"""Octets that a datagram may have."""


def open_datagram(interface: Interface) -> socket.socket:
    """A UDP socket that sends and receives on ``interface`` alone; the caller binds it."""
    opened = interface.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode())
    except OSError:
        opened.close()
        raise
    return opened


async def receive(
    opened: socket.socket, clock: Clock, until: int
) -> tuple[bytes, IPv4Address, int] | None:
    """The next datagram with its sender's address and port; None at lab time ``until`` (ns).

    Raises OSError for what the network reports about a connected socket (port unreachable).
    """
    left = max(0, until - clock.now()) / NANOSECONDS
    try:
        async with asyncio.timeout(left):
            data, (address, port) = await clock.loop.sock_recvfrom(opened, LARGEST)
    except TimeoutError:
        return None
    return data, IPv4Address(address), port
