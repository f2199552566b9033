"""What is sent has the time from before it goes: what follows from it never seems to come before it.

A laboratory on a busy machine writes things down late. Here each of its servers is held up for a
moment after the kernel took what it sends, in which the handset may already have acted on it.
"""

from __future__ import annotations

import time

import dnslib
import pytest

from hil.endpoints.datagram import DatagramSocket
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import events as ev
from hil.wire import tftp
from hil.wire.ntp import Mode, Packet

HELD_UP_NS = 20_000_000
SECOND = 1_000_000_000
QUESTION = dnslib.DNSRecord.question("pv.example.com", "A").pack()
READ = tftp.encode(tftp.Request("/a.xml", tftp.Mode.OCTET))


@pytest.fixture
def held_up(wall_bench, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """When the kernel had each datagram; the sender goes on a while later."""
    gone: list[int] = []
    send = DatagramSocket.send

    def slowly(self: DatagramSocket, data: bytes, host: str, port: int) -> bool:
        sent = send(self, data, host, port)
        gone.append(wall_bench.clock.now())
        end = time.monotonic_ns() + HELD_UP_NS
        while time.monotonic_ns() < end:
            pass
        return sent

    monkeypatch.setattr(DatagramSocket, "send", slowly)
    return gone


def informed() -> bytes:
    from scapy.layers.dhcp import BOOTP, DHCP

    phone = bytes.fromhex("000e08aabbcc")
    asked = BOOTP(chaddr=phone, ciaddr="192.0.2.16", xid=1)
    return bytes(asked / DHCP(options=[("message-type", "inform"), "end"]))


@pytest.mark.parametrize(
    ("endpoint", "local", "port", "question", "event"),
    [
        (DhcpEndpoint, 68, 67, informed, ev.DhcpMessage),
        (DnsEndpoint, 0, 53, lambda: QUESTION, ev.DnsAnswer),
        (NtpEndpoint, 0, 123, lambda: Packet(Mode.CLIENT, transmit=1).pack(), ev.NtpAnswer),
        (TftpEndpoint, 0, 69, lambda: READ, ev.TftpPacket),
    ],
)
def test_an_answer_is_stamped_before_it_goes(
    wall_bench, held_up, endpoint, local, port, question, event
) -> None:
    options = {"handset_address": wall_bench.phone.address} if endpoint is DhcpEndpoint else {}
    server = wall_bench.start(endpoint, **options)
    if endpoint is DnsEndpoint:
        server.answer("pv.example.com", "192.0.2.9")
    if endpoint is TftpEndpoint:
        server.serve("/a.xml", b"<flat-profile/>")
    wall_bench.configure_phone()
    client = wall_bench.phone.udp(local)
    client.on_receive = lambda data, peer: wall_bench.clock.notify()
    client.send(question(), port)
    wall_bench.clock.wait(lambda: bool(client.received), wall_bench.clock.now() + 5 * SECOND)

    told = wall_bench.history.all(event)
    sent = next(each for each in told if getattr(each, "direction", "sent") == "sent")

    assert sent.at <= held_up[0]
