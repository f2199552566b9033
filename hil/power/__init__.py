"""Switching a handset's power: drivers, one a module, and the policy that all of them share."""

from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.poe import PoeSwitch
from hil.power.port_link import SwitchPortLink
from hil.power.snmp_agent import SnmpAgent, SnmpVersion
from hil.power.snmp_models import APC_RPDU, APC_RPDU2, MODELS, Command, PduModel
from hil.power.snmp_pdu import SnmpPdu
from hil.power.switch_ports import Numbering

__all__ = [
    "APC_RPDU",
    "APC_RPDU2",
    "MODELS",
    "Command",
    "Numbering",
    "Outlet",
    "PduModel",
    "PoeSwitch",
    "PowerDriver",
    "PowerPolicy",
    "SnmpAgent",
    "SnmpPdu",
    "SnmpVersion",
    "SwitchPortLink",
]
