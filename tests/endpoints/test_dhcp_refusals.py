"""What the DHCP endpoint forgets at a reset, what it refuses, and what it cannot deliver."""

from __future__ import annotations

import pytest
from dhcp_phone import PHONE, PHONE_MAC, Dhcp, asked

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay, Nak, Silence
from hil.history import events as ev
from hil.wire.dhcp import Message, MessageType, Op, decode, encode


@pytest.fixture
def dhcp(bench):
    return bench.start(DhcpEndpoint, handset_address=PHONE)


def test_reset_brings_the_default_offer_back_and_keeps_the_lease(bench, dhcp):
    dhcp.offer(lease_time=600, option_66="192.0.2.1")
    dhcp.inject(Nak())
    dhcp.inject(Delay(1))
    dhcp.reset()
    phone = Dhcp(bench)
    offer, ack = phone.start()
    assert offer.option(66) is None
    assert ack.kind is MessageType.ACK
    dhcp.reset()
    assert dhcp.lease is not None
    client = bench.phone.frames(68)
    phone.udp.send(asked(MessageType.REQUEST, ciaddr=PHONE), 67)
    bench.let_pass(0.1)
    assert [decode(data).kind for data in client.received] == [MessageType.ACK]


def test_reset_forgets_an_answer_that_is_being_delayed(bench, dhcp):
    dhcp.inject(Delay(2))
    bench.phone.interface.up()
    frames = bench.phone.frames(68)
    bench.phone.udp(68).send(asked(MessageType.DISCOVER), 67, "255.255.255.255")
    bench.let_pass(1)
    dhcp.reset()
    bench.let_pass(5)
    assert frames.received == []


def test_reset_makes_a_declined_address_usable_again(bench, dhcp):
    phone = Dhcp(bench)
    phone.start()
    phone._call(lambda: phone._do(phone.client.decline(bench.clock.now())))
    bench.let_pass(1)
    dhcp.reset()
    bench.let_pass(20)
    assert phone.client.lease is not None


def test_each_configuration_is_an_event(bench, dhcp):
    dhcp.offer(option_66="192.0.2.1")
    dhcp.inject(Silence(), nth=3)
    dhcp.reset()
    told = [c.what for c in bench.history.all(ev.Configured, source="dhcp")]
    assert told[0] == "offer option_66='192.0.2.1'"
    assert told[1] == "reset"
    (armed,) = bench.history.all(ev.FaultArmed, source="dhcp")
    assert armed.fault == "Silence"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 octets"),
        (b"\x01" * 240, "magic cookie"),
        (asked(MessageType.DISCOVER)[:241] + b"\x04", "runs past the end"),
        (asked(MessageType.DISCOVER, (224, bytes(60_000))), "1472 is most"),
        (encode(Message(op=Op.BOOTREPLY, xid=1, chaddr=PHONE_MAC)), "a reply at the server's port"),
    ],
)
def test_malformed_and_monstrous_messages_are_refused_and_the_endpoint_goes_on(
    bench, dhcp, data, reason
):
    bench.phone.configure()
    bench.phone.udp().send(data, 67)
    refused = bench.history.expect(ev.Refused, within=1)
    assert reason in refused.reason
    assert len(refused.data) <= 2048
    assert refused.kernel_ns > 0
    bench.phone.interface.unconfigure()
    Dhcp(bench).start()
    assert dhcp.lease is not None


def test_reply_that_does_not_fit_the_client_is_an_event(bench, dhcp):
    dhcp.offer(option_160="x" * 1000)
    bench.phone.interface.up()
    bench.phone.udp(68).send(asked(MessageType.DISCOVER), 67, "255.255.255.255")
    seen = bench.history.expect(ev.Undelivered, within=1)
    assert "do not fit" in seen.reason
    assert bench.history.last(ev.DhcpMessage).kind == "DISCOVER"


def test_answer_over_a_dead_link_is_an_event(bench, dhcp):
    dhcp.inject(Delay(1))
    bench.phone.interface.up()
    bench.phone.udp(68).send(asked(MessageType.DISCOVER), 67, "255.255.255.255")
    bench.let_pass(0.5)
    bench.network.bridge.down()
    bench.let_pass(1)
    seen = bench.history.last(ev.Undelivered)
    assert seen is not None
    assert "down" in seen.reason
