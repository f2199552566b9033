"""The DHCP side of a handset: `hil.wire`'s client on a machine of the link, and messages by hand."""

from __future__ import annotations

import itertools
from dataclasses import replace
from ipaddress import IPv4Address

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


def asked(kind: MessageType, *options, **fields) -> bytes:
    made = Message(
        op=Op.BOOTREQUEST, xid=7, chaddr=PHONE_MAC, options=(opt.MESSAGE_TYPE.pack(kind), *options)
    )
    return encode(replace(made, **fields))
