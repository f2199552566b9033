"""UDP packets made by hand are those that others make."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, UDP

from hil.net.raw_udp import LinkSender, udp_packet

ADDRESSES = st.integers(0, 2**32 - 1).map(IPv4Address)
PORTS = st.integers(0, 65535)


@given(ADDRESSES, PORTS, ADDRESSES, PORTS, st.binary(max_size=1472))
def test_packet_equals_scapys(source, sport, destination, dport, payload):
    made = udp_packet((source, sport), (destination, dport), payload)
    scapys = IP(src=str(source), dst=str(destination), ttl=64, id=0) / UDP(sport=sport, dport=dport)
    assert made == bytes(scapys / payload)


def test_checksum_of_zero_is_sent_as_all_ones():
    # Zero would say that there is no checksum (RFC 768).
    ends = (IPv4Address("192.0.2.1"), 67), (IPv4Address("192.0.2.16"), 68)
    checksum = udp_packet(*ends, b"\0\0")[26:28]
    assert udp_packet(*ends, checksum)[26:28] == b"\xff\xff"


def test_packet_reaches_hardware_whose_address_nobody_answers_for(bench):
    bench.phone.interface.up()
    client = bench.phone.frames(68)
    sender = LinkSender(bench.place)
    own, to = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.200")
    try:
        mac = bytes.fromhex(bench.phone.interface.mac.replace(":", ""))
        sender.send(udp_packet((own, 67), (to, 68), b"here is your address"), mac)
        bench.let_pass(0.1)
    finally:
        sender.close()
    assert client.received == [b"here is your address"]


def test_packet_longer_than_a_frame_is_not_taken(bench):
    sender = LinkSender(bench.place)
    own = IPv4Address("192.0.2.1")
    try:
        with pytest.raises(OSError, match="Message too long"):
            sender.send(udp_packet((own, 67), (own, 68), b"x" * 1473), b"\xff" * 6)
    finally:
        sender.close()
