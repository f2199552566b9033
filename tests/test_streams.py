"""What TCP has under way."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hil.streams import bytes_under_way


@pytest.fixture
def stream() -> Iterator[tuple[socket.socket, socket.socket]]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        near = socket.create_connection(server.getsockname())
        far, _ = server.accept()
    with near, far:
        near.setblocking(False)
        far.setblocking(False)
        yield near, far


def fill(sender: socket.socket) -> int:
    sent = 0
    while True:
        try:
            sent += sender.send(b"x" * 65_536)
        except BlockingIOError:
            return sent


def drain(receiver: socket.socket, size: int) -> None:
    receiver.setblocking(True)
    receiver.settimeout(10)
    while size:
        size -= len(receiver.recv(65_536))


def test_a_quiet_stream_has_nothing_under_way(stream: tuple[socket.socket, socket.socket]):
    near, far = stream
    assert not bytes_under_way([near.fileno(), far.fileno()])
    near.send(b"delivered, though not read")
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_what_the_window_keeps_back_is_under_way_until_it_is_read(
    stream: tuple[socket.socket, socket.socket],
):
    near, far = stream
    size = fill(near)
    assert bytes_under_way([near.fileno(), far.fileno()])
    assert bytes_under_way([far.fileno(), near.fileno()])
    drain(far, size)
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_both_directions_count(stream: tuple[socket.socket, socket.socket]):
    near, far = stream
    size = fill(far)
    assert bytes_under_way([near.fileno(), far.fileno()])
    drain(near, size)
    assert not bytes_under_way([near.fileno(), far.fileno()])


def test_a_stream_to_elsewhere_does_not_hold_time(stream: tuple[socket.socket, socket.socket]):
    near, _ = stream
    fill(near)
    assert not bytes_under_way([near.fileno()])


def test_other_descriptors_are_passed_over_and_none_is_leaked(
    stream: tuple[socket.socket, socket.socket], tmp_path: object
):
    near, far = stream
    reading, writing = os.pipe()
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as unconnected,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as local,
    ):
        known = [s.fileno() for s in (datagrams, unconnected, local, near, far)]
        known += [reading, writing, 0, 9999]
        fill(near)
        before = list(Path("/proc/self/fd").iterdir())
        for _ in range(10):
            assert bytes_under_way(known)
        assert len(list(Path("/proc/self/fd").iterdir())) == len(before)
    os.close(reading)
    os.close(writing)
