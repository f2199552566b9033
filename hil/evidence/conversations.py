"""What a test's part of a history says when all that may differ from run to run is left out.

Two runs of one test are alike if they say the same here. An event becomes an `Utterance`: its kind
and its stable fields. Left out is what a program chooses anew each time (port numbers, transaction
ids, tags, nonces, boundaries, keys), what a clock says (dates, seconds in a report), what tells one
handset or outlet from another, and raw octets, whose meaning is in the other fields. Numbers that
the laboratory gives (transfers, connections, Call-IDs) are kept by the order in which they appear, so
that it still counts which request an answer belongs to.

Each utterance is part of a *conversation*, and in a conversation the order is kept. What is
concurrent belongs to different ones:

``bench``         what the test and the bench do: configuring, power, checks, requests at its faces
``provisioning``  what the phone does for a resync, an upgrade or a report, one thing at a time: its
                  requests, how they end, and its syslog messages, since a message tells a step
``dhcp``, ``ntp``, ``cdp``, ``lldp``  one protocol each
``dns NAME TYPE``  one question each: a line looks its proxy up while a profile is looked for
``NAME connection N``, ``NAME packets N``  what one connection or TFTP transfer is made of
``SIP N``         one Call-ID at one of the bench's servers: a registration, a call, a NOTIFY

What is left of the test before, a call that is ended or a transfer that is broken off, is no part of
this one: all but the bench's own doing counts from the first power-on.

Between conversations order counts as far as it can be observed: see `hil.evidence.comparison`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from hil.history import events as ev
from hil.history.event import Event
from hil.lab_time import NANOSECONDS

_ENVELOPE = frozenset({"source", "handset", "at", "seq", "kernel_ns", "data"})
_VOLATILE: Mapping[type[Event], frozenset[str]] = MappingProxyType(
    {
        ev.Checked: frozenset({"due", "seen", "margin", "absent_since"}),
        ev.Alive: frozenset({"detail"}),
        ev.LabFault: frozenset({"evidence"}),
        ev.PowerRequested: frozenset({"outlet"}),
        ev.PowerSwitched: frozenset({"outlet", "attempts"}),
        ev.PowerFailed: frozenset({"outlet", "reason"}),
        ev.RecoveryStep: frozenset({"reason", "took"}),
        ev.DhcpMessage: frozenset({"mac", "xid"}),
        ev.HttpRequest: frozenset({"body"}),
        ev.TransferEnded: frozenset({"body", "sent", "size", "sha256", "detail", "headers"}),
        ev.NtpAnswer: frozenset({"utc_ns"}),
        ev.NeighbourAnnounced: frozenset({"mac"}),
        ev.WebRequested: frozenset({"body"}),
        ev.WebAnswered: frozenset({"body", "headers", "detail"}),
    }
)
_CHOSEN_HEADERS = frozenset(
    {"authorization", "proxy-authorization", "content-length", "content-type", "encryption", "date"}
)
_PORT = re.compile(r"(?<=[0-9]):(?:3276[89]|327[7-9]\d|32[89]\d\d|3[3-9]\d{3}|[45]\d{4}|6\d{4})\b")
"""A port that a kernel picks (RFC 6335 section 6, and Linux from 32768 on), after an address."""
_NUMBERED = re.compile(r"\b(transfer|connection|exchange) [0-9]+")
_NUMBERS = frozenset({"transfer", "connection", "exchange"})
_BENCH = (
    ev.Configured,
    ev.HandsetPrepared,
    ev.HandsetPreparing,
    ev.PowerRequested,
    ev.PowerSwitched,
    ev.PowerFailed,
    ev.LinkChanged,
    ev.RecoveryStep,
    ev.Checked,
    ev.LabFault,
)
_SILENT = (
    ev.Note,
    ev.Awaited,
    ev.Verdict,
    ev.Conducted,
    ev.RunStarted,
    ev.TestStarted,
    ev.TestEnded,
)


@dataclass(frozen=True)
class Utterance:
    """One event without what may differ; ``at`` is in seconds from the test's beginning."""

    conversation: str
    says: str
    at: float
    place: int


@dataclass
class _Names:
    """Numbers of the laboratory, renamed in the order in which they appear."""

    known: dict[tuple[str, object], int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def of(self, kind: str, name: object) -> int:
        key = (kind, name)
        if key not in self.known:
            self.counts[kind] = self.counts.get(kind, 0) + 1
            self.known[key] = self.counts[kind]
        return self.known[key]


def utterances(events: Sequence[Event]) -> list[Utterance]:
    """What a test's part of a history says, in the order in which it was recorded."""
    names, first_cseq, said = _Names(), dict[str, int](), list[Utterance]()
    start = events[0].at if events else 0
    dark = any(_is_power_on(event) for event in events)
    for event in events:
        dark = dark and not _is_power_on(event)
        if isinstance(event, _SILENT) or (dark and not isinstance(event, _BENCH)):
            continue
        fields = _stable(event, names)
        if isinstance(event, ev.SipMessage):
            # Where a client begins to count is its own choice (RFC 3261 section 8.1.1.5).
            fields["cseq"] = event.cseq - first_cseq.setdefault(
                f"{event.call_id} {event.direction} {event.status > 0}", event.cseq
            )
        told = ", ".join(f"{name}={value!r}" for name, value in fields.items())
        says = f"{type(event).__name__}({told})"
        at = (event.at - start) / NANOSECONDS
        said.append(Utterance(_conversation(event, names), says, at, len(said)))
    return said


def _is_power_on(event: Event) -> bool:
    return isinstance(event, ev.PowerRequested) and event.action is ev.PowerAction.ON


def _stable(event: Event, names: _Names) -> dict[str, object]:
    volatile = _VOLATILE.get(type(event), frozenset())
    fields: dict[str, object] = {}
    for name in type(event).__struct_fields__:
        if name in _ENVELOPE or name in volatile or name == "call_id":
            continue
        value = getattr(event, name)
        if name in _NUMBERS:
            value = names.of(f"{event.source} {name}", value) if value else 0
        elif name == "peer":
            value = str(value).rpartition(":")[0] or value
        elif name == "headers":
            value = tuple((key, _header(key, text)) for key, text in value)
        elif isinstance(value, str):
            value = _NUMBERED.sub(r"\1 *", _PORT.sub(":*", str(value)))
        elif isinstance(value, dict):
            value = dict(sorted(value.items()))
        if value not in ("", (), {}, None):
            fields[name] = value
    return fields


def _header(name: str, text: str) -> str:
    """A header's value; of credentials the scheme, of what follows from a body nothing."""
    if name in _CHOSEN_HEADERS:
        return text.partition(" ")[0] if name.endswith("authorization") else "*"
    return _PORT.sub(":*", text)


def _conversation(event: Event, names: _Names) -> str:
    match event:
        case ev.ProvisioningRequest() | ev.TransferEnded() | ev.SyslogMessage() | ev.TftpRefused():
            return "provisioning"
        case ev.TftpPacket():
            return f"{event.source} packets {names.of(f'{event.source} transfer', event.transfer)}"
        case ev.Connected() | ev.Disconnected() | ev.TlsHandshake():
            number = names.of(f"{event.source} connection", event.connection)
            return f"{event.source} connection {number}"
        case ev.DhcpMessage():
            return "dhcp"
        case ev.NtpQuery() | ev.NtpAnswer():
            return "ntp"
        case ev.DnsQuery() | ev.DnsAnswer():
            return f"dns {event.name} {event.qtype}"
        case ev.SipMessage():
            return f"{event.source} {names.of('call', event.call_id)}"
        case ev.NeighbourAnnounced():
            return event.protocol.lower()
        case ev.FaultInjected() | ev.Stranger() | ev.Refused() | ev.Undelivered():
            return f"{event.source} trouble"
        case _:
            return "bench"
