"""What the judge reads in the octets of a SIP message beside the fields of its event."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from hil import digest
from hil.history import events as ev
from hil.reference.parameters import Parameters

_CHALLENGES: Mapping[int, tuple[str, str]] = MappingProxyType(
    {
        401: ("www-authenticate", "authorization"),
        407: ("proxy-authenticate", "proxy-authorization"),
    }
)
"""A challenging status with the headers that ask and answer (RFC 3261 section 22)."""

KNOWN_ALGORITHMS = ("MD5", "SHA-256")
"""What a phone has to be able to answer: RFC 3261 section 22.4 and RFC 8760."""


def headers(data: bytes, *names: str) -> tuple[str, ...]:
    """The values of the header fields with one of these names (lower case), in their order."""
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    found = []
    for line in head.split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() in names:
            found.append(value.strip())
    return tuple(found)


def seconds(data: bytes, name: str) -> int | None:
    """The number that a header field begins with (Retry-After may have a comment after it)."""
    for value in headers(data, name):
        digits = value[: len(value) - len(value.lstrip("0123456789"))]
        if 0 < len(digits) <= 10 and digits.isascii():
            return int(digits)
    return None


def is_challenge(status: int) -> bool:
    """Whether a response asks for credentials."""
    return status in _CHALLENGES


def can_answer(response: ev.SipMessage) -> bool:
    """Whether a challenge is one that every phone can answer."""
    asks, _ = _CHALLENGES[response.status]
    schemes = [s for value in headers(response.data, asks) for s in digest.read_schemes(value)]
    return any(each.is_answerable and each.algorithm in KNOWN_ALGORITHMS for each in schemes)


def is_stale(response: ev.SipMessage) -> bool:
    """Whether a challenge says that only the nonce was too old (RFC 3261 section 22.2)."""
    asks, _ = _CHALLENGES[response.status]
    schemes = [s for value in headers(response.data, asks) for s in digest.read_schemes(value)]
    return any(each.get("stale").lower() == "true" for each in schemes)


def shows_credentials(request: ev.SipMessage) -> bool:
    """Whether a request carries credentials at all."""
    return bool(_credentials(request))


def proves_account(request: ev.SipMessage, parameters: Parameters, line: int) -> bool:
    """Whether a request's credentials are those of the line's account, for this request."""
    known = {parameters.raw(f"{name}_{line}_").strip() for name in ("User_ID", "Auth_ID")}
    password = parameters.raw(f"Password_{line}_")
    return any(
        digest.proves(shown, user, password, method=request.method, uri=request.request_uri)
        for shown in _credentials(request)
        for user in known - {""}
    )


def _credentials(request: ev.SipMessage) -> list[digest.Scheme]:
    values = headers(request.data, *(answers for _, answers in _CHALLENGES.values()))
    return [scheme for value in values for scheme in digest.read_schemes(value)]
