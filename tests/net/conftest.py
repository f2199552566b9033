"""A virtual network with one handset, plugged in and configured, for the streams' tests."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import pytest

from hil.net.namespace import enter
from hil.net.stream import SO_TIMESTAMPNS
from hil.net.virtual import VirtualNetwork

enter()


@pytest.fixture(scope="module")
def network() -> Iterator[VirtualNetwork]:
    made = VirtualNetwork()
    port = made.add_handset("00:0e:08:aa:bb:cc")
    port.far.up()
    port.far.configure(port.address, made.netmask)
    # A bridge forwards only a little after the link of a port is up; frames before are lost.
    assert port.probe.round_trip()
    with made.namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as stamped:
        # The kernel stamps what arrives while any socket asks for it, and begins a little after the
        # first one does; until then a stamp is of the moment of reading, or there is none.
        stamped.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        stamped.bind(("127.0.0.1", 0))
        for _ in range(100_000):
            stamped.sendto(b"", stamped.getsockname())
            arrived = time.time_ns()
            ((_, _, stamp),) = stamped.recvmsg(1, 64)[1]
            seconds, nanoseconds = struct.unpack("@ll", stamp[:16])
            if seconds * 1_000_000_000 + nanoseconds < arrived:
                break
        yield made
    made.close()
