"""What happens to a phone beside its transfers: its clock, its lines, and what it is asked for.

The events are the same whichever way the phone's own affairs went, so they are read once for all
explanations.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hil.history import events as ev
from hil.judge.perhaps import News, Perhaps, Settled
from hil.judge.telephony import Telephony
from hil.judge.web_requests import WebRequests
from hil.lab_time import NANOSECONDS
from hil.reference.due import Action, Asker
from hil.reference.phone import Asked, ClockSet, Phone

PROMPT_TIME_NS = NANOSECONDS
"""A time that comes within this after its query is in time for every client."""
JUMP_NS = NANOSECONDS
"""A clock that is off by more is not only adjusted."""


class Outside:
    """Feed it events in order; it tells what each of them is to the reference."""

    def __init__(self) -> None:
        self._telephony = Telephony()
        self._time_asked: int | None = None
        self._web = WebRequests()

    def feed(self, event: ev.Event, phone: Phone, *others: Phone) -> Iterator[News]:
        """What happens to ``phone`` with ``event``, and what has happened before by time alone.

        ``others`` are what the phone may be besides.
        """
        yield from self._telephony.timed_out(event.at)
        match event:
            case ev.PowerSwitched(action=ev.PowerAction.OFF) | ev.HandsetPrepared():
                self._forget()
            case ev.DhcpMessage(kind="DISCOVER" | "REQUEST", ciaddr="0.0.0.0"):
                # Whoever has no address has no call and no registration either.
                yield from self._telephony.gone(event.at)
                self._time_asked = None
            case ev.NtpQuery():
                self._time_asked = event.at
            case ev.NtpAnswer():
                yield from self._told_the_time(event, (phone, *others))
            case ev.ScreenUsed(action="resync" | "reboot", offered=True):
                yield Asked(event.at, Asker.SCREEN, Action(event.action), event.detail)
            case ev.ScreenUsed(action="dial" | "hang-up"):
                yield from self._telephony.used(event)
            case ev.WebRequested() | ev.WebAnswered():
                may_be = (phone.parameters, *(other.parameters for other in others))
                yield from self._web.feed(event, may_be)
            case ev.SipMessage():
                yield from self._telephony.feed(event, phone)
            case ev.FaultInjected(source="sip" | "backup-sip", fault="Unreachable"):
                yield from self._telephony.undeliverable(event)
            case _:
                return

    def learned(self, at: int, *phones: Phone) -> Iterator[News]:
        """What may have happened before ``at``, of which something depends only now."""
        yield from self._telephony.learned(at, *phones)

    def _forget(self) -> None:
        self._telephony = Telephony()
        self._time_asked = None
        self._web = WebRequests()

    def _told_the_time(self, event: ev.NtpAnswer, phones: Sequence[Phone]) -> Iterator[News]:
        if event.stratum == 0 or event.leap == 3:
            return
        told = ClockSet(event.at, event.utc_ns)
        prompt = self._time_asked is None or event.at - self._time_asked <= PROMPT_TIME_NS
        if prompt and not any(_is_a_jump(told, phone) for phone in phones):
            yield told
            return
        # How long a client waits for an answer is its own affair, and so is a time that it doubts
        # because its clock shows another one (RFC 5905 section 10).
        yield Perhaps("time", told)
        yield Settled("time", told, None, "clock.ntp")


def _is_a_jump(told: ClockSet, phone: Phone) -> bool:
    """Whether the phone's clock shows another time already."""
    if phone.clock is None:
        return False
    set_at, utc_ns = phone.clock
    return abs(told.utc_ns - (utc_ns + told.at - set_at)) > JUMP_NS
