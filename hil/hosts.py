"""What can be a host, a port and a device's address, and what is wrong with what cannot.

A name is one of the Internet's (RFC 1123, section 2.1) or a national one that can be written as such;
Python's own resolver raises errors that are none of the operating system's for the others.
"""

from __future__ import annotations

from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import SplitResult, urlsplit

MOST_CHARACTERS = 255
"""The longest URL or name that anybody means."""

_BROADCAST = IPv4Address("255.255.255.255")
_PORT_IS = "a port is 1 to 65535"


def no_text(text: str) -> str:
    """Why a text can be no URL and no name, whatever it says; empty if it can."""
    if not text:
        return "it is empty"
    if len(text) > MOST_CHARACTERS:
        return f"it has {len(text)} characters, more than {MOST_CHARACTERS}"
    if not text.isprintable() or " " in text:
        return "it has a blank or a control character"
    return ""


def no_address(text: str) -> str:
    """Why a text is no IPv4 address of one device; empty if it is one."""
    if not text:
        return "it has no host"
    try:
        return no_device(IPv4Address(text))
    except AddressValueError:
        pass
    try:
        IPv6Address(text)
    except AddressValueError:
        return f"{text[:60]!r} is no IPv4 address"
    return f"{text!r} is an IPv6 address, and only IPv4 is spoken"


def no_device(address: IPv4Address) -> str:
    """Why an address is not that of one device; empty if it may be."""
    if address.is_multicast or address.is_unspecified or address == _BROADCAST:
        return f"{address} is the address of no single device"
    return ""


def no_name(host: str) -> str:
    """Why a text is no host's name; empty if it is one, or an address."""
    if not host:
        return "it has no host"
    try:
        octets = host.encode("idna")
    except UnicodeError:
        octets = b""
    known = octets.replace(b"-", b"").replace(b".", b"").replace(b"_", b"")
    if known.isalnum() and not host.startswith("-"):
        return ""
    try:
        IPv6Address(host)
    except AddressValueError:
        return f"{host[:60]!r} is no host's name"
    return ""


def no_serial_line(url: str) -> str:
    """Why a URL is no serial line's, a device's path or that of a server; empty if it is one."""
    if problem := no_text(url):
        return problem
    if url.startswith("/"):
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return f"{url!r} has a bracket too many or too few"
    if parts.scheme not in ("rfc2217", "socket"):
        return f"{url!r} is neither the path of a device nor a server of serial lines"
    if parts.username is not None or parts.password is not None:
        return "a user or password in it would be printed"
    if problem := no_port(parts) or no_name(parts.hostname or ""):
        return problem
    return "" if parts.port else f"{url!r} has no port"


def no_port(parts: SplitResult) -> str:
    """Why a URL's port is none; empty if it is one, or the URL has none."""
    try:
        port = parts.port
    except ValueError:
        return f"{parts.netloc.rpartition(':')[2][:20]!r} is no port: {_PORT_IS}"
    return f"0 is no port: {_PORT_IS}" if port == 0 else ""
