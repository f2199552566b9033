"""The second witness of a handset's power: its network link.

What a PDU reads back about itself is one witness. A phone that has power has a link within moments,
and one that lost its power loses it, so the link is another, whoever sees it: the virtual port's own
carrier, a switch that is asked by SNMP, or, where nobody can see the port, what the phone itself lets
be heard.
"""

from __future__ import annotations

from typing import Protocol

from hil.net.interface import Interface


class LinkWitness(Protocol):
    """Who sees the link of one handset's port."""

    @property
    def name(self) -> str:
        """What it is and where, for a person who goes and looks."""

    @property
    def patience_s(self) -> float:
        """Seconds after which the link shows that the power was switched, at the most."""

    @property
    def up(self) -> bool | None:
        """Whether the link is up, when it was last looked at; None where nobody can tell."""

    @property
    def changes(self) -> int | None:
        """How often it came or went so far, whoever was the cause; None where nobody counts."""

    async def look(self) -> None:
        """Look now; in the loop. `LabError` where the witness cannot be asked."""


class PortLink:
    """The carrier of an interface of ours at the other end of the handset's cable."""

    patience_s = 5.0

    def __init__(self, near: Interface) -> None:
        self._near = near

    @property
    def name(self) -> str:
        """What it is and where."""
        return f"the carrier of {self._near.name}"

    @property
    def up(self) -> bool:
        """Whether the link is up, as of now."""
        return self._near.running

    @property
    def changes(self) -> int:
        """How often its carrier came or went so far."""
        return self._near.carrier_changes()

    async def look(self) -> None:
        """Nothing to do: the kernel is asked each time."""
