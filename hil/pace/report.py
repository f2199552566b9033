"""What is said of a run's pace: before it the estimate and what is left out, after it the truth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from hil.pace.estimate import Basis
from hil.pace.plan import RESERVE, Plan

_SHOWN = 3


@dataclass(frozen=True)
class Overrun:
    """A test or a baseline exchange that took longer, in seconds, than was estimated.

    ``handset`` is empty where the run has one.
    """

    id: str
    handset: str
    estimate_s: float
    took_s: float

    def __str__(self) -> str:
        on = f"{self.handset} " if self.handset else ""
        name = self.id.rpartition("/")[2]
        return f"{on}{name} took {spoken(self.took_s)} instead of {spoken(self.estimate_s)}"

    def as_json(self) -> dict[str, object]:
        """The same for the document of the run."""
        return {
            "id": self.id,
            **({"handset": self.handset} if self.handset else {}),
            "estimate_s": round(self.estimate_s, 1),
            "took_s": round(self.took_s, 1),
        }


@dataclass(frozen=True)
class Unbegun:
    """What the budget had no time for: the tests, and what they are estimated to take in seconds."""

    tests: tuple[str, ...] = ()
    seconds: float = 0.0


@dataclass
class Outlook:
    """A plan for these handsets, made at a moment of the clock.

    ``real`` says that the time is waited for; ``took_s`` is what it came to, in seconds, once it is
    over. ``warnings`` are what a person should know besides. ``unbegun`` is what the budget had no
    time for, ``overran`` what took longer than its estimate, the most first.
    """

    plan: Plan
    handsets: tuple[str, ...]
    real: bool
    made: datetime
    warnings: list[str] = field(default_factory=list)
    took_s: float | None = None
    unbegun: Unbegun = field(default_factory=Unbegun)
    overran: Sequence[Overrun] = ()

    @property
    def ends(self) -> datetime:
        """When the run will be over, where its time is waited for."""
        return self.made + timedelta(seconds=min(self.plan.seconds, 1e9))

    def before(self) -> list[str]:
        """Lines for a person, before the run."""
        plan = self.plan
        lines = list(self.warnings)
        what = f"{plan.tier.name} tier: " if plan.tier is not None else ""
        of = f" of {len(plan.chosen) + len(plan.left_out)}" if plan.left_out else ""
        lines.append(f"{what}{_counted(len(plan.chosen), 'test')}{of}, {self._duration()}")
        if self.real:
            lines.append(f"    {self._basis()}")
        if plan.slowed:
            lines.append(
                f"    larger timers than the quick ones in {_counted(plan.slowed, 'test')}: the phone"
                " allows no smaller ones, or they could not be told apart"
            )
        if plan.left_out:
            lines.append(f"    {self._left_out()}")
        return lines

    def after(self) -> list[str]:
        """Lines for a person, after the run."""
        if self.took_s is None:
            return []
        due, took = self.plan.seconds, self.took_s
        off = f", {abs(took - due) / due:.0%} {'more' if took > due else 'less'}" if due else ""
        return [f"took {spoken(took)}; the estimate was {spoken(due)}{off}"]

    def untold(self) -> list[str]:
        """Lines for a person, after the run: what was not begun, why, and what helps."""
        budget_s = self.plan.tier.budget_s if self.plan.tier is not None else None
        if not self.unbegun.tests or budget_s is None:
            return []
        number = _counted(len(self.unbegun.tests), "test")
        lines = [f"{number} not begun: the budget of {spoken(budget_s)} was spent"]
        lines += [f"    {each}" for each in self.overran[:_SHOWN]]
        remedy = "a larger --budget has room for them"
        if len(self.handsets) == 1 and self.took_s is not None:
            needed_s = (self.took_s + self.unbegun.seconds) / (1 - RESERVE)
            remedy = f"--budget {math.ceil(needed_s / 60)} has room for all of it"
        why = " or see why that took longer than estimated" if self.overran else ""
        return [*lines, f"    {remedy}{',' if why else ''}{why}"]

    def as_json(self) -> dict[str, object]:
        """The same for the document of the run; seconds, and the time with its zone."""
        plan = self.plan
        budget_s = plan.tier.budget_s if plan.tier is not None else None
        return {
            "tier": plan.tier.name if plan.tier is not None else None,
            "budget_s": budget_s,
            "timers": "quick" if plan.quick else "usual",
            "clock": "wall" if self.real else "virtual",
            "tests": len(plan.chosen),
            "estimate_s": round(plan.seconds, 1),
            **{basis.value: plan.bases[basis] for basis in Basis},
            "slowed": plan.slowed,
            "ends": self.ends.isoformat(timespec="seconds") if self.real else None,
            "took_s": None if self.took_s is None else round(self.took_s, 1),
            "left_out": list(plan.left_out),
            "uncovered": list(plan.uncovered),
            "not_begun": list(self.unbegun.tests),
            "overran": [each.as_json() for each in self.overran[:_SHOWN]],
            "warnings": list(self.warnings),
        }

    def _duration(self) -> str:
        plan = self.plan
        budget = ""
        if plan.tier is not None and plan.tier.budget_s is not None:
            most = spoken(plan.tier.budget_s)
            budget = f" of {most}" if len(self.handsets) == 1 else f" (at most {most} a phone)"
        if not self.real:
            return f"about {spoken(plan.seconds)}{budget} of the phone's time, which is virtual"
        ends = f"{self.ends:%H:%M}"
        if self.ends.date() != self.made.date():
            ends = f"{self.ends:%Y-%m-%d %H:%M}"
        return f"about {spoken(plan.seconds)}{budget}, until {ends}"

    def _basis(self) -> str:
        bases = self.plan.bases
        tests = len(self.plan.chosen) - bases[Basis.DECLINED]
        on = "this phone" if len(self.handsets) == 1 else "each of these phones"
        parts = [f"{bases[Basis.MEASURED]} of {tests} measured on {on}"]
        if bases[Basis.SHIPPED]:
            parts.append(f"{bases[Basis.SHIPPED]} by the figures that come with hil")
        if bases[Basis.GUESSED]:
            parts.append(f"{bases[Basis.GUESSED]} guessed")
        if bases[Basis.DECLINED]:
            parts.append(f"{bases[Basis.DECLINED]} more do not apply")
        return ", ".join(parts)

    def _left_out(self) -> str:
        plan = self.plan
        text = f"{_counted(len(plan.left_out), 'test')} left out, which do not fit"
        if not plan.uncovered:
            return f"{text}; what they check others check too"
        shown = ", ".join(plan.uncovered[:_SHOWN])
        more = ", ..." if len(plan.uncovered) > _SHOWN else ""
        return f"{text}; {_counted(len(plan.uncovered), 'requirement')} with them: {shown}{more}"


def spoken(seconds: float) -> str:
    """A duration in the unit that it is best read in."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.1f} min"
    return f"{seconds / 3600:.1f} h"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" + ("" if number == 1 else "s")
