"""Proving to a server that one knows a password: Basic (RFC 7617) and Digest (RFC 7616, RFC 2617).

A server sends challenges, a client answers one of them with credentials; both are written alike, a
scheme with parameters (RFC 9110 section 11). SIP uses the same grammar and the same arithmetic
(RFC 3261 section 22, RFC 8760). Nothing here draws a random number: whoever asks brings the nonce,
whoever answers brings the cnonce.

Digest comes in two forms: with ``qop=auth``, where nc and cnonce are part of the hash, and the legacy
one of RFC 2069 for a server that offers no qop. The hash is MD5 or SHA-256; their ``-sess`` variants
hash nonce and cnonce into the secret, so the legacy form, which has no cnonce, cannot have them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

ALGORITHMS = ("SHA-256", "SHA-256-sess", "MD5", "MD5-sess")
"""The algorithms of Digest that are known here, the strongest first."""

# Possessive quantifiers follow sets only: Python 3.11.2 (Debian 12) gets them wrong after a group.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]++")
_SEPARATORS = re.compile(r"[ \t,]*+")
_EQUALS = re.compile(r"[ \t]*+=[ \t]*+")
_TOKEN68 = re.compile(r"[ \t]++([A-Za-z0-9._~+/-]++=*+)[ \t]*+(?=,|\Z)")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPED = re.compile(r"\\(.)")
_COUNT = re.compile(r"[0-9a-fA-F]{8}")


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
    def algorithm(self) -> str | None:
        """The algorithm of a Digest as `ALGORITHMS` writes it; None if it is none of them."""
        named = self.get("algorithm") or "MD5"
        return next((each for each in ALGORITHMS if each.lower() == named.lower()), None)

    @property
    def is_answerable(self) -> bool:
        """Whether this is a challenge that `answer` can answer."""
        if self.name == "basic":
            return True
        offered = [each.strip().lower() for each in self.get("qop").split(",")]
        if self.name != "digest" or self.algorithm is None:
            return False
        return "auth" in offered or not (self.get("qop") or self.algorithm.endswith("-sess"))


def read_schemes(header: str) -> tuple[Scheme, ...]:
    """The challenges of a WWW-Authenticate header, several of which may be joined by commas.

    Whatever a stranger wrote there, nothing is raised: reading stops where the grammar is left.
    """
    found: list[Scheme] = []
    parameters: dict[str, str] = {}
    for kind, name, value in _parts(header):
        if kind == "scheme":
            parameters = {}
            found.append(Scheme(name.lower(), parameters, value))
        elif not found:
            break
        else:
            parameters.setdefault(name.lower(), value)
    return tuple(found)


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
    algorithm = chosen.algorithm or "MD5"
    told = {
        "username": user,
        "realm": chosen.get("realm"),
        "nonce": chosen.get("nonce"),
        "uri": uri,
    }
    extended = {"qop": "auth", "nc": "00000001", "cnonce": cnonce} if chosen.get("qop") else {}
    credentials = Scheme("digest", told | extended | {"algorithm": algorithm})
    parts = [f'{name}="{_escape(value)}"' for name, value in told.items()]
    parts.append(f'response="{expected_response(credentials, password, method)}"')
    # RFC 2069 clients know no algorithm parameter; it is sent where it was asked for.
    if chosen.get("algorithm"):
        parts.append(f"algorithm={algorithm}")
    for name, value in extended.items():
        parts.append(f'{name}="{value}"' if name == "cnonce" else f"{name}={value}")
    if chosen.get("opaque"):
        parts.append(f'opaque="{_escape(chosen.get("opaque"))}"')
    return "Digest " + ", ".join(parts)


def proves(credentials: Scheme, user: str, password: str, *, method: str, uri: str) -> bool:
    """Whether credentials show that their sender knows this user's password, for this request.

    Whether a Digest's nonce is one of the server's, fresh and not used before, is for the server to
    say. What is malformed proves nothing.
    """
    if credentials.name == "basic":
        return basic_pair(credentials) == (user, password)
    if credentials.name != "digest" or credentials.algorithm is None:
        return False
    if credentials.get("username") != user or credentials.get("uri") != uri:
        return False
    if credentials.get("qop"):
        counted = _COUNT.fullmatch(credentials.get("nc"))
        if credentials.get("qop").lower() != "auth" or not counted or not credentials.get("cnonce"):
            return False
    elif credentials.algorithm.endswith("-sess"):
        return False
    due = expected_response(credentials, password, method)
    return hmac.compare_digest(credentials.get("response").lower().encode(), due.encode())


def expected_response(credentials: Scheme, password: str, method: str) -> str:
    """The response of Digest credentials, in lower-case hexadecimal (RFC 7616 section 3.4.1)."""
    algorithm = credentials.algorithm or "MD5"
    get = credentials.get
    secret = _hash(algorithm, f"{get('username')}:{get('realm')}:{password}")
    if algorithm.endswith("-sess"):
        secret = _hash(algorithm, f"{secret}:{get('nonce')}:{get('cnonce')}")
    asked = _hash(algorithm, f"{method}:{get('uri')}")
    middle = get("nonce")
    if get("qop"):
        middle = f"{middle}:{get('nc')}:{get('cnonce')}:{get('qop')}"
    return _hash(algorithm, f"{secret}:{middle}:{asked}")


def _hash(algorithm: str, text: str) -> str:
    # surrogatepass: a hostile name must not raise; it is wrong either way.
    data = text.encode("utf-8", "surrogatepass")
    if algorithm.startswith("SHA-256"):
        return hashlib.sha256(data).hexdigest()
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _weakness(challenge: Scheme) -> int:
    if challenge.name == "basic" or challenge.algorithm is None:
        return len(ALGORITHMS)
    return ALGORITHMS.index(challenge.algorithm)


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _parts(header: str) -> Iterator[tuple[str, str, str]]:
    """Cut a header into schemes (with their token68, if any) and parameters."""
    at = 0
    while True:
        blanks = _SEPARATORS.match(header, at)
        at = blanks.end() if blanks else at
        token = _TOKEN.match(header, at)
        if token is None:
            return
        equals = _EQUALS.match(header, token.end())
        if equals is None:
            held = _TOKEN68.match(header, token.end())
            at = held.end() if held else token.end()
            yield "scheme", token[0], held[1] if held else ""
            continue
        quoted = _QUOTED.match(header, equals.end())
        value = quoted or _TOKEN.match(header, equals.end())
        if value is None:
            return
        at = value.end()
        yield "parameter", token[0], _ESCAPED.sub(r"\1", quoted[1]) if quoted else value[0]
