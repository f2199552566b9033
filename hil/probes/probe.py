"""An experiment about one open question, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from hil.probes.scene import Play


@dataclass(frozen=True)
class Probe:
    """The experiment that tells the readings of ``question`` apart.

    ``wall_s`` is roughly how many seconds of lab time it takes; where the time passes by itself that
    is how long one waits. ``timer_s`` is the shortest delay, in seconds, that it sets a provisioning
    timer to, ``capability`` what the handset or its place must be declared to have (a name of
    `hil.testbed.capabilities`); empty for nothing.
    """

    question: str
    play: Play
    wall_s: float = 60
    timer_s: float = float("inf")
    capability: str = ""


class Result(StrEnum):
    """What an experiment came to."""

    FOUND = "found"
    UNDETERMINED = "undetermined"
    NONE_FITS = "none fits"
    INCONCLUSIVE = "inconclusive"
    LAB = "lab fault"
    NO_PROBE = "no probe"


@dataclass(frozen=True)
class Answer:
    """What is known of one question after its experiment.

    ``left`` are the readings that nothing seen speaks against. ``against`` has the first thing that
    speaks against each of the others; ``remark`` why there is no answer, or what it leaves open.
    """

    question: str
    result: Result
    left: tuple[str, ...] = ()
    against: Mapping[str, str] = field(default_factory=dict)
    remark: str = ""

    @property
    def reading(self) -> str | None:
        """The one reading that is left; None without an answer."""
        return self.left[0] if self.result is Result.FOUND else None

    def __str__(self) -> str:
        match self.result:
            case Result.FOUND:
                said = self.left[0]
            case Result.UNDETERMINED:
                said = f"undetermined: {', '.join(self.left)}"
            case _:
                said = self.result.value
        return f"{said} ({self.remark})" if self.remark else said

    def as_json(self) -> dict[str, object]:
        """The answer as `hil interpretations probe --json` prints it."""
        return {
            "name": self.question,
            "result": self.result.value,
            "reading": self.reading,
            "left": list(self.left),
            "against": dict(self.against),
            "remark": self.remark,
        }
