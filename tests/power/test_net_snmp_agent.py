"""The SNMP driver against an agent that others wrote: net-snmp's snmpd, which runs a script."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.clock import WallClock
from hil.errors import PowerError
from hil.history import History
from hil.history.events import PowerAction
from hil.power import Outlet, PowerPolicy, SnmpAgent, SnmpPdu, SnmpVersion
from hil.snmp import UsmUser

pytestmark = [
    pytest.mark.peer("snmpd"),
    pytest.mark.skipif(
        shutil.which("snmpd") is None, reason="net-snmp's agent is missing: apt install snmpd"
    ),
]

PDU = """#!/bin/sh
# net-snmp's "pass" protocol: one outlet, number 3, whose relay is a file.
if [ "$1" = -s ]; then
    case "$4" in 1|2) echo "$4" > {relay} ;; *) echo wrong-value ;; esac
    exit 0
fi
case "$2" in *.12.3.3.1.1.4.3|*.12.3.5.1.1.4.3) echo "$2"; echo integer; cat {relay} ;; esac
"""

CONFIGURATION = """
agentaddress udp:127.0.0.1:{port}
rocommunity public 127.0.0.1
rwcommunity private 127.0.0.1
createUser operator SHA authentication AES privacy-key
rwuser operator authPriv
pass .1.3.6.1.4.1.318.1.1.12 {script}
"""


@dataclass
class Agent:
    directory: Path
    port: int

    @property
    def relay(self) -> str:
        return (self.directory / "relay").read_text().strip()

    @contextmanager
    def running(self) -> Iterator[None]:
        """The agent, from when it says that it listens."""
        command = ["snmpd", "-f", "-Lo", "-C", "-c", str(self.directory / "snmpd.conf")]
        quiet = {"MIBS": "", "SNMP_PERSISTENT_DIR": str(self.directory / "state")}
        with subprocess.Popen(
            command,
            env={**os.environ, **quiet},
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
                yield
            finally:
                process.terminate()


@pytest.fixture
def stopped_agent(tmp_path: Path) -> Agent:
    (tmp_path / "relay").write_text("1")
    script = tmp_path / "pdu.sh"
    script.write_text(PDU.format(relay=tmp_path / "relay"))
    script.chmod(0o755)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "snmpd.conf").write_text(CONFIGURATION.format(port=port, script=script))
    (tmp_path / "state").mkdir()
    return Agent(tmp_path, port)


@pytest.fixture
def agent(stopped_agent: Agent) -> Iterator[Agent]:
    with stopped_agent.running():
        yield stopped_agent


@pytest.mark.parametrize("version", list(SnmpVersion))
def test_an_outlet_is_cycled(
    wall_clock: WallClock, agent: Agent, user: UsmUser, version: SnmpVersion
):
    pdu = SnmpPdu(SnmpAgent("127.0.0.1", agent.port, version, user=user))
    outlet = Outlet(pdu, "3", History(wall_clock), PowerPolicy(minimum_off_s=0.1))
    assert wall_clock.run(outlet.off()).attempts == 1
    assert agent.relay == "2"
    assert wall_clock.run(outlet.cycle()).attempts == 1
    assert agent.relay == "1"
    assert wall_clock.run(outlet.state()) is PowerAction.ON
    with pytest.raises(PowerError, match=r"noSuchInstance|noSuchName"):
        wall_clock.run(pdu.state("4"))


@pytest.mark.parametrize(
    ("config", "reason"),
    [
        ({"write_community": "public"}, "noAccess"),
        ({"write_community": "public", "version": SnmpVersion.V1}, "noSuchName"),
        ({"write_community": "other"}, "no answer"),
        ({"user": UsmUser("nobody", "authentication", "privacy-key")}, "Unknown USM user"),
        ({"user": UsmUser("operator", "another-key", "privacy-key")}, "digest"),
        ({"user": UsmUser("operator", "authentication", "another-key")}, "no answer"),
        ({"user": UsmUser("operator", "authentication")}, "authorizationError"),
    ],
)
def test_what_it_refuses(
    wall_clock: WallClock, agent: Agent, config: dict[str, object], reason: str
):
    if "user" in config:
        config = {**config, "version": SnmpVersion.V3}
    pdu = SnmpPdu(SnmpAgent("127.0.0.1", agent.port, timeout_s=1.0, **config))  # type: ignore[arg-type]
    with pytest.raises(PowerError, match=reason):
        wall_clock.run(pdu.off("3"))
    assert agent.relay == "1"


def test_the_driver_goes_on_when_the_agent_was_restarted(
    wall_clock: WallClock, stopped_agent: Agent, user: UsmUser
):
    config = SnmpAgent("127.0.0.1", stopped_agent.port, SnmpVersion.V3, user=user, timeout_s=1.0)
    outlet = Outlet(SnmpPdu(config), "3", History(wall_clock), PowerPolicy(minimum_off_s=0.1))
    with stopped_agent.running():
        wall_clock.run(outlet.off())
    assert stopped_agent.relay == "2"
    with stopped_agent.running():
        wall_clock.run(outlet.on())
    assert stopped_agent.relay == "1"
