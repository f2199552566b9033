"""What SIP traffic says of a phone: its calls, its registrations, and what a NOTIFY asks of it.

`hil.judge.calls` follows the calls, `hil.judge.bindings` whether the lines are registered. A
NOTIFY asks as a request to the phone's pages does: the phone may obey before its answer is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from hil.history import events as ev
from hil.judge import sip_text
from hil.judge.bindings import Bindings
from hil.judge.calls import Calls
from hil.judge.perhaps import News, Perhaps, Settled
from hil.lab_time import NANOSECONDS
from hil.reference import notify
from hil.reference.due import Asker
from hil.reference.notify import NotifyAction
from hil.reference.phone import Asked, Phone

ASKING_NS = 32 * NANOSECONDS
"""How long the lab's server repeats a NOTIFY that has no answer: 64*T1, by its own T1 of half a second
(RFC 3261, timer F)."""


@dataclass(frozen=True)
class _Notified:
    """A NOTIFY of the lab that waits for its final response; ``at`` is when it was sent first."""

    at: int
    action: NotifyAction
    rule: str

    def asked(self, at: int) -> Asked:
        """What it asks for."""
        return Asked(at, Asker.SIP, self.action.asks, self.rule)


class Telephony:
    """Feed it SIP messages in order; it tells what each of them is to the reference."""

    def __init__(self) -> None:
        self._calls = Calls()
        self._bindings = Bindings()
        self._notified: dict[tuple[str, int], _Notified] = {}

    def feed(self, event: ev.SipMessage, phone: Phone) -> Iterator[News]:
        """What happens to the phone with a message; one that was spoiled says nothing."""
        match "" if event.malformed else event.method:
            case "INVITE" | "ACK" | "BYE":
                yield from self._calls.feed(event, phone.parameters)
            case "REGISTER":
                yield from self._bindings.feed(event, phone.parameters)
            case "NOTIFY":
                yield from self._notify(event, phone)

    def used(self, event: ev.ScreenUsed) -> Iterator[News]:
        """Somebody dials at the phone itself, or hangs up."""
        yield from self._calls.used(event)

    def _notify(self, event: ev.SipMessage, phone: Phone) -> Iterator[News]:
        key = (event.call_id, event.cseq)
        if event.status == 0 and event.direction is ev.Direction.SENT:
            action, rule = notify.read_event(_event_of(event.data))
            if action is not None and key not in self._notified:
                asking = self._notified[key] = _Notified(event.at, action, rule)
                yield Perhaps(_name(key), asking.asked(event.at))
        elif event.status >= 200 and event.direction is ev.Direction.RECEIVED:
            answered = self._notified.pop(key, None)
            if answered is not None:
                agreed = _agreed(event, answered.action, phone)
                clause = _clause(answered, phone)
                asked = answered.asked(event.at)
                yield Settled(_name(key), asked, agreed, clause, answered.at)

    def learned(self, at: int, *phones: Phone) -> Iterator[News]:
        """What may have happened before, of which something depends from ``at`` on."""
        yield from self._bindings.learned(at, *(phone.parameters for phone in phones))

    # -- silence -----------------------------------------------------------------------------------

    def undeliverable(self, event: ev.FaultInjected) -> Iterator[News]:
        """What the phone sent last cannot be delivered, and it was told so (ICMP)."""
        yield from self._calls.undeliverable(event)
        yield from self._bindings.undeliverable(event)

    def gone(self, at: int) -> Iterator[News]:
        """The phone has begun anew: no call, no registration, and no answer to what was before."""
        self._calls = Calls()
        self._bindings = Bindings()
        for key in tuple(self._notified):
            yield self._unanswered(key, at)

    def timed_out(self, now: int) -> Iterator[News]:
        """What has come to an end before ``now`` because nobody answered."""
        yield from self._calls.timed_out(now)
        yield from self._bindings.timed_out(now)
        for key, asking in tuple(self._notified.items()):
            if asking.at + ASKING_NS < now:
                yield self._unanswered(key, asking.at + ASKING_NS)

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


def _event_of(data: bytes) -> str:
    """The event that a NOTIFY names, in the header's long or compact form (RFC 6665 section 8.4)."""
    return next(iter(sip_text.headers(data, "event", "o")), "")
