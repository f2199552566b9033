"""What all lines of a phone share, what a call has of its line, and how a line reaches others."""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address
from typing import Any

from hil.clock import Clock
from hil.errors import RemoteProtocolError
from hil.net.interface import Place
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.line_decisions import Server
from hil.virtual.sip_account import Account, Identifiers
from hil.virtual.sip_config import SipCallbacks, SipConfig
from hil.virtual.sip_element import SipElement
from hil.virtual.sip_streams import StreamTransport
from hil.virtual.sip_udp import Transport, UdpTransport
from hil.wire import sdp
from hil.wire.sip_build import Hop
from hil.wire.sip_dialog import next_hop_uri
from hil.wire.sip_layer import Key
from hil.wire.sip_message import Headers, Request, Response
from hil.wire.sip_uri import parse_uri

Locate = Callable[[str], Awaitable[IPv4Address | None]]


@dataclass(frozen=True)
class LineSetting:
    """What all lines of a phone share; see `hil.virtual.sip.SipPhone`."""

    place: Place
    clock: Clock
    chance: random.Random
    identity: Identity
    interpretations: Interpretations
    locate: Locate
    tls: Callable[[], ssl.SSLContext]
    config: SipConfig
    callbacks: SipCallbacks
    spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]]


@dataclass(frozen=True)
class CallSetting:
    """What a call needs of its line.

    ``locate`` finds the hop of a request in a dialog, ``reach`` that of a server; both None where
    there is no address. ``spawn`` runs what goes on by itself for as long as the line has power.
    ``over`` is told that the call has ended, and with which code if it failed.
    """

    account: Account
    config: SipConfig
    element: SipElement
    clock: Clock
    identifiers: Identifiers
    codecs: tuple[sdp.Codec, ...]
    headers: Headers
    locate: Callable[[Request], Awaitable[Hop | None]]
    reach: Callable[[Server], Awaitable[Hop | None]]
    respond: Callable[[Key, Request, Response], None]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    over: Callable[[str], None]
    log: Callable[[str], None]


class Directions:
    """Where the requests of an account go; None where there is no address.

    ``proxies`` has the addresses of the servers that were found so far.
    """

    def __init__(self, around: LineSetting, account: Account) -> None:
        self.proxies: set[str] = set()
        self._around = around
        self._account = account

    async def to(self, server: Server) -> Hop | None:
        """Where a server is."""
        hop = await self._hop(server.host, server.port)
        if hop is not None:
            self.proxies.add(hop.host)
        return hop

    async def of(self, request: Request, servers: tuple[Server, ...]) -> Hop | None:
        """Where a request in a dialog goes: the outbound proxy, or else its route or its target."""
        if servers and servers[0].host != servers[0].domain:
            return await self.to(servers[0])
        try:
            uri = parse_uri(next_hop_uri(request))
        except RemoteProtocolError:
            return None
        return await self._hop(uri.host, uri.port)

    async def _hop(self, host: str, port: int | None) -> Hop | None:
        try:
            address: IPv4Address | None = IPv4Address(host)
        except AddressValueError:
            address = await self._around.locate(host)
        if address is None:
            return None
        account = self._account
        hop = Hop(account.transport, str(address), port or account.default_port)
        return self._around.config.hop(hop)


def transport_of(around: LineSetting, element: SipElement, account: Account) -> Transport:
    """The transport of an account, which brings what arrives to ``element``."""
    place, clock = around.place, around.clock
    if account.transport == "UDP":
        return UdpTransport(place, clock, account.port, element.arrived, element.troubled)
    tls = around.tls if account.transport == "TLS" else None
    return StreamTransport(place, clock, account.port, element.arrived, element.troubled, tls)
