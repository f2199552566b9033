"""SNMP as both ends of a bench need it: pysnmp's engine, but our sockets and our clock.

pysnmp's own asyncio dispatcher wakes up twice a second for as long as an engine lives, which on a
virtual clock would cut a day of lab time into two hundred thousand jumps. Its time-outs are counted
in those wake-ups, too. So neither is used: the engine gets the plain dispatcher, which has no timer,
and a `Port` that the caller attached to a socket of its own choosing. Deadlines are for the caller
to set (`asyncio.timeout`). Nothing here resolves a name or reads a MIB file.

pysnmp takes a fifth of a second to import, so it is imported where it is used.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, cast

from hil.errors import ProtocolError, UsageError

SocketFactory = Callable[[int, int], socket.socket]
"""Makes a socket of a family and a type, e.g. inside a network namespace; `socket.socket` is one."""

UDP_DOMAIN = (1, 3, 6, 1, 6, 1, 1)
_SHORTEST_KEY = 8


class AuthProtocol(StrEnum):
    """How a USM user's messages are authenticated."""

    SHA = "SHA"
    """HMAC-SHA-96 (RFC 3414, section 7)."""
    SHA256 = "SHA-256"
    """HMAC-192-SHA-256 (RFC 7860)."""


class SecurityLevel(StrEnum):
    """What protects a message of the user-based security model (RFC 3411, section 3.4.3)."""

    NO_AUTH_NO_PRIV = "noAuthNoPriv"
    AUTH_NO_PRIV = "authNoPriv"
    AUTH_PRIV = "authPriv"

    @property
    def number(self) -> int:
        """The SnmpSecurityLevel of RFC 3411: 1, 2 or 3; a higher one protects more."""
        return list(SecurityLevel).index(self) + 1


@dataclass(frozen=True)
class UsmUser:
    """A user of SNMPv3's user-based security model (RFC 3414); privacy is AES-128 (RFC 3826).

    The keys are pass phrases of at least 8 characters; an empty one leaves that protection out.
    `UsageError` for a shorter key, or for privacy without authentication.
    """

    name: str
    auth_key: str = field(default="", repr=False)
    priv_key: str = field(default="", repr=False)
    auth: AuthProtocol = AuthProtocol.SHA

    def __post_init__(self) -> None:
        if not 1 <= len(self.name.encode()) <= 32:
            raise UsageError("an SNMPv3 user name has 1 to 32 octets", remedy="name another user")
        for what, key in (("authentication", self.auth_key), ("privacy", self.priv_key)):
            if key and len(key) < _SHORTEST_KEY:
                raise UsageError(
                    f"the {what} key of SNMPv3 user {self.name} is too short",
                    remedy=f"at least {_SHORTEST_KEY} characters (RFC 3414, section 11.2)",
                )
        if self.priv_key and not self.auth_key:
            raise UsageError(
                f"SNMPv3 user {self.name} has a privacy key but no authentication key",
                remedy="SNMPv3 knows no privacy without authentication",
            )

    @property
    def level(self) -> SecurityLevel:
        """The most that this user's keys can protect, and the least that is accepted from it."""
        if self.priv_key:
            return SecurityLevel.AUTH_PRIV
        return SecurityLevel.AUTH_NO_PRIV if self.auth_key else SecurityLevel.NO_AUTH_NO_PRIV


class Port(asyncio.DatagramProtocol):
    """The end of a UDP socket that an engine sends and receives through.

    What arrives may be hostile, and not all that pysnmp raises on it is an error of its own, so
    whatever processing a datagram raises is given to ``refused`` and the port goes on.
    ``unreachable`` is told what the kernel says of a peer that cannot be reached (ICMP).
    ``limit``, if given, is how many datagrams are delivered before all others are refused: an engine
    that holds on to what it once knew of an agent may go on asking and being corrected for ever.
    While ``deaf`` holds, what arrives is lost.
    """

    def __init__(
        self,
        *,
        refused: Callable[[bytes, Exception], None],
        unreachable: Callable[[OSError], None] = lambda _: None,
        limit: int | None = None,
        deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        self._left = limit
        self._deaf = deaf
        self._refused = refused
        self._unreachable = unreachable
        self._deliver: Callable[[Port, Any, bytes], None] | None = None
        self._transport: asyncio.DatagramTransport | None = None

    async def open(self, sock: socket.socket) -> None:
        """Take over a bound or connected UDP socket; it is closed with the port."""
        sock.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, sock=sock)

    def close(self) -> None:
        """Close the socket; nothing is delivered any more."""
        self._deliver = None
        if self._transport is not None:
            self._transport.close()

    # -- asyncio's side ----------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is ready."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Give a datagram to the engine."""
        if self._deliver is None or self._deaf():
            return
        if self._left is not None:
            self._left -= 1
            if self._left < 0:
                self._refused(data, ProtocolError("more answers than a request needs"))
                return
        try:
            self._deliver(self, self.ADDRESS_TYPE(addr), data)
        except Exception as error:  # noqa: BLE001 - a parser's surprise at foreign bytes
            self._refused(data, error)

    def error_received(self, exc: Exception) -> None:
        """An ICMP error, or a failure to send."""
        if isinstance(exc, OSError):
            self._unreachable(exc)

    # -- the dispatcher's side (the interface of pysnmp.carrier.base.AbstractTransport) ------------

    @property
    def ADDRESS_TYPE(self) -> Any:  # noqa: N802 - pysnmp's name
        """The class of addresses, a tuple of host and port."""
        from pysnmp.carrier.asyncio.dgram.udp import UdpTransportAddress

        return UdpTransportAddress

    def register_callback(self, deliver: Callable[[Port, Any, bytes], None]) -> None:
        """Deliver datagrams to the dispatcher."""
        self._deliver = deliver

    def unregister_callback(self) -> None:
        """Deliver no more."""
        self._deliver = None

    def close_transport(self) -> None:
        """Close the socket."""
        self.close()

    def send_message(self, message: bytes, address: tuple[str, int]) -> None:
        """Send a datagram, if the socket is still open."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(message, tuple(address))


def new_engine() -> Any:
    """An SNMP engine (`pysnmp.entity.engine.SnmpEngine`) without a timer; takes about 50 ms."""
    from pysnmp.carrier.base import AbstractTransportDispatcher
    from pysnmp.entity.engine import SnmpEngine

    engine = SnmpEngine()
    engine.register_transport_dispatcher(AbstractTransportDispatcher())
    return engine


def add_user(engine: Any, user: UsmUser) -> None:
    """Make a USM user known to an engine."""
    from pysnmp.entity import config

    protocols = {
        AuthProtocol.SHA: config.USM_AUTH_HMAC96_SHA,
        AuthProtocol.SHA256: config.USM_AUTH_HMAC192_SHA256,
    }
    config.add_v3_user(
        engine,
        user.name,
        protocols[user.auth] if user.auth_key else config.USM_AUTH_NONE,
        user.auth_key or None,
        config.USM_PRIV_CFB128_AES if user.priv_key else config.USM_PRIV_NONE,
        user.priv_key or None,
    )
