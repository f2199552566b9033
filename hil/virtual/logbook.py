"""What the virtual phone's status pages list: outcomes of resyncs and upgrades, and reboots.

It outlasts reboots and losses of power, or else a reboot could not be told from the first start.
"""

from __future__ import annotations

from hil.reference.due import Purpose
from hil.reference.status import REBOOTS_SHOWN, StatusLine, noted


class Logbook:
    """The lists, the newest line first."""

    def __init__(self) -> None:
        self.provisioning: tuple[StatusLine, ...] = ()
        self.upgrades: tuple[StatusLine, ...] = ()
        self.reboots: tuple[StatusLine, ...] = ()

    def clear(self) -> None:
        """As from the factory."""
        self.provisioning = self.upgrades = self.reboots = ()

    def concluded(self, purpose: Purpose, line: StatusLine) -> None:
        """An attempt is over; the pages show nothing of reports."""
        match purpose:
            case Purpose.RESYNC:
                self.provisioning = noted(self.provisioning, line)
            case Purpose.UPGRADE:
                self.upgrades = noted(self.upgrades, line)

    def booted(self, line: StatusLine) -> None:
        """The phone has booted; the line says why."""
        self.reboots = noted(self.reboots, line, REBOOTS_SHOWN)
