"""A tap has every frame, in order and with its direction, or knows how many it has not."""

from __future__ import annotations

import contextlib
import io
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import needed
from scapy.utils import PcapNgReader

from hil.errors import LabError
from hil.net.namespace import enter
from hil.net.pcapng import PcapngFile
from hil.net.tap import SLOT, Frame, Tap
from hil.net.virtual import VirtualNetwork, VirtualPort

enter()

PHONE = bytes.fromhex("000e08aabbcc")
LOCAL = b"\x88\xb6"


@pytest.fixture
def port() -> Iterator[VirtualPort]:
    with contextlib.closing(VirtualNetwork()) as network:
        made = network.add_handset(PHONE.hex(":"))
        made.far.up()
        assert made.probe.round_trip()
        yield made


def send(port: VirtualPort, *bodies: bytes, from_lab: bool = False) -> None:
    end = port.near if from_lab else port.far
    with end.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as raw:
        for body in bodies:
            frame = b"\xff" * 6 + PHONE + LOCAL + body
            raw.sendto(frame.ljust(60, b"\0"), (end.name, 0))


def bodies(frames: Iterator[Frame]) -> list[bytes]:
    return [frame.data[14:].rstrip(b"\0") for frame in frames]


def test_frames_come_in_order_round_and_round_the_ring(port):
    with contextlib.closing(Tap(port.near, slots=32)) as tap:
        for start in range(0, 100, 20):
            sent = [b"%d" % number for number in range(start + 1, start + 21)]
            send(port, *sent)
            assert bodies(tap.frames()) == sent
        assert tap.drops() == 0


def test_each_frame_tells_its_direction_and_its_time(port):
    with contextlib.closing(Tap(port.near)) as tap:
        before = time.time_ns()
        send(port, b"from the phone")
        send(port, b"to the phone", from_lab=True)
        up, down = tap.frames()
    assert (up.outgoing, down.outgoing) == (False, True)
    assert before <= up.kernel_ns <= down.kernel_ns <= time.time_ns()


def test_barriers_are_not_among_them(port):
    with contextlib.closing(Tap(port.near)) as tap:
        assert port.probe.round_trip()
        assert bodies(tap.frames()) == []


def test_what_finds_no_room_is_counted(port):
    with contextlib.closing(Tap(port.near, slots=32)) as tap:
        send(port, *[b"x"] * 50)
        assert len(list(tap.frames())) == 32
        assert tap.drops() == 18
        assert tap.drops() == 0
        send(port, b"again")
        assert bodies(tap.frames()) == [b"again"]


def test_an_interface_that_goes_down_does_not_keep_the_tap_readable(port):
    with contextlib.closing(Tap(port.near)) as tap, select.epoll() as waiting:
        waiting.register(tap, select.EPOLLIN)
        port.near.down()
        assert waiting.poll(0)
        assert bodies(tap.frames()) == []
        assert not waiting.poll(0)
        port.near.up()
        assert port.probe.round_trip()
        list(tap.frames())
        send(port, b"again")
        assert bodies(tap.frames()) == [b"again"]


def test_a_long_frame_loses_its_end_but_not_its_length(port):
    port.near._call(0x8922, (9000).to_bytes(4, "little"))
    port.far._call(0x8922, (9000).to_bytes(4, "little"))
    with contextlib.closing(Tap(port.near)) as tap:
        send(port, b"a" * 5000)
        (frame,) = tap.frames()
    assert frame.length == 5014
    assert SLOT - 200 < len(frame.data) < SLOT


def test_a_ring_that_the_kernel_cannot_give_is_a_lab_error(port):
    with pytest.raises(LabError, match="no ring"):
        Tap(port.near, slots=0)


def captured() -> bytes:
    file = io.BytesIO()
    out = PcapngFile(file, "port1", "what it is")
    out.add(b"\xff" * 6 + PHONE + LOCAL + b"one", 17, 1_700_000_000_123_456_789, outgoing=False)
    out.add(b"\xff" * 6 + PHONE + LOCAL + b"tw", 2000, 1_700_000_001_000_000_001, outgoing=True)
    return file.getvalue()


def test_the_file_is_what_scapy_reads():
    one, two = list(PcapNgReader(io.BytesIO(captured())))
    assert bytes(one).endswith(b"one")
    assert str(one.time) == "1700000000.123456789"
    assert one.direction == 1
    assert two.wirelen == 2000
    assert two.direction == 2


@pytest.mark.peer("tshark")
def test_the_file_is_what_tshark_reads(tmp_path: Path):
    import subprocess

    tshark = needed("tshark", "tshark")
    file = tmp_path / "made.pcapng"
    file.write_bytes(captured())
    fields = ("frame.time_epoch", "frame.len", "frame.cap_len", "frame.interface_name")
    asked = [argument for field in fields for argument in ("-e", field)]
    told = subprocess.run(
        [tshark, "-r", str(file), "-T", "fields", *asked],
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert told.stdout.splitlines() == [
        "1700000000.123456789\t17\t17\tport1",
        "1700000001.000000001\t2000\t16\tport1",
    ]
