"""Misbehaviour as plain data: what a server does wrong, and to which request.

A test hands faults to an endpoint, which applies them to the requests they are planned for and
records a `hil.history.events.FaultInjected` for each, as the proof that the stimulus really
happened. A fault that an endpoint cannot apply is refused when it is configured, so no test passes
because its stimulus was ignored.

Offsets count octets of the body (of the file), from 0, whatever the transfer's framing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

from hil.endpoints.sip_faults import MalformedSip, NoAck, SipStatus, Unreachable, WrongSdp
from hil.errors import UsageError


@dataclass(frozen=True)
class Silence:
    """Give no answer at all to the request."""


@dataclass(frozen=True)
class Delay:
    """Answer ``seconds`` of lab time late."""

    seconds: float

    def __post_init__(self) -> None:
        _require(self.seconds >= 0, self, "seconds must not be negative")


@dataclass(frozen=True)
class Truncate:
    """End the body after ``at`` octets as if it were whole.

    TFTP sends a short last block; HTTP announces the full length and closes early.
    """

    at: int

    def __post_init__(self) -> None:
        _require(self.at >= 0, self, "an offset must not be negative")


@dataclass(frozen=True)
class Reset:
    """Reset the TCP connection (RST) after ``at`` octets of the body; None: before the answer."""

    at: int | None = None

    def __post_init__(self) -> None:
        _require(self.at is None or self.at >= 0, self, "an offset must not be negative")


@dataclass(frozen=True)
class Close:
    """Close the TCP connection (FIN) after ``at`` octets of the body; None: before the answer."""

    at: int | None = None

    def __post_init__(self) -> None:
        _require(self.at is None or self.at >= 0, self, "an offset must not be negative")


@dataclass(frozen=True)
class Stall:
    """Send ``at`` octets of the body, then nothing, and keep the transfer open."""

    at: int

    def __post_init__(self) -> None:
        _require(self.at >= 0, self, "an offset must not be negative")


@dataclass(frozen=True)
class WrongLength:
    """Announce a length that is ``by`` octets off (HTTP Content-Length, TFTP tsize)."""

    by: int

    def __post_init__(self) -> None:
        _require(self.by != 0, self, "a length off by 0 is right")


@dataclass(frozen=True)
class Corrupt:
    """Replace the octet ``at`` of the body by its exclusive or with ``xor`` (1 to 255)."""

    at: int
    xor: int = 0xFF

    def __post_init__(self) -> None:
        _require(self.at >= 0, self, "an offset must not be negative")
        _require(0 < self.xor < 256, self, "xor is 1 to 255")


@dataclass(frozen=True)
class Status:
    """Answer with this HTTP status and reason phrase, and no file."""

    code: int
    reason: str = ""

    def __post_init__(self) -> None:
        _require(100 <= self.code <= 999, self, "a status has three digits")


@dataclass(frozen=True)
class RedirectLoop:
    """Redirect the request to its own URL with this HTTP status."""

    status: int = 302

    def __post_init__(self) -> None:
        _require(300 <= self.status < 400, self, "a redirection is 300 to 399")


@dataclass(frozen=True)
class MalformedStatusLine:
    """Answer with a first line that is no HTTP status line (RFC 9112 section 4)."""


@dataclass(frozen=True)
class BadChunk:
    """Send the body chunked, with a second chunk whose size is no number (RFC 9112 section 7.1)."""


@dataclass(frozen=True)
class Drip:
    """Send the body ``octets`` at a time with ``seconds`` of lab time between."""

    seconds: float
    octets: int = 1

    def __post_init__(self) -> None:
        _require(self.seconds >= 0, self, "seconds must not be negative")
        _require(self.octets >= 1, self, "at least one octet at a time")


@dataclass(frozen=True)
class StaleNonce:
    """Call the nonce of right Digest credentials stale (RFC 7616 section 3.3) and offer a new one."""


@dataclass(frozen=True)
class TftpError:
    """Answer with a TFTP ERROR (RFC 1350 section 5); ``block``: in place of that DATA block.

    ``code`` is 0 to 65535 (the standard's are 0 to 8), ``block`` counts from 1 and does not wrap.
    """

    code: int
    text: str = ""
    block: int | None = None

    def __post_init__(self) -> None:
        _require(0 <= self.code < 1 << 16, self, "a code is 0 to 65535")
        _require("\0" not in self.text, self, "the text must not have a NUL")
        _require(self.block is None or self.block >= 1, self, "blocks count from 1")


@dataclass(frozen=True)
class LoseBlock:
    """Lose the TFTP DATA block ``number`` (from 1, not wrapping) the first time it is due."""

    number: int

    def __post_init__(self) -> None:
        _require(self.number >= 1, self, "blocks count from 1")


@dataclass(frozen=True)
class DuplicateBlock:
    """Send the TFTP DATA block ``number`` (from 1, not wrapping) twice."""

    number: int

    def __post_init__(self) -> None:
        _require(self.number >= 1, self, "blocks count from 1")


@dataclass(frozen=True)
class Nak:
    """Answer a DHCPREQUEST with a DHCPNAK (RFC 2131 section 4.3.2)."""

    text: str = "refused by the bench"


@dataclass(frozen=True)
class TwoOffers:
    """Follow each DHCPOFFER by one of a second server with its own identifier and address.

    ``options`` are raw values by code that the second offer has in place of the first one's.
    """

    server: str
    address: str
    options: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True)
class Rcode:
    """Answer a DNS query with this RCODE by name (RFC 1035 section 4.1.1), e.g. ``SERVFAIL``."""

    name: str


@dataclass(frozen=True)
class TruncatedAnswer:
    """Answer a DNS query over UDP with the TC bit and no records, whatever the answer's size.

    The client has to ask again over TCP (RFC 1035 section 4.2.1, RFC 7766 section 5).
    """


GARBAGE = ("noise", "wrong-id", "wrong-question", "cut-short", "looping-name")
"""What `Garbage` can be: octets that are no message, the answer with another id or to another
question, the answer without its last octets, a name whose compression runs in circles."""


@dataclass(frozen=True)
class Garbage:
    """Answer a DNS query with something that does not answer it, one of `GARBAGE`."""

    kind: str = "noise"

    def __post_init__(self) -> None:
        _require(self.kind in GARBAGE, self, "one of " + ", ".join(GARBAGE))


@dataclass(frozen=True)
class Unsynchronized:
    """Answer an NTP query as a clock that does not know the time: leap indicator 3, stratum 0."""


@dataclass(frozen=True)
class KissOfDeath:
    """Answer an NTP query with a kiss-o'-death of this code (RFC 5905 section 7.4), e.g. ``RATE``."""

    code: str = "RATE"

    def __post_init__(self) -> None:
        good = self.code.isascii() and self.code.isalnum() and len(self.code) <= 4
        _require(good, self, "a code is one to four letters or digits")


@dataclass(frozen=True)
class RawAnswer:
    """Answer a query with these octets, whatever they are."""

    data: bytes


@dataclass(frozen=True)
class ExpiredCertificate:
    """Show a TLS certificate whose validity is over."""


@dataclass(frozen=True)
class NotYetValidCertificate:
    """Show a TLS certificate whose validity has not begun."""


@dataclass(frozen=True)
class WrongNameCertificate:
    """Show a TLS certificate for another host."""

    name: str = "wrong.example"


@dataclass(frozen=True)
class UntrustedCertificate:
    """Show a TLS certificate of an authority that the phone does not know."""


@dataclass(frozen=True)
class RefuseTlsVersion:
    """Refuse handshakes in this version, ``TLSv1.2`` or ``TLSv1.3``."""

    version: str

    def __post_init__(self) -> None:
        _require(self.version in ("TLSv1.2", "TLSv1.3"), self, "TLSv1.2 or TLSv1.3")


@dataclass(frozen=True)
class SilentHandshake:
    """Accept the connection and never answer the client's TLS hello."""


Fault = (
    Silence | Delay | Truncate | Reset | Close | Stall | WrongLength | Corrupt | Status
    | RedirectLoop | MalformedStatusLine | BadChunk | Drip | StaleNonce | TftpError | LoseBlock
    | DuplicateBlock | Nak | TwoOffers | Rcode | TruncatedAnswer | Garbage | Unsynchronized
    | KissOfDeath | RawAnswer | ExpiredCertificate | NotYetValidCertificate | WrongNameCertificate
    | UntrustedCertificate | RefuseTlsVersion | SilentHandshake
    | SipStatus | MalformedSip | WrongSdp | NoAck | Unreachable
)  # fmt: skip


@dataclass(frozen=True)
class Planned:
    """A fault and the requests that it is for.

    ``nth`` counts the matching requests from 1 since the fault was configured: a number, a range of
    numbers, or None for all of them. ``name`` matches one path, host name or DHCP message type as
    the endpoint has it; None matches every request.
    """

    fault: Fault
    nth: int | range | None = None
    name: str | None = None

    def __post_init__(self) -> None:
        numbers = [self.nth] if isinstance(self.nth, int) else list(self.nth or ())[:1]
        _require(all(n >= 1 for n in numbers), self, "requests count from 1")
        _require(self.nth is None or bool(numbers), self, "an empty range plans nothing")

    def is_for(self, number: int) -> bool:
        """Whether the ``number``-th matching request is meant."""
        if self.nth is None:
            return True
        return number == self.nth if isinstance(self.nth, int) else number in self.nth


class FaultPlan:
    """The faults that an endpoint is to apply, and how many requests each has seen.

    Configured from the test's thread, consulted from the loop: the one list is replaced whole.
    ``applicable`` are the kinds that the endpoint knows how to apply.
    """

    def __init__(self, owner: str, applicable: Sequence[type[Fault]]) -> None:
        self._owner = owner
        self._applicable = tuple(applicable)
        self._armed: tuple[_Armed, ...] = ()

    def add(self, planned: Planned) -> None:
        """Plan one more; UsageError if the endpoint cannot apply it."""
        if not isinstance(planned.fault, self._applicable):
            known = ", ".join(kind.__name__ for kind in self._applicable)
            raise UsageError(
                f"{self._owner} cannot apply {type(planned.fault).__name__}",
                remedy=f"one of {known}",
            )
        self._armed = (*self._armed, _Armed(planned))

    def clear(self) -> None:
        """Behave well from now on."""
        self._armed = ()

    def due(self, *names: str) -> tuple[Fault, ...]:
        """Count a request of these names and give the faults that are for it, as they were added."""
        return tuple(armed.planned.fault for armed in self._armed if armed.counts(names))


class _Armed:
    def __init__(self, planned: Planned) -> None:
        self.planned = planned
        self._seen = 0

    def counts(self, names: tuple[str, ...]) -> bool:
        if self.planned.name is not None and self.planned.name not in names:
            return False
        self._seen += 1
        return self.planned.is_for(self._seen)


def describe(fault: Fault) -> str:
    """The parameters of a fault as text, e.g. ``at=512``."""
    return ", ".join(f"{field.name}={getattr(fault, field.name)!r}" for field in fields(fault))


def _require(good: bool, fault: object, rule: str) -> None:
    if not good:
        raise UsageError(f"{fault!r}: {rule}")
