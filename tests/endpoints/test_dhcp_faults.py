"""What the DHCP endpoint does to a handset where a test asks it to."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from dhcp_phone import PHONE, SECOND, Dhcp, asked

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay, Nak, Silence, Truncate, TwoOffers
from hil.errors import UsageError
from hil.history import events as ev
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import MessageType, decode


@pytest.fixture
def dhcp(bench):
    return bench.start(DhcpEndpoint, handset_address=PHONE)


def test_silence_leaves_the_handset_without_a_lease(bench, dhcp):
    dhcp.inject(Silence())
    assert Dhcp(bench).start(30) == []
    assert {m.kind for m in bench.history.all(ev.DhcpMessage)} == {"DISCOVER"}
    assert len(bench.history.all(ev.FaultInjected, fault="Silence")) == len(
        bench.history.all(ev.DhcpMessage)
    )


def test_lost_ack_is_made_good_by_the_repeated_request(bench, dhcp):
    dhcp.inject(Silence(), nth=1, name="REQUEST")
    phone = Dhcp(bench)
    phone.start(5)
    assert [m.kind for m in bench.history.all(ev.DhcpMessage)] == [
        "DISCOVER", "OFFER", "REQUEST", "REQUEST", "ACK",
    ]  # fmt: skip
    assert len(bench.history.all(ev.FaultInjected)) == 1
    assert phone.client.lease is not None


def test_delayed_offer_comes_so_much_later(bench, dhcp):
    dhcp.inject(Delay(2.5), name="DISCOVER")
    Dhcp(bench).start(4)
    discover = bench.history.last(ev.DhcpMessage, kind="DISCOVER")
    offer = bench.history.last(ev.DhcpMessage, kind="OFFER")
    assert offer.at - discover.at == pytest.approx(2.5 * SECOND, abs=1000)
    assert dhcp.lease is not None


def test_nak_sends_the_handset_back_to_the_start(bench, dhcp):
    dhcp.inject(Nak("not today"), nth=1)
    phone = Dhcp(bench)
    phone.start(2)
    assert phone.kinds == ["OFFER", "NAK", "OFFER", "ACK"]
    assert phone.answers[1].option(56) == b"not today"
    assert len(bench.history.all(ev.FaultInjected, fault="Nak")) == 1


def test_second_server_offers_as_well_and_serves_whoever_takes_it(bench, dhcp):
    dhcp.inject(TwoOffers("192.0.2.2", "192.0.2.99", ((66, b"elsewhere"),)))
    phone = Dhcp(bench)
    phone.start()
    offers = [m for m in phone.answers if m.kind is MessageType.OFFER]
    assert [(str(m.yiaddr), m.option(54), m.option(66)) for m in offers] == [
        ("192.0.2.16", b"\xc0\x00\x02\x01", None),
        ("192.0.2.99", b"\xc0\x00\x02\x02", b"elsewhere"),
    ]
    assert phone.client.lease.address == PHONE
    assert len(bench.history.all(ev.FaultInjected, fault="TwoOffers")) == 1


def test_fault_is_not_injected_into_a_message_that_has_no_answer(bench, dhcp):
    dhcp.inject(Silence())
    bench.configure_phone()
    bench.phone.udp(68).send(asked(MessageType.RELEASE, ciaddr=PHONE), 67)
    bench.history.expect(ev.DhcpMessage, within=1, kind="RELEASE")
    assert bench.history.all(ev.FaultInjected) == ()


def test_second_server_leaves_the_first_ones_handset_alone(bench, dhcp):
    dhcp.inject(TwoOffers("192.0.2.2", "192.0.2.99"))
    dhcp.offer(lease_time=600)
    phone = Dhcp(bench)
    phone.start()
    bench.let_pass(301)
    assert phone.kinds == ["OFFER", "OFFER", "ACK", "ACK"]
    phone.udp.send(asked(MessageType.INFORM, ciaddr=PHONE), 67)
    bench.let_pass(0.1)
    assert bench.history.last(ev.DhcpMessage, kind="ACK").options[54] == b"\xc0\x00\x02\x01"
    assert phone.client.lease.address == PHONE


def test_handset_that_takes_the_second_offer_is_leased_its_address(bench, dhcp):
    dhcp.inject(TwoOffers("192.0.2.2", "192.0.2.99"))
    bench.phone.interface.up()
    client, frames = bench.phone.udp(68), bench.phone.frames(68)
    broadcast = "255.255.255.255"
    client.send(asked(MessageType.DISCOVER), 67, broadcast)
    bench.let_pass(0.1)
    second = (
        opt.SERVER_ID.pack(IPv4Address("192.0.2.2")),
        opt.REQUESTED_ADDRESS.pack(IPv4Address("192.0.2.99")),
    )
    client.send(asked(MessageType.REQUEST, *second), 67, broadcast)
    bench.let_pass(0.1)
    client.send(asked(MessageType.REQUEST, ciaddr=IPv4Address("192.0.2.99")), 67, broadcast)
    bench.let_pass(0.1)

    answers = [decode(data) for data in frames.received]
    assert [m.kind.name for m in answers] == ["OFFER", "OFFER", "ACK", "ACK"]
    assert [m.option(54) for m in answers[1:]] == [b"\xc0\x00\x02\x02"] * 3
    assert dhcp.lease.address == IPv4Address("192.0.2.99")
    sent = bench.history.all(ev.DhcpMessage, direction=ev.Direction.SENT)
    assert [m.kind for m in sent] == ["OFFER", "OFFER", "ACK", "ACK"]


@pytest.mark.parametrize(
    ("fault", "options"),
    [
        (Truncate(3), {}),
        (Silence(), {"name": "HELLO"}),
        (Nak(), {"name": "DISCOVER"}),
        (TwoOffers("192.0.2.1", "192.0.2.99"), {}),
        (TwoOffers("192.0.2.2", "nowhere"), {}),
        (TwoOffers("192.0.2.2", "192.0.2.99", ((53, b"x"),)), {}),
    ],
)
def test_fault_that_makes_no_sense_here_is_refused(dhcp, fault, options):
    with pytest.raises(UsageError):
        dhcp.inject(fault, **options)
