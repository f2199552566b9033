"""How long a virtual phone takes to boot, for benches where that time really passes."""

from __future__ import annotations

from dataclasses import replace

from hil.virtual.firmware import Firmware



def booting_at(firmware: Firmware, pace: float) -> Firmware:
    """The same build on a phone that boots faster or slower: ``pace`` times as long as usual.

    All that passes before DHCP is stretched alike: the start of the system, Network_Startup_Delay,
    and what CDP and LLDP-MED add.
    """
    if pace == 1.0:
        return firmware
    usual = firmware.neighbours
    neighbours = replace(
        usual,
        wait_s=usual.wait_s * pace,
        startup_delay=lambda parameters: usual.startup_delay(parameters) * pace,
    )
    return replace(firmware, boot_s=firmware.boot_s * pace, neighbours=neighbours)
