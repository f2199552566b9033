"""PDUDaemon, as Debian has it, with a PDU that is a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from programs import needed, started
from serial_lines import HOST, await_listener, free_port

from hil.clock import WallClock
from hil.errors import PowerDeviceError, PowerRefused, StateUnknown
from hil.history import History
from hil.power.http_client import HttpServer
from hil.power.outlet import Outlet, PowerPolicy
from hil.power.pdudaemon import pdudaemon

pytestmark = pytest.mark.peer("pdudaemon")


@dataclass
class Daemon:
    url: str
    switched: Path


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    program, port, switched = needed("pdudaemon", "pdudaemon"), free_port(), tmp_path / "switched"
    pdu = {
        "driver": "localcmdline",
        "cmd_on": f"echo '%s on' >> {switched}",
        "cmd_off": f"echo '%s off' >> {switched}",
    }
    settings = {"hostname": "127.0.0.1", "port": port, "listener": "http", "logging_level": "INFO"}
    (tmp_path / "conf").write_text(json.dumps({"daemon": settings, "pdus": {"rack 1": pdu}}))
    log = str(tmp_path / "log")
    with started([program, "--conf", str(tmp_path / "conf"), "--logfile", log], HOST):
        await_listener(port)
        yield Daemon(f"http://127.0.0.1:{port}", switched)


def test_an_outlet_is_cycled_without_read_back(wall_clock: WallClock, daemon: Daemon):
    power = pdudaemon(HttpServer(daemon.url), "rack 1")
    policy = PowerPolicy(minimum_off_s=0.0)
    wall_clock.run(Outlet(power, "4", History(wall_clock), policy).cycle())
    assert daemon.switched.read_text() == "4 off\n4 on\n"
    with pytest.raises(StateUnknown, match="no read-back"):
        wall_clock.run(power.state("4"))


def test_a_pdu_that_the_daemon_does_not_know_is_a_refusal(wall_clock: WallClock, daemon: Daemon):
    with pytest.raises(PowerRefused, match=r"status 50\d"):
        wall_clock.run(pdudaemon(HttpServer(daemon.url), "rack 2").on("4"))


def test_a_daemon_that_is_not_there_is_an_error(wall_clock: WallClock):
    power = pdudaemon(HttpServer(f"http://127.0.0.1:{free_port()}"), "rack 1")
    with pytest.raises(PowerDeviceError, match="cannot be reached"):
        wall_clock.run(power.on("1"))
