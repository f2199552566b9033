"""The DHCP server's answers against RFC 2131 section 4.3, tables 3 and 4, and section 4.1."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from hil.errors import LocalProtocolError
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import UNSPECIFIED, Message, MessageType, Op
from hil.wire.dhcp_server import (
    Destination,
    DhcpServer,
    ServerConfig,
    destination,
    reply_limit,
    request_state,
)

SECOND = 1_000_000_000
MAC = bytes.fromhex("000e08aabbcc")
SERVER, OTHER = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.9")
FIRST, SECOND_ADDRESS = IPv4Address("10.0.0.50"), IPv4Address("10.0.0.51")
Ask = Callable[[IPv4Address], Message]

CONFIG = ServerConfig(
    server=SERVER,
    pool=(FIRST, SECOND_ADDRESS),
    netmask=IPv4Address("255.255.255.0"),
    router=(SERVER,),
    dns=(SERVER,),
    lease_time=3600,
    t1=1800,
    t2=3000,
    extra={66: b"10.0.0.1", 160: b"http://10.0.0.1/$PSN.xml"},
)


def request(kind: MessageType, *options: tuple[int, bytes], **header: object) -> Message:
    return Message(
        op=Op.BOOTREQUEST,
        xid=7,
        chaddr=MAC,
        options=(opt.MESSAGE_TYPE.pack(kind), *options),
        **header,  # type: ignore[arg-type]
    )


DISCOVER = request(MessageType.DISCOVER)


def selecting(address: IPv4Address, server: IPv4Address = SERVER) -> Message:
    return request(
        MessageType.REQUEST, opt.REQUESTED_ADDRESS.pack(address), opt.SERVER_ID.pack(server)
    )


def init_reboot(address: IPv4Address, **header: object) -> Message:
    return request(MessageType.REQUEST, opt.REQUESTED_ADDRESS.pack(address), **header)


def renewing(address: IPv4Address) -> Message:
    return request(MessageType.REQUEST, ciaddr=address)


def bound(config: ServerConfig = CONFIG) -> DhcpServer:
    server = DhcpServer(config)
    server.receive(DISCOVER, 0)
    (ack,) = server.receive(selecting(FIRST), 0)
    assert ack.kind is MessageType.ACK
    return server


def test_a_discover_is_offered_the_first_address_with_all_that_table_3_asks() -> None:
    (offer,) = DhcpServer(CONFIG).receive(DISCOVER, 0)
    assert offer.kind is MessageType.OFFER
    assert (offer.op, offer.xid, offer.chaddr, offer.flags) == (Op.BOOTREPLY, 7, MAC, 0)
    assert (offer.ciaddr, offer.yiaddr) == (UNSPECIFIED, FIRST)
    assert opt.SERVER_ID.read(offer) == SERVER
    assert opt.LEASE_TIME.read(offer) == 3600
    assert opt.RENEWAL_TIME.read(offer) == 1800
    assert opt.REBINDING_TIME.read(offer) == 3000
    assert opt.SUBNET_MASK.read(offer) == IPv4Address("255.255.255.0")
    assert opt.ROUTER.read(offer) == (SERVER,)
    assert opt.DOMAIN_SERVER.read(offer) == (SERVER,)
    assert offer.option(160) == b"http://10.0.0.1/$PSN.xml"
    assert {50, 55, 61}.isdisjoint(code for code, _ in offer.options)


def test_a_discover_may_ask_for_an_address_of_the_pool() -> None:
    wanted = request(MessageType.DISCOVER, opt.REQUESTED_ADDRESS.pack(SECOND_ADDRESS))
    assert DhcpServer(CONFIG).receive(wanted, 0)[0].yiaddr == SECOND_ADDRESS


def test_a_discover_for_an_address_outside_the_pool_is_offered_the_first() -> None:
    wanted = request(MessageType.DISCOVER, opt.REQUESTED_ADDRESS.pack(OTHER))
    assert DhcpServer(CONFIG).receive(wanted, 0)[0].yiaddr == FIRST


def test_the_address_of_the_lease_is_offered_whatever_is_asked_for() -> None:
    server = bound()
    wanted = request(MessageType.DISCOVER, opt.REQUESTED_ADDRESS.pack(SECOND_ADDRESS))
    assert server.receive(wanted, SECOND)[0].yiaddr == FIRST
    assert server.binding is not None
    assert server.binding.confirmed


def test_an_accepted_offer_is_acknowledged_and_bound_for_the_lease_time() -> None:
    server = DhcpServer(CONFIG)
    server.receive(DISCOVER, 0)
    (ack,) = server.receive(selecting(FIRST), 5 * SECOND)
    assert (ack.kind, ack.yiaddr) == (MessageType.ACK, FIRST)
    assert server.binding is not None
    assert server.binding.expires == 3605 * SECOND


def test_a_lease_without_end_never_expires() -> None:
    server = bound(replace(CONFIG, lease_time=opt.INFINITE, t1=None, t2=None))
    assert server.binding is not None
    assert server.binding.confirmed
    assert server.binding.expires is None


def test_an_offer_that_the_client_turns_down_for_another_server_is_withdrawn_in_silence() -> None:
    server = DhcpServer(CONFIG)
    server.receive(DISCOVER, 0)
    assert server.receive(selecting(OTHER, server=OTHER), 0) == []
    assert server.binding is None


@pytest.mark.parametrize("address", [SECOND_ADDRESS, OTHER])
def test_a_request_for_an_address_that_was_not_offered_is_refused(address: IPv4Address) -> None:
    server = DhcpServer(CONFIG)
    server.receive(DISCOVER, 0)
    (nak,) = server.receive(selecting(address), 0)
    assert nak.kind is MessageType.NAK
    assert (nak.ciaddr, nak.yiaddr, nak.siaddr) == (UNSPECIFIED,) * 3
    assert {code for code, _ in nak.options} == {53, 54, 56}


def test_a_request_that_names_us_but_no_address_meets_silence() -> None:
    server = DhcpServer(CONFIG)
    server.receive(DISCOVER, 0)
    named = request(MessageType.REQUEST, opt.SERVER_ID.pack(SERVER))
    assert server.receive(named, 0) == []


def test_a_request_with_neither_server_nor_address_meets_silence() -> None:
    assert bound().receive(request(MessageType.REQUEST), 0) == []


@pytest.mark.parametrize("ask", [init_reboot, renewing])
class TestAClientThatHadALease:
    def test_is_granted_its_own_address_again(self, ask: Ask) -> None:
        server = bound()
        (ack,) = server.receive(ask(FIRST), 100 * SECOND)
        assert (ack.kind, ack.yiaddr) == (MessageType.ACK, FIRST)
        assert server.binding is not None
        assert server.binding.expires == 3700 * SECOND

    def test_is_granted_it_even_after_expiry(self, ask: Ask) -> None:
        (ack,) = bound().receive(ask(FIRST), 9999 * SECOND)
        assert ack.kind is MessageType.ACK

    @pytest.mark.parametrize("address", [SECOND_ADDRESS, IPv4Address("192.168.1.5")])
    def test_is_refused_another(self, ask: Ask, address: IPv4Address) -> None:
        (nak,) = bound().receive(ask(address), 0)
        assert nak.kind is MessageType.NAK

    def test_is_refused_an_address_that_left_the_pool(self, ask: Ask) -> None:
        server = bound()
        server.config = replace(CONFIG, pool=(SECOND_ADDRESS,))
        assert server.receive(ask(FIRST), 0)[0].kind is MessageType.NAK
        assert server.receive(DISCOVER, 0)[0].yiaddr == SECOND_ADDRESS
        assert server.receive(selecting(SECOND_ADDRESS), 0)[0].kind is MessageType.ACK

    def test_meets_silence_from_a_server_that_knows_nothing_and_is_not_authoritative(
        self, ask: Ask
    ) -> None:
        assert DhcpServer(replace(CONFIG, authoritative=False)).receive(ask(FIRST), 0) == []

    def test_is_refused_by_an_authoritative_server_that_knows_nothing(self, ask: Ask) -> None:
        assert DhcpServer(CONFIG).receive(ask(FIRST), 0)[0].kind is MessageType.NAK

    def test_is_refused_on_the_wrong_network_by_any_server(self, ask: Ask) -> None:
        server = DhcpServer(replace(CONFIG, authoritative=False))
        (nak,) = server.receive(ask(IPv4Address("192.168.1.5")), 0)
        assert nak.kind is MessageType.NAK


def test_a_declined_address_is_not_offered_again() -> None:
    server = bound()
    decline = request(
        MessageType.DECLINE, opt.REQUESTED_ADDRESS.pack(FIRST), opt.SERVER_ID.pack(SERVER)
    )
    assert server.receive(decline, 0) == []
    assert server.declined == {FIRST}
    assert server.receive(DISCOVER, 0)[0].yiaddr == SECOND_ADDRESS


def test_a_server_whose_addresses_are_all_declined_is_silent() -> None:
    server = bound(replace(CONFIG, pool=(FIRST,)))
    server.receive(
        request(MessageType.DECLINE, opt.REQUESTED_ADDRESS.pack(FIRST), opt.SERVER_ID.pack(SERVER)),
        0,
    )
    assert server.receive(DISCOVER, 0) == []


def test_a_decline_for_another_server_changes_nothing() -> None:
    server = bound()
    server.receive(
        request(MessageType.DECLINE, opt.REQUESTED_ADDRESS.pack(FIRST), opt.SERVER_ID.pack(OTHER)),
        0,
    )
    assert server.declined == frozenset()
    assert server.binding is not None


def test_a_released_address_is_free_but_offered_again_first() -> None:
    server = bound()
    released = request(MessageType.RELEASE, opt.SERVER_ID.pack(SERVER), ciaddr=FIRST)
    assert server.receive(released, 9 * SECOND) == []
    assert server.binding is not None
    assert not server.binding.confirmed
    wanted = request(MessageType.DISCOVER, opt.REQUESTED_ADDRESS.pack(SECOND_ADDRESS))
    assert server.receive(wanted, 10 * SECOND)[0].yiaddr == FIRST


def test_an_inform_is_answered_without_address_and_lease() -> None:
    (ack,) = DhcpServer(CONFIG).receive(request(MessageType.INFORM, ciaddr=OTHER), 0)
    assert ack.kind is MessageType.ACK
    assert (ack.ciaddr, ack.yiaddr) == (OTHER, UNSPECIFIED)
    assert {51, 58, 59}.isdisjoint(code for code, _ in ack.options)
    assert ack.option(66) == b"10.0.0.1"


def test_only_what_option_55_names_is_sent_and_in_its_order() -> None:
    asked = request(MessageType.DISCOVER, opt.PARAMETER_LIST.pack([160, 1, 99]))
    (offer,) = DhcpServer(CONFIG).receive(asked, 0)
    assert [code for code, _ in offer.options] == [53, 54, 51, 58, 59, 160, 1]


def test_option_55_can_be_overruled() -> None:
    asked = request(MessageType.DISCOVER, opt.PARAMETER_LIST.pack([1]))
    (offer,) = DhcpServer(replace(CONFIG, honour_request_list=False)).receive(asked, 0)
    assert offer.option(66) == b"10.0.0.1"


def test_an_extra_option_wins_over_the_configured_one() -> None:
    (offer,) = DhcpServer(replace(CONFIG, extra={3: b"abc"})).receive(DISCOVER, 0)
    assert offer.option(3) == b"abc"


@pytest.mark.parametrize("code", [61, 82])
def test_client_identifier_and_relay_information_are_given_back(code: int) -> None:
    marked = request(MessageType.DISCOVER, (code, b"\x01x"), opt.PARAMETER_LIST.pack([1]))
    assert DhcpServer(CONFIG).receive(marked, 0)[0].option(code) == b"\x01x"


@pytest.mark.parametrize("kind", [MessageType.OFFER, MessageType.ACK, MessageType.LEASEQUERY])
def test_messages_that_are_no_requests_meet_silence(kind: MessageType) -> None:
    assert DhcpServer(CONFIG).receive(request(kind), 0) == []


def test_replies_and_bootp_meet_silence() -> None:
    server = DhcpServer(CONFIG)
    assert server.receive(replace(DISCOVER, op=Op.BOOTREPLY), 0) == []
    assert server.receive(replace(DISCOVER, options=()), 0) == []


@pytest.mark.parametrize(
    "change",
    [
        {"pool": ()},
        {"lease_time": 0},
        {"lease_time": 1 << 32},
        {"t1": -1},
        {"t2": 1 << 32},
        {"extra": {53: b"\x02"}},
        {"extra": {255: b""}},
    ],
)
def test_a_configuration_that_cannot_be_served_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(LocalProtocolError):
        replace(CONFIG, **change)  # type: ignore[arg-type]


RELAY = IPv4Address("10.9.0.1")


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        (DISCOVER, Destination(FIRST, 68, hardware=MAC)),
        (replace(DISCOVER, flags=0x8000), Destination(IPv4Address("255.255.255.255"), 68)),
        (replace(DISCOVER, giaddr=RELAY, flags=0x8000), Destination(RELAY, 67)),
        (renewing(FIRST), Destination(FIRST, 68)),
        (replace(renewing(FIRST), flags=0x8000), Destination(FIRST, 68)),
        (renewing(SECOND_ADDRESS), Destination(IPv4Address("255.255.255.255"), 68)),
        (init_reboot(OTHER, giaddr=RELAY), Destination(RELAY, 67)),
        (request(MessageType.INFORM, ciaddr=OTHER), Destination(OTHER, 68)),
    ],
)
def test_replies_go_where_section_4_1_sends_them(asked: Message, where: Destination) -> None:
    (reply,) = bound().receive(asked, 0)
    assert destination(asked, reply) == where


def test_a_relayed_refusal_asks_the_relay_to_broadcast() -> None:
    (nak,) = bound().receive(init_reboot(OTHER, giaddr=RELAY), 0)
    assert nak.broadcast


@pytest.mark.parametrize(
    ("option_57", "limit"),
    [(None, 548), (b"\x05\xdc", 1472), (b"\x00\x40", 548), (b"\x02\x40", 548), (b"\x05", 548)],
)
def test_the_client_sets_the_size_of_replies_but_never_below_548(
    option_57: bytes | None, limit: int
) -> None:
    options = () if option_57 is None else ((57, option_57),)
    assert reply_limit(request(MessageType.DISCOVER, *options)) == limit


@pytest.mark.parametrize(
    ("options", "fields", "broadcast", "state"),
    [
        ([opt.SERVER_ID.pack(IPv4Address("192.0.2.1"))], {}, True, "SELECTING"),
        ([opt.REQUESTED_ADDRESS.pack(IPv4Address("192.0.2.16"))], {}, True, "INIT-REBOOT"),
        ([], {"ciaddr": IPv4Address("192.0.2.16")}, False, "RENEWING"),
        ([], {"ciaddr": IPv4Address("192.0.2.16")}, True, "REBINDING"),
        ([], {}, True, None),
    ],
)
def test_a_request_is_told_by_what_it_carries_and_where_it_went(
    options, fields, broadcast, state
) -> None:
    kind = opt.MESSAGE_TYPE.pack(MessageType.REQUEST)
    message = Message(op=1, xid=1, chaddr=bytes(6), options=(kind, *options), **fields)
    assert request_state(message, broadcast=broadcast) == state
    other = replace(message, options=(opt.MESSAGE_TYPE.pack(MessageType.INFORM), *options))
    assert request_state(other, broadcast=broadcast) is None
