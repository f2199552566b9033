"""The client of RFC 2217: Telnet with control of a COM port, as bytes in and bytes out.

A terminal server is asked to take our side as binary (RFC 856), to suppress go-ahead (RFC 858) and to
do COM port control; once it agrees it is told the bit rate and the format of characters. `Telnet` opens
no socket and reads no clock. What arrives may be anything: the only error is
`RemoteProtocolError`, and no input makes it hold more than one short subnegotiation.
"""

from __future__ import annotations

import struct
from enum import Enum

from hil.errors import RemoteProtocolError

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, ECHO, SUPPRESS_GO_AHEAD, COM_PORT = 0, 1, 3, 44
SET_BAUDRATE, SET_DATASIZE, SET_PARITY, SET_STOPSIZE, SET_CONTROL = 1, 2, 3, 4, 5
SERVER = 100
"""What a server adds to the code of a command that it answers (RFC 2217, section 3)."""

_LONGEST_SUBNEGOTIATION = 256
_OURS = {BINARY, SUPPRESS_GO_AHEAD, COM_PORT}
_THEIRS = {BINARY, SUPPRESS_GO_AHEAD, ECHO, COM_PORT}
_NO_PARITY, _ONE_STOP_BIT, _NO_FLOW_CONTROL = 1, 1, 1


class _State(Enum):
    DATA = "data"
    COMMAND = "after IAC"
    OPTION = "after WILL, WONT, DO or DONT"
    SUB = "within SB"
    SUB_COMMAND = "after IAC within SB"


class Telnet:
    """The client's side of one connection to a terminal server, whose line shall have ``baud``."""

    def __init__(self, baud: int) -> None:
        self._baud = baud
        self._state = _State.DATA
        self._verb = 0
        self._sub = bytearray()
        self._ours: set[int] = set()
        self._theirs: set[int] = set()
        self._reply = bytearray()
        self.ready = False
        """The server has set the line to our bit rate."""

    def begin(self) -> bytes:
        """What the client says first."""
        wanted = ((WILL, _OURS), (DO, {BINARY, SUPPRESS_GO_AHEAD}))
        return b"".join(
            bytes([IAC, verb, option]) for verb, options in wanted for option in sorted(options)
        )

    def receive(self, data: bytes) -> tuple[bytes, bytes]:
        """The octets of the line in what arrived, and what has to be answered."""
        line = bytearray()
        at = 0
        while at < len(data):
            if self._state is _State.DATA:
                # Whole stretches at once: nearly all that arrives is the line's.
                end = data.find(IAC, at)
                line += data[at : end if end >= 0 else len(data)]
                at = end if end >= 0 else len(data)
                if end < 0:
                    break
                self._state = _State.COMMAND
            else:
                line += self._step(data[at])
            at += 1
        answer = bytes(self._reply)
        self._reply.clear()
        return bytes(line), answer

    def encode(self, data: bytes) -> bytes:
        """Octets for the line, as they go over the connection."""
        return data.replace(b"\xff", b"\xff\xff")

    # -- inside ------------------------------------------------------------------------------------

    def _step(self, octet: int) -> bytes:
        if self._state is _State.COMMAND:
            self._state = _State.DATA
            if octet == IAC:
                return b"\xff"
            if octet in (WILL, WONT, DO, DONT):
                self._verb = octet
                self._state = _State.OPTION
            elif octet == SB:
                self._sub.clear()
                self._state = _State.SUB
        elif self._state is _State.OPTION:
            self._state = _State.DATA
            self._negotiated(self._verb, octet)
        elif self._state is _State.SUB:
            if octet == IAC:
                self._state = _State.SUB_COMMAND
            else:
                self._collect(octet)
        elif octet == IAC:
            self._state = _State.SUB
            self._collect(octet)
        else:
            self._state = _State.DATA
            if octet == SE:
                self._answered(bytes(self._sub))
        return b""

    def _collect(self, octet: int) -> None:
        if len(self._sub) >= _LONGEST_SUBNEGOTIATION:
            raise RemoteProtocolError("a Telnet subnegotiation has no end")
        self._sub.append(octet)

    def _negotiated(self, verb: int, option: int) -> None:
        """Answer as RFC 854 says: only what changes something, and no to what is unknown."""
        if verb == WILL:
            if option not in _THEIRS:
                self._say(DONT, option)
            elif option not in self._theirs:
                self._theirs.add(option)
                # What was asked for in `begin` is agreed now; the rest is accepted.
                if option not in (BINARY, SUPPRESS_GO_AHEAD):
                    self._say(DO, option)
        elif verb == DO:
            if option not in _OURS:
                self._say(WONT, option)
            elif option not in self._ours:
                self._ours.add(option)
                if option == COM_PORT:
                    self._set_line()
        elif verb == WONT:
            self._theirs.discard(option)
        elif option == COM_PORT:
            raise RemoteProtocolError("the server does not do COM port control (RFC 2217)")
        else:
            self._ours.discard(option)

    def _set_line(self) -> None:
        for code, value in (
            (SET_BAUDRATE, struct.pack("!I", self._baud)),
            (SET_DATASIZE, bytes([8])),
            (SET_PARITY, bytes([_NO_PARITY])),
            (SET_STOPSIZE, bytes([_ONE_STOP_BIT])),
            (SET_CONTROL, bytes([_NO_FLOW_CONTROL])),
        ):
            body = bytes([COM_PORT, code]) + value.replace(b"\xff", b"\xff\xff")
            self._reply += bytes([IAC, SB]) + body + bytes([IAC, SE])

    def _answered(self, sub: bytes) -> None:
        """Notice that the server set the bit rate; all else that it tells is nothing to a console."""
        if sub[:2] != bytes([COM_PORT, SERVER + SET_BAUDRATE]):
            return
        if len(sub) != 6:
            raise RemoteProtocolError("the server's answer about the bit rate is no number")
        (baud,) = struct.unpack("!I", sub[2:])
        if baud != self._baud:
            raise RemoteProtocolError(f"the server has {baud} baud, not {self._baud}")
        self.ready = True

    def _say(self, verb: int, option: int) -> None:
        self._reply += bytes([IAC, verb, option])
