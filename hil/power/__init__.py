"""Switching a handset's power: drivers, one a module, and the policy that all of them share."""

from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.poe import PoeSwitch
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.power.snmp_pdu import APC_RPDU, APC_RPDU2, PduModel, SnmpPdu

__all__ = [
    "APC_RPDU",
    "APC_RPDU2",
    "Outlet",
    "PduModel",
    "PoeSwitch",
    "PowerDriver",
    "PowerPolicy",
    "SnmpAgent",
    "SnmpPdu",
    "SnmpVersion",
]
