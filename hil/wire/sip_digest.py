"""Digest authentication as SIP uses it (RFC 3261 section 22, RFC 2617, RFC 7616, RFC 8760).

Both sides are here: whoever challenges makes a `Challenge` and asks `Verifier` about the answer;
whoever is challenged makes `Credentials` with `answer`. Algorithms are MD5, SHA-256 and
SHA-512-256, each with ``-sess``; the quality of protection is ``auth`` or none at all (RFC 2617's
older form). ``auth-int`` is not offered and not taken.

Nonces are time and a keyed hash, so that a server remembers none: one that is too old is *stale*,
which tells the client to repeat with a new one and not to ask its user for a password.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum, auto
from types import MappingProxyType

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_syntax import is_token, quote, split, unquote


class Algorithm(StrEnum):
    """The hash; the values are those of the wire."""

    MD5 = "MD5"
    MD5_SESS = "MD5-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"

    @property
    def session(self) -> bool:
        """Whether the first nonce is hashed into the secret (``-sess``)."""
        return self.value.endswith("-sess")


_HASHES: Mapping[str, str] = MappingProxyType(
    {"MD5": "md5", "SHA-256": "sha256", "SHA-512-256": "sha512_256"}
)
_BY_NAME = MappingProxyType({algorithm.lower(): algorithm for algorithm in Algorithm})
_BARE = frozenset(("algorithm", "stale", "nc"))
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

    def __str__(self) -> str:
        fields: list[tuple[str, str]] = [("realm", self.realm), ("nonce", self.nonce)]
        if self.opaque is not None:
            fields.append(("opaque", self.opaque))
        if self.stale:
            fields.append(("stale", "true"))
        fields.append(("algorithm", self.algorithm.value))
        if self.qop:
            fields.append(("qop", ",".join(self.qop)))
        return _write(fields)


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
    cnonce: str | None = None
    nc: str | None = None
    opaque: str | None = None

    def __str__(self) -> str:
        fields = [
            ("username", self.username),
            ("realm", self.realm),
            ("nonce", self.nonce),
            ("uri", self.uri),
            ("response", self.response),
            ("algorithm", self.algorithm.value),
            ("cnonce", self.cnonce),
            ("opaque", self.opaque),
            ("qop", self.qop),
            ("nc", self.nc),
        ]
        # Of all values of qop it is this one that RFC 7616 wants without quotes.
        return _write([(n, v) for n, v in fields if v is not None], bare=_BARE | {"qop"})


def parse_challenge(text: str) -> Challenge:
    """Read a challenge; `RemoteProtocolError` for other schemes and unknown algorithms.

    Of several challenges the first that can be read is the one to answer (RFC 8760 section 2.3).
    """
    fields = _read(text)
    return Challenge(
        realm=_need(fields, "realm"),
        nonce=_need(fields, "nonce"),
        algorithm=_algorithm(fields),
        qop=tuple(part.lower() for part in re.split(r"[\s,]+", fields.get("qop", "")) if part),
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


def parse_credentials(text: str) -> Credentials:
    """Read credentials; `RemoteProtocolError` where something is missing."""
    fields = _read(text)
    qop = fields.get("qop")
    if qop is not None and (qop.lower() != "auth" or not {"cnonce", "nc"} <= fields.keys()):
        raise RemoteProtocolError(f"quality of protection {qop[:24]!r}, or no cnonce and nc")
    return Credentials(
        username=_need(fields, "username"),
        realm=_need(fields, "realm"),
        nonce=_need(fields, "nonce"),
        uri=_need(fields, "uri"),
        response=_need(fields, "response").lower(),
        algorithm=_algorithm(fields),
        qop=None if qop is None else "auth",
        cnonce=fields.get("cnonce"),
        nc=fields.get("nc"),
        opaque=fields.get("opaque"),
    )


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
    included. Raises `LocalProtocolError` if the challenge insists on ``auth-int``.
    """
    if challenge.qop and "auth" not in challenge.qop:
        raise LocalProtocolError(f"a challenge that wants {', '.join(challenge.qop)}")
    qop = "auth" if challenge.qop else None
    hashed_nonce = qop is not None or challenge.algorithm.session
    unsigned = Credentials(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        qop=qop,
        cnonce=cnonce if hashed_nonce else None,
        nc=f"{count:08x}" if qop else None,
        opaque=challenge.opaque,
    )
    response = expected_response(unsigned, password, method)
    return Credentials(
        **{name: getattr(unsigned, name) for name in Credentials.__slots__ if name != "response"},
        response=response,
    )


def expected_response(credentials: Credentials, password: str, method: str) -> str:
    """The response that these credentials must have (RFC 7616 section 3.4.1), hexadecimal."""
    algorithm, nonce, cnonce = credentials.algorithm, credentials.nonce, credentials.cnonce or ""
    secret = _digest(algorithm, credentials.username, credentials.realm, password)
    if algorithm.session:
        secret = _digest(algorithm, secret, nonce, cnonce)
    subject = _digest(algorithm, method, credentials.uri)
    if credentials.qop is None:
        return _digest(algorithm, secret, nonce, subject)
    count = credentials.nc or ""
    return _digest(algorithm, secret, nonce, count, cnonce, credentials.qop, subject)


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
        """Make a challenge with a fresh nonce."""
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
        expected = expected_response(credentials, password or "", method)
        right = hmac.compare_digest(expected.encode(), credentials.response.encode())
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


def _digest(algorithm: Algorithm, *parts: str) -> str:
    name = _HASHES[algorithm.value.removesuffix("-sess")]
    return hashlib.new(name, ":".join(parts).encode(), usedforsecurity=False).hexdigest()


def _read(text: str) -> dict[str, str]:
    scheme, _, rest = text.partition(" ")
    if scheme.lower() != "digest":
        raise RemoteProtocolError(f"authentication by {scheme[:24]!r}")
    fields: dict[str, str] = {}
    for part in split(rest, ","):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if not equals or not is_token(name) or name in fields:
            raise RemoteProtocolError(f"no field of a digest, or a second one: {part[:40]!r}")
        fields[name] = unquote(value.strip())
    return fields


def _write(fields: list[tuple[str, str]], bare: frozenset[str] = _BARE) -> str:
    return "Digest " + ", ".join(
        f"{name}={value if name in bare else quote(value)}" for name, value in fields
    )


def _need(fields: dict[str, str], name: str) -> str:
    if name not in fields:
        raise RemoteProtocolError(f"a digest without {name}")
    return fields[name]


def _algorithm(fields: dict[str, str]) -> Algorithm:
    name = fields.get("algorithm", Algorithm.MD5.value)
    found = _BY_NAME.get(name.lower())
    if found is None:
        raise RemoteProtocolError(f"digest algorithm {name[:24]!r}")
    return found
