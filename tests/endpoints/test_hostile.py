"""Whatever arrives at any port, an endpoint neither raises nor stops serving.

`conftest._bench` fails a test whose loop saw an unhandled error.
"""

from __future__ import annotations

from ipaddress import IPv4Address

import dnslib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import events as ev
from hil.wire import dhcp_options as opt
from hil.wire import tftp
from hil.wire.dhcp import Message, MessageType, Op, encode
from hil.wire.tftp_terms import Complete

MAC = bytes.fromhex("000e08aabbcc")
BODY = bytes(range(256)) * 10

DISCOVER = Message(
    op=Op.BOOTREQUEST, xid=1, chaddr=MAC, options=(opt.MESSAGE_TYPE.pack(MessageType.DISCOVER),)
)
VALID = {
    67: encode(DISCOVER),
    53: bytes(dnslib.DNSRecord.question("pv.example.com", "SRV").pack()),
    69: tftp.encode(tftp.Request("/7832.xml", options=(("blksize", "512"), ("tsize", "0")))),
    514: b"<134>1 2026-11-23T04:00:00Z host app 1 - [x y=\"z\"] text",
}  # fmt: skip


@st.composite
def near(draw: st.DrawFn, valid: bytes) -> bytes:
    """Something that begins like a message: cut, lengthened, or with octets changed."""
    data = bytearray(valid)
    for at, octet in draw(
        st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=6)
    ):
        data[at] = octet
    return bytes(data[: draw(st.integers(0, len(data)))]) + draw(st.binary(max_size=40))


DATAGRAMS = st.sampled_from(sorted(VALID)).flatmap(
    lambda port: st.tuples(st.just(port), st.binary(max_size=600) | near(VALID[port]))
)


@pytest.fixture
def served(bench):
    dhcp = bench.start(DhcpEndpoint, handset_address=IPv4Address("192.0.2.16"))
    dns, server = bench.start(DnsEndpoint), bench.start(TftpEndpoint)
    bench.start(SyslogEndpoint)
    dns.answer("pv.example.com", "192.0.2.9")
    server.serve("/7832.xml", BODY)
    bench.configure_phone()
    return dhcp


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(DATAGRAMS, min_size=1, max_size=12))
def test_any_octets_at_any_port_leave_the_endpoints_serving(bench, served, read, datagrams):
    client = bench.phone.udp()
    before = bench.history.mark()
    for port, data in datagrams:
        client.send(data, port)
    client.send(b"<134>still there?", 514)
    bench.history.wait(ev.SyslogMessage, within=1, after=before, text="still there?")
    client.received.clear()
    client.send(dnslib.DNSRecord.question("pv.example.com").pack(), 53)
    bench.let_pass(0.1)
    assert dnslib.DNSRecord.parse(client.received[-1][0]).rr
    assert read("/7832.xml") == Complete(BODY)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.binary(max_size=520) | near(tftp.encode(tftp.Ack(1))), max_size=8))
def test_any_octets_at_the_port_of_a_transfer_end_in_one_outcome(bench, served, packets):
    client = bench.phone.udp()
    before = bench.history.mark()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    _, (_, port) = client.received[0]
    for data in packets:
        client.send(data, port)
    bench.let_pass(30)
    assert len(bench.history.all(ev.TransferEnded, after=before)) == 1


def test_dhcp_serves_after_a_flood_of_nonsense(bench, served):
    bench.phone.interface.up()
    client, frames = bench.phone.udp(68), bench.phone.frames(68)
    for number in range(500):
        client.send(number.to_bytes(2, "big") * 150, 67, "255.255.255.255")
    client.send(VALID[67], 67, "255.255.255.255")
    bench.let_pass(0.1)
    # The kernel's queue for the socket is full before the 500th and drops the rest.
    assert len(bench.history.all(ev.Refused)) >= 100
    client.send(VALID[67], 67, "255.255.255.255")
    bench.let_pass(0.1)
    assert frames.received
