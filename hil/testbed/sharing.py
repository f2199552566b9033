"""What belongs to one entry of an inventory alone: names, numbers, devices and serial lines.

A device that two entries describe would have two queues, and a serial line that two open gives each of
them half of what comes. One device may be written in several ways: a port may be left out that is the
usual one, and of a terminal server's line it is host and port that count, whatever is spoken there.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, auto
from typing import NamedTuple
from urllib.parse import urlsplit

from hil.errors import SpecificationError
from hil.hosts import no_serial_line
from hil.reference.identity import normalise_mac
from hil.testbed.checks import Wrong
from hil.testbed.plain import Listed

_USUAL_PORTS = {"ssh": 22, "snmp": 161, "poe": 161}
_WEB_PORTS = {"http": 80, "https": 443}
_LABGRID_PORT = 20408


class _Use(Enum):
    """What is at the other end of an address."""

    CONSOLE = auto()
    BOARD = auto()
    SERVICE = auto()


class _Claim(NamedTuple):
    """An entry that has a line or a TCP port to itself; ``keys`` lead to where it says so."""

    address: str
    use: _Use
    keys: tuple[str, ...]
    entry: Listed


def taken_twice(pdus: Sequence[Listed], handsets: Sequence[Listed]) -> Iterator[Wrong]:
    """Find names, MAC addresses, serial numbers, devices and serial lines that are taken twice."""
    yield from _same(pdus, "name", str)
    for key, normalise in (("name", str), ("mac", normalise_mac), ("serial", str)):
        yield from _same(handsets, key, normalise)
    yield from _described_twice(pdus)
    yield from _claimed_twice([*_claims_of_pdus(pdus), *_claims_of_consoles(handsets)])


def _same(listed: Iterable[Listed], key: str, normalise: Callable[[str], str]) -> Iterator[Wrong]:
    owners: dict[str, str] = {}
    for entry in listed:
        written = entry.text(key)
        if written is None:
            continue
        try:
            value = normalise(written)
        except SpecificationError:
            continue
        owner = owners.setdefault(value, entry.called)
        if owner != entry.called:
            problem = f"{key} {value!r} belongs to {owner} already"
            yield entry.wrong((key,), problem, "each has its own")


def _described_twice(pdus: Iterable[Listed]) -> Iterator[Wrong]:
    owners: dict[tuple[str, ...], str] = {}
    for entry in pdus:
        key = next((k for k in ("host", "url", "coordinator") if entry.value(k) is not None), None)
        if key is None:
            continue
        owner = owners.setdefault(_device(entry, key), entry.called)
        if owner != entry.called:
            problem = f"{str(entry.value(key))[:60]} is described by {owner} already"
            yield entry.wrong((key,), problem, "one entry a device, its handsets name it")


def _device(entry: Listed, key: str) -> tuple[str, ...]:
    """What tells the device of an entry from others; its driver too, which is a way to it."""
    driver, where = str(entry.value("driver")), str(entry.value(key))
    if key == "coordinator":
        return driver, _server(f"//{where}", _LABGRID_PORT) or where, entry.text("resource") or ""
    if key == "host":
        port = entry.value("port")
        return driver, where, str(_USUAL_PORTS.get(driver) if port is None else port)
    return driver, _line(where) or _server(where) or where, entry.text("pdu") or ""


def _claims_of_pdus(pdus: Iterable[Listed]) -> Iterator[_Claim]:
    for entry in pdus:
        driver, url = entry.value("driver"), entry.text("url") or ""
        if driver == "serial" and (line := _line(url)):
            yield _Claim(line, _Use.BOARD, ("url",), entry)
        elif driver in ("http", "pdudaemon") and (server := _server(url)):
            yield _Claim(server, _Use.SERVICE, ("url",), entry)
        elif driver == "ssh" and entry.value("host") is not None:
            server = ":".join(_device(entry, "host")[1:])
            yield _Claim(server, _Use.SERVICE, ("host",), entry)


def _claims_of_consoles(handsets: Iterable[Listed]) -> Iterator[_Claim]:
    for entry in handsets:
        if line := _line(entry.text("console", "url") or ""):
            yield _Claim(line, _Use.CONSOLE, ("console", "url"), entry)


def _claimed_twice(claims: Iterable[_Claim]) -> Iterator[Wrong]:
    """Find lines that are somebody else's; of two boards or services `_described_twice` tells."""
    owners: dict[str, list[_Claim]] = {}
    for claim in claims:
        others = owners.setdefault(claim.address, [])
        for other in others:
            if claim.use is other.use and claim.use is not _Use.CONSOLE:
                continue
            problem = f"{claim.address} belongs to {other.entry.called} already"
            yield claim.entry.wrong(claim.keys, problem, "a line or port of its own")
            break
        others.append(claim)


def _line(url: str) -> str:
    """A serial line, however its URL is written: a device's path or host and port; else empty."""
    if no_serial_line(url):
        return ""
    return posixpath.normpath(url) if url.startswith("/") else _server(url)


def _server(url: str, usual: int | None = None) -> str:
    """Host and port of a URL, the port the usual one where none is given; empty if it has none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _WEB_PORTS.get(parts.scheme, usual)
    except ValueError:
        return ""
    return f"{parts.hostname}:{port}" if parts.hostname and port else ""
