"""A 48-port switch as its SNMP tables tell of it, and net-snmp's agent that serves them."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from hil.testbed.discovery.switch_tables import COLUMNS

Rows = dict[str, dict[str, bytes | int | str]]
"""By a column's name its rows: octets are an OCTET STRING, text with dots an OBJECT IDENTIFIER."""

FIRST, SECOND, UPSTREAM = "000e08aabbcc", "000e08aabbcd", "0a0000000001"


def arcs(mac: str) -> str:
    return ".".join(map(str, bytes.fromhex(mac)))


def catalyst() -> Rows:
    """Like a Catalyst: ifIndex 10101 and so on, a phone at port 7 by CDP and one at 8 by LLDP."""
    ports = range(1, 49)
    rows: Rows = {
        "ifName": {f"{10100 + n}": f"Gi1/0/{n}".encode() for n in ports} | {"1": b"Vl1"},
        "ifAlias": {"10107": b"rack 3, left"},
        "dot1dBasePortIfIndex": {str(n): 10100 + n for n in ports},
        # Behind port 48 is the rest of the house.
        "dot1dTpFdbPort": {arcs(FIRST): 7, arcs(SECOND): 8}
        | {arcs(f"0a00000000{n:02x}"): 48 for n in range(1, 9)},
        "dot1qPvid": {str(n): 100 + n for n in ports},
        "lldpLocPortId": {str(n): f"Gi1/0/{n}".encode() for n in ports},
        "lldpRemChassisIdSubtype": {"0.8.1": 5},
        "lldpRemChassisId": {"0.8.1": b"\x01\xc0\x00\x02\x10"},
        "lldpRemPortIdSubtype": {"0.8.1": 3},
        "lldpRemPortId": {"0.8.1": bytes.fromhex(SECOND)},
        "lldpRemSysName": {"0.8.1": b"SEP000E08AABBCD"},
        "lldpRemSysCapEnabled": {"0.8.1": b"\x04\x00"},
        "lldpXMedRemFirmwareRev": {"0.8.1": b"sip7832.12-0-5MPP0101-77"},
        "lldpXMedRemSerialNum": {"0.8.1": b"FCH2233ABCD"},
        "lldpXMedRemModelName": {"0.8.1": b"CP-7832-3PCC"},
        "cdpCacheDeviceId": {"10107.5": b"SEP000E08AABBCC", "10148.2": b"core-switch"},
        "cdpCachePlatform": {"10107.5": b"Cisco IP Phone 7832"},
        "pethPsePortDetectionStatus": {f"1.{n}": 3 if n in (7, 8) else 2 for n in ports},
        "pethPsePortPowerClassifications": {f"1.{n}": 3 if n in (7, 8) else 1 for n in ports},
        "cpeExtPsePortEntPhyIndex": {f"1.{n}": 1000 + n for n in ports},
        "entAliasMappingIdentifier": {
            f"{1000 + n}.0": f"1.3.6.1.2.1.2.2.1.1.{10100 + n}" for n in ports
        },
    }
    return rows


def as_walked(rows: Rows) -> Mapping[str, Mapping[str, str]]:
    """What a walk makes of them: octets that are no UTF-8 are escaped."""
    return {
        name: {
            row: value.decode("utf-8", "backslashreplace")
            if isinstance(value, bytes)
            else str(value)
            for row, value in column.items()
        }
        for name, column in rows.items()
    }


# net-snmp's protocol "pass_persist": PING, then get or getnext and a name a line; see snmpd.conf(5).
_SERVER = """\
import bisect, json, sys
rows = [(tuple(n), k, v) for n, k, v in json.load(open(sys.argv[1]))]
names = [row[0] for row in rows]
def answer(line):
    name = tuple(int(arc) for arc in sys.stdin.readline().strip().strip(".").split("."))
    at = bisect.bisect_left(names, name) if line == "get" else bisect.bisect_right(names, name)
    if at == len(rows) or (line == "get" and names[at] != name):
        return ["NONE"]
    return ["." + ".".join(map(str, rows[at][0])), rows[at][1], rows[at][2]]
for line in iter(sys.stdin.readline, ""):
    said = ["PONG"] if line.strip() == "PING" else answer(line.strip())
    sys.stdout.write("".join(each + "\\n" for each in said))
    sys.stdout.flush()
"""

_SUBTREES = (
    "1.0.8802",
    "1.3.6.1.2.1.17",
    "1.3.6.1.2.1.31",
    "1.3.6.1.2.1.47",
    "1.3.6.1.2.1.105",
    "1.3.6.1.4.1.9",
)


def _served(rows: Rows) -> list[tuple[tuple[int, ...], str, str]]:
    found = []
    for name, column in rows.items():
        for row, value in column.items():
            oid = tuple(map(int, f"{COLUMNS[name]}.{row}".split(".")))
            if isinstance(value, bytes):
                found.append((oid, "octet", value.hex(" ")))
            elif isinstance(value, int):
                found.append((oid, "integer", str(value)))
            else:
                found.append((oid, "objectid", f".{value}"))
    return sorted(found)


@contextlib.contextmanager
def snmpd(directory: Path, rows: Rows) -> Iterator[int]:
    """net-snmp's agent with these tables, at a port of the loopback that it says it listens on."""
    import json

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (directory / "state").mkdir()
    (directory / "rows.json").write_text(json.dumps(_served(rows)))
    (directory / "server.py").write_text(_SERVER)
    command = f"{sys.executable} -S {directory}/server.py {directory}/rows.json"
    lines = [f"agentaddress udp:127.0.0.1:{port}", "rocommunity reader 127.0.0.1"]
    lines += [f"pass_persist .{subtree} {command}" for subtree in _SUBTREES]
    (directory / "snmpd.conf").write_text("\n".join(lines) + "\n")
    # Its own tables of interfaces would stand before ours.
    with subprocess.Popen(
        [
            "snmpd",
            "-f",
            "-Lo",
            "-C",
            "-c",
            str(directory / "snmpd.conf"),
            "-I",
            "-ifTable,-ifXTable",
        ],
        env={**os.environ, "MIBS": "", "SNMP_PERSISTENT_DIR": str(directory / "state")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("NET-SNMP version"):
                    break
            else:
                pytest.fail("".join(said))
            yield port
        finally:
            process.terminate()
