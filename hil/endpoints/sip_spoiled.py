"""SIP responses that cannot be read, each in a way of its own."""

from __future__ import annotations

import re

from hil.endpoints.sip_faults import MalformedSip
from hil.wire.sip_codec import encode
from hil.wire.sip_message import Response, without_header

_NOISE = bytes(range(256))
_LENGTH = re.compile(rb"Content-Length: [0-9]+")


def spoiled(response: Response, fault: MalformedSip) -> bytes:
    """The octets of a response after ``fault``."""
    data = encode(response)
    start, _, rest = data.partition(b"\r\n")
    match fault.kind:
        case "status-line":
            return b"SIP/2.0 two hundred\r\n" + rest
        case "header":
            return start + b"\r\nthis is no header field\r\n" + rest
        case "cseq":
            return encode(without_header(response, "CSeq"))
        case "length":
            return _LENGTH.sub(b"Content-Length: 9999", data)
    return _NOISE
