"""How a handset is brought into a known state: what stands in its memory when a test powers it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Power(Protocol):
    """The handset's power, for whoever has to let it run meanwhile."""

    def power_on(self) -> object:
        """Switch it on; `LabError` if the outlet or the link disagree."""

    def power_off(self) -> object:
        """Cut it; `LabError` if the outlet or the link disagree."""


class Restorer(Protocol):
    """Puts exactly the given parameters, and defaults besides, into a handset's memory.

    ``lazy`` tells that this takes so long that it is left until a test really powers the handset:
    many tests say first what it is to hold.
    """

    @property
    def lazy(self) -> bool:
        """Whether to wait until it is needed."""

    def restore(self, power: Power, parameters: Mapping[str, str]) -> str | None:
        """Bring it about; the handset is off, and off again afterwards. In the test's thread.

        ``parameters`` are those that are not at their default. Returns the load that its other
        firmware partition holds then (empty: none, None: nobody knows); `LabError` where the handset
        cannot be brought into that state.
        """
