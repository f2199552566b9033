"""sipp is a telephone of the SIP endpoint, and tshark reads what was said; in real time."""

from __future__ import annotations

import contextlib
import re
import struct
import subprocess
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from programs import needed

from hil.endpoints.base import Datagram
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_icmp import unreachable
from hil.endpoints.sip_inquiry import Final
from hil.endpoints.sip_settings import Shown
from hil.history import Mark
from hil.history import events as ev
from hil.history.event import Direction
from hil.net.raw_udp import udp_packet
from hil.wire.sip_digest import Algorithm

SCENARIOS = Path(__file__).with_name("sipp")
LAB = IPv4Address("192.0.2.1")
PHONE = IPv4Address("192.0.2.16")


@pytest.fixture
def sip(wall_bench) -> SipEndpoint:
    started = wall_bench.start(SipEndpoint)
    wall_bench.configure_phone()
    return started


@pytest.fixture
def sipp(wall_bench, tmp_path):
    """Begins sipp on the phone; its exit status is 0 if each message came as its scenario says."""
    program = needed("sipp", "sip-tester")

    @contextlib.contextmanager
    def running(scenario: str, *options: str) -> Iterator[subprocess.Popen[str]]:
        command = [program, "-i", str(PHONE), "-p", "5060", "-m", "1", "-nostdin"]
        given = ["-sf", str(SCENARIOS / f"{scenario}.xml")]
        timeouts = ["-timeout", "20", "-timeout_error", "-trace_err"]
        with wall_bench.phone.interface.namespace.entered():
            process = subprocess.Popen(
                [*command, *given, *timeouts, *options],
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=tmp_path,
            )
        try:
            yield process
            output, _ = process.communicate(timeout=30)
            errors = "".join(path.read_text() for path in tmp_path.glob("*_errors.log"))
            assert process.returncode == 0, output + errors
        finally:
            process.kill()
            process.communicate()

    return running


@pytest.fixture
def registered(sip, sipp) -> SipEndpoint:
    sip.authenticate(None)
    with sipp("register", "192.0.2.1:5060"):
        pass
    assert sip.registered(1)
    return sip


def exchanged(bench, **wanted):
    found = bench.history.all(ev.SipMessage)
    return [m for m in found if all(getattr(m, k) == v for k, v in wanted.items())]


@pytest.mark.peer("sipp")
@pytest.mark.parametrize(
    ("transport", "algorithm", "qop"),
    [
        ("u1", Algorithm.MD5, True),
        ("u1", Algorithm.MD5, False),
        ("t1", Algorithm.MD5, True),
    ],
)
def test_sipp_registers_and_calls(wall_bench, sip, sipp, transport, algorithm, qop):
    sip.authenticate(algorithm, qop=qop)
    with sipp("call", "-t", transport, "192.0.2.1:5060"):
        pass
    assert sip.registered(1)
    (call,) = sip.calls
    assert (call.state, call.reason) == (CallState.ENDED, "hung up by the handset")
    sent = {"direction": Direction.SENT}
    # sipp may be gone before the loop has come to record its last answer.
    wall_bench.history.wait(ev.SipMessage, within=5, after=Mark(-1, 0), method="BYE", **sent)
    statuses = [m.status for m in exchanged(wall_bench, **sent)]
    assert statuses == [401, 200, 100, 180, 200, 200]


@pytest.mark.peer("sipp")
@pytest.mark.parametrize(
    ("event", "credentials", "expected"),
    [
        ("resync", Shown.RIGHT, Final(200, "OK", True)),
        ("resync;profile=http://192.0.2.1/a.xml", Shown.RIGHT, Final(200, "OK", True)),
        ("reboot_now", Shown.WRONG, Final(403, "Forbidden", True)),
    ],
)
def test_sipp_is_notified_and_judges_the_credentials(
    wall_bench, registered, sipp, event, credentials, expected
):
    with sipp("notified"):
        assert registered.notify(event, credentials=credentials) == expected


@pytest.mark.peer("sipp")
def test_sipp_is_called_and_hung_up(wall_bench, registered, sipp):
    with sipp("called"):
        call = registered.call(1)
        assert call.wait(CallState.ESTABLISHED, within=10)
        call.hang_up()
        assert call.wait(CallState.ENDED, within=10)
    assert (call.status, call.reason) == (200, "hung up by the bench")


def pcap(messages: Iterable[ev.SipMessage]) -> bytes:
    """A capture file (raw IPv4) with these datagrams."""
    packets = [struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)]
    for message in messages:
        peer = (PHONE, int(message.peer.rpartition(":")[2]))
        ends = [peer, (LAB, message.port)]
        if message.direction is Direction.SENT:
            ends.reverse()
        packet = udp_packet(*ends, message.data)
        seconds, rest = divmod(message.at, 1_000_000_000)
        packets.append(struct.pack("=4I", seconds, rest // 1000, len(packet), len(packet)))
        packets.append(packet)
    return b"".join(packets)


def tshark(path: Path, *options: str) -> list[list[str]]:
    program = needed("tshark", "tshark")
    done = subprocess.run(
        [program, "-n", "-r", str(path), "-T", "fields", *options],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.peer("sipp")
@pytest.mark.peer("tshark")
def test_tshark_finds_nothing_wrong_with_what_was_said(wall_bench, sip, sipp, tmp_path):
    with sipp("call", "192.0.2.1:5060"):
        pass
    with sipp("notified"):
        assert sip.notify("resync").status == 200
    with sipp("called"):
        call = sip.call(1)
        assert call.wait(CallState.ESTABLISHED, within=10)
        call.hang_up()
    capture = tmp_path / "sip.pcap"
    # What comes later, such as the same once more of a peer that is slow, is in neither.
    messages = wall_bench.history.all(ev.SipMessage)
    capture.write_bytes(pcap(messages))
    names = ("sip.Method", "sip.Status-Code", "sdp.media", "_ws.malformed", "_ws.expert.message")
    fields = [part for name in names for part in ("-e", name)]
    rows = tshark(capture, *fields)

    ours = [m for m in messages if m.direction is Direction.SENT]
    assert len(rows) == len(messages) > len(ours) > 8
    assert all(method or status for method, status, *_ in rows)
    assert len({media for _, _, media, *_ in rows if media.startswith("audio ")}) == 4
    # A peer that is slow, in real time, is sent the same again: no complaint about what was said.
    resent = re.compile(r"Suspected resend of packet:? ?[0-9]*,?")
    assert [row for row in rows if row[3] or resent.sub("", row[4])] == []


@pytest.mark.peer("tshark")
@pytest.mark.parametrize(("what", "code"), [("host", "1"), ("port", "3")])
def test_tshark_reads_the_icmp_message_and_what_it_quotes(tmp_path, what, code):
    datagram = Datagram(b"OPTIONS sip:192.0.2.1 SIP/2.0\r\n\r\n", str(PHONE), 5062, 0, 0)
    message = unreachable(what, datagram, (LAB, 5060))
    size = 20 + len(message)
    addresses = LAB.packed + PHONE.packed
    packet = struct.pack("!BBHHHBBH", 0x45, 0, size, 0, 0, 64, 1, 0) + addresses + message
    capture = tmp_path / "icmp.pcap"
    capture.write_bytes(
        struct.pack("=IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 101)
        + struct.pack("=4I", 0, 0, len(packet), len(packet))
        + packet
    )
    names = ("icmp.type", "icmp.code", "icmp.checksum.status", "udp.srcport", "udp.dstport")
    fields = [part for name in (*names, "sip.Method") for part in ("-e", name)]
    assert tshark(capture, *fields) == [["3", code, "1", "5062", "5060", "OPTIONS"]]
