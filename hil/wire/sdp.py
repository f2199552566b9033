"""Session descriptions as far as an audio call needs them (RFC 4566, offer and answer of RFC 3264).

A description is its session's connection address and its media. Of each medium the port, the payload
types in order of preference with their ``rtpmap``, and the direction are read; every other line is
passed over. An answer takes from an offer what both sides can decode. Where that is nothing, there
is no answer, which in SIP is a 488, and an ACK and a BYE where the offer stood in a 200.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import AddressValueError, IPv4Address

from hil.errors import LocalProtocolError, RemoteProtocolError

CONTENT_TYPE = "application/sdp"
LARGEST_DESCRIPTION = 16384
"""Octets that are read."""
_RTPMAP = re.compile(r"([0-9]{1,3}) ([A-Za-z0-9\-_.]+)/([0-9]{1,7})(?:/[0-9]+)?")
_MEDIA = re.compile(r"(\S+) ([0-9]{1,5})(?:/[0-9]+)? (\S+)((?: \S+)+)")
_CONNECTION = re.compile(r"IN (IP[46]) (\S+)")


class Direction(StrEnum):
    """Who sends (RFC 4566 section 6)."""

    SENDRECV = "sendrecv"
    SENDONLY = "sendonly"
    RECVONLY = "recvonly"
    INACTIVE = "inactive"


_REVERSE = {Direction.SENDONLY: Direction.RECVONLY, Direction.RECVONLY: Direction.SENDONLY}


@dataclass(frozen=True, slots=True)
class Codec:
    """An RTP payload type: number (0 to 127), encoding name and clock rate in Hz."""

    payload: int
    name: str
    rate: int = 8000

    def same_as(self, other: Codec) -> bool:
        """Whether both name one encoding, whatever its number."""
        return self.name.lower() == other.name.lower() and self.rate == other.rate


PCMU = Codec(0, "PCMU")
PCMA = Codec(8, "PCMA")
G722 = Codec(9, "G722")
G729 = Codec(18, "G729")
TELEPHONE_EVENT = Codec(101, "telephone-event")
STATIC = (
    PCMU,
    Codec(3, "GSM"),
    Codec(4, "G723"),
    PCMA,
    G722,
    Codec(15, "G728"),
    G729,
)
"""Payload types that need no rtpmap (RFC 3551 table 4)."""


@dataclass(frozen=True, slots=True)
class Media:
    """One medium. ``port`` 0 refuses it; ``codecs`` are those whose encoding is known.

    ``formats`` are the payload types as they stand in the m line; ``address`` is the medium's own
    connection address, or None for the session's.
    """

    kind: str
    port: int
    codecs: tuple[Codec, ...] = ()
    direction: Direction = Direction.SENDRECV
    profile: str = "RTP/AVP"
    address: str | None = None
    formats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Description:
    """A session description. ``address`` is the session's connection address, if it has one."""

    address: str | None
    media: tuple[Media, ...]
    session_id: int = 0
    version: int = 0

    @property
    def audio(self) -> Media | None:
        """The first audio that is not refused and goes by RTP/AVP."""
        return next(
            (
                medium
                for medium in self.media
                if medium.kind == "audio" and medium.port and medium.profile == "RTP/AVP"
            ),
            None,
        )


def offer(
    address: IPv4Address,
    port: int,
    codecs: Sequence[Codec],
    *,
    session_id: int = 1,
    version: int = 1,
    direction: Direction = Direction.SENDRECV,
) -> Description:
    """Offer one audio medium; ``port`` receives RTP."""
    if not codecs or not 0 < port < 1 << 16:
        raise LocalProtocolError(f"an offer of {len(codecs)} codecs on port {port}")
    media = Media("audio", port, tuple(codecs), direction)
    return Description(str(address), (media,), session_id, version)


def answer(
    offered: Description,
    address: IPv4Address,
    port: int,
    codecs: Sequence[Codec],
    *,
    session_id: int = 1,
    version: int = 1,
) -> Description | None:
    """Answer an offer (RFC 3264 section 6); None if no codec is common.

    The codecs keep the order and the numbers of the offer. Media but the first usable audio are
    refused by port 0. A codec that carries no speech (``telephone-event``) is none to agree on.
    """
    chosen = offered.audio
    if chosen is None:
        return None
    common = tuple(c for c in chosen.codecs if any(c.same_as(ours) for ours in codecs))
    if not any(codec.name.lower() != TELEPHONE_EVENT.name for codec in common):
        return None
    media: list[Media] = []
    for medium in offered.media:
        if medium is chosen:
            direction = _REVERSE.get(medium.direction, medium.direction)
            media.append(Media("audio", port, common, direction))
        else:
            media.append(Media(medium.kind, 0, (), profile=medium.profile, formats=medium.formats))
    return Description(str(address), tuple(media), session_id, version)


def agreed(offered: Description, answered: Description) -> tuple[Codec, ...]:
    """The codecs that an answer takes from our offer; empty if it cannot be a call.

    A codec that was not offered is none to be taken (RFC 3264 section 6.1).
    """
    ours, theirs = offered.audio, answered.audio
    if ours is None or theirs is None:
        return ()
    common = tuple(c for c in theirs.codecs if any(c.same_as(known) for known in ours.codecs))
    return common if any(c.name.lower() != TELEPHONE_EVENT.name for c in common) else ()


def decode(data: bytes) -> Description:
    """Read a description; `RemoteProtocolError` for what is none."""
    if len(data) > LARGEST_DESCRIPTION:
        raise RemoteProtocolError(f"a session description of {len(data)} octets")
    try:
        lines = data.decode().replace("\r\n", "\n").rstrip("\n").split("\n")
    except UnicodeDecodeError as error:
        raise RemoteProtocolError("a session description that is not UTF-8") from error
    if lines[0] != "v=0":
        raise RemoteProtocolError(f"no session description of version 0: {lines[0][:24]!r}")
    sections: list[list[tuple[str, str]]] = [[]]
    for line in lines:
        kind, equals, value = line.partition("=")
        if len(kind) != 1 or not equals:
            raise RemoteProtocolError(f"no line of a session description: {line[:40]!r}")
        if kind == "m":
            sections.append([])
        sections[-1].append((kind, value))
    session, *media = sections
    origin = dict(session).get("o", "").split()
    if len(origin) != 6 or not all(re.fullmatch("[0-9]{1,20}", part) for part in origin[1:3]):
        raise RemoteProtocolError("no origin in a session description")
    direction = _direction(session, Direction.SENDRECV)
    description = Description(
        _address(session),
        tuple(_media(section, direction) for section in media),
        int(origin[1]),
        int(origin[2]),
    )
    if any(m.port and not (m.address or description.address) for m in description.media):
        raise RemoteProtocolError("a medium without a connection address")
    return description


def encode(description: Description) -> bytes:
    """Write a description; `LocalProtocolError` where its address is none."""
    try:
        address = str(IPv4Address(description.address or ""))
    except AddressValueError as error:
        raise LocalProtocolError(f"no IPv4 address: {description.address!r}") from error
    lines = [
        "v=0",
        f"o=- {description.session_id} {description.version} IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
    ]
    for medium in description.media:
        formats = tuple(str(codec.payload) for codec in medium.codecs) or medium.formats or ("0",)
        lines.append(f"m={medium.kind} {medium.port} {medium.profile} {' '.join(formats)}")
        if medium.address is not None:
            lines.append(f"c=IN IP4 {medium.address}")
        for codec in medium.codecs:
            lines.append(f"a=rtpmap:{codec.payload} {codec.name}/{codec.rate}")
            if codec.name.lower() == TELEPHONE_EVENT.name:
                lines.append(f"a=fmtp:{codec.payload} 0-15")
        if medium.port:
            lines.append(f"a={medium.direction}")
    return ("\r\n".join(lines) + "\r\n").encode()


def _media(section: list[tuple[str, str]], direction: Direction) -> Media:
    match = _MEDIA.fullmatch(section[0][1])
    if match is None or int(match[2]) >= 1 << 16:
        raise RemoteProtocolError(f"no medium: {section[0][1][:40]!r}")
    formats = tuple(match[4].split())
    known = {codec.payload: codec for codec in STATIC}
    for kind, value in section:
        if kind == "a" and value.startswith("rtpmap:"):
            mapped = _RTPMAP.fullmatch(value.removeprefix("rtpmap:"))
            if mapped is None or int(mapped[1]) > 127:
                raise RemoteProtocolError(f"no rtpmap: {value[:40]!r}")
            known[int(mapped[1])] = Codec(int(mapped[1]), mapped[2], int(mapped[3]))
    numbers = [int(text) for text in formats if re.fullmatch("[0-9]{1,3}", text)]
    return Media(
        kind=match[1],
        port=int(match[2]),
        codecs=tuple(known[number] for number in numbers if number in known),
        direction=_direction(section, direction),
        profile=match[3],
        address=_address(section),
        formats=formats,
    )


def _direction(section: list[tuple[str, str]], default: Direction) -> Direction:
    attributes = {value for kind, value in section if kind == "a"}
    return next((known for known in Direction if known.value in attributes), default)


def _address(section: list[tuple[str, str]]) -> str | None:
    value = next((value for kind, value in section if kind == "c"), None)
    if value is None:
        return None
    match = _CONNECTION.fullmatch(value)
    if match is None:
        raise RemoteProtocolError(f"no connection address: {value[:40]!r}")
    return match[2]
