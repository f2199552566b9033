"""The DHCP endpoint serves one handset over the link, seen by `hil.wire`'s client."""

from __future__ import annotations

import itertools
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Delay, Nak, Silence, Truncate, TwoOffers
from hil.errors import UsageError
from hil.history import events as ev
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import Message, MessageType, Op, decode, encode
from hil.wire.dhcp_client import Bound, ClientConfig, DhcpClient, LeaseLost, Renewed, Send

PHONE_MAC = bytes.fromhex("000e08aabbcc")
PHONE = IPv4Address("192.0.2.16")
SECOND = 1_000_000_000


class Dhcp:
    """`hil.wire`'s DHCP client on a machine of the link, driven by the bench's loop."""

    def __init__(self, bench, *, broadcast: bool = False, mac: bytes = PHONE_MAC) -> None:
        self.bench = bench
        self.machine = bench.phone if mac == PHONE_MAC else bench.stranger
        self.machine.interface.up()
        self.events: list[object] = []
        xids = itertools.count(0x7832)
        self.client = DhcpClient(
            ClientConfig(chaddr=mac, broadcast=broadcast),
            new_xid=lambda: next(xids),
            jitter=lambda: 0.0,
        )
        self.udp = self.machine.udp(68)
        self.frames = self.machine.frames(68)
        self.frames.on_receive = self._got

    def start(self, seconds: float = 1.0) -> list[Message]:
        """Begin, and give what was answered meanwhile."""
        self._call(lambda: self._do(self.client.start(self.bench.clock.now())))
        self.bench.let_pass(seconds)
        return self.answers

    @property
    def answers(self) -> list[Message]:
        return [decode(data) for data in self.frames.received]

    @property
    def kinds(self) -> list[str]:
        return [message.kind.name for message in self.answers if message.kind]

    def _got(self, data: bytes) -> None:
        self._do(self.client.receive(data, self.bench.clock.now()))

    def _do(self, events) -> None:
        for event in events:
            self.events.append(event)
            match event:
                case Send(message, broadcast, address):
                    host = "255.255.255.255" if broadcast else str(address)
                    self.udp.send(encode(message), 67, host)
                case Bound(lease) | Renewed(lease):
                    self.machine.configure(lease.address)
                case LeaseLost():
                    self.machine.interface.unconfigure()
        deadline = self.client.next_deadline()
        if deadline is not None:
            self.bench.clock.loop.call_at(deadline / SECOND, self._due)

    def _due(self) -> None:
        self._do(self.client.timeout(self.bench.clock.now()))

    def _call(self, action) -> None:
        async def there() -> None:
            action()

        self.bench.clock.run(there())


@pytest.fixture
def dhcp(bench):
    return bench.start(DhcpEndpoint, handset_address=PHONE)


def asked(kind: MessageType, *options, **fields) -> bytes:
    made = Message(
        op=Op.BOOTREQUEST, xid=7, chaddr=PHONE_MAC, options=(opt.MESSAGE_TYPE.pack(kind), *options)
    )
    return encode(replace(made, **fields))


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


# -- faults ----------------------------------------------------------------------------------------


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


# -- reset and refusals ----------------------------------------------------------------------------


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
