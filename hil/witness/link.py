"""Whether the lab's own cable stayed where it was.

On a rack a bench has one end of the wire in hand, its own. A link that goes there takes the phone's
frames with it, and neither the phone nor its switch is to blame. The kernel counts each change of the
carrier, so none is too short to be seen.

A phone that hangs on the interface itself, with no switch in between, takes the link with it when it
loses its power. There the link is the handset's and this witness has nothing to say.
"""

from __future__ import annotations

from collections.abc import Sequence

from hil.errors import LabError, SharedFault
from hil.net.interface import Interface


class LabLink:
    """A witness of the carrier at the lab's own ``interface``."""

    def __init__(self, interface: Interface) -> None:
        self._interface = interface
        self._changes = interface.carrier_changes()

    def begin(self) -> None:
        """Look afresh."""
        try:
            self._changes = self._interface.carrier_changes()
        except LabError:
            # That it is gone is told at the end of the test.
            self._changes = 0

    def trouble(self) -> Sequence[LabError]:
        """Whether the carrier came or went since `begin`, or is not there."""
        name = self._interface.name
        try:
            changes = self._interface.carrier_changes() - self._changes
            running = self._interface.running
        except LabError as error:
            return (
                SharedFault(
                    "the lab's own interface is gone",
                    evidence=f"{name}: {error.evidence}",
                    next_step="see whether the adapter is plugged in and nobody took it away",
                ),
            )
        if running and not changes:
            return ()
        return (
            SharedFault(
                "the lab's own link was interrupted" if running else "the lab's own link is down",
                evidence=f"the carrier of {name} changed {changes} times, by the kernel's count",
                next_step="look at the cable between this machine and the switch, and at its port",
            ),
        )

    def close(self) -> None:
        """Nothing is held."""
