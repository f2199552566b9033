"""The tables of a switch that say who is at which port; `read` walks them by SNMP.

- ifName and ifAlias (RFC 2863), ifDescr (RFC 1213);
- dot1dBasePortIfIndex and dot1dTpFdbPort (RFC 4188), dot1qTpFdbPort and dot1qPvid (RFC 4363);
- lldpRemTable and lldpLocPortId (IEEE 802.1AB-2005), the inventory of LLDP-MED (ANSI/TIA-1057);
- pethPsePortTable (RFC 3621), and for Catalysts CISCO-POWER-ETHERNET-EXT-MIB with
  entAliasMappingIdentifier (RFC 6933), which `hil.power.switch_ports` explains;
- cdpCacheTable (CISCO-CDP-MIB).

A switch lacks most of them, and what it lacks it does not answer with. Cisco IOS shows the bridge table
of another VLAN than 1 only under a community of its own (``public@101``); its phones are found by
LLDP and CDP, or by naming that community. Proven against net-snmp's snmpd, which serves such tables.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from hil.errors import LabError, PowerError
from hil.power.snmp_session import SnmpSession

READING_S = 60.0
"""How long the tables of a switch may take together, seconds."""

_MOST_ROWS = 50_000

_LLDP_REMOTE = "1.0.8802.1.1.2.1.4.1.1"
_MED_INVENTORY = "1.0.8802.1.1.2.1.5.4795.1.3.3.1"
_CDP_CACHE = "1.3.6.1.4.1.9.9.23.1.2.1.1"
COLUMNS: Mapping[str, str] = {
    "ifName": "1.3.6.1.2.1.31.1.1.1.1",
    "ifAlias": "1.3.6.1.2.1.31.1.1.1.18",
    "ifDescr": "1.3.6.1.2.1.2.2.1.2",
    "dot1dBasePortIfIndex": "1.3.6.1.2.1.17.1.4.1.2",
    "dot1dTpFdbPort": "1.3.6.1.2.1.17.4.3.1.2",
    "dot1qTpFdbPort": "1.3.6.1.2.1.17.7.1.2.2.1.2",
    "dot1qPvid": "1.3.6.1.2.1.17.7.1.4.5.1.1",
    "lldpLocPortId": "1.0.8802.1.1.2.1.3.7.1.3",
    "lldpRemChassisIdSubtype": f"{_LLDP_REMOTE}.4",
    "lldpRemChassisId": f"{_LLDP_REMOTE}.5",
    "lldpRemPortIdSubtype": f"{_LLDP_REMOTE}.6",
    "lldpRemPortId": f"{_LLDP_REMOTE}.7",
    "lldpRemSysName": f"{_LLDP_REMOTE}.9",
    "lldpRemSysDesc": f"{_LLDP_REMOTE}.10",
    "lldpRemSysCapEnabled": f"{_LLDP_REMOTE}.12",
    "lldpXMedRemHardwareRev": f"{_MED_INVENTORY}.1",
    "lldpXMedRemFirmwareRev": f"{_MED_INVENTORY}.2",
    "lldpXMedRemSoftwareRev": f"{_MED_INVENTORY}.3",
    "lldpXMedRemSerialNum": f"{_MED_INVENTORY}.4",
    "lldpXMedRemModelName": f"{_MED_INVENTORY}.6",
    "cdpCacheVersion": f"{_CDP_CACHE}.5",
    "cdpCacheDeviceId": f"{_CDP_CACHE}.6",
    "cdpCachePlatform": f"{_CDP_CACHE}.8",
    "pethPsePortDetectionStatus": "1.3.6.1.2.1.105.1.1.1.6",
    "pethPsePortPowerClassifications": "1.3.6.1.2.1.105.1.1.1.10",
    "cpeExtPsePortEntPhyIndex": "1.3.6.1.4.1.9.9.402.1.2.1.11",
    "entAliasMappingIdentifier": "1.3.6.1.2.1.47.1.3.2.1.2",
}
"""The columns that are read, by their names in the MIBs."""

Tables = Mapping[str, Mapping[str, str]]
"""By a column's name its rows: index and value as text, octets that are no UTF-8 escaped."""


async def read(session: SnmpSession, concerns: str) -> Tables:
    """Read the switch's tables; LabError if it does not answer, or not within `READING_S`."""
    tables: dict[str, dict[str, str]] = {}
    try:
        async with asyncio.timeout(READING_S):
            for name, oid in COLUMNS.items():
                tables[name] = {row: value async for row, value in session.walk(oid, _MOST_ROWS)}
    except PowerError as error:
        raise LabError(
            "the switch's tables cannot be read",
            evidence="; ".join(filter(None, (error.what, error.evidence))),
            next_step=error.next_step,
            concerns=concerns,
        ) from error
    except TimeoutError:
        raise LabError(
            f"the switch did not tell its tables within {READING_S:.0f} s",
            evidence=f"{sum(map(len, tables.values()))} rows of {len(tables)} columns came",
            next_step="ask a switch nearer to the phones, or one with fewer addresses",
            concerns=concerns,
        ) from None
    return tables
