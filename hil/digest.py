"""Proving to a server that one knows a password: Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).

A server sends challenges, a client answers one of them with credentials; both are written alike, a
scheme with parameters (RFC 9110 section 11). SIP uses the same grammar and the same arithmetic
(RFC 3261 section 22, RFC 8760); `hil.wire.sip_digest` has what is SIP's alone. Nothing here draws a
random number: whoever asks brings the nonce, whoever answers brings the cnonce.

Digest comes in two forms: with ``qop=auth``, where nc and cnonce are part of the hash, and the legacy
one of RFC 2069 for a server that offers no qop. The hash is MD5, SHA-256 or SHA-512-256; their
``-sess`` variants hash nonce and cnonce into the secret, so the legacy form, which has no cnonce,
cannot have them. ``auth-int`` is neither offered nor taken.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum

from hil.errors import RemoteProtocolError


class Algorithm(StrEnum):
    """The algorithms of Digest that are known here, the strongest first, as they are written."""

    SHA_512_256 = "SHA-512-256"
    SHA_512_256_SESS = "SHA-512-256-sess"
    SHA_256 = "SHA-256"
    SHA_256_SESS = "SHA-256-sess"
    MD5 = "MD5"
    MD5_SESS = "MD5-sess"

    @property
    def session(self) -> bool:
        """Whether nonce and cnonce are hashed into the secret (``-sess``)."""
        return self.value.endswith("-sess")

    def digest(self, text: str) -> str:
        """The hash of a text in UTF-8, in lower-case hexadecimal."""
        # surrogatepass: a hostile name must not raise; it is wrong either way.
        data = text.encode("utf-8", "surrogatepass")
        # The names of hashlib: md5, sha256, sha512_256.
        known = self.value.removesuffix("-sess").lower().replace("sha-", "sha").replace("-", "_")
        return hashlib.new(known, data, usedforsecurity=False).hexdigest()


ALGORITHMS: tuple[str, ...] = tuple(each.value for each in Algorithm)
"""The names of all algorithms, the strongest first."""

# Possessive quantifiers follow sets only: Python 3.11.2 (Debian 12) gets them wrong after a group.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_SEPARATORS = re.compile(r"[ \t,]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_TOKEN68 = re.compile(r"[ \t]++([A-Za-z0-9._~+/-]++=*+)[ \t]*+(?=,|\Z)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_SPECIAL = re.compile(r'(["\\\0])')
_COUNT = re.compile(r"[0-9a-fA-F]{8}")
_BARE = frozenset(("algorithm", "stale", "nc"))


@dataclass(frozen=True, slots=True)
class Scheme:
    """A challenge or the credentials that answer one.

    ``name`` and the names of ``parameters`` are in lower case, the values unquoted. ``token`` is what
    stands in place of parameters (the base64 of Basic).
    """

    name: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token: str = ""

    def get(self, name: str) -> str:
        """The value of a parameter, or nothing."""
        return self.parameters.get(name, "")

    @property
    def algorithm(self) -> Algorithm | None:
        """The algorithm of a Digest; None if it is none of those known here."""
        named = (self.get("algorithm") or Algorithm.MD5).lower()
        return next((each for each in Algorithm if each.lower() == named), None)

    @property
    def is_answerable(self) -> bool:
        """Whether this is a challenge that `answer` can answer."""
        if self.name == "basic":
            return True
        if self.name != "digest" or self.algorithm is None:
            return False
        offered = [each.strip().lower() for each in self.get("qop").split(",")]
        return "auth" in offered or not (self.get("qop") or self.algorithm.session)

    @property
    def is_complete(self) -> bool:
        """Whether these credentials of Digest have what their form needs beside a response.

        With a qop that is ``auth``, a cnonce and an nc of eight digits; without, no ``-sess``.
        """
        if self.name != "digest" or self.algorithm is None:
            return False
        if not self.get("qop"):
            return not self.algorithm.session
        counted = _COUNT.fullmatch(self.get("nc"))
        return self.get("qop").lower() == "auth" and bool(counted and self.get("cnonce"))

    def __str__(self) -> str:
        """As a header has it. Of credentials RFC 7616 wants qop without quotes (section 3.4)."""
        bare = _BARE | {"qop"} if "response" in self.parameters else _BARE
        parts = (
            f"{name}={value}" if name in bare else f'{name}="{_escape(value)}"'
            for name, value in self.parameters.items()
        )
        return f"{self.name.capitalize()} {self.token or ', '.join(parts)}"


def read_schemes(header: str) -> tuple[Scheme, ...]:
    """The challenges of a WWW-Authenticate header, several of which may be joined by commas.

    Whatever a stranger wrote there, nothing is raised: reading stops where the grammar is left.
    """
    found: list[Scheme] = []
    parameters: dict[str, str] = {}
    with suppress(RemoteProtocolError):
        for kind, name, value in _parts(header):
            if kind == "scheme":
                parameters = {}
                found.append(Scheme(name.lower(), parameters, value))
            elif not found:
                break
            else:
                parameters.setdefault(name.lower(), value)
    return tuple(found)


def read_scheme(header: str) -> Scheme:
    """The one challenge or the credentials of a header, read strictly.

    Raises `RemoteProtocolError` where the grammar is left, for a parameter that is there twice, and
    unless it is exactly one scheme.
    """
    parts = list(_parts(header))
    if [kind for kind, _, _ in parts[:1]] != ["scheme"]:
        raise RemoteProtocolError(f"no authentication scheme: {header[:40]!r}")
    (_, scheme, token), *others = parts
    parameters: dict[str, str] = {}
    for kind, name, value in others:
        if kind == "scheme" or name.lower() in parameters:
            raise RemoteProtocolError(f"a second scheme or parameter {name[:24]!r}")
        parameters[name.lower()] = value
    return Scheme(scheme.lower(), parameters, token)


def basic_credentials(user: str, password: str) -> str:
    """The Authorization header of Basic, in UTF-8 (RFC 7617 section 2.1)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode("ascii")


def basic_pair(credentials: Scheme) -> tuple[str, str] | None:
    """User and password of Basic credentials, or None if they are none."""
    if credentials.name != "basic":
        return None
    try:
        text = base64.b64decode(credentials.token, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    user, colon, password = text.partition(":")
    return (user, password) if colon else None


def answer(
    challenges: Iterable[Scheme], user: str, password: str, *, method: str, uri: str, cnonce: str
) -> str | None:
    """The Authorization header for the strongest of these challenges; None if none is known.

    It is the first answer to its nonce, so nc is 1. ``uri`` is the request target.
    """
    usable = [each for each in challenges if each.is_answerable]
    if not usable:
        return None
    chosen = min(usable, key=_weakness)
    if chosen.name == "basic":
        return basic_credentials(user, password)
    return str(respond(chosen, user, password, method=method, uri=uri, cnonce=cnonce))


def respond(
    challenge: Scheme,
    user: str,
    password: str,
    *,
    method: str,
    uri: str,
    cnonce: str,
    count: int = 1,
) -> Scheme:
    """The credentials that answer an answerable challenge of Digest.

    ``count`` is how often the nonce has been used, this time included.
    """
    told = {"username": user}
    told |= {name: challenge.get(name) for name in ("realm", "nonce")}
    told |= {"uri": uri, "response": ""}
    # RFC 2069 clients know no algorithm parameter; it is sent where it was asked for.
    if challenge.get("algorithm"):
        told["algorithm"] = (challenge.algorithm or Algorithm.MD5).value
    if challenge.get("qop"):
        told |= {"qop": "auth", "nc": f"{count:08x}", "cnonce": cnonce}
    if challenge.get("opaque"):
        told["opaque"] = challenge.get("opaque")
    told["response"] = expected_response(Scheme("digest", told), password, method)
    return Scheme("digest", told)


def proves(credentials: Scheme, user: str, password: str, *, method: str, uri: str) -> bool:
    """Whether credentials show that their sender knows this user's password, for this request.

    Whether a Digest's nonce is one of the server's, fresh and not used before, is for the server to
    say. What is malformed proves nothing.
    """
    if credentials.name == "basic":
        return basic_pair(credentials) == (user, password)
    if not credentials.is_complete:
        return False
    if credentials.get("username") != user or credentials.get("uri") != uri:
        return False
    due = expected_response(credentials, password, method)
    shown = credentials.get("response").lower().encode("utf-8", "surrogatepass")
    return hmac.compare_digest(shown, due.encode())


def expected_response(credentials: Scheme, password: str, method: str) -> str:
    """The response of Digest credentials, in lower-case hexadecimal (RFC 7616 section 3.4.1)."""
    algorithm = credentials.algorithm or Algorithm.MD5
    get = credentials.get
    secret = algorithm.digest(f"{get('username')}:{get('realm')}:{password}")
    if algorithm.session:
        secret = algorithm.digest(f"{secret}:{get('nonce')}:{get('cnonce')}")
    asked = algorithm.digest(f"{method}:{get('uri')}")
    middle = get("nonce")
    if get("qop"):
        middle = f"{middle}:{get('nc')}:{get('cnonce')}:{get('qop')}"
    return algorithm.digest(f"{secret}:{middle}:{asked}")


def _weakness(challenge: Scheme) -> int:
    if challenge.name == "basic" or challenge.algorithm is None:
        return len(ALGORITHMS)
    return ALGORITHMS.index(challenge.algorithm)


def _escape(value: str) -> str:
    return _SPECIAL.sub(r"\\\1", value)


def _parts(header: str) -> Iterator[tuple[str, str, str]]:
    """Cut a header into schemes (with their token68, if any) and parameters.

    Raises `RemoteProtocolError` where the grammar is left.
    """
    at = 0
    while True:
        blanks = _SEPARATORS.match(header, at)
        at = blanks.end() if blanks else at
        token = _TOKEN.match(header, at)
        if token is None and at == len(header):
            return
        if token is None:
            raise RemoteProtocolError(f"no name of a parameter: {header[at : at + 40]!r}")
        equals = _EQUALS.match(header, token.end())
        if equals is None:
            held = _TOKEN68.match(header, token.end())
            at = held.end() if held else token.end()
            yield "scheme", token[0], held[1] if held else ""
            continue
        quoted = _QUOTED.match(header, equals.end())
        value = quoted or _TOKEN.match(header, equals.end())
        if value is None:
            raise RemoteProtocolError(
                f"no value of {token[0][:24]}, or a quoted string does not end"
            )
        at = value.end()
        yield "parameter", token[0], _ESCAPED.sub(r"\1", quoted[1]) if quoted else value[0]
