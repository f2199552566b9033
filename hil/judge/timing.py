"""How exactly a handset's timing can be observed, and how long it may take over a step."""

from __future__ import annotations

from dataclasses import dataclass

from hil.lab_time import NANOSECONDS


@dataclass(frozen=True)
class Timing:
    """Tolerances of one handset on one bench, in seconds.

    ``early`` and ``late`` widen every window, for what the observation itself costs; ``drift`` is
    the phone's clock error as a fraction of the time since the window's anchor. ``boot`` is how long
    a phone may take from power-on to its first DHCPDISCOVER, ``lease`` from there to its lease,
    ``step`` between two steps of a resync, ``message`` until a due syslog message arrives,
    ``give_up`` until it abandons a server that does not answer, and ``store`` until it has put an
    applied profile where a power cut cannot reach it; ``trigger`` until it has noticed that a
    Resync_Trigger is true, and ``restart`` from the reason of a reboot, which may be a load that is
    still to be installed, until the phone is seen to boot. The specification has no figures for
    these eight, so a testbed states what its phones need.
    """

    early: float = 0.010
    late: float = 1.0
    drift: float = 0.0
    boot: float = 60.0
    lease: float = 60.0
    step: float = 10.0
    message: float = 5.0
    give_up: float = 180.0
    store: float = 1.0
    trigger: float = 5.0
    restart: float = 180.0

    def slack_early(self, elapsed_ns: int) -> int:
        """How much too early still counts as in time, nanoseconds."""
        return round(self.early * NANOSECONDS + self.drift * max(0, elapsed_ns))

    def slack_late(self, elapsed_ns: int) -> int:
        """How much too late still counts as in time, nanoseconds."""
        return round(self.late * NANOSECONDS + self.drift * max(0, elapsed_ns))
