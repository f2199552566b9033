"""Devices with the objects of a MIB, served by net-snmp's snmpd for the time of a block."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from programs import first

NEEDS_SNMPD = [
    pytest.mark.peer("snmpd"),
    pytest.mark.skipif(
        shutil.which("snmpd") is None, reason="net-snmp's agent is missing: apt install snmpd"
    ),
]
SCRIPT = Path(__file__).with_name("pass_persist.py")
CONFIGURATION = """
agentaddress udp:127.0.0.1:{port}
rocommunity public 127.0.0.1
rwcommunity private 127.0.0.1
createUser operator SHA authentication AES privacy-key
rwuser operator authPriv
"""


@dataclass
class Device:
    """What `pass_persist` serves; `tell` makes a running agent serve it."""

    path: Path
    values: dict[str, tuple[str, str]] = field(default_factory=dict)
    commands: dict[str, dict[str, Sequence[Sequence[Any]]]] = field(default_factory=dict)
    port: int = 0

    def integer(self, oid: str, value: int) -> None:
        self.values[oid] = ("integer", str(value))

    def command(self, oid: str, value: int, then: Mapping[str, int], *, after: float = 0) -> None:
        """Make an object writable; the value sets others ``after`` so many seconds."""
        effects = [[after, changed, str(state)] for changed, state in then.items()]
        said = self.commands.setdefault(oid, {}).get(str(value), [])
        self.commands[oid][str(value)] = [*said, *effects]

    def tell(self) -> None:
        draft = self.path.with_suffix(".draft")
        draft.write_text(json.dumps({"values": self.values, "commands": self.commands}))
        draft.replace(self.path)

    @property
    def taken(self) -> list[tuple[str, int]]:
        """The commands that were taken so far."""
        log = Path(f"{self.path}.log")
        lines = log.read_text().splitlines() if log.exists() else []
        return [(line.split()[0], int(line.split()[1])) for line in lines]


@contextlib.contextmanager
def serving(device: Device, roots: Sequence[str], *options: str) -> Iterator[Device]:
    """Run an agent that answers for the device below each of ``roots``, from when it listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        device.port = free.getsockname()[1]
    device.tell()
    directory = device.path.parent
    script = f"{sys.executable} -IS {SCRIPT} {device.path}"
    lines = [f"pass_persist -p 1 .{root} {script}" for root in roots]
    configuration = directory / f"{device.path.stem}.conf"
    configuration.write_text(CONFIGURATION.format(port=device.port) + "\n".join(lines) + "\n")
    quiet = {"MIBS": "", "SNMP_PERSISTENT_DIR": str(directory / "state")}
    with subprocess.Popen(
        ["snmpd", "-f", "-Lo", "-C", "-c", str(configuration), *options],
        env={**os.environ, **quiet},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        first(process.pid)
        try:
            assert process.stdout is not None
            said = []
            for line in process.stdout:
                said.append(line)
                if line.startswith("NET-SNMP version"):
                    break
            else:
                pytest.fail("".join(said))
            yield device
        finally:
            process.terminate()
