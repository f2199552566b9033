"""A switch with power over Ethernet and links, as the objects that net-snmp's agent serves for it.

The ports: one that does what it is told, with a phone whose link follows; one with nobody at its end;
one that takes its time; one in another group, whose link never comes; and one for each other state.
Interfaces have names and numbers that have nothing to do with the ports'.
"""

from __future__ import annotations

from pathlib import Path

from snmp_device import Device

from hil.power.poe import Detection

PETH = "1.3.6.1.2.1.105.1.1.1"
ADMIN_ENABLE, DETECTION = f"{PETH}.3", f"{PETH}.6"
IF_DESCR, IF_OPER_STATUS, IF_LAST_CHANGE = (f"1.3.6.1.2.1.2.2.1.{n}" for n in (2, 8, 9))
IF_NAME = "1.3.6.1.2.1.31.1.1.1.1"
ENT_ALIAS = "1.3.6.1.2.1.47.1.3.2.1.2"
IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
CISCO_ENTITY = "1.3.6.1.4.1.9.9.402.1.2.1.11"
ROOTS = ["1.3.6.1"]
NOTHING_OF_ITS_OWN = ("-I", "pass_persist,vacm_conf,usmConf,usmUser")
"""The agent has none of its own modules, which would serve the interfaces of this machine."""

OBEYS, EMPTY, SLOW, STATES = "1.7", "1.8", "1.9", "1.%d"
ENTITY, INTERFACE = 1007, 10107
DETECTS_S = 0.3


def port(device: Device, index: str, powered: Detection, *, after: float = 0.0) -> None:
    """A port that is off, and comes to ``powered`` once it is enabled."""
    admin, state = f"{ADMIN_ENABLE}.{index}", f"{DETECTION}.{index}"
    device.integer(admin, 2)
    device.integer(state, Detection.DISABLED)
    device.command(admin, 1, {state: Detection.SEARCHING, admin: 1})
    device.command(admin, 1, {state: powered}, after=after)
    device.command(admin, 2, {state: Detection.DISABLED, admin: 2})


def switch_device(path: Path) -> Device:
    device = Device(path)
    port(device, OBEYS, Detection.DELIVERING_POWER)
    port(device, EMPTY, Detection.SEARCHING)
    port(device, SLOW, Detection.DELIVERING_POWER, after=DETECTS_S)
    port(device, "2.4", Detection.DELIVERING_POWER)
    for status in (4, 5, 6, 9):
        device.integer(f"{DETECTION}.{STATES % (20 + status)}", status)
    for interface, name in ((7, "Gi1/0/7"), (4, "Gi2/0/4"), (INTERFACE, "Te1/1/1"), (55, "Vlan1")):
        device.values[f"{IF_NAME}.{interface}"] = ("string", name)
        device.values[f"{IF_DESCR}.{interface}"] = ("string", name.replace("Gi", "GigabitEthernet"))
        device.integer(f"{IF_OPER_STATUS}.{interface}", 2)
        device.values[f"{IF_LAST_CHANGE}.{interface}"] = ("timeticks", "0")
    link, changed = f"{IF_OPER_STATUS}.7", f"{IF_LAST_CHANGE}.7"
    device.command(f"{ADMIN_ENABLE}.{OBEYS}", 1, {link: 1, changed: 4200})
    device.command(f"{ADMIN_ENABLE}.{OBEYS}", 2, {link: 2, changed: 8400})
    device.integer(f"{CISCO_ENTITY}.{OBEYS}", ENTITY)
    device.integer(f"{CISCO_ENTITY}.{EMPTY}", 0)
    device.values[f"{ENT_ALIAS}.{ENTITY}.0"] = ("objectid", f".{IF_INDEX}.{INTERFACE}")
    device.values[f"{ENT_ALIAS}.1008.0"] = ("objectid", f".{IF_INDEX}.55")
    return device
