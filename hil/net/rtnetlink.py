"""The interfaces of a namespace by rtnetlink(7): asked and changed, and waited for without a loop.

`hil.net.carrier` waits for one interface inside a loop.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Self

from hil.net.namespace import Namespace

if TYPE_CHECKING:
    from pyroute2 import IPRoute

_RTMGRP_LINK = 1
_LARGEST = 65_536


@contextlib.contextmanager
def connected(namespace: Namespace) -> Iterator[IPRoute]:
    """Talk to the kernel about ``namespace`` for the time of the block; not inside a loop."""
    from pyroute2 import IPRoute

    with namespace.entered():
        route = IPRoute()
    with contextlib.closing(route):
        yield route


class LinkEvents:
    """What is announced of interfaces in ``namespace``, from now on."""

    def __init__(self, namespace: Namespace) -> None:
        self._socket = namespace.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
        self._socket.bind((0, _RTMGRP_LINK))

    def wait(self, seconds: float) -> bool:
        """Return True as soon as something was announced, False if nothing is within ``seconds``."""
        if seconds <= 0 or not select.select([self._socket], [], [], seconds)[0]:
            return False
        # What was announced does not matter. That announcements were lost is an error of the socket
        # (ENOBUFS), which ends this like an empty queue does, and is as good as one.
        with contextlib.suppress(OSError):
            while True:
                self._socket.recv(_LARGEST)
        return True

    def __enter__(self) -> Self:
        """The same."""
        return self

    def __exit__(self, *_: object) -> None:
        """Listen no more."""
        self._socket.close()
