"""The DHCP client against RFC 2131 section 4.4: states, table 5, timers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from ipaddress import IPv4Address

import pytest
from dhcp_steps import ADDRESS, CONFIG, MAC, SERVER, ack, bound, client, reply, requesting, sent

from hil.errors import LocalProtocolError
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import UNSPECIFIED, MessageType, Op, decode, encode
from hil.wire.dhcp_client import Bound, DhcpClient, LeaseLost, Renewed, Send, State

SECOND = 1_000_000_000


def test_a_discover_says_who_asks_and_for_what() -> None:
    send = sent(client().start(0))
    message = decode(encode(send.message))
    assert send.broadcast
    assert (message.op, message.chaddr, message.ciaddr) == (Op.BOOTREQUEST, MAC, UNSPECIFIED)
    assert message.options == (
        (53, b"\x01"),
        (61, b"\x01" + MAC),
        (57, b"\x05\xdc"),
        (60, b"CP-7832-3PCC\0"),
        (55, b"\x01\x03\x42"),
    )


def test_an_offer_is_requested_as_table_5_says() -> None:
    machine = client()
    message = requesting(machine)
    assert machine.state is State.REQUESTING
    assert message.kind is MessageType.REQUEST
    assert message.ciaddr == UNSPECIFIED
    assert opt.REQUESTED_ADDRESS.read(message) == ADDRESS
    assert opt.SERVER_ID.read(message) == SERVER


def test_an_acknowledgement_binds_and_the_lease_runs_from_the_request() -> None:
    machine = client()
    request = requesting(machine, now=10 * SECOND)
    (event,) = machine.receive(ack(request), 13 * SECOND)
    assert isinstance(event, Bound)
    lease = event.lease
    assert (lease.address, lease.server, lease.obtained) == (ADDRESS, SERVER, 10 * SECOND)
    assert lease.term is not None
    assert lease.term.renew_at == (10 + 1800) * SECOND
    assert lease.term.rebind_at == (10 + 3150) * SECOND
    assert lease.term.expires == (10 + 3600) * SECOND
    assert machine.next_deadline() == lease.term.renew_at
    assert machine.state is State.BOUND


@pytest.mark.parametrize(
    ("t1", "t2", "renew", "rebind"),
    [
        (600, 1200, 600, 1200),
        (600, None, 600, 3150),
        (None, 2000, 1800, 2000),
        (1200, 600, 1800, 3150),
        (0, 1200, 1800, 3150),
        (600, 3600, 1800, 3150),
        (3400, None, 1800, 3150),
    ],
)
def test_t1_and_t2_of_the_server_hold_unless_they_are_out_of_order(
    t1: int | None, t2: int | None, renew: int, rebind: int
) -> None:
    times = [] if t1 is None else [opt.RENEWAL_TIME.pack(t1)]
    times += [] if t2 is None else [opt.REBINDING_TIME.pack(t2)]
    lease = bound(client(), 3600, *times).lease
    assert lease is not None
    assert lease.term is not None
    assert lease.term.renew_at == renew * SECOND
    assert lease.term.rebind_at == rebind * SECOND


def test_a_lease_without_end_is_never_renewed() -> None:
    machine = bound(client(), 0xFFFFFFFF)
    assert machine.next_deadline() is None
    assert machine.timeout(10**20) == []


def test_a_discover_is_repeated_after_4_8_16_32_64_and_then_each_64_seconds() -> None:
    machine = client()
    first = sent(machine.start(0)).message
    moments, seconds = [0], []
    for _ in range(7):
        moment = machine.next_deadline()
        assert moment is not None
        assert machine.timeout(moment - 1) == []
        again = sent(machine.timeout(moment)).message
        assert replace(again, secs=0) == first
        seconds.append(again.secs)
        moments.append(moment)
    gaps = [(b - a) // SECOND for a, b in itertools.pairwise(moments)]
    assert gaps == [4, 8, 16, 32, 64, 64, 64]
    assert seconds == [4, 12, 28, 60, 124, 188, 252]


@pytest.mark.parametrize("jitter", [-1.0, -0.25, 0.5, 1.0])
def test_the_jitter_shifts_each_delay(jitter: float) -> None:
    machine = DhcpClient(CONFIG, new_xid=lambda: 1, jitter=lambda: jitter)
    machine.start(0)
    assert machine.next_deadline() == int((4 + jitter) * SECOND)


def test_an_unanswered_request_is_repeated_four_times_and_then_abandoned() -> None:
    machine = client()
    first = requesting(machine)
    for expected in (4, 12, 28, 60):
        assert machine.next_deadline() == expected * SECOND
        assert sent(machine.timeout(expected * SECOND)).message == first
    assert machine.next_deadline() == 124 * SECOND
    discover = sent(machine.timeout(124 * SECOND)).message
    assert discover.kind is MessageType.DISCOVER
    assert discover.xid != first.xid


def test_a_former_address_is_asked_for_without_a_discover() -> None:
    machine = client()
    message = sent(machine.start(0, former=ADDRESS)).message
    assert machine.state is State.REBOOTING
    assert message.kind is MessageType.REQUEST
    assert opt.REQUESTED_ADDRESS.read(message) == ADDRESS
    assert message.option(54) is None
    (event,) = machine.receive(ack(message), SECOND)
    assert isinstance(event, Bound)


def test_a_former_address_that_is_refused_gives_way_to_a_discover_at_once() -> None:
    machine = client()
    message = sent(machine.start(0, former=ADDRESS)).message
    events = machine.receive(reply(message, MessageType.NAK, yiaddr=UNSPECIFIED), SECOND)
    assert sent(events).message.kind is MessageType.DISCOVER


def test_repeated_refusals_slow_the_client_down() -> None:
    machine, now = client(), 0
    request = requesting(machine)
    pauses = []
    for _ in range(4):
        events = machine.receive(reply(request, MessageType.NAK), now)
        if not events:
            deadline = machine.next_deadline()
            assert deadline is not None
            pauses.append((deadline - now) // SECOND)
            now = deadline
            events = machine.timeout(now)
        request = sent(machine.receive(reply(sent(events).message, MessageType.OFFER), now)).message
    assert pauses == [4, 8, 16]


def test_at_t1_the_lease_is_renewed_by_unicast_and_at_t2_by_broadcast() -> None:
    machine = bound(client())
    renew = sent(machine.timeout(1800 * SECOND))
    assert machine.state is State.RENEWING
    assert (renew.broadcast, renew.address) == (False, SERVER)
    assert renew.message.ciaddr == ADDRESS
    assert {50, 54}.isdisjoint(code for code, _ in renew.message.options)
    rebind = sent(machine.timeout(3150 * SECOND))
    assert machine.state is State.REBINDING
    assert rebind.broadcast
    assert rebind.message.ciaddr == ADDRESS
    assert rebind.message.xid != renew.message.xid


def test_renewal_is_repeated_after_half_of_what_is_left_but_no_faster_than_each_minute() -> None:
    machine = bound(client())
    moments = []
    while (moment := machine.next_deadline()) is not None and moment < 3600 * SECOND:
        machine.timeout(moment)
        moments.append(moment / SECOND)
    assert moments[:6] == [1800, 2475, 2812.5, 2981.25, 3065.625, 3125.625]
    assert moments[6:] == [3150, 3375, 3487.5, 3547.5]


@pytest.mark.parametrize("at", [1800, 3150])
def test_a_renewal_starts_a_new_term(at: int) -> None:
    machine = bound(client())
    request = sent(machine.timeout(at * SECOND)).message
    (event,) = machine.receive(ack(request, 600), (at + 2) * SECOND)
    assert isinstance(event, Renewed)
    assert event.lease.term is not None
    assert event.lease.term.expires == (at + 600) * SECOND
    assert machine.state is State.BOUND


def test_an_unrenewed_lease_is_lost_at_its_end_and_the_search_begins_anew() -> None:
    machine = bound(client())
    machine.timeout(1800 * SECOND)
    machine.timeout(3150 * SECOND)
    lost, discover = machine.timeout(3600 * SECOND)
    assert lost == LeaseLost("expired")
    assert sent([discover]).message.kind is MessageType.DISCOVER
    assert machine.lease is None


def test_a_refused_renewal_loses_the_lease_at_once() -> None:
    machine = bound(client())
    request = sent(machine.timeout(1800 * SECOND)).message
    data = reply(request, MessageType.NAK, opt.ERROR_TEXT.pack("moved"))
    lost, discover = machine.receive(data, 1801 * SECOND)
    assert lost == LeaseLost("refused: moved")
    assert sent([discover]).message.kind is MessageType.DISCOVER


def test_a_renewal_for_another_address_is_not_believed() -> None:
    machine = bound(client())
    request = sent(machine.timeout(1800 * SECOND)).message
    other = ack(request, yiaddr=IPv4Address("10.0.0.99"))
    assert machine.receive(other, 1801 * SECOND) == []
    assert machine.state is State.RENEWING


def test_release_names_address_and_server_and_stops() -> None:
    machine = bound(client())
    send, lost = machine.release(SECOND)
    assert isinstance(send, Send)
    assert not send.broadcast
    assert (send.message.kind, send.message.ciaddr) == (MessageType.RELEASE, ADDRESS)
    assert opt.SERVER_ID.read(send.message) == SERVER
    assert send.message.option(50) is None
    assert lost == LeaseLost("released")
    assert machine.next_deadline() is None
    assert machine.start(2 * SECOND)


def test_decline_is_broadcast_and_the_client_waits_ten_seconds() -> None:
    machine = bound(client())
    send, lost = machine.decline(SECOND)
    assert isinstance(send, Send)
    assert send.broadcast
    assert send.message.ciaddr == UNSPECIFIED
    assert opt.REQUESTED_ADDRESS.read(send.message) == ADDRESS
    assert opt.SERVER_ID.read(send.message) == SERVER
    assert lost == LeaseLost("declined")
    assert machine.next_deadline() == 11 * SECOND
    assert sent(machine.timeout(11 * SECOND)).message.kind is MessageType.DISCOVER


@pytest.mark.parametrize("call", ["release", "decline"])
def test_a_client_without_a_lease_has_nothing_to_give_back(call: str) -> None:
    with pytest.raises(LocalProtocolError, match="without a lease"):
        getattr(client(), call)(0)


def test_a_client_is_started_once() -> None:
    machine = client()
    machine.start(0)
    with pytest.raises(LocalProtocolError, match="SELECTING"):
        machine.start(1)
