"""How long a virtual phone takes to boot, for benches where that time really passes."""

from __future__ import annotations

from dataclasses import replace

from hil.virtual.firmware import Firmware


def booting_at(firmware: Firmware, pace: float) -> Firmware:
    """The same build on a phone that boots faster or slower: ``pace`` times as long as usual.

    That is the start of the system and what CDP and LLDP-MED add before DHCP. Network_Startup_Delay
    comes on top: it is a parameter, and what it says is the phone's to do.
    """
    neighbours = replace(firmware.neighbours, wait_s=firmware.neighbours.wait_s * pace)
    return replace(firmware, boot_s=firmware.boot_s * pace, neighbours=neighbours)
