"""A DHCP client brought to a state by hand, and the replies that bring it there."""

from __future__ import annotations

import itertools
from ipaddress import IPv4Address
from typing import Any

from hil.wire import dhcp_options as opt
from hil.wire.dhcp import Message, MessageType, Op, encode
from hil.wire.dhcp_client import Bound, ClientConfig, DhcpClient, Event, Send

MAC = bytes.fromhex("000e08aabbcc")
SERVER, ADDRESS = IPv4Address("10.0.0.1"), IPv4Address("10.0.0.50")
CONFIG = ClientConfig(
    chaddr=MAC, client_id=b"\x01" + MAC, vendor_class=b"CP-7832-3PCC\0", parameters=(1, 3, 66)
)


def client(config: ClientConfig = CONFIG) -> DhcpClient:
    return DhcpClient(config, new_xid=itertools.count(1).__next__, jitter=lambda: 0.0)


def sent(events: list[Event]) -> Send:
    (send,) = (event for event in events if isinstance(event, Send))
    return send


def reply(to: Message, kind: MessageType, *options: tuple[int, bytes], **header: Any) -> bytes:
    given: dict[str, Any] = {
        "op": Op.BOOTREPLY,
        "xid": to.xid,
        "chaddr": to.chaddr,
        "yiaddr": ADDRESS,
    }
    own = (opt.MESSAGE_TYPE.pack(kind), opt.SERVER_ID.pack(SERVER))
    return encode(Message(**(given | header), options=own + options))


def ack(to: Message, seconds: int = 3600, *options: tuple[int, bytes], **header: Any) -> bytes:
    return reply(to, MessageType.ACK, opt.LEASE_TIME.pack(seconds), *options, **header)


def requesting(machine: DhcpClient, now: int = 0) -> Message:
    discover = sent(machine.start(now)).message
    return sent(machine.receive(reply(discover, MessageType.OFFER), now)).message


def bound(machine: DhcpClient, seconds: int = 3600, *options: tuple[int, bytes]) -> DhcpClient:
    (event,) = machine.receive(ack(requesting(machine), seconds, *options), 0)
    assert isinstance(event, Bound)
    return machine
