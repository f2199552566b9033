"""What a check of the doctor is and what it finds.

A check is a function that returns what it saw where all is well, raises a `LabError` where something is
not, and `NotApplicable` where there is nothing to check. Checks of one group depend on each other or
share a device, and run one after the other; groups run side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from hil.errors import HilError, LabError


class State(StrEnum):
    """What came of a check."""

    OK = "ok"
    TROUBLE = "trouble"
    SKIPPED = "skipped"
    UNKNOWN = "unknown"
    """It was looked at, and what was seen decides nothing."""


class NotApplicable(HilError):
    """There is nothing to check here; the text says why."""


@dataclass(frozen=True)
class Check:
    """One thing to look at: its name, whom it ``concerns``, and how long it may take in seconds."""

    name: str
    concerns: str
    look: Callable[[], str]
    group: str
    deadline_s: float = 30.0


@dataclass(frozen=True)
class Finding:
    """What came of a check: ``what`` was seen or is wrong, the evidence, what to do next."""

    check: str
    concerns: str
    state: State
    what: str
    evidence: str = ""
    next_step: str = ""

    def plain(self) -> dict[str, Any]:
        """The same as JSON has it."""
        return {**asdict(self), "state": self.state.value}


def ok(check: str, concerns: str, what: str) -> Finding:
    """All is well."""
    return Finding(check, concerns, State.OK, what)


def skipped(check: str, concerns: str, why: str) -> Finding:
    """It was not checked."""
    return Finding(check, concerns, State.SKIPPED, why)


def trouble(check: str, concerns: str, error: HilError) -> Finding:
    """Something is wrong, as an error of ours says it."""
    if isinstance(error, LabError):
        return Finding(check, concerns, State.TROUBLE, error.what, error.evidence, error.next_step)
    return Finding(check, concerns, State.TROUBLE, str(error))
