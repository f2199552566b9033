"""Others understand what the DHCP server sends: udhcpc, scapy and tshark."""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.history import events as ev
from hil.net.raw_udp import udp_packet

SCRIPT = '#!/bin/sh\n[ "$1" = bound ] && env > "{out}"\nexit 0\n'
LONG = "http://192.0.2.1/" + "long-" * 80
PHONE = bytes.fromhex("000e08aabbcc")


def need(program: str, package: str) -> str:
    found = shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if found is None:
        pytest.skip(f"needs the Debian package {package}")
    return found


@pytest.fixture
def dhcp(wall_bench):
    return wall_bench.start(DhcpEndpoint, handset_address=wall_bench.phone.address)


@pytest.mark.peer("udhcpc")
def test_udhcpc_finds_options_in_file_and_sname(wall_bench, dhcp, tmp_path: Path):
    program = need("udhcpc", "udhcpc")
    out, script = tmp_path / "lease", tmp_path / "script"
    script.write_text(SCRIPT.format(out=out))
    script.chmod(0o755)
    dhcp.offer(
        option_66="tftp.example.com",
        option_160="http://192.0.2.1/",
        domain="example.com",
        in_file=[66, 15],
        in_sname=[160],
    )
    wall_bench.phone.interface.up()
    command = [program, "-i", "eth0", "-f", "-n", "-q", "-t", "3", "-T", "1", "-s", str(script)]
    done = wall_bench.phone.run(*command, "-O", "160")
    assert done.returncode == 0, done.stdout
    lease = dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)
    assert lease["tftp"] == "tftp.example.com"
    assert lease["domain"] == "example.com"
    assert bytes.fromhex(lease["opt160"]) == b"http://192.0.2.1/"


@pytest.fixture
def informed(wall_bench, dhcp):
    """The ACK that an INFORM of scapy's making gets, with this offer."""

    def inform(**offer) -> bytes:
        from scapy.layers.dhcp import BOOTP, DHCP

        dhcp.offer(**offer)
        wall_bench.configure_phone()
        client = wall_bench.phone.udp(68)
        bootp = BOOTP(chaddr=PHONE, ciaddr="192.0.2.16", xid=0x7832)
        asked = bootp / DHCP(options=[("message-type", "inform"), ("max_dhcp_size", 1500), "end"])
        got = []
        client.on_receive = lambda data, peer: (got.append(data), wall_bench.clock.notify())
        client.send(bytes(asked), 67)
        wall_bench.clock.wait(lambda: bool(got), wall_bench.clock.now() + 5_000_000_000)
        return got[0]

    return inform


def test_scapy_is_informed_of_everything_but_a_lease(wall_bench, dhcp, informed):
    from scapy.layers.dhcp import BOOTP, DHCP

    answer = BOOTP(informed(option_66="192.0.2.1", option_43={1: "http://192.0.2.1/43.xml"}))

    assert (answer.xid, answer.yiaddr, answer.ciaddr) == (0x7832, "0.0.0.0", "192.0.2.16")
    options = dict(each[:2] for each in answer[DHCP].options if isinstance(each, tuple))
    assert options["message-type"] == 5
    assert options["server_id"] == "192.0.2.1"
    assert options["tftp_server_name"] == b"192.0.2.1"
    assert options["vendor_specific"] == b"\x01\x17http://192.0.2.1/43.xml"
    assert not {"lease_time", "renewal_time", "rebinding_time"} & set(options)
    assert wall_bench.history.last(ev.DhcpMessage, kind="INFORM").destination == "192.0.2.1"
    assert dhcp.lease is None


@pytest.mark.peer("tshark")
def test_tshark_reads_sub_options_overload_and_long_options(informed, tmp_path: Path):
    program = need("tshark", "tshark")
    data = informed(
        option_66="192.0.2.1",
        option_125={9: {1: "http://192.0.2.1/125.xml"}, 3561: {2: b"\0\1"}},
        option_160=LONG,
        in_file=[66],
    )
    lab, phone = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.16")
    frame = PHONE + bytes(6) + b"\x08\x00" + udp_packet((lab, 67), (phone, 68), data)
    file = tmp_path / "ack.pcap"
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    file.write_bytes(header + struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame)
    fields = [
        "dhcp.option.option_overload",
        "dhcp.option.tftp_server_name",
        "dhcp.option.vi.enterprise",
        "dhcp.option.type",
        "_ws.malformed",
    ]
    wanted = [word for name in fields for word in ("-e", name)]
    done = subprocess.run(
        [program, "-r", str(file), "-T", "fields", "-E", "separator=|", *wanted],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    overload, server, enterprises, types, malformed = done.stdout.rstrip("\n").split("|")
    assert (overload, server, enterprises) == ("1", "192.0.2.1", "9,3561")
    assert types.split(",").count("160") == 2, "417 octets take two options"
    assert malformed == ""
