"""What happens to a phone beside its transfers: its clock, its lines, and what it is asked for.

The events are the same whichever way the phone's own affairs went, so they are read once for all
explanations. Where a SIP dialogue ends in silence, the timers of RFC 3261 section 17 say when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge.perhaps import News
from hil.judge.web_requests import WebRequests
from hil.reference import notify
from hil.reference.due import Action, Asker
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked, ClockSet, Happening, LineChanged, Registration

NANOSECONDS = 1_000_000_000
UNANSWERED_NS = 32 * NANOSECONDS
"""64*T1: how long a phone waits for any response (RFC 3261, timers B and F)."""
PROMPT_NS = NANOSECONDS
"""A time that comes within this after its query is in time for every client."""

_CHALLENGES = (401, 407)
_NOTIFIED = {
    notify.NotifyAction.RESYNC: Action.RESYNC,
    notify.NotifyAction.CHECK_SYNC: Action.RESYNC,
    notify.NotifyAction.REBOOT: Action.REBOOT,
    notify.NotifyAction.RESTART: Action.REBOOT,
    notify.NotifyAction.REPORT: Action.REPORT,
}


@dataclass(frozen=True)
class _Call:
    """A call of a line; ``asked`` is when the phone sent an INVITE that nobody has answered yet."""

    line: int
    asked: int | None = None


class Outside:
    """Feed it events in order; it tells what each of them is to the reference."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._registered: set[int] = set()
        self._registering: dict[str, tuple[int, int]] = {}
        self._notified: dict[tuple[str, int], str] = {}
        self._time_asked: int | None = None
        self._web = WebRequests()

    def feed(self, event: ev.Event, parameters: Parameters) -> Iterator[News]:
        """What happens to the phone with ``event``, and what has happened before it by time alone."""
        yield from self._timed_out(event.at)
        match event:
            case ev.PowerSwitched(action=ev.PowerAction.OFF) | ev.HandsetPrepared():
                self._forget()
            case ev.NtpQuery():
                self._time_asked = event.at
            case ev.NtpAnswer():
                yield from self._told_the_time(event)
            case ev.ScreenUsed(action="resync" | "reboot", offered=True):
                yield Asked(event.at, Asker.SCREEN, Action(event.action), event.detail)
            case ev.WebRequested() | ev.WebAnswered():
                yield from self._web.feed(event, parameters)
            case ev.SipMessage():
                yield from self._sip(event, parameters)
            case ev.FaultInjected(source="sip" | "backup-sip", fault="Unreachable"):
                yield from self._undeliverable(event.at)
            case _:
                return

    def _forget(self) -> None:
        self._calls.clear()
        self._registered.clear()
        self._registering.clear()
        self._notified.clear()
        self._time_asked = None
        self._web = WebRequests()

    # -- time --------------------------------------------------------------------------------------

    def _told_the_time(self, event: ev.NtpAnswer) -> Iterator[Happening]:
        usable = event.stratum > 0 and event.leap != 3
        prompt = self._time_asked is None or event.at - self._time_asked <= PROMPT_NS
        if usable and prompt:
            yield ClockSet(event.at, event.utc_ns)

    # -- SIP ---------------------------------------------------------------------------------------

    def _sip(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[Happening]:
        match event.method:
            case "INVITE" | "BYE" | "CANCEL":
                yield from self._call(event, parameters)
            case "REGISTER":
                yield from self._registration(event, parameters)
            case "NOTIFY":
                yield from self._notify(event)

    def _call(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[Happening]:
        from_phone = event.direction is ev.Direction.RECEIVED
        call = self._calls.get(event.call_id)
        if event.method == "INVITE" and event.status == 0 and call is None:
            line = _line_of(event.from_user if from_phone else event.to_user, parameters)
            if line:
                asked = event.at if from_phone else None
                self._calls[event.call_id] = _Call(line, asked)
                yield LineChanged(event.at, line, True)
        elif call is None:
            return
        elif event.method == "INVITE" and event.status:
            if call.asked is not None:
                self._calls[event.call_id] = replace(call, asked=None)
            if event.status >= 300 and event.status not in _CHALLENGES:
                yield self._ended(event.call_id, event.at)
        elif event.method == "BYE" and event.status == 0:
            yield self._ended(event.call_id, event.at)

    def _ended(self, call_id: str, at: int) -> Happening:
        line = self._calls.pop(call_id).line
        return LineChanged(at, line, any(call.line == line for call in self._calls.values()))

    def _registration(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[Happening]:
        line = _line_of(event.to_user, parameters)
        if not line:
            return
        if event.direction is ev.Direction.RECEIVED:
            self._registering.setdefault(event.call_id, (line, event.at))
            return
        self._registering.pop(event.call_id, None)
        if 200 <= event.status < 300 and event.expires != 0:
            self._registered.add(line)
            yield Registration(event.at, line, True)
        elif event.status >= 300 and event.status not in (*_CHALLENGES, 423):
            yield from self._lost(line, event.at)

    def _lost(self, line: int, at: int) -> Iterator[Happening]:
        if line in self._registered:
            self._registered.discard(line)
            yield Registration(at, line, False)

    def _notify(self, event: ev.SipMessage) -> Iterator[Happening]:
        key = (event.call_id, event.cseq)
        if event.status == 0 and event.direction is ev.Direction.SENT:
            self._notified[key] = _event_header(event.data)
        elif 200 <= event.status < 300 and event.direction is ev.Direction.RECEIVED:
            # Whether it may be asked is for the reference to say; that it agreed is its own word.
            action, rule = notify.read_event(self._notified.pop(key, ""))
            if action is not None:
                yield Asked(event.at, Asker.SIP, _NOTIFIED[action], rule)

    def _undeliverable(self, at: int) -> Iterator[Happening]:
        for call_id in [c for c, call in self._calls.items() if call.asked is not None]:
            yield self._ended(call_id, at)
        for line, _ in tuple(self._registering.values()):
            yield from self._lost(line, at)
        self._registering.clear()

    def _timed_out(self, now: int) -> Iterator[Happening]:
        silent = [
            (call.asked + UNANSWERED_NS, call_id)
            for call_id, call in self._calls.items()
            if call.asked is not None and call.asked + UNANSWERED_NS < now
        ]
        for at, call_id in sorted(silent):
            yield self._ended(call_id, at)
        for call_id, (line, asked) in tuple(self._registering.items()):
            if asked + UNANSWERED_NS < now:
                del self._registering[call_id]
                yield from self._lost(line, asked + UNANSWERED_NS)


def _line_of(user: str, parameters: Parameters) -> int:
    """The line whose user this is, 0 if it is nobody's."""
    users = {parameters.raw(f"User_ID_{line}_"): line for line in (2, 1)}
    return users.get(user, 0) if user else 0


def _event_header(data: bytes) -> str:
    head = data.partition(b"\r\n\r\n")[0].decode("utf-8", "replace")
    for line in head.split("\r\n")[1:]:
        name, colon, value = line.partition(":")
        if colon and name.strip().lower() in ("event", "o"):
            return value.strip()
    return ""
