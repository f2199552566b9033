"""SIP and SIPS URIs (RFC 3261 section 19.1): text to `SipUri` and back.

``sip:user:password@host:port;parameters?headers``. A user part may hold almost anything, separators
included; the last ``@`` ends it. Other schemes (``tel:``, ``urn:``) stay text in messages.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv6Address
from urllib.parse import quote, unquote_to_bytes

from hil.errors import LocalProtocolError, RemoteProtocolError
from hil.wire.sip_syntax import Parameters, number, parameter, parse_parameters

_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"\x00-\x1f\x7f]+")
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_\-.]*[A-Za-z0-9_.])?")
_USER_SAFE = "-_.!~*'()&=+$,;?/"


@dataclass(frozen=True, slots=True)
class SipUri:
    """A SIP URI; all parts but the host may be absent.

    ``user`` and ``password`` are unescaped, ``host`` is a name, an IPv4 address or an IPv6 address
    in brackets, ``headers`` what follows ``?``, as it stands.
    """

    host: str
    user: str | None = None
    port: int | None = None
    parameters: Parameters = ()
    secure: bool = False
    password: str | None = None
    headers: str = ""

    @property
    def transport(self) -> str | None:
        """The transport parameter, in lower case."""
        value = parameter(self.parameters, "transport")
        return None if value is None else value.lower()

    def __str__(self) -> str:
        user = ""
        if self.user is not None:
            user = quote(self.user, safe=_USER_SAFE)
            if self.password is not None:
                user += ":" + quote(self.password, safe="-_.!~*'()&=+$,")
            user += "@"
        port = "" if self.port is None else f":{self.port}"
        headers = f"?{self.headers}" if self.headers else ""
        # Unlike a header's, a URI's parameters are never quoted; they stay escaped as they came.
        parameters = "".join(f";{n}" if v is None else f";{n}={v}" for n, v in self.parameters)
        scheme = "sips" if self.secure else "sip"
        return f"{scheme}:{user}{self.host}{port}{parameters}{headers}"

    def __post_init__(self) -> None:
        if not is_host(self.host) or (self.port is not None and not 0 < self.port < 1 << 16):
            raise LocalProtocolError(f"no host and port of a URI: {self.host!r} {self.port}")


def is_absolute_uri(text: str) -> bool:
    """Whether the text is a scheme and something after it, without white space and brackets."""
    return _ABSOLUTE.fullmatch(text) is not None


def is_host(text: str) -> bool:
    """Whether the text is a host name, an IPv4 address or an IPv6 address in brackets."""
    if text.startswith("["):
        try:
            IPv6Address(text[1:-1])
        except AddressValueError:
            return False
        return text.endswith("]")
    return _HOST.fullmatch(text) is not None


def parse_host_port(text: str) -> tuple[str, int | None]:
    """Read ``host`` or ``host:port``, with white space round the colon as a Via may have it."""
    bracket = text.rfind("]")
    colon = text.find(":", bracket + 1)
    host, port = (text, None) if colon < 0 else (text[:colon], text[colon + 1 :])
    host = host.strip()
    if not is_host(host):
        raise RemoteProtocolError(f"no host: {host[:60]!r}")
    if port is None:
        return host, None
    value = number(port.strip(), "a port", most=65535)
    if value == 0:
        raise RemoteProtocolError("a port of 0")
    return host, value


def parse_uri(text: str) -> SipUri:
    """Read a ``sip:`` or ``sips:`` URI; `RemoteProtocolError` for any other text."""
    scheme, _, rest = text.partition(":")
    if scheme.lower() not in ("sip", "sips") or not is_absolute_uri(text):
        raise RemoteProtocolError(f"no SIP URI: {text[:60]!r}")
    userinfo, at, rest = rest.rpartition("@")
    user = password = None
    if at:
        user, colon, secret = userinfo.partition(":")
        password = _unescape(secret) if colon else None
        user = _unescape(user)
        if not user:
            raise RemoteProtocolError("a URI with an empty user")
    rest, _, headers = rest.partition("?")
    hostport, *parameters = rest.split(";")
    host, port = parse_host_port(hostport)
    return SipUri(
        host=host,
        user=user,
        port=port,
        parameters=parse_parameters(parameters),
        secure=scheme.lower() == "sips",
        password=password,
        headers=headers,
    )


def _unescape(text: str) -> str:
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("an escaped user that is not UTF-8") from error
