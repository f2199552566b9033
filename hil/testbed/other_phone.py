"""Whether the handset's outlet feeds another phone, by who boots when it is switched.

The inventory says which outlet a handset hangs on. If that is wrong each power command of a run goes to
somebody else's phone, and the handset, which nobody switched, would be blamed for not booting. So where
the handset did not ask for a lease in the time that it has, those who did are looked at (see
`hil.witness.arrivals`). A phone that somebody has leased is left out: it may boot because he switched
it. Where VLANs keep the phones apart nobody else is heard, and nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.judge.timing import Timing
from hil.lab_time import NANOSECONDS
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.restorer import Power
from hil.witness.arrivals import Arrivals, Asked, Boot, answered, asked_after, booted

_How: TypeAlias = Callable[[Sequence[Asked], Boot, float], float | None]

_DARK_S = 12.0
"""How long the outlet stays off to see it again: longer than a client waits that has just begun."""
_SECOND_S = 9.0
"""And how long after its first request a client that begins anew has asked again."""
_LOOKS: Final = (asked_after, answered)
"""It is switched again for whoever may have booted, and once more for who did by that."""


@dataclass(frozen=True)
class Others:
    """Who else works on the rack.

    ``taken`` tells of a MAC address whether somebody has that handset. ``stop`` is told why no more
    tests are to be run on this one, which is not to be put aside.
    """

    taken: Callable[[str], bool]
    stop: Callable[[str], None] = lambda _: None


class OtherPhone:
    """A witness of what the outlet of ``entry`` feeds; see the module."""

    def __init__(
        self,
        testbed: Testbed,
        entry: HandsetEntry,
        history: History,
        timing: Timing,
        arrivals: Arrivals,
        others: Others,
    ) -> None:
        self._names = {each.mac: each.name for each in testbed.handsets}
        self._entry = entry
        self._history = history
        self._limit_s = timing.boot + timing.lease
        self._arrivals = arrivals
        self._others = others
        self._told = False

    def begin(self) -> None:
        """What came of a power-on before the test tells of the outlet as well."""

    def trouble(self) -> Sequence[LabError]:
        """What the power-ons so far say of the outlet; the run is stopped then."""
        found = self._found()
        return [self._stopped(found)] if found is not None and not self._told else []

    def close(self) -> None:
        """Hear no more; in the loop."""
        self._arrivals.close()

    def look(self, power: Power) -> None:
        """`LabError` if another phone boots by the outlet, which is switched again to be certain.

        For a handset that has not come up. Where nobody else seems to have, nothing is switched, and
        it is not switched again for somebody who did not answer the long darkness for certain.
        """
        found = self._found()
        for how in _LOOKS:
            suspects = self._suspects(how)
            if found is not None or not suspects:
                break
            power.power_off()
            self._history.sleep(_DARK_S)
            power.power_on()
            # The handset itself has its time, too.
            self._history.sleep(max(self._limit_s, max(suspects.values()) + _SECOND_S))
            found = self._found()
        if found is not None:
            raise self._stopped(found)

    # -- inside ------------------------------------------------------------------------------------

    def _stopped(self, found: LabError) -> LabError:
        self._told = True
        self._others.stop(f"{found.what} ({found.evidence})")
        return found

    def _boots(self) -> list[Boot]:
        now, dark = self._history.now(), -1
        boots: list[Boot] = []
        for event in self._history.all(ev.PowerRequested):
            if event.action is ev.PowerAction.OFF:
                dark = event.at
                if boots and boots[-1].end == now:
                    boots[-1] = Boot(boots[-1].dark, boots[-1].on, event.at)
            elif dark >= 0:
                boots.append(Boot(dark, event.at, now))
                dark = -1
        return boots

    def _silent(self, boots: Sequence[Boot]) -> bool:
        """Whether the handset has had its time since the last power-on, and asked for nothing."""
        if not boots:
            return False
        last = boots[-1]
        own = self._arrivals.asked().get(self._entry.mac, ())
        had = (last.end - last.on) / NANOSECONDS
        return had >= self._limit_s and not any(each.at >= last.on for each in own)

    def _suspects(self, how: _How = answered) -> dict[str, float]:
        """Others that booted by the last power-on, as it seems, and how long after it."""
        boots = self._boots()
        if not self._silent(boots):
            return {}
        delays = {
            mac: how(asked, boots[-1], self._limit_s)
            for mac, asked in self._arrivals.asked().items()
        }
        return {
            mac: delay
            for mac, delay in delays.items()
            if delay is not None and mac != self._entry.mac and not self._others.taken(mac)
        }

    def _found(self) -> LabError | None:
        boots, asked = self._boots(), self._arrivals.asked()
        found = {mac: booted(asked[mac], boots, self._limit_s) for mac in self._suspects()}
        found = {mac: delays for mac, delays in found.items() if delays}
        return self._accused(found, boots[-1]) if found else None

    def _accused(self, found: dict[str, tuple[float, ...]], last: Boot) -> LabError:
        own, outlet = self._entry.name, f"{self._entry.power.outlet} of {self._entry.power.pdu}"
        known = sorted(self._names[mac] for mac in found if mac in self._names)
        macs = ", ".join(sorted(found))
        if known:
            named = ", ".join(known)
            boots = "boots" if len(found) == 1 else "boot"
            what = (
                f"{named} ({macs}) {boots} when the outlet of {own} is switched: "
                f"{outlet} feeds {named}"
            )
            step = f"correct the outlets of {own} and {named} in the inventory, or the plugs"
        else:
            what = (
                f"another device ({macs}), which is no handset of the inventory, boots when the "
                f"outlet of {own} is switched"
            )
            step = (
                f"compare mac: of {own} with its label, and {outlet} with what is plugged in there"
            )
        delays = "; ".join(
            f"{mac} asked for a lease {' and '.join(f'{each:.2f} s' for each in delays)} after "
            f"power-on at {outlet}"
            for mac, delays in sorted(found.items())
        )
        had = (last.end - last.on) / NANOSECONDS
        return LabError(
            what,
            evidence=f"{delays}; {own} ({self._entry.mac}) asked for none in {had:.0f} s, and "
            "nobody else has leased what booted",
            next_step=f"hil doctor --walk tells which outlet feeds which phone; {step}",
            concerns=own,
        )
