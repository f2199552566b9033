"""What SIP traffic says of a phone: its calls, its registrations, and what a NOTIFY asks of it.

A call from the phone makes its line active with the INVITE, one to the phone when the phone says that
it rings or answers. Where a dialogue ends in silence, the timers of RFC 3261 section 17 say when.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from hil.history import events as ev
from hil.judge.perhaps import News, Perhaps, Settled
from hil.reference import notify
from hil.reference.due import Action, Asker
from hil.reference.notify import NotifyAction
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked, Happening, LineChanged, Phone, Registration

NANOSECONDS = 1_000_000_000
UNANSWERED_NS = 32 * NANOSECONDS
"""64*T1: how long a phone waits for any response (RFC 3261, timers B and F)."""

_CHALLENGES = (401, 407)
_ACTIONS = {
    NotifyAction.RESYNC: Action.RESYNC,
    NotifyAction.CHECK_SYNC: Action.RESYNC,
    NotifyAction.REBOOT: Action.REBOOT,
    NotifyAction.RESTART: Action.REBOOT,
    NotifyAction.REPORT: Action.REPORT,
}


@dataclass(frozen=True)
class _Call:
    """A call of a line; ``asked`` is when the phone sent an INVITE that nobody has answered yet."""

    line: int
    active: bool
    asked: int | None = None


@dataclass(frozen=True)
class _Notified:
    """A NOTIFY of the lab that waits for its final response; ``at`` is when it was sent first."""

    at: int
    action: NotifyAction
    rule: str

    def asked(self, at: int) -> Asked:
        """What it asks for."""
        return Asked(at, Asker.SIP, _ACTIONS[self.action], self.rule)


class Telephony:
    """Feed it SIP messages in order; it tells what each of them is to the reference."""

    def __init__(self) -> None:
        self._calls: dict[str, _Call] = {}
        self._registered: set[int] = set()
        self._registering: dict[str, tuple[int, int]] = {}
        self._notified: dict[tuple[str, int], _Notified] = {}

    def feed(self, event: ev.SipMessage, phone: Phone) -> Iterator[News]:
        """What happens to the phone with a message."""
        match event.method:
            case "INVITE" | "BYE":
                yield from self._call(event, phone.parameters)
            case "REGISTER":
                yield from self._registration(event, phone.parameters)
            case "NOTIFY":
                yield from self._notify(event, phone)

    # -- calls -------------------------------------------------------------------------------------

    def _call(self, event: ev.SipMessage, parameters: Parameters) -> Iterator[Happening]:
        from_phone = event.direction is ev.Direction.RECEIVED
        call = self._calls.get(event.call_id)
        if event.method == "INVITE" and event.status == 0 and call is None:
            line = _line_of(event.from_user if from_phone else event.to_user, parameters)
            if line:
                asked = event.at if from_phone else None
                self._calls[event.call_id] = _Call(line, from_phone, asked)
                if from_phone:
                    yield LineChanged(event.at, line, True)
        elif call is None:
            return
        elif event.method == "INVITE" and event.status:
            if call.asked is not None:
                call = self._calls[event.call_id] = replace(call, asked=None)
            if event.status >= 300 and event.status not in _CHALLENGES:
                yield from self._ended(event.call_id, event.at)
            elif 100 < event.status < 300 and not call.active:
                self._calls[event.call_id] = replace(call, active=True)
                yield LineChanged(event.at, call.line, True)
        elif event.method == "BYE" and event.status == 0:
            yield from self._ended(event.call_id, event.at)

    def _ended(self, call_id: str, at: int) -> Iterator[Happening]:
        call = self._calls.pop(call_id)
        others = any(each.line == call.line and each.active for each in self._calls.values())
        if call.active and not others:
            yield LineChanged(at, call.line, False)

    # -- registrations -----------------------------------------------------------------------------

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

    # -- NOTIFY ------------------------------------------------------------------------------------

    def _notify(self, event: ev.SipMessage, phone: Phone) -> Iterator[News]:
        key = (event.call_id, event.cseq)
        if event.status == 0 and event.direction is ev.Direction.SENT:
            action, rule = notify.read_event(_event_header(event.data))
            if action is not None and key not in self._notified:
                asking = self._notified[key] = _Notified(event.at, action, rule)
                yield Perhaps(_name(key), asking.asked(event.at))
        elif event.status >= 200 and event.direction is ev.Direction.RECEIVED:
            answered = self._notified.pop(key, None)
            if answered is not None:
                agreed = _agreed(event, answered.action, phone)
                clause = _clause(answered, phone)
                yield Settled(_name(key), answered.asked(event.at), agreed, clause)

    # -- silence -----------------------------------------------------------------------------------

    def undeliverable(self, at: int) -> Iterator[News]:
        """What the phone sent last cannot be delivered, and it was told so (ICMP)."""
        for call_id in [c for c, call in self._calls.items() if call.asked is not None]:
            yield from self._ended(call_id, at)
        for line, _ in tuple(self._registering.values()):
            yield from self._lost(line, at)
        self._registering.clear()

    def gone(self, at: int) -> Iterator[News]:
        """The phone has begun anew: no call, no registration, and no answer to what was before."""
        self._calls.clear()
        self._registered.clear()
        self._registering.clear()
        for key in tuple(self._notified):
            yield self._unanswered(key, at)

    def timed_out(self, now: int) -> Iterator[News]:
        """What has come to an end before ``now`` because nobody answered."""
        silent = [
            (call.asked + UNANSWERED_NS, call_id)
            for call_id, call in self._calls.items()
            if call.asked is not None and call.asked + UNANSWERED_NS < now
        ]
        for at, call_id in sorted(silent):
            yield from self._ended(call_id, at)
        for call_id, (line, asked) in tuple(self._registering.items()):
            if asked + UNANSWERED_NS < now:
                del self._registering[call_id]
                yield from self._lost(line, asked + UNANSWERED_NS)
        for key, asking in tuple(self._notified.items()):
            if asking.at + UNANSWERED_NS < now:
                yield self._unanswered(key, asking.at + UNANSWERED_NS)

    def _unanswered(self, key: tuple[str, int], at: int) -> Settled:
        asking = self._notified.pop(key)
        return Settled(_name(key), asking.asked(at), None, "sip.notify")


def _name(key: tuple[str, int]) -> str:
    return f"NOTIFY {key[0]} {key[1]}"


def _agreed(event: ev.SipMessage, action: NotifyAction, phone: Phone) -> bool | None:
    """Whether it says that it obeys; None where it need not, whatever it says."""
    if event.status >= 300:
        return False
    reading = phone.interpretations.check_sync
    if action is not NotifyAction.CHECK_SYNC or reading == "supported":
        # Whether it may be asked is for the reference to say; that it agreed is its own word.
        return True
    return None if reading == "optional" else False


def _clause(asking: _Notified, phone: Phone) -> str:
    """What a phone breaks that refuses, and obeys all the same."""
    denied = not phone.parameters.flag("Resync_From_SIP")
    return "resync.from_sip" if denied and asking.action in notify.RESYNCING else "sip.notify"


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
