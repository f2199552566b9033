"""Waiting for a link: a cable that is plugged in, a switch port that wakes up.

The kernel announces every change of an interface over rtnetlink(7); nothing is polled.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket

from hil.net.interface import Interface

_RTMGRP_LINK = 1
_LARGEST = 65_536


async def carrier(interface: Interface) -> None:
    """Return once ``interface``, which is up, has a carrier; LabError if it goes away."""
    loop = asyncio.get_running_loop()
    announced = interface.namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    with contextlib.closing(announced):
        announced.bind((0, _RTMGRP_LINK))
        while not interface.running:
            try:
                await loop.sock_recv(announced, _LARGEST)
            except OSError as error:
                # Announcements were lost, which is as good as one.
                if error.errno != errno.ENOBUFS:
                    raise
