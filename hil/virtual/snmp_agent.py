"""The SNMP agent of a virtual device: a socket, an engine, and whose messages are taken."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hil.errors import EndpointError, UsageError
from hil.snmp import UDP_DOMAIN, Port, SocketFactory, UsmUser, add_user, new_engine
from hil.virtual.mib import READER, WRITER, Mib


@dataclass(frozen=True)
class Access:
    """Who may talk to an agent, and where.

    The read community (v1, v2c) may not write, an unknown one gets no answer. ``user`` may read and
    write with SNMPv3 if its messages are as protected as its keys allow; without it v3 knows nobody.
    Port 0 takes a free one. `UsageError` for communities that are empty or equal.
    """

    address: str = "127.0.0.1"
    port: int = 161
    read_community: str = field(default="public", repr=False)
    write_community: str = field(default="private", repr=False)
    user: UsmUser | None = None

    def __post_init__(self) -> None:
        communities = (self.read_community, self.write_community)
        if not all(communities) or communities[0] == communities[1]:
            raise UsageError(
                "the agent's communities are empty or equal", remedy="two different communities"
            )


class VirtualAgent:
    """Answers managers with ``mib``; while ``deaf`` holds, what arrives is lost."""

    def __init__(
        self,
        name: str,
        mib: Mib,
        access: Access,
        *,
        socket_factory: SocketFactory = socket.socket,
        deaf: Callable[[], bool] = lambda: False,
    ) -> None:
        self.malformed = 0
        """How many datagrams were dropped because processing them failed."""
        self._name = name
        self._mib = mib
        self._access = access
        self._address = (access.address, access.port)
        self._socket_factory = socket_factory
        self._deaf = deaf
        self._engine: Any = None
        self._port: Port | None = None
        self._started_at = 0.0

    @property
    def port(self) -> int:
        """The UDP port that is listened on."""
        return self._address[1]

    def uptime(self) -> int:
        """Hundredths of a second since the agent started (sysUpTime), in lab time."""
        return round((asyncio.get_running_loop().time() - self._started_at) * 100)

    async def start(self) -> None:
        """Open the socket and answer from now on; `EndpointError` if that is impossible."""
        engine = self._configured()
        sock = self._socket_factory(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.bind(self._address)
        except OSError as error:
            sock.close()
            raise EndpointError(
                "the virtual device cannot listen",
                evidence=f"UDP {self._address[0]}:{self._address[1]}: {error.strerror}",
                next_step="choose another port, or find out who uses this one",
                concerns=self._name,
            ) from error
        self._address = sock.getsockname()
        self._started_at = asyncio.get_running_loop().time()
        self._engine = engine
        self._port = Port(refused=self._drop, deaf=self._deaf)
        engine.transport_dispatcher.register_transport(UDP_DOMAIN, self._port)
        await self._port.open(sock)

    def close(self) -> None:
        """Answer no more."""
        if self._port is not None:
            self._engine.transport_dispatcher.unregister_transport(UDP_DOMAIN)
            self._port.close()
            self._port = None
            self._engine = None

    def _drop(self, data: bytes, error: Exception) -> None:
        # What is no SNMP message gets no answer (RFC 3412, section 7.2).
        del data, error
        self.malformed += 1

    def _configured(self) -> Any:
        from pysnmp.entity import config
        from pysnmp.entity.rfc3413 import cmdrsp
        from pysnmp.entity.rfc3413.context import SnmpContext

        engine, access = new_engine(), self._access
        config.add_v1_system(engine, READER, access.read_community)
        config.add_v1_system(engine, WRITER, access.write_community)
        if access.user is not None:
            add_user(engine, access.user)
        context = SnmpContext(engine)
        context.unregister_context_name("")
        context.register_context_name("", self._mib)
        for responder in (
            cmdrsp.GetCommandResponder,
            cmdrsp.NextCommandResponder,
            cmdrsp.BulkCommandResponder,
            cmdrsp.SetCommandResponder,
        ):
            responder(engine, context)
        return engine
