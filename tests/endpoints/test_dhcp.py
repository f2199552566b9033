"""The DHCP endpoint serves one handset over the link, seen by `hil.wire`'s client."""

from __future__ import annotations

from ipaddress import IPv4Address

import pytest
from dhcp_phone import PHONE, SECOND, Dhcp, asked

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Nak, Silence
from hil.history import events as ev
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import MessageType, decode
from hil.wire.dhcp_client import Renewed


@pytest.fixture
def dhcp(bench):
    return bench.start(DhcpEndpoint, handset_address=PHONE)


@pytest.mark.parametrize("broadcast", [False, True])
def test_handset_gets_its_lease(bench, dhcp, broadcast):
    phone = Dhcp(bench, broadcast=broadcast)
    assert [m.kind for m in phone.start()] == [MessageType.OFFER, MessageType.ACK]

    assert phone.client.lease is not None
    assert phone.client.lease.address == PHONE
    assert dhcp.lease is not None
    assert (dhcp.lease.address, dhcp.lease.seconds) == (PHONE, 86_400)
    assert bench.admission.address == PHONE


def test_every_message_is_recorded_in_order_with_time_stamp_and_options(bench, dhcp):
    dhcp.offer(option_66="192.0.2.1")
    Dhcp(bench).start()

    messages = bench.history.all(ev.DhcpMessage)

    assert [(m.direction.value, m.kind) for m in messages] == [
        ("received", "DISCOVER"),
        ("sent", "OFFER"),
        ("received", "REQUEST"),
        ("sent", "ACK"),
    ]
    assert [m.kernel_ns > 0 for m in messages] == [True, False, True, False]
    assert {m.mac for m in messages} == {"00:0e:08:aa:bb:cc"}
    assert 66 in messages[0].options[55]
    assert messages[3].options[66] == b"192.0.2.1"
    assert messages[3].yiaddr == "192.0.2.16"
    assert messages[1].peer == "192.0.2.16:68"


def test_offer_goes_to_the_broadcast_address_where_the_client_asks_for_that(bench, dhcp):
    Dhcp(bench, broadcast=True).start()
    assert bench.history.last(ev.DhcpMessage, kind="OFFER").peer == "255.255.255.255:68"


def test_each_ack_has_the_options_of_the_offer_asked_for_or_not(bench, dhcp):
    dhcp.offer(option_160="http://192.0.2.1/a.xml", raw={250: b"private"}, lease_time=7200)
    offer, ack = Dhcp(bench).start()
    for message in (offer, ack):
        assert message.option(160) == b"http://192.0.2.1/a.xml"
        assert message.option(250) == b"private"
        assert message.option(51) == (7200).to_bytes(4, "big")
        assert message.option(1) == b"\xff\xff\xff\x00"


def test_only_requested_options_where_the_test_says_so(bench, dhcp):
    dhcp.offer(option_66="192.0.2.1", raw={250: b"private"}, only_requested=True)
    offer, _ = Dhcp(bench).start()
    assert offer.option(66) == b"192.0.2.1"
    assert offer.option(250) is None


def test_renewal_gets_the_options_that_are_offered_by_then(bench, dhcp):
    dhcp.offer(lease_time=600)
    phone = Dhcp(bench)
    phone.start()
    dhcp.offer(lease_time=600, option_66="changed")
    bench.let_pass(301)

    assert any(isinstance(event, Renewed) for event in phone.events)
    renewal = bench.history.last(ev.DhcpMessage, kind="REQUEST")
    assert renewal.ciaddr == "192.0.2.16"
    assert bench.history.last(ev.DhcpMessage, kind="ACK").options[66] == b"changed"
    assert dhcp.lease.at >= 300 * SECOND


def test_lease_at_an_address_that_is_no_longer_offered_is_refused(bench, dhcp):
    dhcp.offer(lease_time=600)
    phone = Dhcp(bench)
    phone.start()
    dhcp.offer(lease_time=600, address="192.0.2.77")
    bench.let_pass(310)
    assert "NAK" in [m.kind for m in bench.history.all(ev.DhcpMessage)]
    assert phone.client.lease.address == IPv4Address("192.0.2.77")
    assert bench.admission.address == IPv4Address("192.0.2.77")


def test_options_are_sent_in_file_and_sname_where_the_test_says_so(bench, dhcp):
    dhcp.offer(option_66="192.0.2.1", option_160="http://192.0.2.1/", in_file=[66], in_sname=[160])
    offer, ack = Dhcp(bench).start()
    for message in (offer, ack):
        assert (message.option(66), message.option(160)) == (b"192.0.2.1", b"http://192.0.2.1/")
    data = bench.history.last(ev.DhcpMessage, kind="ACK").data
    assert data[108:121] == b"\x42\x09192.0.2.1\xff\0"
    assert data[44:64] == b"\xa0\x11http://192.0.2.1/\xff"
    assert bytes((52, 1, 3)) in data[240:]


def test_each_request_tells_where_it_was_sent_to(bench, dhcp):
    dhcp.offer(lease_time=1000, t1=300, t2=600)
    Dhcp(bench).start()
    dhcp.inject(Silence(), name="RENEWING")
    bench.let_pass(700)
    requests = bench.history.all(ev.DhcpMessage, kind="REQUEST")
    assert [(r.ciaddr, r.destination, r.at // SECOND) for r in requests] == [
        ("0.0.0.0", "255.255.255.255", 0),
        ("192.0.2.16", "192.0.2.1", 300),
        ("192.0.2.16", "192.0.2.1", 450),
        ("192.0.2.16", "192.0.2.1", 525),
        ("192.0.2.16", "192.0.2.1", 585),
        ("192.0.2.16", "255.255.255.255", 600),
    ]


def test_a_fault_of_renewals_leaves_the_rebinding_alone(bench, dhcp):
    dhcp.offer(lease_time=1000, t1=300, t2=600)
    phone = Dhcp(bench)
    phone.start()
    dhcp.inject(Silence(), name="RENEWING")
    bench.let_pass(598)
    assert phone.kinds == ["OFFER", "ACK"]
    bench.let_pass(2)
    assert phone.kinds == ["OFFER", "ACK", "ACK"]
    assert len(bench.history.all(ev.FaultInjected, fault="Silence")) == 4
    assert dhcp.lease.at == 600 * SECOND


def test_a_rebinding_is_refused_where_a_renewal_got_no_answer(bench, dhcp):
    dhcp.offer(lease_time=1000, t1=300, t2=600)
    phone = Dhcp(bench)
    phone.start()
    dhcp.inject(Silence(), name="RENEWING")
    dhcp.inject(Nak("moved"), name="REBINDING")
    bench.let_pass(610)
    assert phone.kinds == ["OFFER", "ACK", "NAK", "OFFER", "ACK"]


def test_a_former_address_is_confirmed_or_met_with_silence(bench, dhcp):
    phone = Dhcp(bench)
    phone.start()
    dhcp.inject(Silence(), nth=1, name="INIT-REBOOT")
    again = asked(MessageType.REQUEST, opt.REQUESTED_ADDRESS.pack(PHONE))
    for _ in range(2):
        phone.udp.send(again, 67, "255.255.255.255")
        bench.let_pass(0.1)
    assert phone.kinds == ["OFFER", "ACK", "ACK"]


def test_release_ends_the_lease(bench, dhcp):
    phone = Dhcp(bench)
    phone.start()
    phone._call(lambda: phone._do(phone.client.release(bench.clock.now())))
    bench.let_pass(0.1)
    assert bench.history.last(ev.DhcpMessage).kind == "RELEASE"
    assert dhcp.lease is None


def test_inform_is_answered_without_a_lease(bench, dhcp):
    dhcp.offer(option_66="192.0.2.1")
    bench.configure_phone()
    client = bench.phone.udp(68)
    client.send(asked(MessageType.INFORM, ciaddr=PHONE), 67)
    bench.let_pass(0.1)
    ((data, _),) = client.received
    ack = decode(data)
    assert (ack.kind, ack.option(66), ack.option(51)) == (MessageType.ACK, b"192.0.2.1", None)
    assert dhcp.lease is None


def test_stranger_gets_nothing_and_is_recorded(bench, dhcp):
    other = Dhcp(bench, mac=bytes.fromhex("000e08000001"))
    assert other.start(20) == []
    seen = bench.history.all(ev.Stranger)
    assert {s.peer for s in seen} == {"00:0e:08:00:00:01"}
    assert len(seen) >= 3
    assert bench.history.all(ev.DhcpMessage) == ()
