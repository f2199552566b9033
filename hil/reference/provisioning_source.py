"""Which DHCP option provisions the phone, and what its content means.

DHCP_Option_To_Use lists option codes; the phone takes the first that the server sent and that it can
use. Published are the list and its default, that 66 and 160 carry a server name or URL and 159 and
150 addresses, and what servers in the field put there. The rest is the reading below; where two are
defensible, `Interpretations` has both (I15).

* **66, 160**: text that is a host (``pbx.example``, ``192.0.2.1:8069``), a base URI without a path
  (``http://pbx.example``), or a whole profile rule (``http://pbx/prov/?mac=$MA``,
  ``[--key $A] https://pbx/$MA.cfg``). Host and base URI stand for the server that Profile_Rule
  leaves out.
* **159, 150**: one or more IPv4 addresses of four octets; dotted text, separated by commas, is read
  as well. The first usable address counts.
* **60, 43, 125** are not meant for this by their RFCs, so they count only if they carry text with a
  scheme; a bare word there (``PXEClient``) means something else. 43 may be that text or sub-options
  (RFC 2132 section 8.4) of which one is; 125 the same within the block of Cisco's enterprise number
  (RFC 3925 section 4), because other vendors' blocks are not for this phone.

Text may end in NUL octets (RFC 2132 section 2); other control characters and whatever is not ASCII
make it unusable. Content that cannot be used counts as absent, and the reason is kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address
from typing import NamedTuple

from hil.errors import SpecificationError
from hil.reference.interpretations import DEFAULT, Interpretations

DEFAULT_ORDER = "66,160,159,150,60,43,125"
"""The default of DHCP_Option_To_Use."""

CISCO_ENTERPRISE = 9
"""Cisco's private enterprise number (IANA), which marks its block of option 125."""

MAX_TEXT = 4096
"""Octets of text that an option may carry to be used; no limit is published."""

SCHEMES = ("tftp", "http", "https")

_PRINTABLE = re.compile(rb"[\x20-\x7e]+")
_URL = re.compile(r"(?:([A-Za-z][A-Za-z0-9+.-]*)://)?([^/?]*)([/?].*)?")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_NAME = re.compile(rf"(?:{_LABEL}\.)*{_LABEL}")
_CODE = re.compile(r"[0-9]{1,3}")


class SourceKind(StrEnum):
    """What an option's content stands for."""

    HOST = "host"
    BASE_URI = "base-uri"
    RULE = "rule"


class Skipped(NamedTuple):
    """An entry of DHCP_Option_To_Use that did not provision the phone although it was there."""

    entry: str
    reason: str


@dataclass(frozen=True, slots=True)
class ProvisioningSource:
    """Where a phone is told to find its profile.

    ``option`` is the DHCP code and ``text`` the content as text; of kind RULE, it is to be treated
    as a profile rule. ``scheme`` (lower case), ``host`` and ``port`` are as written, None where they
    are not, or where a rule leaves them to macros and alternatives. ``skipped`` has the entries of
    DHCP_Option_To_Use that came earlier and could not be used.
    """

    option: int
    kind: SourceKind
    text: str
    scheme: str | None = None
    host: str | None = None
    port: int | None = None
    skipped: tuple[Skipped, ...] = ()


def choose(
    options: Mapping[int, bytes],
    order: str = DEFAULT_ORDER,
    *,
    interpretations: Interpretations = DEFAULT,
) -> ProvisioningSource | None:
    """Return the first usable source in the order of DHCP_Option_To_Use, or None.

    ``options`` are the raw contents from the DHCP answer by code. No content and no order raise.
    """
    return survey(options, order, interpretations=interpretations)[0]


def survey(
    options: Mapping[int, bytes],
    order: str = DEFAULT_ORDER,
    *,
    interpretations: Interpretations = DEFAULT,
) -> tuple[ProvisioningSource | None, tuple[Skipped, ...]]:
    """Return what `choose` does, and each entry that was passed over with its reason."""
    codes, bad_entries = parse_order(order)
    skipped = list(bad_entries)
    for code in codes:
        if code not in options:
            continue
        try:
            source = _READERS[code](code, options[code], interpretations)
        except SpecificationError as error:
            skipped.append(Skipped(str(code), str(error)))
        else:
            return replace(source, skipped=tuple(skipped)), tuple(skipped)
    return None, tuple(skipped)


def parse_order(order: str) -> tuple[tuple[int, ...], tuple[Skipped, ...]]:
    """Return the codes that DHCP_Option_To_Use lists, and the entries that are none.

    The parameter's syntax is "DHCP options, delimited by commas". White space around a code is
    tolerated, a code listed again changes nothing, and an entry that is no number or names an option
    that carries no provisioning is passed over: one slip does not cut a phone off. Without any valid
    code, an empty value included, DHCP provisions nothing.
    """
    codes: dict[int, None] = {}
    skipped = []
    for entry in (part.strip() for part in order.split(",")):
        if not _CODE.fullmatch(entry):
            if entry:
                skipped.append(Skipped(entry[:40], "is no option code"))
        elif int(entry) not in _READERS:
            skipped.append(Skipped(entry, "is no option that provisions this phone"))
        else:
            codes[int(entry)] = None
    return tuple(codes), tuple(skipped)


def _read_server_name(
    code: int, content: bytes, interpretations: Interpretations
) -> ProvisioningSource:
    source = _classify(code, _text_of(content))
    if source.kind is not SourceKind.HOST and interpretations.dhcp_server_name == "host-only":
        raise SpecificationError(f"{source.text!r} is no bare host")
    return source


def _read_addresses(
    code: int, content: bytes, _interpretations: Interpretations
) -> ProvisioningSource:
    for address in _addresses_of(content):
        if not (address.is_unspecified or address.is_multicast or address.is_reserved):
            return ProvisioningSource(code, SourceKind.HOST, str(address), host=str(address))
    raise SpecificationError("no address in it is a host's")


def _addresses_of(content: bytes) -> list[IPv4Address]:
    # Text first: eight octets that spell 10.0.0.1 are hardly the addresses 49.48.46.48, 46.48.46.49.
    try:
        return [IPv4Address(part.strip()) for part in _text_of(content).split(",")]
    except (SpecificationError, AddressValueError):
        pass
    if b"://" in content:
        raise SpecificationError("holds a URL where addresses belong")
    if not content or len(content) % 4:
        raise SpecificationError(f"{len(content)} octets are no list of IPv4 addresses")
    return [IPv4Address(content[at : at + 4]) for at in range(0, len(content), 4)]


def _read_vendor(code: int, content: bytes, interpretations: Interpretations) -> ProvisioningSource:
    if interpretations.dhcp_vendor_content == "ignored":
        raise SpecificationError("is read as carrying no provisioning")
    for candidate in _vendor_texts(code, content):
        try:
            text = _text_of(candidate)
            if "://" in text:
                return _classify(code, text)
        except SpecificationError:
            # Binary data beside the text is what vendor options are for.
            continue
    raise SpecificationError("carries no text with a scheme")


def _vendor_texts(code: int, content: bytes) -> Iterator[bytes]:
    """Yield everything in a vendor option that may be the text, the whole content first."""
    yield content
    if code == 43:
        yield from _sub_options(content)
    if code == 125:
        for block in _cisco_blocks(content):
            yield block
            yield from _sub_options(block)


def _sub_options(content: bytes) -> Iterator[bytes]:
    """Yield the values of sub-options (code, length, value) up to the end or the first torn one."""
    at = 0
    while at < len(content) and content[at] != 255:
        if content[at] == 0:
            at += 1
            continue
        end = at + 2 + (content[at + 1] if at + 1 < len(content) else len(content))
        if end > len(content):
            return
        yield content[at + 2 : end]
        at = end


def _cisco_blocks(content: bytes) -> Iterator[bytes]:
    at = 0
    while at + 5 <= len(content):
        end = at + 5 + content[at + 4]
        if int.from_bytes(content[at : at + 4]) == CISCO_ENTERPRISE and end <= len(content):
            yield content[at + 5 : end]
        at = end


def _text_of(content: bytes) -> str:
    """Return an option's text without the NULs at its end and white space around it."""
    stripped = content.rstrip(b"\x00").strip(b" \t\r\n")
    if not stripped:
        raise SpecificationError("is empty")
    if len(stripped) > MAX_TEXT:
        raise SpecificationError(f"{len(stripped)} octets are more than {MAX_TEXT}")
    if not _PRINTABLE.fullmatch(stripped):
        raise SpecificationError("holds octets that are no printable ASCII")
    return stripped.decode("ascii")


def _classify(code: int, text: str) -> ProvisioningSource:
    """Tell host, base URI and rule apart; raise `SpecificationError` for what is none of them."""
    if text.startswith("#"):
        raise SpecificationError("is a comment, which makes an empty rule")
    if text.startswith(("(", "[")):
        if "/" not in text:
            raise SpecificationError(f"{text!r} is a rule without a URL")
        return ProvisioningSource(code, SourceKind.RULE, text)
    found = _URL.fullmatch(text)
    if found is None or " " in text:
        raise SpecificationError(f"{text!r} is neither a host nor a URL")
    scheme, server, path = found[1], found[2], found[3]
    if scheme is not None and scheme.lower() not in SCHEMES:
        raise SpecificationError(f"the scheme {scheme!r} is none of {', '.join(SCHEMES)}")
    if not server:
        raise SpecificationError(f"{text!r} names no server")
    scheme = scheme and scheme.lower()
    if "$" in server:
        return ProvisioningSource(code, SourceKind.RULE, text, scheme)
    host, port = _split_server(server)
    if path not in (None, "/"):
        kind = SourceKind.RULE
    else:
        kind = SourceKind.BASE_URI if scheme else SourceKind.HOST
    return ProvisioningSource(code, kind, text, scheme, host, port)


def _split_server(server: str) -> tuple[str, int | None]:
    host, colon, digits = server.partition(":")
    if colon and not (re.fullmatch(r"[0-9]{1,5}", digits) and 1 <= int(digits) <= 65535):
        raise SpecificationError(f"{digits[:40]!r} is no port")
    if not _is_host(host):
        raise SpecificationError(f"{host[:80]!r} is no host name or IPv4 address")
    return host, int(digits) if colon else None


def _is_host(host: str) -> bool:
    name = host.removesuffix(".")
    if len(name) > 253 or not _NAME.fullmatch(name):
        return False
    if not name.rpartition(".")[2].isdigit():
        return True
    # A name whose last label is a number is meant as an address (RFC 1123 section 2.1).
    try:
        address = IPv4Address(host)
    except AddressValueError:
        return False
    return not (address.is_unspecified or address.is_multicast or address.is_reserved)


_READERS: Mapping[int, Callable[[int, bytes, Interpretations], ProvisioningSource]] = {
    66: _read_server_name,
    160: _read_server_name,
    159: _read_addresses,
    150: _read_addresses,
    60: _read_vendor,
    43: _read_vendor,
    125: _read_vendor,
}
