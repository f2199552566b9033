"""GET and SET of integers on one SNMP agent, each with a deadline and a `PowerError` that explains.

An engine is kept, since making one takes fifty milliseconds and SNMPv3 would have to discover the
agent each time. A socket lives for one request, so that an answer that comes too late reaches
nobody. After any failure the engine is thrown away with all it believed about the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

from hil.errors import PowerError, PowerRefused
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.snmp import UDP_DOMAIN, Port, SocketFactory, add_user, new_engine

# SnmpMessageProcessingModel and security level numbers: RFC 3411, section 5.
_PROCESSING = {"v1": 0, "v2c": 1, "v3": 3}
_NO_AUTH_NO_PRIV = 1
_TARGET = "pdu"
_READER, _WRITER = _ROLES = "reader", "writer"

# What to do about an error-status (RFC 3416, section 3) or an indication of the engine.
_NEXT_STEPS = {
    "noSuchName": "check the outlet number, the PDU model, and that the community may write",
    "noSuchObject": "compare the PDU with the model named in the inventory",
    "noSuchInstance": "check the outlet number: the PDU does not have that outlet",
    "noCreation": "check the outlet number: the PDU does not have that outlet",
    "wrongValue": "compare the PDU with the model named in the inventory",
    "badValue": "compare the PDU with the model named in the inventory",
    "noAccess": "give the write community, or a user who may write",
    "authorizationError": "give the write community, or a user who may write",
    "notWritable": "give the write community, or a user who may write",
    "readOnly": "give the write community, or a user who may write",
    "wrongDigest": "check the user's authentication key and protocol",
    "authenticationFailure": "check the user's authentication key and protocol",
    "unknownUserName": "check the user's name: the PDU does not know it",
    "unsupportedSecurityLevel": "check whether the PDU's user has authentication and privacy",
    "decryptionError": "check the user's privacy key and protocol",
}
# Discovery of the engine, of its time, and the answer are three; some agents need another round.
_MOST_ANSWERS = 8
_SILENT = (
    "check that the PDU has power and network, its address, and the community, or with SNMPv3 the "
    "privacy key: many agents do not answer a wrong one"
)


class SnmpSession:
    """Requests to one agent; ``name`` is what errors call it."""

    def __init__(self, name: str, agent: SnmpAgent, socket_factory: SocketFactory) -> None:
        self._name = name
        self._peer = (agent.host, agent.port)
        self._version = agent.version.value
        self._communities = (agent.read_community, agent.write_community)
        self._user = agent.user if agent.version is SnmpVersion.V3 else None
        self._timeout_s = agent.timeout_s
        self._socket_factory = socket_factory
        self._engine: Any = None

    async def get(self, oid: str) -> int:
        """The INTEGER at ``oid``; `PowerError` for anything else."""
        from pysnmp.entity.rfc3413.cmdgen import GetCommandGenerator
        from pysnmp.proto.rfc1902 import Null

        return await self._request("GET", GetCommandGenerator(), _READER, oid, Null(""))

    async def set(self, oid: str, value: int) -> None:
        """Set an INTEGER; `PowerError` unless the agent confirms it."""
        from pysnmp.entity.rfc3413.cmdgen import SetCommandGenerator
        from pysnmp.proto.rfc1902 import Integer32

        what = f"SET to {value}"
        await self._request(what, SetCommandGenerator(), _WRITER, oid, Integer32(value))

    async def _request(self, what: str, generator: Any, role: str, oid: str, value: Any) -> int:
        from pysnmp.error import PySnmpError

        said = f"{what} of {oid} by SNMP{self._version}"
        try:
            async with asyncio.timeout(self._timeout_s):
                indication, status, binds = await self._exchange(generator, role, oid, value)
            if indication is not None:
                raise self._refused(said, str(indication), type(indication).__name__)
            if int(status):
                raise self._refused(said, status.prettyPrint(), status.prettyPrint())
            return self._integer(said, oid, binds)
        except TimeoutError:
            self._engine = None
            raise self._error(
                f"no answer within {self._timeout_s:g} s", evidence=said, next_step=_SILENT
            ) from None
        except OSError as error:
            self._engine = None
            raise self._error(
                f"the PDU cannot be reached: {error.strerror}",
                evidence=said,
                next_step="check its address and port, the route to it, and that SNMP is enabled",
            ) from error
        except PySnmpError as error:
            self._engine = None
            raise self._error(
                "the request could not be made", evidence=f"{said}: {error}"
            ) from error
        except (PowerError, asyncio.CancelledError):
            self._engine = None
            raise

    async def _exchange(
        self, generator: Any, role: str, oid: str, value: Any
    ) -> tuple[Any, Any, Any]:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Any, Any, Any]] = loop.create_future()

        def answered(*outcome: Any) -> None:
            _engine, _handle, indication, status, _index, binds, _context = outcome
            if not answer.done():
                answer.set_result((indication, status, binds))

        def failed(error: Exception) -> None:
            if not answer.done():
                answer.set_exception(error)

        def garbled(data: bytes, error: Exception) -> None:
            what = f"{len(data)} bytes: {error!r}"
            failed(self._error("the PDU's answers make no sense", evidence=what))

        sock = self._socket_factory(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            # Connected, so that the kernel tells of ICMP errors and drops what others send.
            sock.setblocking(False)
            sock.connect(self._peer)
        except OSError:
            sock.close()
            raise
        port = Port(refused=garbled, unreachable=failed, limit=_MOST_ANSWERS)
        await port.open(sock)
        engine = self._engine = self._engine or self._configured()
        with _attached(engine, port):
            address = (tuple(map(int, oid.split("."))), value)
            generator.send_varbinds(engine, f"{_TARGET}-{role}", None, "", [address], answered)
            return await answer

    def _configured(self) -> Any:
        from pysnmp.entity import config

        engine = new_engine()
        model = _PROCESSING[self._version]
        # An answer is matched by the first row with its community: equal ones must share a row.
        rows = {community: role for role, community in zip(_ROLES, self._communities, strict=True)}
        if self._user is None:
            for community, row in rows.items():
                config.add_v1_system(engine, row, community)
        for role, community in zip(_ROLES, self._communities, strict=True):
            if self._user is None:
                name, level = rows[community], _NO_AUTH_NO_PRIV
            else:
                name, level = self._user.name, self._user.level.number
            config.add_target_parameters(engine, role, name, level, model)
            # pysnmp repeats nothing: the deadline and the repetitions are ours.
            config.add_target_address(
                engine, f"{_TARGET}-{role}", UDP_DOMAIN, self._peer, role, retryCount=0
            )
        if self._user is not None:
            add_user(engine, self._user)
        return engine

    def _integer(self, said: str, oid: str, binds: Any) -> int:
        from pyasn1.type.univ import Integer

        if len(binds) != 1 or str(binds[0][0]) != oid:
            names = ", ".join(str(name) for name, _ in binds)
            raise self._error("the PDU answers another question", evidence=f"{said}: got {names}")
        value = binds[0][1]
        if not isinstance(value, Integer):
            kind = type(value).__name__
            kind = kind[0].lower() + kind[1:] if kind.startswith("NoSuch") else kind
            raise self._refused(said, kind, kind)
        return int(value)

    def _refused(self, said: str, text: str, key: str) -> PowerError:
        key = key[0].lower() + key[1:]
        return PowerRefused(
            f"the PDU refuses: {text}",
            evidence=said,
            next_step=_NEXT_STEPS.get(key, "look the error up in the PDU's manual"),
            concerns=self._name,
        )

    def _error(self, what: str, *, evidence: str, next_step: str = "") -> PowerError:
        return PowerError(what, evidence=evidence, next_step=next_step, concerns=self._name)


@contextlib.contextmanager
def _attached(engine: Any, port: Port) -> Iterator[None]:
    dispatcher = engine.transport_dispatcher
    dispatcher.register_transport(UDP_DOMAIN, port)
    try:
        yield
    finally:
        dispatcher.unregister_transport(UDP_DOMAIN)
        port.close()
