"""Digest authentication as SIP uses it (RFC 3261 section 22, RFC 8760).

Grammar and arithmetic are those of `hil.digest`. Here they get SIP's shape: one scheme a header,
which is Digest, read strictly into a `Challenge` or `Credentials`. Whoever challenges asks `Verifier`
about the answer; whoever is challenged makes `Credentials` with `answer`.

Nonces are time and a keyed hash, so that a server remembers none: one that is too old is *stale*,
which tells the client to repeat with a new one and not to ask its user for a password.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import Enum, auto

from hil import digest
from hil.digest import Algorithm as Algorithm
from hil.digest import Scheme
from hil.errors import LocalProtocolError, RemoteProtocolError

_LINE_END = re.compile(r"[\r\n]")
_NONCE = re.compile(r"([0-9a-f]{16})([0-9a-f]{32})")


class Verdict(Enum):
    """What `Verifier.verify` says of credentials."""

    GOOD = auto()
    STALE = auto()
    """Right, for a nonce that is too old: challenge again with ``stale=true``."""
    WRONG = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """WWW-Authenticate or Proxy-Authenticate. ``qop`` has what is offered; empty: RFC 2617's form."""

    realm: str
    nonce: str
    algorithm: Algorithm = Algorithm.MD5
    qop: tuple[str, ...] = ("auth",)
    opaque: str | None = None
    stale: bool = False

    @property
    def scheme(self) -> Scheme:
        """The challenge as `hil.digest` has it."""
        return _scheme(
            realm=self.realm,
            nonce=self.nonce,
            opaque=self.opaque,
            stale="true" if self.stale else None,
            algorithm=self.algorithm.value,
            qop=",".join(self.qop) or None,
        )

    def __str__(self) -> str:
        return _write(self.scheme)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Authorization or Proxy-Authorization. ``nc`` and ``cnonce`` are None where ``qop`` is."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: Algorithm = Algorithm.MD5
    qop: str | None = None
    nc: str | None = None
    cnonce: str | None = None
    opaque: str | None = None

    @property
    def scheme(self) -> Scheme:
        """The credentials as `hil.digest` has them."""
        return _scheme(**asdict(self))

    def __str__(self) -> str:
        return _write(self.scheme)


def parse_challenge(text: str) -> Challenge:
    """Read a challenge; `RemoteProtocolError` for other schemes and unknown algorithms.

    Of several challenges the first that can be read is the one to answer (RFC 8760 section 2.3).
    """
    scheme, algorithm = _read(text, "realm", "nonce")
    return Challenge(
        realm=scheme.get("realm"),
        nonce=scheme.get("nonce"),
        algorithm=algorithm,
        qop=tuple(part.lower() for part in re.split(r"[\s,]+", scheme.get("qop")) if part),
        opaque=scheme.parameters.get("opaque"),
        stale=scheme.get("stale").lower() == "true",
    )


def parse_credentials(text: str) -> Credentials:
    """Read credentials; `RemoteProtocolError` where something is missing."""
    scheme, algorithm = _read(text, "username", "realm", "nonce", "uri", "response")
    if not scheme.is_complete:
        raise RemoteProtocolError(
            f"quality of protection {scheme.get('qop')[:24]!r} without its cnonce and nc"
        )
    return _credentials(scheme.parameters, algorithm)


def answer(
    challenge: Challenge,
    *,
    username: str,
    password: str,
    method: str,
    uri: str,
    cnonce: str,
    count: int = 1,
) -> Credentials:
    """Answer a challenge for a request with this method and Request-URI.

    ``cnonce`` is a fresh random text, ``count`` how often the nonce has been used, this time
    included. Raises `LocalProtocolError` if the challenge insists on ``auth-int``, or wants a
    ``-sess`` algorithm without the qop that it needs.
    """
    scheme = challenge.scheme
    if not scheme.is_answerable:
        raise LocalProtocolError(f"a challenge that has no answer: {scheme}")
    made = digest.respond(
        scheme, username, password, method=method, uri=uri, cnonce=cnonce, count=count
    )
    return _credentials(made.parameters, challenge.algorithm)


class Verifier:
    """Whoever challenges: makes nonces and judges the answers to them.

    ``secret`` keys the nonces and should be random. They are good for ``lifetime`` ns.
    """

    def __init__(
        self, realm: str, secret: bytes, *, lifetime: int = 300_000_000_000, opaque: str = ""
    ) -> None:
        self.realm = realm
        self._secret = secret
        self._lifetime = lifetime
        self._opaque = opaque or None

    def challenge(
        self,
        now: int,
        algorithm: Algorithm = Algorithm.MD5,
        *,
        qop: bool = True,
        stale: bool = False,
    ) -> Challenge:
        """Make a challenge with a fresh nonce. A ``-sess`` algorithm needs ``qop`` to be answered."""
        return Challenge(
            realm=self.realm,
            nonce=self._nonce(f"{now:016x}"),
            algorithm=algorithm,
            qop=("auth",) if qop else (),
            opaque=self._opaque,
            stale=stale,
        )

    def verify(
        self,
        credentials: Credentials,
        *,
        password: str | None,
        method: str,
        algorithm: Algorithm,
        now: int,
    ) -> Verdict:
        """Judge credentials for a request, in constant time; ``password`` None: no such user.

        They must name our realm and the algorithm that was asked for: a weaker one that the client
        chose by itself would be a downgrade.
        """
        user, uri = credentials.username, credentials.uri
        right = digest.proves(credentials.scheme, user, password or "", method=method, uri=uri)
        if not right or password is None:
            return Verdict.WRONG
        if credentials.realm != self.realm or credentials.algorithm is not algorithm:
            return Verdict.WRONG
        match = _NONCE.fullmatch(credentials.nonce)
        ours = match is not None and hmac.compare_digest(
            self._nonce(match[1]).encode(), credentials.nonce.encode()
        )
        fresh = match is not None and 0 <= now - int(match[1], 16) <= self._lifetime
        return Verdict.GOOD if ours and fresh else Verdict.STALE

    def _nonce(self, stamp: str) -> str:
        return stamp + hmac.new(self._secret, stamp.encode(), "sha256").hexdigest()[:32]


def _read(text: str, *needed: str) -> tuple[Scheme, Algorithm]:
    scheme = digest.read_scheme(text)
    if scheme.name != "digest":
        raise RemoteProtocolError(f"authentication by {scheme.name[:24]!r}")
    for name in needed:
        if name not in scheme.parameters:
            raise RemoteProtocolError(f"a digest without {name}")
    if scheme.algorithm is None:
        raise RemoteProtocolError(f"digest algorithm {scheme.get('algorithm')[:24]!r}")
    return scheme, scheme.algorithm


def _credentials(told: Mapping[str, str], algorithm: Algorithm) -> Credentials:
    return Credentials(
        username=told["username"],
        realm=told["realm"],
        nonce=told["nonce"],
        uri=told["uri"],
        response=told["response"].lower(),
        algorithm=algorithm,
        qop=told.get("qop") or None,
        cnonce=told.get("cnonce"),
        nc=told.get("nc"),
        opaque=told.get("opaque"),
    )


def _scheme(**told: str | None) -> Scheme:
    return Scheme("digest", {name: value for name, value in told.items() if value is not None})


def _write(scheme: Scheme) -> str:
    text = str(scheme)
    if _LINE_END.search(text):
        raise LocalProtocolError("a digest with a line end in it")
    return text
