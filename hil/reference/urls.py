"""The URL at the end of a rule: ``[scheme://] [server[:port]] /path``.

"If no protocol is specified, TFTP is assumed. If no port is specified, the default port is used (69
for TFTP, 80 for HTTP, or 443 for HTTPS)" (Firmware Upgrade Parameters, Upgrade Rule, whose syntax is
Profile Rule's). The path must be present and absolute; a query belongs to it (Administration Guide
11.3, Provisioning Formats). Without a server the path is fetched from the `DefaultServer` that DHCP
named. That one may have been given as a base URI such as ``http://192.168.1.5:8080``, so it brings its
own scheme and port along, unless the rule names a scheme itself.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from types import MappingProxyType

from hil.errors import RuleError

DEFAULT_PORTS = MappingProxyType({"tftp": 69, "http": 80, "https": 443})
"""The schemes of a rule and the port of each (Upgrade Rule)."""

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,30}+)://")
_UNPRINTABLE = re.compile(r"[^\x21-\x7e]")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]@]*+\]|[^:\[\]@]*+)(?::(?P<port>.*+))?", re.DOTALL)
_LABEL = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?")
_NUMERIC = re.compile(r"[0-9.]++")


@dataclass(frozen=True, slots=True)
class DefaultServer:
    """The server that rules without one mean, mostly from DHCP option 66.

    ``port`` None is the scheme's default. Raises `RuleError` for a scheme, host or port that no
    rule could name either.
    """

    host: str
    scheme: str = "tftp"
    port: int | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "scheme", check_scheme(self.scheme))
        object.__setattr__(self, "host", check_host(self.host))
        if self.port is not None and not 1 <= self.port <= 65535:
            raise RuleError(f"{self.port} is no port; ports are 1 to 65535")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a file is: an IPv6 ``host`` has no brackets, ``path`` starts with a slash."""

    scheme: str
    host: str
    port: int
    path: str


def resolve_url(text: str, server: DefaultServer | None) -> Target:
    """Complete a rule's URL with the published defaults and ``server``.

    Raises `RuleError` with the reason if the URL is malformed, has user information (credentials
    are options of the rule), no absolute path or an unknown scheme, or if no server is known.
    """
    bad = _UNPRINTABLE.search(text)
    if bad is not None:
        raise RuleError(f"the URL contains {bad[0]!r}; only printable ASCII may stand there")
    match = _SCHEME.match(text)
    scheme = check_scheme(match[1]) if match else None
    rest = text[match.end() :] if match else text
    authority, slash, path = rest.partition("/")
    if not slash:
        raise RuleError(f"the URL {text[:80]!r} has no path; a path starts with a slash")
    if authority:
        named = scheme or "tftp"
        host, port = _split_authority(authority)
        return Target(named, host, port or DEFAULT_PORTS[named], slash + path)
    if server is None:
        raise RuleError(f"the URL {text[:80]!r} names no server, and no other is known")
    # The port of a base URI is the port of its scheme; another scheme has its own.
    port = server.port if scheme in (None, server.scheme) else None
    chosen = scheme or server.scheme
    return Target(chosen, server.host, port or DEFAULT_PORTS[chosen], slash + path)


def check_scheme(scheme: str) -> str:
    """Return a scheme in lower case; raises `RuleError` if files cannot be fetched by it."""
    lowered = scheme.lower()
    if lowered == "gds":
        raise RuleError("gds:// starts the onboarding by activation code; it fetches no file")
    if lowered not in DEFAULT_PORTS:
        raise RuleError(f"{scheme[:40]!r} is not a scheme of rules: tftp, http or https")
    return lowered


def check_host(host: str) -> str:
    """Return a host name or address; IPv6 may be in brackets, which are dropped.

    Raises `RuleError` unless it is a name of at most 253 characters (RFC 1123, section 2.1;
    underscores are let through, as resolvers do) or a literal address.
    """
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    bracketed = bare is not host
    # A zone (fe80::1%eth0) means something on one host only, never in a rule.
    if "%" in bare:
        raise _no_host(host)
    try:
        if bracketed or ":" in bare:
            return str(ipaddress.IPv6Address(bare))
        if _NUMERIC.fullmatch(host):
            return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise _no_host(host) from None
    labels = host.removesuffix(".").split(".")
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _no_host(host)
    return host


def _split_authority(authority: str) -> tuple[str, int | None]:
    if "@" in authority:
        raise RuleError("the URL has user information; credentials belong into --uid and --pwd")
    match = _AUTHORITY.fullmatch(authority)
    if match is None or not match["host"]:
        raise _no_host(authority)
    return check_host(match["host"]), _port(match["port"])


def _port(digits: str | None) -> int | None:
    if digits is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65535:
        raise RuleError(f"{digits[:20]!r} is no port; ports are 1 to 65535")
    return int(digits)


def _no_host(host: str) -> RuleError:
    return RuleError(f"{host[:80]!r} is no host name or address")
