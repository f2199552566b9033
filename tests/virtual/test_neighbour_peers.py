"""Programs that others wrote read the phone's announcements: tshark from a file, lldpd on the link."""

from __future__ import annotations

import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hil.reference.identity import Identity
from hil.virtual.neighbours import NeighbourConfig, cdp_announcement, lldpdu
from hil.wire import cdp, lldp

IDENTITY = Identity("00:0e:08:aa:bb:cc")
SOURCE = bytes.fromhex("000e08aabbcc")
ADDRESS = IPv4Address("192.0.2.16")
LLDP = lldp.encode_frame(lldpdu(IDENTITY, ADDRESS, NeighbourConfig()), SOURCE)
CDP = cdp.encode_frame(cdp_announcement(IDENTITY, ADDRESS, NeighbourConfig()), SOURCE)
GROUPS_FIXED = Path("/proc/self/setgroups").read_text() == "deny\n"
"""Whether this is root of a user namespace only, as an ordinary user's tests are."""


def need(program: str, package: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"needs the Debian package {package}")
    return found


# -- tshark ----------------------------------------------------------------------------------------


@pytest.fixture
def dissect(tmp_path):
    """Gives fields of frames as tshark sees them, one list a frame."""
    program = need("tshark", "tshark")

    def run(frames, *fields):
        file = tmp_path / "frames.pcap"
        header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
        records = (struct.pack("<IIII", 0, 0, len(each), len(each)) + each for each in frames)
        file.write_bytes(header + b"".join(records))
        wanted = [word for name in (*fields, "_ws.malformed") for word in ("-e", name)]
        done = subprocess.run(
            [program, "-r", str(file), "-T", "fields", "-E", "separator=|", *wanted],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        rows = [line.split("|") for line in done.stdout.splitlines()]
        assert [row.pop() for row in rows] == [""] * len(frames), "tshark calls a frame malformed"
        return rows

    return run


@pytest.mark.peer("tshark")
def test_tshark_reads_our_cdp(dissect):
    fields = ("deviceid", "portid", "platform", "software_version", "nrgyz.ip_address", "ttl")
    ((device, port, platform, software, address, ttl, capabilities, status),) = dissect(
        [CDP], *(f"cdp.{name}" for name in fields), "cdp.capabilities", "cdp.checksum.status"
    )
    assert (device, port, platform) == ("SEP000E08AABBCC", "Port 1", "CP-7832-3PCC")
    assert software == "sip7832.11-3-2MPP0001-609"
    assert address == "192.0.2.16"
    assert (ttl, int(capabilities, 16)) == ("180", 0x90)
    assert status == "1", "the checksum is not good"


@pytest.mark.peer("tshark")
def test_tshark_agrees_about_the_checksum_whatever_the_length_and_the_last_octet(dissect):
    said = [
        cdp.Announcement(others=((0x7777, bytes(length) + bytes((last,))),))
        for length in range(4)
        for last in (0x00, 0x01, 0x7F, 0x80, 0x81, 0xFF)
    ]
    rows = dissect([cdp.encode_frame(each, SOURCE) for each in said], "cdp.checksum.status")
    assert rows == [["1"]] * len(said)


@pytest.mark.peer("tshark")
def test_tshark_reads_our_lldp(dissect):
    expected = {
        "lldp.chassis.id.ip4": "192.0.2.16",
        "lldp.port.id.mac": "00:0e:08:aa:bb:cc",
        "lldp.time_to_live": "180",
        "lldp.port.desc": "Port 1",
        "lldp.tlv.system.name": "SEP000E08AABBCC",
        "lldp.ieee.802_3.pmd_mau_type": "0x0010",
        "lldp.ieee.802_3.mdi_power_class": "3",
        "lldp.media.app_type": "1",
        "lldp.media.power.value": "64",
        "lldp.media.firmware": "sip7832.11-3-2MPP0001-609",
    }
    (row,) = dissect([LLDP], *expected)
    assert dict(zip(expected, row, strict=True)) == expected


# -- lldpd -----------------------------------------------------------------------------------------


@pytest.fixture
def control():
    """A socket's path where lldpcli, which becomes another user, can reach it."""
    with tempfile.TemporaryDirectory(prefix="hil-lldpd-") as directory:
        Path(directory).chmod(0o755)
        yield Path(directory, "socket")


@pytest.fixture
def neighbours(wall_lab, control):
    """What lldpd on the lab's side of the handset's port knows after each of these frames."""
    daemon, client = need("lldpd", "lldpd"), need("lldpcli", "lldpd")
    if GROUPS_FIXED or os.geteuid() != 0:
        pytest.skip("lldpd sets its groups, which an ordinary user's namespace forbids")
    wall_lab.link_up()
    with wall_lab.network.namespace.entered():
        running = subprocess.Popen(
            [daemon, "-d", "-c", "-r", "-u", str(control), "-I", wall_lab.port.near.name],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    sender = wall_lab.port.far.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)

    def known():
        done = subprocess.run(
            [client, "-u", str(control), "-f", "json0", "show", "neighbors", "details"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
        if done.returncode != 0 or not done.stdout:
            # It is not listening yet.
            return []
        (report,) = json.loads(done.stdout)["lldp"]
        return report.get("interface", [])

    def after(frame):
        give_up = time.monotonic() + 10
        while not (found := known()):
            assert running.poll() is None, "lldpd has ended"
            assert time.monotonic() < give_up, "lldpd has heard nothing"
            sender.sendto(frame, (wall_lab.port.far.name, 0))
        return found

    try:
        yield after
    finally:
        sender.close()
        running.terminate()
        running.wait(timeout=10)


@pytest.mark.peer("lldpd")
def test_lldpd_has_the_phone_as_an_lldp_med_neighbour(neighbours):
    (phone,) = neighbours(LLDP)
    assert phone["via"] == "LLDP"
    (chassis,), (port,), (med,) = phone["chassis"], phone["port"], phone["lldp-med"]
    assert chassis["id"] == [{"type": "ip", "value": "192.0.2.16"}]
    assert chassis["name"] == [{"value": "SEP000E08AABBCC"}]
    assert chassis["capability"] == [{"type": "Tel", "enabled": True}]
    assert port["id"] == [{"type": "mac", "value": "00:0e:08:aa:bb:cc"}]
    assert port["power"][0]["class"] == [{"value": "class 2"}]
    assert med["device-type"] == [{"value": "Communication Device Endpoint (Class III)"}]
    assert [each["type"] for each in med["capability"]] == [
        "Capabilities", "Policy", "MDI/PD", "Inventory",
    ]  # fmt: skip
    assert med["poe"][0]["power"] == [{"value": "6400"}]
    assert med["inventory"][0]["firmware"] == [{"value": "sip7832.11-3-2MPP0001-609"}]


@pytest.mark.peer("lldpd")
def test_lldpd_has_the_phone_as_a_cdp_neighbour(neighbours):
    (phone,) = neighbours(CDP)
    assert phone["via"] == "CDPv2"
    (chassis,), (port,) = phone["chassis"], phone["port"]
    assert chassis["id"] == [{"type": "local", "value": "SEP000E08AABBCC"}]
    assert chassis["descr"] == [{"value": "CP-7832-3PCC running on\nsip7832.11-3-2MPP0001-609"}]
    assert chassis["mgmt-ip"] == [{"value": "192.0.2.16"}]
    assert port["id"] == [{"type": "ifname", "value": "Port 1"}]
