"""Misbehaviour of a SIP server as plain data, beside the general kinds of `hil.endpoints.faults`.

They are planned by method: that of the handset's request, or ``ACK`` for the ACK that the bench owes
for the handset's 200. `Silence`, `Delay` and `Reset` of the general kinds apply as well.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.errors import UsageError


@dataclass(frozen=True)
class SipStatus:
    """Answer the request with this final status (RFC 3261 section 21).

    ``reason`` empty is the standard's phrase; ``headers`` are added, such as
    ``(("Retry-After", "20"),)``.
    """

    status: int
    reason: str = ""
    headers: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not 200 <= self.status <= 699:
            raise UsageError(f"{self!r}: a final status is 200 to 699")


MALFORMATIONS = ("status-line", "header", "cseq", "length", "noise")
"""What `MalformedSip` can do: a status of words, a line that is no header field, no CSeq, a
Content-Length beyond the end, octets that are no SIP at all."""


@dataclass(frozen=True)
class MalformedSip:
    """Answer the request with something that cannot be read, one of `MALFORMATIONS`."""

    kind: str = "status-line"

    def __post_init__(self) -> None:
        if self.kind not in MALFORMATIONS:
            raise UsageError(f"{self!r}: one of {', '.join(MALFORMATIONS)}")


SDP_FLAWS = ("codec", "refused", "missing", "noise")
"""What `WrongSdp` can do: a codec that was not offered, audio with port 0, no body at all, a body
that is no session description."""


@dataclass(frozen=True)
class WrongSdp:
    """Answer the handset's offer unacceptably, in one of the ways of `SDP_FLAWS`.

    For ``INVITE`` it is our 200, for ``ACK`` our ACK to a call without an offer of ours.
    """

    kind: str = "codec"

    def __post_init__(self) -> None:
        if self.kind not in SDP_FLAWS:
            raise UsageError(f"{self!r}: one of {', '.join(SDP_FLAWS)}")


@dataclass(frozen=True)
class NoAck:
    """Never acknowledge the handset's 200 to our INVITE."""


@dataclass(frozen=True)
class Unreachable:
    """Answer the handset's datagram with ICMP "destination unreachable" (RFC 792).

    ``what`` is ``port`` (code 3) or ``host`` (code 1). It is for UDP; a request that comes over a
    stream is served as if there were no such fault, and none is recorded.
    """

    what: str = "port"

    def __post_init__(self) -> None:
        if self.what not in ("port", "host"):
            raise UsageError(f"{self!r}: port or host")
