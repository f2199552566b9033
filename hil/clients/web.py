"""The bench as a browser: commands, configuration and status of the phone, by its web server.

Every exchange is two events, `WebRequested` and `WebAnswered`, and the second one is what most calls
return. It is appended when the answer is whole and before the connection ends, so that what the phone
does then comes after it. A phone that does not answer, or answers no HTTP, is no error here: it is a
`WebAnswered` with status 0 and a reason in words. Only where a test wants to read something that is not
there (`parameters`, `status`) is it told that its precondition is unmet.

The commands' addresses are published, credentials at their end included; where the configuration and
the status are read is not, so `WebSettings.paths` can say otherwise for another phone.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import ssl
import string
from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv4Address
from urllib.parse import quote

import h11

from hil import digest
from hil.clock import Clock
from hil.errors import ProfileError, StreamClosed, StreamTimeout, TransportError, UsageError
from hil.history import History, Unmet
from hil.history import events as ev
from hil.net.interface import Place
from hil.net.stream import Stream, connect
from hil.net.tls import AnyStream, TlsStream
from hil.reference import status as pages
from hil.reference.direct_actions import ADMIN, PATHS, WebPaths
from hil.reference.profile_builder import flat_profile
from hil.reference.profiles import decode

SOURCE = "web"
LARGEST = 4 * 1024 * 1024
"""Octets of an answer; a full configuration has some 200 KiB."""
# What an address may hold as it is, but the ampersand that begins the credentials.
_READABLE = string.ascii_letters + string.digits + "-._~/:?=@$,;!*'()"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(r"/[\x21-\x7e]*")
_DEFAULT_PORTS = {"http": 80, "https": 443}
_END_S = 1.0


@dataclass(frozen=True)
class WebSettings:
    """How this phone's pages are reached.

    ``scheme`` is http or https, whose certificate is taken as it is; ``port`` None is the scheme's.
    With a ``password`` the bench is ``user``. An exchange may take ``deadline_s`` seconds of lab time.
    """

    scheme: str = "http"
    port: int | None = None
    paths: WebPaths = PATHS
    user: str = ADMIN
    password: str = ""
    deadline_s: float = 10.0


class PhoneWeb:
    """The web pages of one phone, from ``place`` on; ``address`` tells where it is now, if it is.

    Its methods are called from the test's thread. `set` changes the settings until `reset`.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        history: History,
        address: Callable[[], IPv4Address | None],
        settings: WebSettings | None = None,
    ) -> None:
        self._place = place
        self._clock = clock
        self._history = history
        self._address = address
        self._usual = settings or WebSettings()
        self._settings = self._usual
        self._numbers = itertools.count(1)

    def set(
        self,
        *,
        scheme: str | None = None,
        port: int | None = None,
        user: str | None = None,
        password: str | None = None,
    ) -> None:
        """Reach the pages in another way from now on, for instance after a profile set a password."""
        given = {"scheme": scheme, "port": port, "user": user, "password": password}
        changes = {name: value for name, value in given.items() if value is not None}
        self._settings = replace(self._settings, **changes)  # type: ignore[arg-type]

    def reset(self) -> None:
        """Go back to the settings that it was made with."""
        self._settings = self._usual

    # -- commands ----------------------------------------------------------------------------------

    def resync(self, rule: str = "") -> ev.WebAnswered:
        """Have it resync, by its own rules or by ``rule``, any profile rule with options and macros."""
        return self._command(self._settings.paths.resync, rule)

    def upgrade(self, rule: str = "") -> ev.WebAnswered:
        """Have it upgrade, by Upgrade_Rule or by ``rule``."""
        return self._command(self._settings.paths.upgrade, rule)

    def reboot(self) -> ev.WebAnswered:
        """Have it reboot."""
        return self._command(self._settings.paths.reboot, "")

    def submit(self, **parameters: str) -> ev.WebAnswered:
        """Upload a configuration that sets these parameters ("Submit All Changes"); it reboots then."""
        target = self._settings.paths.submit + self._credentials()
        return self.exchange("POST", target, flat_profile(**parameters))

    # -- pages -------------------------------------------------------------------------------------

    def get(self, target: str) -> ev.WebAnswered:
        """Ask for a path, with its query; where it wants a password and there is one, once more."""
        answered = self.exchange("GET", target)
        if answered.status != 401 or not self._settings.password:
            return answered
        challenges = [
            scheme
            for name, value in answered.headers
            if name == "www-authenticate"
            for scheme in digest.read_schemes(value)
        ]
        shown = digest.answer(
            challenges,
            self._settings.user,
            self._settings.password,
            method="GET",
            uri=target,
            cnonce=f"{answered.exchange:016x}",
        )
        return answered if shown is None else self.exchange("GET", target, authorization=shown)

    def parameters(self) -> dict[str, str]:
        """Every parameter that its configuration page shows, by XML name; secrets are not among them.

        Unmet, as a precondition, where the page cannot be had or read.
        """
        path = self._settings.paths.configuration
        try:
            return dict(decode(self._page(path)).parameters)
        except ProfileError as error:
            raise _unread(path, str(error)) from None

    def status(self) -> pages.Status:
        """What its status page shows; Unmet, as a precondition, where that cannot be had or read."""
        path = self._settings.paths.status
        try:
            return pages.parse(self._page(path))
        except ProfileError as error:
            raise _unread(path, str(error)) from None

    # -- any exchange ------------------------------------------------------------------------------

    def exchange(
        self, method: str, target: str, body: bytes = b"", *, authorization: str = ""
    ) -> ev.WebAnswered:
        """Send one request on a connection of its own, and wait for the answer or the deadline.

        UsageError for a method or a target that no request can have.
        """
        if not _TOKEN.fullmatch(method) or not _TARGET.fullmatch(target):
            raise UsageError(
                f"no request: {method!r} {target!r}", remedy="percent-encode the target"
            )
        settings = self._settings
        number = next(self._numbers)
        self._history.append(
            ev.WebRequested(
                source=SOURCE,
                exchange=number,
                scheme=settings.scheme,
                method=method,
                target=target,
                body=body,
            )
        )
        work = self._ask(number, settings, method, target, body, authorization)
        return self._clock.run(work, timeout=settings.deadline_s + 2 * _END_S + 5.0)

    # -- inside ------------------------------------------------------------------------------------

    def _command(self, path: str, rule: str) -> ev.WebAnswered:
        argument = f"?{quote(rule, safe=_READABLE)}" if rule else ""
        return self.exchange("GET", path + argument + self._credentials())

    def _credentials(self) -> str:
        user, password = self._settings.user, self._settings.password
        if not password:
            return ""
        return f"&xuser={quote(user, safe='')}&xpassword={quote(password, safe='')}"

    def _page(self, path: str) -> bytes:
        answered = self.get(path)
        if answered.status != 200:
            raise _unread(path, answered.detail or f"status {answered.status}")
        return answered.body

    async def _ask(
        self,
        number: int,
        settings: WebSettings,
        method: str,
        target: str,
        body: bytes,
        authorization: str,
    ) -> ev.WebAnswered:
        address = self._address()
        if address is None:
            return self._answered(number, _Answer(detail="the phone has no address"))
        port = settings.port or _DEFAULT_PORTS[settings.scheme]
        headers = [("Host", f"{address}:{port}"), ("Content-Length", str(len(body))), _CLOSE]
        if authorization:
            headers.append(("Authorization", authorization))
        limit = settings.deadline_s
        try:
            request = h11.Request(method=method, target=target, headers=headers)
            async with asyncio.timeout(limit):
                raw = await connect(self._place, address, port, within=limit)
        except (TransportError, TimeoutError, h11.ProtocolError) as error:
            return self._answered(number, _Answer(detail=_why(error, limit)))
        try:
            async with asyncio.timeout(limit):
                stream = await _secured(raw, limit) if settings.scheme == "https" else raw
                answer = await _exchanged(stream, request, body, limit)
            answered = self._answered(number, answer)
            await stream.finish(within=_END_S)
        except (TransportError, TimeoutError, h11.ProtocolError) as error:
            answered = self._answered(number, _Answer(detail=_why(error, limit)))
        finally:
            raw.abort()
        return answered

    def _answered(self, number: int, answer: _Answer) -> ev.WebAnswered:
        return self._history.append(
            ev.WebAnswered(
                source=SOURCE,
                exchange=number,
                status=answer.status,
                headers=answer.headers,
                body=answer.body,
                detail=answer.detail,
            )
        )


@dataclass(frozen=True)
class _Answer:
    """What came back."""

    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    detail: str = ""


_CLOSE = ("Connection", "close")


def _why(error: Exception, limit: float) -> str:
    """Why there is no answer."""
    match error:
        case TimeoutError() | StreamTimeout():
            return f"no answer in {limit:g} s"
        case StreamClosed(reason=reason):
            return f"the connection: {reason}"
        case TransportError(reason=reason):
            return f"TLS: {reason}"
        case _:
            return f"no HTTP: {error}"


def _unread(path: str, why: str) -> Unmet:
    return Unmet(f"awaited: the phone's page {path}\nseen: {why}", precondition=True)


async def _secured(raw: Stream, within: float) -> TlsStream:
    # The phone shows its own certificate, whose name is its MAC; who it is, the bench knows by wire.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    stream = TlsStream(raw, context)
    await stream.handshake(within=within)
    return stream


async def _exchanged(
    stream: AnyStream, request: h11.Request, body: bytes, within: float
) -> _Answer:
    http = h11.Connection(h11.CLIENT)
    data = b"".join(
        http.send(event) or b"" for event in (request, h11.Data(data=body), h11.EndOfMessage())
    )
    try:
        await stream.write(data, within=within)
    except StreamClosed as error:
        # It may have answered, and ended, before it had read all.
        if error.reason != "reset":
            raise
    head: h11.Response | None = None
    received = bytearray()
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(await stream.read(within=within))
        elif isinstance(event, h11.Response):
            head = event
        elif isinstance(event, h11.Data):
            received += event.data
            if len(received) > LARGEST:
                raise h11.RemoteProtocolError(f"a body of more than {LARGEST} octets")
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            headers = tuple((k.decode("latin-1"), v.decode("latin-1")) for k, v in head.headers)
            return _Answer(head.status_code, headers, bytes(received))
        elif not isinstance(event, h11.InformationalResponse):
            raise h11.RemoteProtocolError("the connection ended without an answer")
