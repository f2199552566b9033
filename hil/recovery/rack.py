"""The ladder of a rack's bench: it climbs where a handset cannot be restored, and gives up in public.

What the handset does meanwhile is nobody's test. The bench marks all of it as preparation, so no judge
holds it against the handset; where the ladder ends without success the test that waits for the handset
is an error of the laboratory, and the handset goes into quarantine.

A foreign DHCP server leads phones away, and no rung brings one back while it is there; nor can anybody
be tested whose power device fails. So the wire is searched and the device asked before the ladder is
climbed, and again before anybody is put aside.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hil.errors import LabError
from hil.history import events as ev
from hil.recovery.climbing import TOTAL_S, GaveUp, Recovered, Step, climb
from hil.recovery.faces import ConsoleFace, OnTheWire, PowerFace, SipFace, WebFace
from hil.recovery.ladder import facts_of, from_rung
from hil.recovery.ways import Person, Ways
from hil.testbed.restorer import Case, LadderMaker, Reach

Quarantine: TypeAlias = Callable[[str], None]
"""Takes why nobody should use the handset until a person has looked at it."""

SOURCE = "recovery"


class RackLadder:
    """A handset's ladder; see `hil.testbed.restorer.Ladder`."""

    def __init__(
        self,
        reach: Reach,
        quarantine: Quarantine,
        *,
        first: str = "",
        person: Person | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._reach = reach
        self._quarantine = quarantine
        self._rungs = from_rung(first)
        self._person = person
        self._total_s = total_s

    def climb(self, case: Case) -> None:
        """Climb; `LabError` and quarantine where the ladder ends without success.

        `SharedFault` without quarantine where the trouble is the wire's, `PowerDeviceError` where it is
        that of the device which feeds the handset, and `LabError` without quarantine where the outlet
        feeds another phone: each rung that switches it would hit that one.
        """
        self._reach.search()
        self._reach.look_elsewhere(case.power)
        came = self.outcome(case)
        if isinstance(came, GaveUp):
            self._give_up(case.why, came.evidence, came.next_step)

    def outcome(self, case: Case) -> Recovered | GaveUp:
        """Climb, and tell what came of it; the handset is left as it is."""
        return climb(
            self._rungs,
            self._ways(case),
            self._note,
            timing=self._reach.timing,
            total_s=self._total_s,
        )

    def lost(self, why: LabError) -> None:
        """Quarantine for a handset that came back and takes no profile all the same.

        `SharedFault` or `PowerDeviceError` instead, as above.
        """
        self._reach.search()
        self._quarantine(f"it came back and cannot be brought into a known state: {_brief(why)}")

    def _give_up(self, why: LabError, evidence: str, next_step: str) -> None:
        self._reach.search()
        self._quarantine(f"{_brief(why)}; nothing helped: {evidence}. Next: {next_step}")
        raise LabError(
            "the handset could not be recovered",
            evidence=f"{_brief(why)}; {evidence}",
            next_step=f"{next_step}; it is in quarantine, see `hil leases list`",
            concerns=self._reach.entry.name,
        ) from why

    def _ways(self, case: Case) -> Ways:
        reach = self._reach
        command = reach.entry.console.factory_reset if reach.entry.console is not None else None
        console = None
        if reach.console is not None and command is not None:
            console = ConsoleFace(reach.console, command, reach)
        return Ways(
            facts=facts_of(reach.testbed, reach.entry),
            wire=OnTheWire(reach, case),
            now=reach.clock.now,
            sip=SipFace(reach.sip, reach.history, case.accounts, reach.address),
            web=WebFace(reach.web, reach.history, case.accounts),
            power=PowerFace(reach, case),
            console=console,
            person=self._person,
        )

    def _note(self, step: Step) -> None:
        self._reach.history.append(
            ev.RecoveryStep(
                source=SOURCE,
                rung=step.rung,
                phase=step.phase,
                reason=step.reason,
                took=step.took,
            )
        )


def rack_ladder(
    quarantine: Quarantine,
    *,
    first: str = "",
    person: Person | None = None,
    total_s: float = TOTAL_S,
) -> LadderMaker:
    """What makes the ladder of a bench, from the rung ``first`` on.

    ``person`` is somebody at the handset, for what only a person can do; without one it is skipped.
    ``total_s`` is the longest that a climb may take, in seconds. `UsageError` for no rung.
    """
    from_rung(first)
    return lambda reach: RackLadder(reach, quarantine, first=first, person=person, total_s=total_s)


def _brief(error: LabError) -> str:
    return f"{error.what} ({error.evidence})" if error.evidence else error.what
