"""The internal error codes: how the phone numbers what no SIP response says.

"The phone defines a number of internal error codes (X00-X99) to facilitate configuration in providing
finer control over the behavior of the unit under certain error conditions" (Internal Error Codes). A
parameter that lists response codes may name them (`hil.reference.response_templates`).
"""

from __future__ import annotations

from enum import Enum, StrEnum


class ErrorCode(StrEnum):
    """Every code of the table."""

    TRANSPORT = "X00"
    """"Transport layer (or ICMP) error when sending a SIP request.\""""
    TIMEOUT = "X20"
    """"SIP request times out while waiting for a response.\""""
    PROTOCOL = "X40"
    """"General SIP protocol error (for example, unacceptable codec in SDP in 200 and ACK messages,
    or times out while waiting for ACK).\""""
    DIAL_PLAN = "X60"
    """"Dialed number invalid according to given dial plan.\""""


class Trouble(Enum):
    """What can befall a SIP request or a call apart from a final response that refuses it."""

    PORT_UNREACHABLE = "ICMP port unreachable"
    HOST_UNREACHABLE = "ICMP host or network unreachable"
    REFUSED = "TCP connection refused"
    RESET = "TCP connection reset"
    NO_ADDRESS = "the server's name has no address"
    TLS_FAILED = "no agreement on TLS"
    NO_RESPONSE = "no final response before timer B or F"
    UNACCEPTABLE_ANSWER = "no acceptable codec in the answer of a 200 or an ACK"
    NO_ACK = "no ACK for a 200 before timer H"
    NOT_IN_DIAL_PLAN = "the number matches no sequence of the dial plan"


_CODES = {
    Trouble.PORT_UNREACHABLE: ErrorCode.TRANSPORT,
    Trouble.HOST_UNREACHABLE: ErrorCode.TRANSPORT,
    Trouble.REFUSED: ErrorCode.TRANSPORT,
    Trouble.RESET: ErrorCode.TRANSPORT,
    Trouble.NO_ADDRESS: ErrorCode.TRANSPORT,
    Trouble.TLS_FAILED: ErrorCode.TRANSPORT,
    Trouble.NO_RESPONSE: ErrorCode.TIMEOUT,
    Trouble.UNACCEPTABLE_ANSWER: ErrorCode.PROTOCOL,
    Trouble.NO_ACK: ErrorCode.PROTOCOL,
    Trouble.NOT_IN_DIAL_PLAN: ErrorCode.DIAL_PLAN,
}


def code_of(trouble: Trouble) -> str:
    """Return the internal code of ``trouble``: ``X00``, ``X20``, ``X40`` or ``X60``.

    The table names ICMP errors, the time-out, both examples of X40 and the dial plan. What it does
    not name is put where its words lead: a connection that cannot be had belongs to the transport
    layer. That a name without address and a TLS handshake that fails do so, too, is our reading (the
    question ``unlisted_transport_code``), on which no verdict rests. A response that breaks the
    protocol is discarded (RFC 3261 section 18.1.2), so that its request times out.
    """
    return _CODES[trouble].value
