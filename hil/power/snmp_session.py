"""Requests to one SNMP agent, each with a deadline and a `PowerError` that explains.

An engine is kept, since making one takes fifty milliseconds and SNMPv3 would have to discover the
agent each time. A socket lives for one request, so that an answer that comes too late reaches
nobody. After any failure the engine is thrown away with all it believed about the agent.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any

from hil.errors import DeviceRefused, PowerDeviceError, PowerError, PowerRefused
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.snmp import UDP_DOMAIN, Port, SocketFactory, add_user, new_engine

# SnmpMessageProcessingModel and security level numbers: RFC 3411, section 5.
_PROCESSING = {"v1": 0, "v2c": 1, "v3": 3}
_NO_AUTH_NO_PRIV = 1
_TARGET = "device"
_READER, _WRITER = _ROLES = "reader", "writer"

_OTHER_MODEL = "compare the device with the driver and the model named in the inventory"
# What to do about an error-status (RFC 3416, section 3) or an indication of the engine.
_NEXT_STEPS = {
    "noSuchName": "check the outlet number, the model, and that the community may write",
    "noSuchObject": _OTHER_MODEL,
    "noSuchInstance": "check the outlet number: the device does not have it",
    "noCreation": "check the outlet number: the device does not have it",
    "wrongValue": _OTHER_MODEL,
    "badValue": _OTHER_MODEL,
    "wrongType": _OTHER_MODEL,
    "inconsistentValue": "look at the device: the outlet may be locked or not be switchable",
    "commitFailed": "look at the device: it could not do what it was told",
    "genErr": "look at the device: it could not do what it was told",
    "noAccess": "give the write community, or a user who may write",
    "authorizationError": "give the write community, or a user who may write",
    "notWritable": "give the write community, or a user who may write",
    "readOnly": "give the write community, or a user who may write",
    "wrongDigest": "check the user's authentication key and protocol",
    "authenticationFailure": "check the user's authentication key and protocol",
    "unknownUserName": "check the user's name: the device does not know it",
    "unsupportedSecurityLevel": "check whether the device's user has authentication and privacy",
    "decryptionError": "check the user's privacy key and protocol",
}
# Those that are about who asks, and not about what was asked for.
_DENIALS = frozenset(
    {
        "noAccess",
        "authorizationError",
        "notWritable",
        "readOnly",
        "wrongDigest",
        "authenticationFailure",
        "unknownUserName",
        "unsupportedSecurityLevel",
        "decryptionError",
    }
)
# Discovery of the engine, of its time, and the answer are three; some agents need another round.
_MOST_ANSWERS = 8
_MOST_ROWS = 4096
_ROWS_AT_ONCE = 20
_SHOWN = 200
_Send = Callable[[Any, list[Any], Callable[..., None]], None]
_SILENT = (
    "check that the device has power and network, its address, and the community, or with SNMPv3 the "
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
        """The INTEGER or TimeTicks at ``oid``; `PowerError` for anything else."""
        from pyasn1.type.univ import Integer

        return int(await self._get(oid, Integer))

    async def text(self, oid: str) -> str:
        """The OCTET STRING at ``oid`` as text; `PowerError` for anything else."""
        from pyasn1.type.univ import OctetString

        return _text(await self._get(oid, OctetString))

    async def set(self, oid: str, value: int) -> None:
        """Set an INTEGER; `PowerError` unless the agent confirms it."""
        from pyasn1.type.univ import Integer
        from pysnmp.entity.rfc3413.cmdgen import SetCommandGenerator
        from pysnmp.proto.rfc1902 import Integer32

        what = f"SET to {value}"
        send = _plain(SetCommandGenerator(), _WRITER)
        said, binds = await self._request(what, send, oid, Integer32(value))
        self._one(said, oid, binds, Integer)

    async def walk(self, column: str, most: int = _MOST_ROWS) -> AsyncIterator[tuple[str, str]]:
        """The rows of a column in their order: index and value as text; at most ``most``.

        An OBJECT IDENTIFIER is dotted, an INTEGER decimal. `PowerError` for an agent that goes back
        or does not come to an end.
        """
        last, rows = column, 0
        while True:
            binds = await self._next(last)
            if not binds:
                return
            for name, value in binds:
                oid = str(name)
                if not oid.startswith(f"{column}.") or type(value).__name__ == "EndOfMibView":
                    return
                rows += 1
                if _arcs(oid) <= _arcs(last) or rows > most:
                    raise self._error(
                        "the device's table has no end", evidence=f"{oid} after {last}, row {rows}"
                    )
                last = oid
                yield oid[len(column) + 1 :], _text(value)

    # -- inside ------------------------------------------------------------------------------------

    async def _get(self, oid: str, kind: type[Any]) -> Any:
        from pysnmp.entity.rfc3413.cmdgen import GetCommandGenerator
        from pysnmp.proto.rfc1902 import Null

        send = _plain(GetCommandGenerator(), _READER)
        said, binds = await self._request("GET", send, oid, Null(""))
        return self._one(said, oid, binds, kind)

    async def _next(self, oid: str) -> Any:
        """What follows ``oid``: some rows, or none at the end of what SNMPv1 can see."""
        from pysnmp.entity.rfc3413.cmdgen import BulkCommandGenerator, NextCommandGenerator
        from pysnmp.proto.rfc1902 import Null

        if self._version != SnmpVersion.V1:
            bulk = _bulk(BulkCommandGenerator(), _READER)
            return (await self._request("GETBULK", bulk, oid, Null("")))[1]
        try:
            send = _plain(NextCommandGenerator(), _READER)
            return (await self._request("GETNEXT", send, oid, Null("")))[1]
        except PowerRefused as error:
            if "noSuchName" in error.what:
                return ()
            raise

    async def _request(self, what: str, send: _Send, oid: str, value: Any) -> tuple[str, Any]:
        from pysnmp.error import PySnmpError

        said = f"{what} of {oid} by SNMP{self._version}"
        try:
            async with asyncio.timeout(self._timeout_s):
                indication, status, binds = await self._exchange(send, oid, value)
            if indication is not None:
                raise self._refused(said, str(indication), type(indication).__name__)
            if int(status):
                raise self._refused(said, status.prettyPrint(), status.prettyPrint())
            return said, binds
        except TimeoutError:
            self._engine = None
            raise self._error(
                f"no answer within {self._timeout_s:g} s", evidence=said, next_step=_SILENT
            ) from None
        except OSError as error:
            self._engine = None
            raise self._error(
                f"the device cannot be reached: {error.strerror}",
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

    async def _exchange(self, send: _Send, oid: str, value: Any) -> tuple[Any, Any, Any]:
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
            failed(self._error("the device's answers make no sense", evidence=what))

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
            send(engine, [(tuple(map(int, oid.split("."))), value)], answered)
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

    def _one(self, said: str, oid: str, binds: Any, kind: type[Any]) -> Any:
        if len(binds) != 1 or str(binds[0][0]) != oid:
            names = ", ".join(str(name) for name, _ in binds)[:_SHOWN]
            raise self._error("the device answers another question", evidence=f"{said}: {names}")
        value = binds[0][1]
        if not isinstance(value, kind):
            got = type(value).__name__
            got = got[0].lower() + got[1:] if got.startswith("NoSuch") else got
            raise self._refused(said, got, got)
        return value

    def _refused(self, said: str, text: str, key: str) -> PowerError:
        key = key[0].lower() + key[1:]
        kind = DeviceRefused if key in _DENIALS else PowerRefused
        return kind(
            f"the device refuses: {text}",
            evidence=said,
            next_step=_NEXT_STEPS.get(key, "look the error up in the device's manual"),
            concerns=self._name,
        )

    def _error(self, what: str, *, evidence: str, next_step: str = "") -> PowerDeviceError:
        return PowerDeviceError(what, evidence=evidence, next_step=next_step, concerns=self._name)


@contextlib.contextmanager
def _attached(engine: Any, port: Port) -> Iterator[None]:
    dispatcher = engine.transport_dispatcher
    dispatcher.register_transport(UDP_DOMAIN, port)
    try:
        yield
    finally:
        dispatcher.unregister_transport(UDP_DOMAIN)
        port.close()


def _plain(generator: Any, role: str) -> _Send:
    """How a request with one answer is sent."""

    def send(engine: Any, binds: list[Any], answered: Callable[..., None]) -> None:
        generator.send_varbinds(engine, f"{_TARGET}-{role}", None, "", binds, answered)

    return send


def _bulk(generator: Any, role: str) -> _Send:
    """How a request for several rows is sent."""

    def send(engine: Any, binds: list[Any], answered: Callable[..., None]) -> None:
        target = f"{_TARGET}-{role}"
        generator.send_varbinds(engine, target, None, "", 0, _ROWS_AT_ONCE, binds, answered)

    return send


def _arcs(oid: str) -> tuple[int, ...]:
    return tuple(map(int, oid.split(".")))


def _text(value: Any) -> str:
    """A value as a person reads it; octets that are no UTF-8 are escaped."""
    from pyasn1.type.univ import OctetString

    if isinstance(value, OctetString):
        return bytes(value.asOctets()).decode("utf-8", "backslashreplace")
    return str(value)
