"""Whether the wire carries all, where nobody counts exactly at its far end: a phone answers echoes.

On a rack the far end of the wire is a port of somebody's switch. A wire that loses frames makes a sound
phone late, or has it repeat itself, so a phone that is there is sent echo requests at the end of each
test. Those between two that were answered and that were not answered themselves were lost. A single one
may be the phone's own doing, so it is looked at again. What is lost of one protocol alone, by a filter,
does not show here, but to `hil.witness.port_counters`, where there is a switch that counts.
"""

from __future__ import annotations

from ipaddress import IPv4Address

from hil.clock import Clock
from hil.net.interface import Place
from hil.net.ping import echoes

_LOST = 2
_MOST_SERIES = 2


async def lost_on_the_way(place: Place, clock: Clock, address: IPv4Address) -> str:
    """What was lost between ``place`` and the phone, in words; empty where next to nothing was."""
    sent = lost = 0
    for _ in range(_MOST_SERIES):
        series = await echoes(place, clock, address)
        sent, lost = sent + series.sent, lost + series.lost
        if lost != 1:
            break
    if lost < _LOST:
        return ""
    return (
        f"{lost} of {sent} echo requests to {address} were not answered, and some before and after "
        "them were; look at the cables, and at the error counters of the ports"
    )
