"""Whether the wire carries each frame once: what was sent is held against what arrived.

Between the lab's interface and the handset's port lie a bridge or switches. A `Way` has a meter at
either end of one direction; a frame that the far one never counts was lost, one that it counts twice
was duplicated. Two sorts of frames would accuse the wire wrongly: those still under way, so a
difference counts only when it is still there after a while in which nothing passed either end; and
those sent toward a link that is down or comes up at that moment, so nothing counts from a planned
change of the link until the wire has been seen quiet again.

Both meters are frame counters of the kernel, exact to the frame, on the virtual testbed. The counters
of a rack's switch are late and count more; what can be said by them is in `hil.witness.port_counters`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hil.errors import LabError
from hil.net.closing import close_together
from hil.net.frame_counter import FrameCounter
from hil.net.interface import Interface
from hil.net.packet_filter import carried


class Meter(Protocol):
    """Counts frames at one end of a way."""

    def counted(self) -> int:
        """How many frames passed since the last call."""

    def close(self) -> None:
        """Stop counting."""


@dataclass
class Way:
    """One direction of the wire, in words, and the meters at its two ends."""

    name: str
    sent: Meter
    arrived: Meter
    ahead: int = 0
    lost: int = 0
    surplus: int = 0

    def look(self) -> bool:
        """Read the meters; True if no frame passed either since the last look."""
        sent, arrived = self.sent.counted(), self.arrived.counted()
        self.ahead += sent - arrived
        return not sent and not arrived

    def settle(self, *, quiet: bool) -> bool:
        """Say whether both ends agree; on a ``quiet`` wire, what they disagree on is trouble."""
        if self.ahead and quiet:
            self.lost += max(0, self.ahead)
            self.surplus += max(0, -self.ahead)
            self.ahead = 0
        return not self.ahead


class Crossing:
    """A witness of the wire between the lab and a handset.

    ``linked`` tells whether the handset's link is up. Somebody has to call `look` again and again,
    with longer in between than a frame takes to cross, and `link_changes` before each planned change
    of the link.
    """

    def __init__(self, ways: Sequence[Way], linked: Callable[[], bool], concerns: str) -> None:
        self._ways = tuple(ways)
        self._linked = linked
        self._concerns = concerns
        self._open = False

    def look(self) -> bool:
        """Compare both ends; True if it takes another look to know."""
        quiet = [way.look() for way in self._ways]
        if self._open:
            agreed = [way.settle(quiet=still) for way, still in zip(self._ways, quiet, strict=True)]
            return not all(agreed)
        for way in self._ways:
            way.ahead = 0
        if not self._linked():
            return False
        self._open = all(quiet)
        return not self._open

    def link_changes(self) -> None:
        """The link goes down or comes up now, as planned: what is under way may be lost."""
        self.look()
        self._open = False

    def begin(self) -> None:
        """Look afresh."""
        for way in self._ways:
            way.lost = way.surplus = 0

    def trouble(self) -> Sequence[LabError]:
        """What was lost or came too often since `begin`."""
        found = []
        for way in self._ways:
            if way.lost:
                found.append(self._told("lost", way.lost, way.name))
            if way.surplus:
                found.append(self._told("duplicated or altered", way.surplus, way.name))
        return found

    def close(self) -> None:
        """Stop counting."""
        close_together(meter for way in self._ways for meter in (way.sent, way.arrived))
        self._ways = ()

    def _told(self, what: str, frames: int, way: str) -> LabError:
        return LabError(
            f"the wire {what} frames",
            evidence=f"{frames} {way}, by the frames counted at its two ends",
            next_step="look at the counters of bridge, switch and cable between lab and handset",
            concerns=self._concerns,
        )


def counted_ways(lab: Interface, port: Interface, handset_mac: str) -> tuple[Way, Way]:
    """Both directions between the lab's interface and a handset's port, counted by the kernel."""
    down, up = carried(lab.mac, handset_mac), carried(handset_mac, lab.mac)
    return (
        Way("to the handset", FrameCounter(lab, down), FrameCounter(port, down)),
        Way("from the handset", FrameCounter(port, up), FrameCounter(lab, up)),
    )
