"""Replies that are not for the DHCP client, lack what they need, or are no DHCP at all."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Any

import pytest
from dhcp_steps import ADDRESS, MAC, ack, bound, client, reply, requesting, sent
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import ProtocolError, RemoteProtocolError
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import UNSPECIFIED, Message, MessageType, Op, encode
from hil.wire.dhcp_client import State

SECOND = 1_000_000_000


@pytest.mark.parametrize(
    "header", [{"xid": 99}, {"chaddr": bytes(6)}, {"op": Op.BOOTREQUEST}], ids=str
)
def test_a_reply_for_someone_else_does_nothing(header: dict[str, Any]) -> None:
    machine = client()
    request = requesting(machine)
    assert machine.receive(ack(request, **header), SECOND) == []
    assert machine.state is State.REQUESTING


def test_a_server_that_was_not_chosen_can_neither_grant_nor_refuse() -> None:
    machine = client()
    request = requesting(machine)
    stranger = opt.SERVER_ID.pack(IPv4Address("10.0.0.9"))
    for kind in (MessageType.ACK, MessageType.NAK):
        options = (opt.MESSAGE_TYPE.pack(kind), stranger, opt.LEASE_TIME.pack(60))
        message = Message(op=2, xid=request.xid, chaddr=MAC, yiaddr=ADDRESS, options=options)
        assert machine.receive(encode(message), SECOND) == []
    assert machine.state is State.REQUESTING


def test_offers_and_acks_that_lack_what_table_3_demands_are_ignored() -> None:
    machine = client()
    discover = sent(machine.start(0)).message
    assert machine.receive(reply(discover, MessageType.OFFER, yiaddr=UNSPECIFIED), 0) == []
    request = sent(machine.receive(reply(discover, MessageType.OFFER), 0)).message
    assert machine.receive(reply(request, MessageType.ACK), 0) == []
    assert machine.receive(ack(request, 0), 0) == []
    assert machine.receive(ack(request, yiaddr=UNSPECIFIED), 0) == []
    assert machine.receive(ack(request, 2), 3 * SECOND) == []
    assert machine.state is State.REQUESTING


def test_malformed_bytes_are_the_servers_fault_and_change_nothing() -> None:
    machine = client()
    requesting(machine)
    with pytest.raises(RemoteProtocolError):
        machine.receive(b"nonsense", 0)
    assert machine.state is State.REQUESTING


@given(
    st.sampled_from(MessageType),
    st.lists(st.tuples(st.sampled_from([50, 51, 54, 56, 58, 59]), st.binary(max_size=6))),
    st.integers(0, 4),
)
@settings(deadline=None, max_examples=150)
def test_no_reply_of_this_transaction_breaks_the_client(
    kind: MessageType, options: list[tuple[int, bytes]], steps: int
) -> None:
    machine = bound(client())
    for _ in range(steps):
        deadline = machine.next_deadline()
        assert deadline is not None
        machine.timeout(deadline)
    now = machine.next_deadline() or 0
    message = Message(
        op=2,
        xid=machine._xid,
        chaddr=MAC,
        yiaddr=ADDRESS,
        options=(opt.MESSAGE_TYPE.pack(kind), *options),
    )
    try:
        machine.receive(encode(message), now - 1)
    except ProtocolError as error:
        pytest.fail(f"{error!r}")
    assert machine.next_deadline() is not None or machine.lease is not None
