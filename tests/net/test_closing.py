"""Packet sockets are closed together, whatever becomes of one of them."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest

from hil.net.closing import close_together
from hil.net.interface import Interface
from hil.net.namespace import Namespace


class Closes:
    """Counts how often it was closed, and waits for ``others`` to be at it as well."""

    def __init__(self, others: threading.Barrier | None = None, error: str = "") -> None:
        self.closed = 0
        self._others = others
        self._error = error

    def close(self) -> None:
        if self._others is not None:
            self._others.wait(5)
        self.closed += 1
        if self._error:
            raise OSError(self._error)


@pytest.mark.parametrize("count", [0, 1, 2, 5])
def test_all_are_closed_when_it_returns_and_at_the_same_time(count: int) -> None:
    # Each returns from close only once all are in it.
    together = threading.Barrier(count) if count else None
    each = [Closes(together) for _ in range(count)]

    close_together(each)

    assert [one.closed for one in each] == [1] * count


def test_one_that_cannot_be_closed_keeps_no_other_open() -> None:
    each = [Closes(), Closes(error="broken"), Closes()]

    with pytest.raises(OSError, match="broken"):
        close_together(each)

    assert [one.closed for one in each] == [1, 1, 1]


def test_an_interface_sends_through_one_socket_until_it_is_closed() -> None:
    frame = bytes(12) + b"\x88\xb5" + b"said".ljust(46, b"\0")
    namespace = Namespace.create()
    with contextlib.closing(namespace), contextlib.closing(Interface(namespace, "lo")) as loopback:
        with pytest.raises(OSError):
            loopback.transmit(frame)
        loopback.up()
        listener = namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        with contextlib.closing(listener):
            listener.bind(("lo", 0x88B5))
            loopback.transmit(frame)
            loopback.transmit(frame)
            assert [listener.recv(100) for _ in range(2)] == [frame, frame]
