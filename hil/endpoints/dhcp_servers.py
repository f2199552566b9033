"""What the bench's DHCP servers answer: the first one, and second ones that a fault adds.

A second server (`faults.TwoOffers`) is a whole server of its own, so that a handset which takes its
offer is acknowledged and renewed by it. It speaks only to handsets that it has offered something.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import AddressValueError, IPv4Address

from hil.endpoints import faults as fl
from hil.errors import ProtocolError, UsageError
from hil.wire import dhcp_options as opt
from hil.wire.dhcp import Message, MessageType, Op
from hil.wire.dhcp_server import DhcpServer, ServerConfig


@dataclass(frozen=True)
class Reply:
    """A reply and the address of the server that gives it."""

    message: Message
    server: IPv4Address


class Servers:
    """The first server and its rivals, with what each has granted.

    Rivals are added in the test's thread, messages come in the loop; the one dict is replaced whole.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._first = DhcpServer(config)
        self._rivals: dict[fl.TwoOffers, DhcpServer] = {}

    def add_rival(self, fault: fl.TwoOffers, config: ServerConfig) -> None:
        """Have a second server that offers what ``config`` does, but for what the fault says."""
        self._rivals = {**self._rivals, fault: DhcpServer(_rival_config(fault, config))}

    def remove_rivals(self) -> None:
        """Have one server only."""
        self._rivals = {}

    def restore_pool(self, config: ServerConfig) -> None:
        """Forget that an address was declined, and the lease with it."""
        if self._first.declined:
            self._first = DhcpServer(config)

    def answer(
        self, message: Message, now: int, config: ServerConfig, due: tuple[fl.Fault, ...]
    ) -> list[Reply]:
        """Let the servers act on a message; ``due`` are the faults that are for it."""
        self._first.config = config
        nak = next((fault for fault in due if isinstance(fault, fl.Nak)), None)
        if nak is not None:
            return [Reply(_nak(message, config.server, nak.text), config.server)]
        rivals: list[Reply] = []
        for fault, rival in self._rivals.items():
            if message.kind is MessageType.INFORM:
                continue
            if message.kind is MessageType.DISCOVER and fault not in due:
                continue
            given = rival.receive(message, now)
            rivals += [Reply(reply, rival.config.server) for reply in given]
        if rivals and message.kind is not MessageType.DISCOVER:
            # The handset is the other server's client now, and ours is not asked.
            return rivals
        first = self._first.receive(message, now)
        return [Reply(reply, config.server) for reply in first] + rivals


def _rival_config(fault: fl.TwoOffers, first: ServerConfig) -> ServerConfig:
    try:
        server, address = IPv4Address(fault.server), IPv4Address(fault.address)
    except AddressValueError as error:
        raise UsageError(f"{fault!r}: {error}") from error
    if server == first.server:
        raise UsageError(f"{fault!r}: that is the first server")
    try:
        return replace(
            first,
            server=server,
            pool=(address,),
            extra={**first.extra, **dict(fault.options)},
            authoritative=False,
        )
    except ProtocolError as error:
        raise UsageError(f"{fault!r}: {error}") from error


def _nak(request: Message, server: IPv4Address, text: str) -> Message:
    """Make a DHCPNAK by RFC 2131 table 3."""
    return Message(
        op=Op.BOOTREPLY,
        xid=request.xid,
        chaddr=request.chaddr,
        htype=request.htype,
        hlen=request.hlen,
        flags=request.flags,
        giaddr=request.giaddr,
        options=(
            opt.MESSAGE_TYPE.pack(MessageType.NAK),
            opt.SERVER_ID.pack(server),
            opt.ERROR_TEXT.pack(text),
        ),
    )
