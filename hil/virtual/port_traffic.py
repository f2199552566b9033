"""What passes the port of a virtual switch: the kernel's count at the phone's own interface.

A macvlan or VLAN child is the far end of the phone's cable, so what the phone sends is what its port
receives. Statistics of an interface do not part unicasts from broadcasts in both directions; packet
sockets with filters do.
"""

from __future__ import annotations

from hil.net.closing import close_together
from hil.net.frame_counter import FrameCounter
from hil.net.interface import Interface
from hil.net.packet_filter import broadcasts, broadcasts_but_of, unicasts, unicasts_to
from hil.virtual.poe_switch import Traffic


class PortTraffic:
    """Counts at ``interface`` what its phone sends and what comes for it."""

    def __init__(self, interface: Interface, mac: str) -> None:
        programs = (unicasts(mac), broadcasts(mac), unicasts_to(mac), broadcasts_but_of(mac))
        self._counters = [FrameCounter(interface, program) for program in programs]
        self._passed = [0] * len(programs)

    def passed(self) -> Traffic:
        """What passed so far."""
        self._passed = [
            before + counter.counted()
            for before, counter in zip(self._passed, self._counters, strict=True)
        ]
        return Traffic(*self._passed)

    def close(self) -> None:
        """Stop counting."""
        close_together(self._counters)
