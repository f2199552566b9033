"""Programs of other machines on a flat LAN get nothing of ours; the handset's own get everything."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from pathlib import Path

import lan as lans
import pytest
from lan import PHONE, STRANGER, SUBNET, Lan, wiring
from programs import needed

from hil.clock import WallClock
from hil.endpoints.admission import Admission
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history import events as ev
from hil.net.attachment import attach
from hil.net.interface import Interface, Place
from hil.net.namespace import enter

enter()

LAB = SUBNET[1]
PROFILE = b"<flat-profile/>"
SCRIPT = """#!/bin/sh
[ "$1" = bound ] && echo "bound $ip"
exit 0
"""


class Served:
    """DHCP, HTTP and TFTP for the handset at a place."""

    def __init__(self, place: Place) -> None:
        self.clock = WallClock()
        self.history = History(self.clock, handset="v1")
        self.admission = Admission(PHONE)
        surroundings = (place, self.clock, self.history, self.admission)
        self.dhcp = DhcpEndpoint(*surroundings, handset_address=SUBNET[128])
        self.http = HttpEndpoint(*surroundings)
        self.tftp = TftpEndpoint(*surroundings)
        self._endpoints = (self.dhcp, self.http, self.tftp)
        for endpoint in self._endpoints:
            self.clock.run(endpoint.start())
        self.http.serve("/p.xml", PROFILE)
        self.tftp.serve("/p.xml", PROFILE)

    def close(self) -> None:
        for endpoint in self._endpoints:
            self.clock.run(endpoint.close())
        self.clock.close()


@pytest.fixture
def lan() -> Iterator[Lan]:
    with lans.made() as made:
        yield made


@pytest.fixture(params=["a wire of the rack", "a wire without a gate"])
def served(request: pytest.FixtureRequest, lan: Lan) -> Iterator[Served]:
    """As on a rack; and without the gate, where endpoints are all that ignores strangers."""
    with contextlib.ExitStack() as cleanup:
        if request.param == "a wire of the rack":
            place = cleanup.enter_context(attach(wiring(), PHONE, host=lan.machine)).place
        else:
            lan.interface.configure(LAB, SUBNET.netmask)
            place = Place(lan.interface, LAB, SUBNET.netmask)
        yield cleanup.enter_context(contextlib.closing(Served(place)))


def three_programs(station: Interface, tmp_path: Path) -> tuple[str, bytes, bytes]:
    """What udhcpc, curl and atftp get: an address, and a file each."""
    script = tmp_path / "script"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    by_http, by_tftp = tmp_path / "http", tmp_path / "tftp"
    udhcpc = [
        needed("udhcpc", "udhcpc"), "-f", "-i", station.name, "-n", "-q", "-t2", "-T1",
        f"-s{script}",
    ]  # fmt: skip
    asked = run(station, udhcpc)
    bound = [line.split()[1] for line in asked.splitlines() if line.startswith("bound ")]
    # Whoever gets no address takes one, even the handset's.
    station.configure(SUBNET[128], SUBNET.netmask)
    curl = [needed("curl", "curl"), "-s", "-m1", f"-o{by_http}", f"http://{LAB}/p.xml"]
    run(station, curl)
    atftp = [
        needed("atftp", "atftp"), "--option", "timeout 1", "--get", "-r", "/p.xml",
        "-l", str(by_tftp), str(LAB),
    ]  # fmt: skip
    run(station, atftp, most_s=2)
    return "".join(bound), read(by_http), read(by_tftp)


def run(station: Interface, command: list[str], most_s: float = 10) -> str:
    with station.namespace.entered(), contextlib.suppress(subprocess.TimeoutExpired):
        return subprocess.run(
            command, capture_output=True, text=True, timeout=most_s, check=False
        ).stdout
    return ""


def read(file: Path) -> bytes:
    return file.read_bytes() if file.exists() else b""


@pytest.mark.peer("udhcpc, curl and atftp")
def test_the_handset_gets_all_and_a_stranger_nothing(lan: Lan, served: Served, tmp_path: Path):
    stranger = lan.station(STRANGER)
    assert three_programs(stranger, tmp_path) == ("", b"", b"")
    assert not served.history.all(ev.DhcpMessage, direction=ev.Direction.SENT)
    assert not served.history.all(ev.HttpRequest)
    assert not served.history.all(ev.TftpRequest)
    stranger.down()

    phone = lan.station(PHONE)
    assert three_programs(phone, tmp_path) == (str(SUBNET[128]), PROFILE, PROFILE)
