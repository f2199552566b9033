"""What a defect is, and the two ways to make one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from hil.reference.requirements import requirement
from hil.virtual.firmware import Firmware


@dataclass(frozen=True)
class Defect:
    """A deviation: its name, the requirement that it breaks, and what it does, in a line."""

    name: str
    requirement: str
    summary: str
    apply: Callable[[Firmware], Firmware]

    def __post_init__(self) -> None:
        requirement(self.requirement)


def firmware(**changes: Any) -> Callable[[Firmware], Firmware]:
    """Another setting of the firmware itself."""
    return lambda base: replace(base, **changes)


def decision(**changes: Any) -> Callable[[Firmware], Firmware]:
    """Another decision in the place of the specification's."""
    return lambda base: replace(base, decisions=replace(base.decisions, **changes))
