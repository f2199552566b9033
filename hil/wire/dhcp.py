"""The DHCPv4 message: bytes to `Message` and back (RFC 2131 section 2, RFC 2132, RFC 3396).

A message is a fixed header and a list of options, each a code and raw bytes. Nothing is lost in
between: unknown options, repeated options and their order survive. What an option's bytes mean is
the business of `hil.wire.dhcp_options`; here only three options matter, because they are framing:
pad (0), end (255) and overload (52), which lets options continue in the header's ``file`` and
``sname`` fields. Overload is undone by `decode` and applied by `encode` where space demands it or
the caller does, so it never appears in `Message.options`.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import IntEnum
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError, RemoteProtocolError

SERVER_PORT = 67
CLIENT_PORT = 68
MAGIC_COOKIE = b"\x63\x82\x53\x63"
"""Opens the options field (RFC 2131 section 3)."""
BROADCAST_FLAG = 0x8000
"""The one bit of ``flags`` that is defined: the client asks for broadcast replies."""
MINIMUM_SIZE = 300
"""Octets of the shortest message sent: BOOTP relays may drop less (RFC 1542 section 2.1)."""
DEFAULT_LIMIT = 548
"""Octets that every client accepts: a 576 octet datagram without its IP and UDP headers."""
LARGEST_DATAGRAM = 65507
"""Octets that fit in one UDP datagram over IPv4."""
UNSPECIFIED = IPv4Address(0)
LIMITED_BROADCAST = IPv4Address(0xFFFFFFFF)

_HEADER = struct.Struct("!4BI2H4I16s64s128s4s")
_PAD, _OVERLOAD, _MESSAGE_TYPE, _END = 0, 52, 53, 255
_FILE_OVERLOADED, _SNAME_OVERLOADED = 1, 2


class Op(IntEnum):
    """The ``op`` field: who is speaking."""

    BOOTREQUEST = 1
    BOOTREPLY = 2


class MessageType(IntEnum):
    """Values of option 53 (IANA "DHCP Message Type 53 Values")."""

    DISCOVER = 1
    OFFER = 2
    REQUEST = 3
    DECLINE = 4
    ACK = 5
    NAK = 6
    RELEASE = 7
    INFORM = 8
    FORCERENEW = 9
    LEASEQUERY = 10
    LEASEUNASSIGNED = 11
    LEASEUNKNOWN = 12
    LEASEACTIVE = 13
    BULKLEASEQUERY = 14
    LEASEQUERYDONE = 15
    ACTIVELEASEQUERY = 16
    LEASEQUERYSTATUS = 17
    TLS = 18


_KINDS = {bytes((kind,)): kind for kind in MessageType}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One DHCP or BOOTP message (RFC 2131 section 2, figure 1).

    ``chaddr`` has ``hlen`` octets, at most 16. ``sname`` (at most 64 octets) and ``file`` (at most
    128) are without their NUL padding, and empty where the field carried options. ``secs`` is in
    seconds. ``options`` are (code, value) in the order of the wire, without pad, end and overload;
    a code may stand in it more than once.
    """

    op: int
    xid: int
    chaddr: bytes
    htype: int = 1
    hlen: int = 6
    hops: int = 0
    secs: int = 0
    flags: int = 0
    ciaddr: IPv4Address = UNSPECIFIED
    yiaddr: IPv4Address = UNSPECIFIED
    siaddr: IPv4Address = UNSPECIFIED
    giaddr: IPv4Address = UNSPECIFIED
    sname: bytes = b""
    file: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()

    def option(self, code: int) -> bytes | None:
        """Give an option's value, its repetitions joined (RFC 3396); None if absent."""
        found: bytes | None = None
        for present, value in self.options:
            if present == code:
                found = value if found is None else found + value
        return found

    @property
    def kind(self) -> MessageType | None:
        """Option 53; None for BOOTP and for a value that nobody has defined."""
        value = self.option(_MESSAGE_TYPE)
        return None if value is None else _KINDS.get(value)

    @property
    def mac(self) -> str:
        """The hardware address as text, ``00:0e:08:aa:bb:cc``."""
        return self.chaddr.hex(":")

    @property
    def broadcast(self) -> bool:
        """Whether the client asked for broadcast replies (RFC 2131 section 4.1)."""
        return bool(self.flags & BROADCAST_FLAG)


def decode(data: bytes) -> Message:
    """Read one UDP payload.

    A message whose cookie is four zeros is plain BOOTP (RFC 951) and has no options. Anything after
    the end option is ignored. Raises `RemoteProtocolError`, whose text says where the bytes go
    wrong, if they are no DHCP message.
    """
    if len(data) < _HEADER.size:
        raise RemoteProtocolError(
            f"DHCP message of {len(data)} octets, the header has {_HEADER.size}"
        )
    # fmt: off
    (op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr,
     chaddr, sname, file, cookie) = _HEADER.unpack_from(data)
    # fmt: on
    if op not in (1, 2):
        raise RemoteProtocolError(f"op is {op}, neither BOOTREQUEST (1) nor BOOTREPLY (2)")
    if hlen > 16:
        raise RemoteProtocolError(f"hlen is {hlen}, chaddr has 16 octets")
    options: list[tuple[int, bytes]] = []
    if cookie == MAGIC_COOKIE:
        overload = _scan(data, _HEADER.size, "options", options)
        if overload & _FILE_OVERLOADED:
            _scan_overloaded(file, "file", options)
            file = b""
        if overload & _SNAME_OVERLOADED:
            _scan_overloaded(sname, "sname", options)
            sname = b""
        _check_message_type(options)
    elif cookie != b"\0\0\0\0":
        raise RemoteProtocolError(f"magic cookie is {cookie.hex()}, not {MAGIC_COOKIE.hex()}")
    return Message(
        op=op,
        xid=xid,
        chaddr=chaddr[:hlen],
        htype=htype,
        hlen=hlen,
        hops=hops,
        secs=secs,
        flags=flags,
        ciaddr=IPv4Address(ciaddr) if ciaddr else UNSPECIFIED,
        yiaddr=IPv4Address(yiaddr) if yiaddr else UNSPECIFIED,
        siaddr=IPv4Address(siaddr) if siaddr else UNSPECIFIED,
        giaddr=IPv4Address(giaddr) if giaddr else UNSPECIFIED,
        sname=sname.rstrip(b"\0"),
        file=file.rstrip(b"\0"),
        options=tuple(options),
    )


def encode(
    message: Message,
    limit: int = LARGEST_DATAGRAM,
    *,
    in_file: Collection[int] = (),
    in_sname: Collection[int] = (),
) -> bytes:
    """Write one UDP payload of at most ``limit`` octets, padded to `MINIMUM_SIZE`.

    A value longer than 255 octets is split into consecutive options of the same code (RFC 3396).
    Options of the codes ``in_file`` and ``in_sname`` go into these fields. Where the others do not
    fit in ``limit``, the rest goes there as well, ``file`` first, if the fields are empty (RFC 2132
    section 9.3).

    Raises `LocalProtocolError` if a field is out of its range, an option's code is pad, end or
    overload, or the message does not fit.
    """
    pieces = _pieces(message.options)
    file, sname = message.file, message.sname
    if len(message.chaddr) != message.hlen or message.hlen > 16:
        raise LocalProtocolError(
            f"chaddr of {len(message.chaddr)} octets with hlen {message.hlen}; at most 16"
        )
    if len(sname) > 64 or len(file) > 128:
        raise LocalProtocolError(f"sname of {len(sname)} (64) or file of {len(file)} octets (128)")
    room = limit - _HEADER.size - 1
    elsewhere = {**dict.fromkeys(in_file, 1), **dict.fromkeys(in_sname, 2)}
    if sum(map(len, pieces)) > room or any(piece[0] in elsewhere for piece in pieces):
        pieces, file, sname = _overload(pieces, room, file, sname, elsewhere)
    try:
        # fmt: off
        header = _HEADER.pack(
            message.op, message.htype, message.hlen, message.hops, message.xid, message.secs,
            message.flags, int(message.ciaddr), int(message.yiaddr), int(message.siaddr),
            int(message.giaddr), message.chaddr, sname, file, MAGIC_COOKIE,
        )
        # fmt: on
    except struct.error as error:
        raise LocalProtocolError(f"a header field is out of its range: {error}") from error
    return b"".join((header, *pieces, b"\xff")).ljust(MINIMUM_SIZE, b"\0")


def _scan(field: bytes, at: int, where: str, found: list[tuple[int, bytes]]) -> int:
    """Append the options of ``field`` from ``at`` to ``found``; return the value of overload."""
    end = len(field)
    overload = 0
    while at < end:
        code = field[at]
        if code == _PAD:
            at += 1
            continue
        if code == _END:
            return overload
        value_at = at + 2
        if value_at > end or (stop := value_at + field[at + 1]) > end:
            raise RemoteProtocolError(f"option {code} runs past the end of the {where} field")
        value = field[value_at:stop]
        if code == _OVERLOAD:
            if len(value) != 1 or not 1 <= value[0] <= 3 or overload:
                raise RemoteProtocolError(f"overload is {value.hex() or 'empty'} in {where}")
            overload = value[0]
        else:
            found.append((code, value))
        at = stop
    raise RemoteProtocolError(f"no end option in the {where} field")


def _scan_overloaded(field: bytes, where: str, found: list[tuple[int, bytes]]) -> None:
    if _scan(field, 0, where, found):
        raise RemoteProtocolError(f"overload inside the overloaded {where} field")


def _check_message_type(options: list[tuple[int, bytes]]) -> None:
    for code, value in options:
        if code == _MESSAGE_TYPE and value not in _KINDS:
            raise RemoteProtocolError(f"message type is {value.hex() or 'empty'}")


def _pieces(options: tuple[tuple[int, bytes], ...]) -> list[bytes]:
    """Frame each option, in pieces of at most 255 octets of value."""
    pieces: list[bytes] = []
    for code, value in options:
        if not _PAD < code < _END or code == _OVERLOAD:
            raise LocalProtocolError(f"option {code} is no option that a message may carry")
        size = len(value)
        if size <= 255:
            pieces.append(bytes((code, size)) + value)
            continue
        if size > LARGEST_DATAGRAM:
            raise LocalProtocolError(f"option {code} of {size} octets fits in no datagram")
        for start in range(0, size, 255):
            part = value[start : start + 255]
            pieces.append(bytes((code, len(part))) + part)
    return pieces


def _overload(
    pieces: list[bytes], room: int, file: bytes, sname: bytes, elsewhere: Mapping[int, int]
) -> tuple[list[bytes], bytes, bytes]:
    """Spread ``pieces`` over the options field of ``room`` octets, ``file`` (1) and ``sname`` (2).

    Codes that are ``elsewhere`` go to the field of that number. The other pieces keep their order,
    because a split value is joined in the order options, file, sname (RFC 3396): a field that one
    piece has overflown is not used for a later, smaller one.
    """
    rooms = [room - 3, 0 if file else 128 - 1, 0 if sname else 64 - 1]
    fields: list[list[bytes]] = [[], [], []]
    for piece in pieces:
        field = elsewhere.get(piece[0])
        if field is not None:
            if len(piece) > rooms[field]:
                where = ("options", "file", "sname")[field]
                raise LocalProtocolError(f"option {piece[0]} does not fit in the {where} field")
            fields[field].append(piece)
            rooms[field] -= len(piece)
    into = 0
    for piece in pieces:
        if piece[0] in elsewhere:
            continue
        while into < 3 and len(piece) > rooms[into]:
            into += 1
        if into == 3:
            total = sum(map(len, pieces))
            raise LocalProtocolError(f"options of {total} octets do not fit in the message")
        fields[into].append(piece)
        rooms[into] -= len(piece)
    value = bool(fields[1]) * _FILE_OVERLOADED | bool(fields[2]) * _SNAME_OVERLOADED
    main = [bytes((_OVERLOAD, 1, value)), *fields[0]]
    file = b"".join(fields[1]) + b"\xff" if fields[1] else file
    sname = b"".join(fields[2]) + b"\xff" if fields[2] else sname
    return main, file, sname
