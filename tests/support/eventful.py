"""Lives of the reference phone in which things happen beside its resyncs: time, calls, requests.

As `player`, with a clock that is set and put forward and back, lines that are called and call, NOTIFYs
and the resync key, Resync_At and triggers. What a lab cannot see for certain the phone does either way:
it takes a time that comes late or not, becomes idle at a BYE or at its answer, obeys before it answers.
"""

from __future__ import annotations

import random

from histories import NANOSECONDS, Story
from plain_player import Player
from tellings import RECEIVED, SENT, screen, sip, time_asked, time_told

from hil.reference.due import FOREVER, Action, Asker
from hil.reference.phone import Asked, ClockSet, LineChanged, Phase

MIDNIGHT = 1_772_409_600
"""2026-03-02 00:00 UTC, the time at lab time 0."""
EVENTS = 40
CHOICES: dict[str, tuple[str, ...]] = {
    "Resync_At__HHmm_": ("0005", "0010", "0015", "0030", "0100", "2400", "0960", ""),
    "Resync_At_Random_Delay": ("600", "0", "1200"),
    "Forced_Resync_Delay": ("0", "30", "300", "14400"),
    "Resync_Trigger_1": ("", "$PRVTMR ge 200", '"$A" eq "one"', "$PRVTMR ge"),
    "Resync_Trigger_2": ("", '"$A" ne "" and $PRVTMR gt 50', '"a" eq "a"'),
    "Resync_From_SIP": ("Yes", "Yes", "No"),
    "User_Configurable_Resync": ("Yes", "Yes", "No"),
}
LINES = {"User_ID_1_": "101", "User_ID_2_": "102"}
GMT = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No"}


class EventfulPlayer(Player):
    """One phone on one bench."""

    def __init__(self, chance: random.Random, *, calm: bool) -> None:
        super().__init__(chance, calm=calm)
        self.ahead = 0.0
        self.calls: list[tuple[float, int, str]] = []
        self.told = 0

    def _configuration(self, *, at_boot: bool = False) -> dict[str, str]:
        chosen = super()._configuration(at_boot=at_boot)
        names = [name for name in CHOICES if self.chance.random() < (0.6 if at_boot else 0.1)]
        chosen |= {name: self.chance.choice(CHOICES[name]) for name in names}
        return chosen | (LINES | GMT if at_boot else {})

    def _power_off(self) -> None:
        super()._power_off()
        self.calls.clear()

    def _one_resync(self, end: float) -> bool:
        """The next resync, and what happens before it."""
        for _ in range(EVENTS):
            when = self.now + self.chance.expovariate(1 / 300)
            if self.calls:
                when = min(when, max(self.now, min(self.calls)[0]))
            due = self.phone.due
            nothing = due is None or due.latest >= FOREVER
            if not nothing and max(self.now, self._somewhere(due)) <= when:
                return super()._one_resync(end)
            if when > end:
                return False
            self._idle_until(when)
            self._something()
        return False

    def _somewhere(self, due) -> float:
        return self.chance.uniform(due.earliest, due.latest) / NANOSECONDS

    # -- what can happen ---------------------------------------------------------------------------

    def _something(self) -> None:
        if self.phone.phase is not Phase.WAITING:
            return
        ending = [call for call in self.calls if call[0] <= self.now]
        if ending:
            self._hangs_up(ending[0])
            return
        happens = (self._time, self._time, self._called, self._calls, self._notify, self._key)
        self.chance.choice(happens)()

    def _time(self) -> None:
        steps = (0.0,) * 6 + (0.004, -0.004, 900.0, -900.0, 5400.0, 2 * 86_400.0)
        self.ahead += self.chance.choice(steps)
        self.story.tell(self.now, time_asked())
        due = self.phone.due
        soon = due is not None and due.latest < (self.now + 4) * NANOSECONDS
        late = not self.calm and not soon and self.chance.random() < 0.2
        self._wait(self.chance.uniform(1.1, 3) if late else self.chance.uniform(0, 0.5))
        utc_ns = round((MIDNIGHT + self.now + self.ahead) * NANOSECONDS)
        if self.chance.random() < 0.1:
            self.story.tell(self.now, time_told(utc_ns, leap=3))
            return
        self.story.tell(self.now, time_told(utc_ns))
        if not late or self.chance.random() < 0.5:
            self._happens(ClockSet(self._ns, utc_ns))

    def _free(self) -> int | None:
        busy = {line for _, line, _ in self.calls}
        free = [line for line in (1, 2) if line not in busy]
        return self.chance.choice(free) if free else None

    def _name(self) -> str:
        self.told += 1
        return f"{self.told}"

    def _called(self) -> None:
        """Somebody calls the phone, which answers or refuses."""
        line, call = self._free(), self._name()
        if line is None:
            return
        user = f"10{line}"
        self.story.tell(self.now, sip("INVITE", SENT, user=user, call=call))
        self._happens(LineChanged(self._ns, line, True))
        self._wait(self.chance.uniform(0, 0.3))
        if self.chance.random() < 0.5:
            self.story.tell(self.now, sip("INVITE", RECEIVED, user=user, call=call, status=180))
            self._wait(self.chance.uniform(0, 0.3))
        if self.chance.random() < 0.2:
            self.story.tell(self.now, sip("INVITE", RECEIVED, user=user, call=call, status=486))
            self._happens(LineChanged(self._ns, line, False))
            return
        self.story.tell(self.now, sip("INVITE", RECEIVED, user=user, call=call, status=200))
        self.story.tell(self.now, sip("ACK", SENT, user=user, call=call))
        self.calls.append((self.now + self.chance.uniform(1, 600), line, call))

    def _calls(self) -> None:
        """The phone calls somebody, who answers or refuses."""
        line, call = self._free(), self._name()
        if line is None:
            return
        user = f"10{line}"
        self._happens(LineChanged(self._ns, line, True))
        self.story.tell(self.now, sip("INVITE", RECEIVED, user=user, call=call))
        self._wait(self.chance.uniform(0, 3))
        status = self.chance.choice((200, 200, 404))
        self.story.tell(self.now, sip("INVITE", SENT, user=user, call=call, status=status))
        self.story.tell(self.now, sip("ACK", RECEIVED, user=user, call=call))
        if status == 200:
            self.calls.append((self.now + self.chance.uniform(1, 600), line, call))
        else:
            self._happens(LineChanged(self._ns, line, False))

    def _hangs_up(self, ending: tuple[float, int, str]) -> None:
        self.calls.remove(ending)
        _, line, call = ending
        user = f"10{line}"
        ours, theirs = self.chance.choice(((SENT, RECEIVED), (RECEIVED, SENT)))
        self.story.tell(self.now, sip("BYE", ours, user=user, call=call, cseq=2))
        self._wait(self.chance.uniform(0, 0.2))
        self._happens(LineChanged(self._ns, line, False))
        self._wait(self.chance.uniform(0, 0.2))
        self.story.tell(self.now, sip("BYE", theirs, user=user, call=call, cseq=2, status=200))

    def _notify(self) -> None:
        call = self._name()
        self.story.tell(self.now, sip("NOTIFY", SENT, user="101", call=call, event="resync"))
        self._wait(self.chance.uniform(0, 0.1))
        allowed = self.phone.parameters.flag("Resync_From_SIP")
        status = 200 if allowed or self.chance.random() < 0.3 else 403
        if status == 200:
            self._happens(Asked(self._ns, Asker.SIP, Action.RESYNC))
        self._wait(self.chance.uniform(0, 0.1))
        self.story.tell(self.now, sip("NOTIFY", RECEIVED, user="101", call=call, status=status))

    def _key(self) -> None:
        offered = self.phone.parameters.flag("User_Configurable_Resync")
        self.story.tell(self.now, screen("resync", offered=offered))
        if offered:
            self._happens(Asked(self._ns, Asker.SCREEN, Action.RESYNC))


def play(seed: int, *, calm: bool = False) -> Story:
    """The scenario of this seed."""
    return EventfulPlayer(random.Random(seed), calm=calm).play()  # noqa: S311
