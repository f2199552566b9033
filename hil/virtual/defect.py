"""What a defect is, and the ways to make one."""

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


def sip_config(**changes: Any) -> Callable[[Firmware], Firmware]:
    """Another setting of the SIP user agent."""
    return lambda base: replace(base, sip=replace(base.sip, **changes))


def line_decision(**changes: Any) -> Callable[[Firmware], Firmware]:
    """Another decision of the phone's lines in the place of the specification's."""

    def change(base: Firmware) -> Firmware:
        decisions = replace(base.sip.decisions, **changes)
        return replace(base, sip=replace(base.sip, decisions=decisions))

    return change
