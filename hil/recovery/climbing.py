"""Climbing: one rung after the other, until the handset is back, the ladder or the time at an end.

What counts as back is on the wire: after the rung acted the handset asks for an address anew, takes a
lease, answers an echo, and takes a profile to its end. That a rung could be used proves nothing; a
phone whose page said 200 to a reboot may hang as before.

Each rung keeps to its budget and all of them to a total. A rung that raises has failed like any other,
and the next one is tried. Whoever interrupts (Ctrl-C, the end of a run) leaves at once, but not before
power-on was attempted, and so does who gives up.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from hil.errors import LabError
from hil.history import Moment
from hil.history.events import RecoveryPhase
from hil.judge.timing import Timing
from hil.recovery.ladder import Rung
from hil.recovery.ways import Budget, Facts, Ways

TOTAL_S = 3600.0
"""The longest that a whole ladder may take, in seconds of lab time."""
_ECHO_S = 5.0


@dataclass(frozen=True)
class Step:
    """What became of a rung so far; ``took`` is in seconds of lab time."""

    rung: str
    phase: RecoveryPhase
    reason: str = ""
    took: float = 0.0


@dataclass(frozen=True)
class Recovered:
    """The handset is back; ``rung`` did it."""

    rung: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class GaveUp:
    """No rung brought it back. ``next_step`` is for a person."""

    steps: tuple[Step, ...]
    next_step: str

    @property
    def evidence(self) -> str:
        """What was tried, and why it did not help."""
        return "; ".join(f"{step.rung} {step.phase.value}: {step.reason}" for step in self.steps)


Note = Callable[[Step], None]
"""Is told each step as it happens."""


def climb(
    ladder: Sequence[Rung],
    ways: Ways,
    note: Note,
    *,
    timing: Timing,
    total_s: float = TOTAL_S,
) -> Recovered | GaveUp:
    """Climb from the bottom up; returns what brought the handset back, or that nothing did.

    Raises nothing for what handset and laboratory do. ``total_s`` is the budget of all rungs together.
    """
    whole = Budget(ways.now, total_s)
    steps: list[Step] = []
    try:
        for rung in ladder:
            attempt = _Attempt(rung, ways, whole.part(rung.budget_s(timing)), note)
            steps.append(_tried(attempt, whole, timing))
            if steps[-1].phase is RecoveryPhase.SUCCEEDED:
                return Recovered(rung.name, tuple(steps))
    except BaseException:
        _leave_on(ways)
        raise
    _leave_on(ways)
    return GaveUp(tuple(steps), _next_step(steps, ways.facts))


def came_back(ways: Ways, after: Moment, budget: Budget, timing: Timing) -> str:
    """Why the handset is not back since ``after``; empty if it is."""
    wire = ways.wire
    boot_s = timing.restart + timing.boot
    return (
        wire.booted(after, budget.within(boot_s))
        or wire.leased(after, budget.within(timing.lease))
        or wire.answers(budget.within(_ECHO_S))
        or wire.resynced(after, budget.within(timing.give_up + timing.step))
    )


# -- inside ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Attempt:
    """A rung that is being tried."""

    rung: Rung
    ways: Ways
    budget: Budget
    note: Note

    def step(self, phase: RecoveryPhase, reason: str = "") -> Step:
        """Tell how it stands."""
        took = round(self.budget.spent, 3)
        step = Step(self.rung.name, phase, reason, took)
        self.note(step)
        return step


def _tried(attempt: _Attempt, whole: Budget, timing: Timing) -> Step:
    """Try one rung; `RecoveryPhase.SUCCEEDED` if the handset is back."""
    rung, ways, budget = attempt.rung, attempt.ways, attempt.budget
    if whole.left <= 0:
        return attempt.step(RecoveryPhase.SKIPPED, f"the ladder's {whole.seconds:g} s are over")
    try:
        closed = rung.lacks(ways.facts) or rung.ready(ways, budget)
    except LabError as error:
        closed = _brief(error)
    if closed:
        return attempt.step(RecoveryPhase.SKIPPED, closed)
    attempt.step(RecoveryPhase.BEGUN, rung.does)
    before = ways.wire.mark()
    try:
        wrong = rung.act(ways, budget) or came_back(ways, before, budget, timing)
    except LabError as error:
        wrong = _brief(error)
    except BaseException:
        attempt.step(RecoveryPhase.FAILED, "it was interrupted")
        raise
    if wrong:
        return attempt.step(RecoveryPhase.FAILED, wrong)
    return attempt.step(RecoveryPhase.SUCCEEDED)


def _leave_on(ways: Ways) -> None:
    """A handset must not stay dark; what hinders that has its own place in the history."""
    if ways.power is not None:
        with contextlib.suppress(LabError):
            ways.power.ensure_on()


def _next_step(steps: Sequence[Step], facts: Facts) -> str:
    """What a person has to do, by what was seen."""
    came = {step.rung: step for step in steps}
    power = [came[name] for name in facts.feeds if name in came]
    if power and not any(_was_tried(step) for step in power):
        return "see why its outlet's device does not answer, and look at the handset"
    reset = came.get("factory-reset")
    if _was_tried(reset):
        return "look at the handset and its cable: not even factory settings help; it may be broken"
    if facts.factory_reset in ("menu", "keys"):
        return "go to the handset and run `hil recover` on a terminal, which says what to press"
    return "look at the handset and its cable, and take it back to its factory settings by hand"


def _was_tried(step: Step | None) -> bool:
    return step is not None and step.phase is not RecoveryPhase.SKIPPED


def _brief(error: LabError) -> str:
    return f"{error.what} ({error.evidence})" if error.evidence else error.what
