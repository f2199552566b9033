"""TFTP packets: bytes to values and back (RFC 1350, options of RFC 2347).

Six kinds of packet, of which two ask. Strictness is where a wrong guess would serve the wrong
file: a request whose strings do not end, that names an option twice or a mode that does not exist
is refused. `Data` and `Ack` carry the 16 bit block number of the wire; that it wraps is the
business of the machines.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum

from hil.errors import LocalProtocolError, RemoteProtocolError

SERVER_PORT = 69
LARGEST_REQUEST = 512
"""Octets of a request, option names and values included (RFC 2347)."""
LARGEST_BLOCK = 65464
"""Octets of payload in a DATA packet (RFC 2348)."""

_WORDS = struct.Struct("!HH")
_CARRIAGE_RETURN = re.compile(rb"\r([\n\0])")


class Opcode(IntEnum):
    """The first two octets of a packet (RFC 1350 section 5, RFC 2347)."""

    RRQ = 1
    WRQ = 2
    DATA = 3
    ACK = 4
    ERROR = 5
    OACK = 6


class ErrorCode(IntEnum):
    """Codes of an ERROR packet (RFC 1350 appendix, RFC 2347)."""

    NOT_DEFINED = 0
    FILE_NOT_FOUND = 1
    ACCESS_VIOLATION = 2
    DISK_FULL = 3
    ILLEGAL_OPERATION = 4
    UNKNOWN_TRANSFER_ID = 5
    FILE_EXISTS = 6
    NO_SUCH_USER = 7
    OPTION_REFUSED = 8


class Mode(StrEnum):
    """How the octets of a file travel; ``mail`` is obsolete and not one of them."""

    OCTET = "octet"
    NETASCII = "netascii"


@dataclass(frozen=True, slots=True)
class Request:
    """RRQ, or WRQ if ``write``. ``options`` are in order, names in lower case, values as sent."""

    filename: str
    mode: Mode = Mode.OCTET
    options: tuple[tuple[str, str], ...] = ()
    write: bool = False


@dataclass(frozen=True, slots=True)
class Data:
    """A block: ``block`` from 0 to 65535, ``payload`` up to 65464 octets."""

    block: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """All blocks up to ``block`` have arrived."""

    block: int


@dataclass(frozen=True, slots=True)
class Error:
    """The end of a transfer; ``code`` is an `ErrorCode` or a number that nobody has defined."""

    code: int
    text: str


@dataclass(frozen=True, slots=True)
class OptionAck:
    """OACK: the options that the server has accepted, with its values."""

    options: tuple[tuple[str, str], ...]


Packet = Request | Data | Ack | Error | OptionAck


def decode(data: bytes) -> Packet:
    """Read one UDP payload; raises `RemoteProtocolError` if it is no TFTP packet."""
    if len(data) < 4:
        raise RemoteProtocolError(f"TFTP packet of {len(data)} octets")
    opcode, word = _WORDS.unpack_from(data)
    match opcode:
        case Opcode.DATA:
            if len(data) > 4 + LARGEST_BLOCK:
                raise RemoteProtocolError(f"block of {len(data) - 4} octets")
            return Data(word, data[4:])
        case Opcode.ACK:
            if len(data) != 4:
                raise RemoteProtocolError(f"ACK of {len(data)} octets")
            return Ack(word)
        case Opcode.RRQ | Opcode.WRQ:
            return _decode_request(data, write=opcode == Opcode.WRQ)
        case Opcode.ERROR:
            return Error(word, data[4:].partition(b"\0")[0].decode(errors="replace"))
        case Opcode.OACK:
            return OptionAck(_pairs(_strings(data)))
    raise RemoteProtocolError(f"TFTP opcode {opcode}")


def encode(packet: Packet) -> bytes:
    """Write one UDP payload; raises `LocalProtocolError` for what cannot be written."""
    try:
        match packet:
            case Data(block, payload):
                if len(payload) > LARGEST_BLOCK:
                    raise LocalProtocolError(f"block of {len(payload)} octets")
                return _WORDS.pack(Opcode.DATA, block) + payload
            case Ack(block):
                return _WORDS.pack(Opcode.ACK, block)
            case Error(code, text):
                return _WORDS.pack(Opcode.ERROR, code) + _terminated(text)
            case Request(filename, mode, options, write):
                opcode = Opcode.WRQ if write else Opcode.RRQ
                if not filename:
                    raise LocalProtocolError("a request without a file name")
                return _encode_strings(opcode, (filename, mode), options)
            case OptionAck(options):
                return _encode_strings(Opcode.OACK, (), options)
    except struct.error as error:
        raise LocalProtocolError(f"a block number or error code out of range: {error}") from error


def option(options: tuple[tuple[str, str], ...], name: str) -> str | None:
    """Give an option's value; None if it is absent."""
    found: Mapping[str, str] = dict(options)
    return found.get(name)


def to_netascii(data: bytes) -> bytes:
    """Translate line ends for the wire: LF becomes CR LF, CR becomes CR NUL (RFC 764)."""
    return data.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


def from_netascii(data: bytes) -> bytes:
    """Undo `to_netascii`; a CR before anything else stays."""
    return _CARRIAGE_RETURN.sub(lambda match: b"\n" if match[1] == b"\n" else b"\r", data)


def _decode_request(data: bytes, *, write: bool) -> Request:
    strings = _strings(data)
    if len(strings) < 2:
        raise RemoteProtocolError("a request without a mode")
    name, mode = strings[:2]
    if not name:
        raise RemoteProtocolError("a request without a file name")
    try:
        return Request(
            name.decode(), Mode(mode.decode("ascii").lower()), _pairs(strings[2:]), write
        )
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"a request in no known character set: {error.reason}") from error
    except ValueError as error:
        raise RemoteProtocolError(f"unknown transfer mode {mode!r}") from error


def _strings(data: bytes) -> list[bytes]:
    """Split what follows the opcode at its NULs."""
    if len(data) > LARGEST_REQUEST:
        raise RemoteProtocolError(
            f"request or OACK of {len(data)} octets, {LARGEST_REQUEST} is most"
        )
    if data[-1]:
        raise RemoteProtocolError("the last string of the packet has no NUL")
    return data[2:-1].split(b"\0")


def _pairs(strings: list[bytes]) -> tuple[tuple[str, str], ...]:
    """Read option names and values."""
    if len(strings) % 2:
        raise RemoteProtocolError("an option without a value")
    try:
        texts = [string.decode("ascii") for string in strings]
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(f"an option is not ASCII: {error.reason}") from error
    names = [name.lower() for name in texts[::2]]
    if "" in names or len(set(names)) < len(names):
        raise RemoteProtocolError("an option without a name, or one that is named twice")
    return tuple(zip(names, texts[1::2], strict=True))


def _encode_strings(
    opcode: Opcode, first: tuple[str, ...], options: tuple[tuple[str, str], ...]
) -> bytes:
    strings = [*first, *(text for pair in options for text in pair)]
    data = opcode.to_bytes(2, "big") + b"".join(map(_terminated, strings))
    if len(data) > LARGEST_REQUEST:
        raise LocalProtocolError(
            f"request or OACK of {len(data)} octets, {LARGEST_REQUEST} is most"
        )
    return data


def _terminated(text: str) -> bytes:
    try:
        data = text.encode()
    except UnicodeEncodeError as error:
        raise LocalProtocolError(f"text is not Unicode: {error.reason}") from error
    if b"\0" in data:
        raise LocalProtocolError("a string with a NUL in it")
    return data + b"\0"
