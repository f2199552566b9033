"""Registrations: which line can be reached where (RFC 3261 section 10.3), and who may register.

A line has one binding, its last; a phone of this class registers one contact a line. Bindings are
values in a mapping that is replaced whole, so that a test may read them from its own thread.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from hil.endpoints.sip_settings import Account, Settings
from hil.errors import RemoteProtocolError
from hil.lab_time import NANOSECONDS
from hil.wire.sip_build import Hop
from hil.wire.sip_digest import Verdict, Verifier, parse_credentials
from hil.wire.sip_headers import NameAddress
from hil.wire.sip_message import Headers, Request

_FOREVER = 1 << 63


@dataclass(frozen=True)
class Binding:
    """Where a line is: its Contact, and the hop that its REGISTER came by.

    ``expires_at`` is lab time in ns.
    """

    line: int
    contact: NameAddress
    hop: Hop
    expires_at: int
    call_id: str
    cseq: int

    @property
    def target(self) -> Hop:
        """Where requests to the line go: the Contact's port, but never to another host."""
        try:
            port = self.contact.sip_uri.port or (5061 if self.hop.transport == "TLS" else 5060)
        except RemoteProtocolError:
            port = self.hop.port
        return Hop(self.hop.transport, self.hop.host, port, self.hop.connection)


@dataclass(frozen=True)
class Answer:
    """What a request gets: a status, a reason phrase where it is not the standard's, headers."""

    status: int
    headers: Headers = ()
    reason: str | None = None


class Registrar:
    """The bindings of one endpoint, and its nonces. ``secret`` keys the nonces."""

    def __init__(self, realm: str, secret: bytes) -> None:
        self._realm = realm
        self._secret = secret
        self._bindings: Mapping[int, Binding] = MappingProxyType({})

    def binding(self, line: int, now: int) -> Binding | None:
        """Where a line can be reached at this lab time (ns)."""
        known = self._bindings.get(line)
        return known if known is not None and known.expires_at > now else None

    def clear(self) -> None:
        """Forget all bindings."""
        self._bindings = MappingProxyType({})

    def presume(self, line: int, user: str, hop: Hop) -> None:
        """Take a line to be reachable there for as long as it does not register; nobody has seen it."""
        contact = NameAddress(f"sip:{user}@{hop.host}:{hop.port}")
        self._bind(line, Binding(line, contact, hop, _FOREVER, "", 0))

    def forget(self, line: int) -> None:
        """Forget where a line is."""
        self._bind(line, None)

    def challenge(self, request: Request, settings: Settings, now: int) -> Answer | None:
        """The 401 or 403 for a request whose sender has not shown who it is; None if it has."""
        wanted = settings.authentication
        if wanted.algorithm is None or request.method not in wanted.methods:
            return None
        verifier = self._verifier(settings)
        verdict = Verdict.WRONG
        shown = [value for name, value in request.headers if name.lower() == "authorization"]
        for value in shown:
            try:
                credentials = parse_credentials(value)
            except RemoteProtocolError:
                continue
            account = _account(settings, request, credentials.username)
            verdict = verifier.verify(
                credentials,
                password=None if account is None else account.password,
                method=request.method,
                algorithm=wanted.algorithm,
                now=now,
            )
            if verdict is Verdict.GOOD:
                return None
        stale = verdict is Verdict.STALE
        made = verifier.challenge(now, wanted.algorithm, qop=wanted.qop, stale=stale)
        return Answer(401, (("WWW-Authenticate", str(made)),))

    def register(self, request: Request, hop: Hop, settings: Settings, now: int) -> Answer:
        """Take a REGISTER whose sender is known, and give the answer (section 10.3)."""
        line = settings.line_of(request.to.user)
        if line is None:
            return Answer(404)
        known = self.binding(line, now)
        number = request.cseq.number
        if known is not None and known.call_id == request.call_id and number <= known.cseq:
            return Answer(500, reason="Out Of Order")
        if request.values("Contact") == ("*",):
            if request.expires != 0:
                return Answer(400)
            self._bind(line, None)
        elif request.contacts:
            contact = request.contacts[0]
            asked = next(
                (e for e in (contact.expires, request.expires) if e is not None),
                settings.most_expires,
            )
            if 0 < asked < settings.least_expires:
                return Answer(423, (("Min-Expires", str(settings.least_expires)),))
            granted = min(asked, settings.most_expires)
            expires_at = now + granted * NANOSECONDS
            made = Binding(line, contact, hop, expires_at, request.call_id, number)
            self._bind(line, made if granted else None)
        return self._listing(line, now)

    def _listing(self, line: int, now: int) -> Answer:
        known = self.binding(line, now)
        if known is None:
            return Answer(200)
        left = (known.expires_at - now) // NANOSECONDS
        contact = NameAddress(known.contact.uri, "", (("expires", str(left)),))
        return Answer(200, (("Contact", str(contact)), ("Expires", str(left))))

    def _bind(self, line: int, binding: Binding | None) -> None:
        others = {known: old for known, old in self._bindings.items() if known != line}
        if binding is not None:
            others[line] = binding
        self._bindings = MappingProxyType(others)

    def _verifier(self, settings: Settings) -> Verifier:
        lifetime = round(settings.authentication.nonce_s * NANOSECONDS)
        return Verifier(self._realm, self._secret, lifetime=lifetime)


def _account(settings: Settings, request: Request, username: str) -> Account | None:
    """The account that a request may show: its own user's, no other's."""
    line = settings.line_of(username)
    own = request.to.user if request.method == "REGISTER" else request.from_.user
    return settings.accounts[line] if line is not None and own == username else None
