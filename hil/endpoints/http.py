"""The HTTP and HTTPS servers of a bench: a few paths, served to one handset, faults on request.

Requests are read by h11, answers are written as octets (`hil.endpoints.http_exchange`), so that
every fault is a few lines of ordinary code. What is served is one immutable `_Site`, replaced whole
from the test's thread; connections live in the loop.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from hil.clock import Clock
from hil.endpoints import faults as fl
from hil.endpoints.admission import Admission
from hil.endpoints.base import CLOSING_S, Station
from hil.endpoints.bodies import Content, octets
from hil.endpoints.http_auth import Demand, Gate
from hil.endpoints.http_connection import Connection, Faults, Service
from hil.endpoints.http_exchange import REQUEST_FAULTS
from hil.endpoints.http_request import Rejected, safe_path
from hil.endpoints.http_response import Response, plain
from hil.endpoints.https import TLS_FAULTS, ClientCertificate, ServerTls, TlsConfig
from hil.errors import UsageError
from hil.history import History
from hil.history import events as ev
from hil.net.interface import Place
from hil.net.stream import Listener, Stream

Handler = Callable[[ev.HttpRequest], Response]
"""Makes the response to a request; runs in the lab's loop, so it must not wait for anything."""

MOST_CONNECTIONS = 64
"""Connections at a time; a phone needs a few, and who opens more is refused."""
_METHODS = ("GET", "HEAD", "POST", "PUT")


@dataclass(frozen=True)
class _Site:
    """What is served: a handler by path."""

    handlers: Mapping[str, Handler] = field(default_factory=dict)

    def respond(self, path: str, request: ev.HttpRequest) -> Response:
        """The response to a request for a safe path."""
        if request.method not in _METHODS:
            return plain(405, headers=(("allow", ", ".join(_METHODS)),))
        handler = self.handlers.get(path)
        return plain(404) if handler is None else handler(request)


class HttpEndpoint:
    """An HTTP server for one handset, or with ``tls`` an HTTPS server; see the module.

    Paths are absolute and stand decoded, without a query: a request's query is for handlers to
    read. ``port`` None is the scheme's own (80, 443), 0 any that is free.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        admission: Admission,
        *,
        port: int | None = None,
        tls: TlsConfig | None = None,
    ) -> None:
        self.scheme = "http" if tls is None else "https"
        self._default_port = 80 if tls is None else 443
        self._port = self._default_port if port is None else port
        self._station = Station(self.scheme, place, clock, history, admission)
        self._tls = None if tls is None else ServerTls(tls)
        self._site = _Site()
        self._gate = Gate()
        self._request_faults = fl.FaultPlan(self.scheme, REQUEST_FAULTS)
        self._handshake_faults = fl.FaultPlan(self.scheme, TLS_FAULTS)
        self._numbers = itertools.count(1)
        self._listener: Listener | None = None
        self._service: Service | None = None
        self._open: dict[Connection, asyncio.Task[None]] = {}

    @property
    def listening(self) -> bool:
        """Whether it is there for the handset."""
        return self._listener is not None and bool(self._listener.descriptors)

    @property
    def descriptors(self) -> tuple[int, ...]:
        """The file descriptors that it listens on; none where it is closed."""
        return () if self._listener is None else self._listener.descriptors

    @property
    def address(self) -> str:
        """The IPv4 address that it listens on."""
        return self._station.address

    @property
    def port(self) -> int:
        """The port that it listens on."""
        return self._port

    def url(self, path: str = "/", *, host: str | None = None) -> str:
        """The URL of a path here; ``host`` in place of the address."""
        port = "" if self._port == self._default_port else f":{self._port}"
        return f"{self.scheme}://{host or self.address}{port}{path}"

    # -- the test's side ---------------------------------------------------------------------------

    def serve(
        self,
        path: str,
        body: Content | Handler,
        *,
        status: int = 200,
        content_type: str = "application/octet-stream",
        headers: Mapping[str, str] | None = None,
        chunked: bool = False,
    ) -> None:
        """Serve octets, text (as UTF-8) or a file's contents at ``path``, or what a handler makes."""
        if callable(body):
            handler = body
            told = "by a handler"
        else:
            data = octets(body)
            response = Response(data, status, content_type, tuple((headers or {}).items()), chunked)
            handler = _always(response)
            told = f"{len(data)} octets, status {status}"
        self._put(path, handler, told)

    def redirect(self, path: str, to: str, *, status: int = 302) -> None:
        """Send whoever asks for ``path`` on to the URL ``to`` (status 300 to 399)."""
        if not 300 <= status < 400:
            raise UsageError(f"status {status} redirects nobody", remedy="300 to 399")
        self._put(path, _always(Response(status=status, headers=(("location", to),))), f"to {to}")

    def require_basic(self, path: str | None, user: str, password: str) -> None:
        """Want this user and password (RFC 7617) of whoever asks for ``path``; None: for any path."""
        self.require(path, Demand(user, password))

    def require_digest(
        self,
        path: str | None,
        user: str,
        password: str,
        *,
        algorithm: str = "MD5",
        qop: bool = True,
    ) -> None:
        """Want Digest credentials (RFC 7616) for ``path``; None: for any path.

        ``algorithm`` is one of `hil.digest.ALGORITHMS`; without ``qop`` it is the legacy form.
        """
        self.require(path, Demand(user, password, (algorithm,), qop))

    def require(self, path: str | None, demand: Demand) -> None:
        """Want ``demand`` to be met by whoever asks for ``path``; None: for any path."""
        if path is not None:
            _checked(path)
        self._gate.demand(path, demand)
        self._station.configured(f"{demand} for {'any path' if path is None else path}")

    def require_client_certificate(self, required: bool = True) -> None:
        """Ask clients for a certificate; refuse those without one where ``required``.

        One that does not verify is refused in both cases.
        """
        if self._tls is None:
            raise UsageError("http has no certificates", remedy="the https endpoint")
        wanted = ClientCertificate.REQUIRED if required else ClientCertificate.ASKED
        self._tls.client_certificate = wanted
        self._station.configured(f"client certificate {wanted}")

    def inject(
        self, fault: fl.Fault, *, nth: int | range | None = None, name: str | None = None
    ) -> None:
        """Misbehave: towards every request, or the ``nth`` for the path ``name``.

        The faults of TLS count handshakes, which have no path.
        """
        planned = fl.Planned(fault, nth, name)
        if isinstance(fault, TLS_FAULTS) and self._tls is not None:
            if name is not None:
                raise UsageError("a TLS handshake has no path", remedy="leave the name out")
            # Made now, so that a bad name is the test's error and the handshake finds it ready.
            self._tls.context((fault,))
            self._handshake_faults.add(planned)
        else:
            self._request_faults.add(planned)
        self._station.armed(planned)

    def reset(self) -> None:
        """Serve nothing, without faults, and reset the connections that are open."""
        self._site = _Site()
        self._gate.clear()
        self._request_faults.clear()
        self._handshake_faults.clear()
        if self._tls is not None:
            self._tls.reset()
        self._station.in_loop(self._cut_all)
        self._station.configured("reset")

    # -- life --------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Listen; `EndpointError` if that is impossible."""
        self._listener = Listener(self._station.place, self._port, self._accepted)
        self._port = self._listener.port
        self._service = Service(
            station=self._station,
            scheme=self.scheme,
            port=self._port,
            respond=self._respond,
            request_faults=self._request_faults,
            handshake_faults=self._handshake_faults,
            tls=self._tls,
        )

    async def close(self) -> None:
        """Stop listening and reset what is open, within `CLOSING_S`."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None
        ending = list(self._open.values())
        self._cut_all()
        if ending:
            await asyncio.wait(ending, timeout=CLOSING_S)

    # -- inside ------------------------------------------------------------------------------------

    def _put(self, path: str, handler: Handler, told: str) -> None:
        handlers = {**self._site.handlers, _checked(path): handler}
        self._site = replace(self._site, handlers=handlers)
        self._station.configured(f"serve {path}: {told}")

    def _respond(
        self, path: str, request: ev.HttpRequest, faults: Faults
    ) -> tuple[Response, Faults]:
        refusal = self._gate.refusal(path, request)
        stale = next((fault for fault in faults if isinstance(fault, fl.StaleNonce)), None)
        if refusal is None and stale is not None:
            refusal = self._gate.call_stale(path, request)
            if refusal is not None:
                self._station.injected(stale, f"{request.method} {request.path}")
                faults = tuple(fault for fault in faults if fault is not stale)
        return refusal or self._handled(path, request), faults

    def _handled(self, path: str, request: ev.HttpRequest) -> Response:
        try:
            return self._site.respond(path, request)
        except Exception as error:  # noqa: BLE001 - a handler is a test's own code
            self._station.history.append(
                ev.LabFault(
                    source=self._station.source,
                    what=f"the handler of {path} failed",
                    evidence=repr(error),
                    next_step="correct the test",
                )
            )
            return plain(500)

    def _accepted(self, stream: Stream) -> None:
        station = self._station
        host, port = stream.peer
        if not station.admission.admits(host, station.place.interface):
            station.stranger(f"{host}:{port}")
            stream.abort()
        elif len(self._open) >= MOST_CONNECTIONS or self._service is None:
            station.refused(f"{host}:{port}", f"more than {MOST_CONNECTIONS} connections")
            stream.abort()
        else:
            connection = Connection(self._service, stream, next(self._numbers))
            task = station.clock.loop.create_task(connection.run())
            self._open[connection] = task
            task.add_done_callback(lambda task: self._ended(connection, task))

    def _ended(self, connection: Connection, task: asyncio.Task[None]) -> None:
        self._open.pop(connection, None)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._station.clock.loop.call_exception_handler(
                {"message": f"{self.scheme} connection", "exception": error}
            )

    def _cut_all(self) -> None:
        for connection, task in list(self._open.items()):
            connection.cut()
            task.cancel()
        self._open.clear()


def _always(response: Response) -> Handler:
    return lambda request: response


def _checked(path: str) -> str:
    """A path to serve, as `safe_path` would give it; UsageError if no request can name it."""
    try:
        good = safe_path(path.replace("%", "%25").encode().decode("latin-1")) == path
    except Rejected:
        good = False
    if not good or "?" in path:
        raise UsageError(f"{path!r} is no path to serve", remedy="absolute, decoded, no query")
    return path
