"""What a child tells of its history: where each exchange began and ended, and what struck when.

An exchange is a test or a baseline. Places are those of the one history (`seq`); times are seconds of
lab time since the exchange began.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from hil.chaos.fault import LASTING, MOMENTARY, SOURCE
from hil.history import events as ev
from hil.lab_time import NANOSECONDS

POWER_ON, POWER_OFF = "power on", "power off"
"""What a PDU hears."""
_SHORTLY_S = 0.5


class Span(msgspec.Struct, frozen=True):
    """An exchange's part of the history, from ``first`` to ``last``.

    ``midway`` is how many events after its beginning the phone had its lease, ``midway_s`` when that
    was, ``late_s`` shortly before the last check; ``powers`` counts how often the phone got its power.
    ``heard`` has the time at which each endpoint was spoken to last, and the PDU told each of its two
    commands.
    """

    test: str
    first: int
    last: int
    midway: int
    midway_s: float
    late_s: float
    powers: int
    heard: dict[str, float]


class Strike(msgspec.Struct, frozen=True):
    """A fault that came to pass at a place of the history; a ``lasting`` one is there for good."""

    seq: int
    what: str
    lasting: bool


class Timeline(msgspec.Struct, frozen=True):
    """All spans and strikes of one child, in order."""

    spans: tuple[Span, ...] = ()
    strikes: tuple[Strike, ...] = ()

    def span(self, test: str) -> Span | None:
        """The part of an exchange; None for one that did not begin."""
        return next((span for span in self.spans if span.test == test), None)


def timeline(events: Iterable[ev.Event]) -> Timeline:
    """Read a history."""
    spans: list[Span] = []
    strikes: list[Strike] = []
    part: list[ev.Event] = []
    for event in events:
        match event:
            case ev.TestStarted():
                if part:
                    spans.append(_span(part))
                part = [event]
                continue
            case ev.Note(source=source, text=text) if source == SOURCE:
                lasting = text.startswith(LASTING)
                what = text.removeprefix(LASTING if lasting else MOMENTARY)
                strikes.append(Strike(event.seq, what, lasting))
            case _:
                pass
        if part:
            part.append(event)
        if isinstance(event, ev.TestEnded) and part:
            spans.append(_span(part))
            part = []
    if part:
        spans.append(_span(part))
    return Timeline(tuple(spans), tuple(strikes))


def _span(part: Sequence[ev.Event]) -> Span:
    started = part[0]
    name = started.test if isinstance(started, ev.TestStarted) else ""
    powered = [e for e in part if isinstance(e, ev.PowerSwitched) and e.action is ev.PowerAction.ON]
    leased = [e for e in part if isinstance(e, ev.DhcpMessage) and e.kind == "ACK"]
    midway = next(iter([*leased, *powered]), started)
    looked = [e for e in part if isinstance(e, ev.Checked | ev.Alive)]
    checked = [e for e in looked if isinstance(e, ev.Checked)] or looked
    end = max(checked[-1].at if checked else part[-1].at, midway.at)
    late = end - min(round(_SHORTLY_S * NANOSECONDS), (end - midway.at) // 2)
    return Span(
        name,
        started.seq,
        part[-1].seq,
        midway.seq - started.seq,
        (midway.at - started.at) / NANOSECONDS,
        (late - started.at) / NANOSECONDS,
        len(powered),
        {who: (e.at - started.at) / NANOSECONDS for e in part if (who := _hearer(e))},
    )


def _hearer(event: ev.Event) -> str:
    """The endpoint that took a datagram or a connection, the power command; empty for neither."""
    match event:
        case ev.DhcpMessage(direction=ev.Direction.RECEIVED):
            return event.source
        case ev.SipMessage(direction=ev.Direction.RECEIVED, transport="UDP"):
            return event.source
        case ev.Connected() | ev.DnsQuery() | ev.TftpRequest() | ev.SyslogMessage() | ev.NtpQuery():
            return event.source
        case ev.PowerRequested():
            return POWER_ON if event.action is ev.PowerAction.ON else POWER_OFF
        case _:
            return ""
