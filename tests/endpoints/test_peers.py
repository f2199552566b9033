"""Clients that others wrote are served over the link, in real time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import LoseBlock, TftpError, Truncate, TwoOffers
from hil.endpoints.tftp import TftpEndpoint
from hil.history import Mark
from hil.history import events as ev
from hil.wire.tftp_server import Limits

BODY = bytes(range(256)) * 700 + b"the end"


def need(program: str, package: str) -> str:
    found = shutil.which(program, path="/usr/bin:/usr/sbin:/bin:/sbin")
    if found is None:
        pytest.skip(f"needs the Debian package {package}")
    return found


# -- DHCP ------------------------------------------------------------------------------------------

SCRIPT = """#!/bin/sh
[ "$1" = bound ] && env > "{out}"
exit 0
"""


@pytest.fixture
def udhcpc(wall_bench, tmp_path: Path):
    """Runs udhcpc once and gives the lease as the environment of its script."""
    program = need("udhcpc", "udhcpc")
    out, script = tmp_path / "lease", tmp_path / "script"
    script.write_text(SCRIPT.format(out=out))
    script.chmod(0o755)

    def run(*options: str) -> dict[str, str]:
        phone = wall_bench.phone
        phone.interface.up()
        done = phone.run(
            program,
            "-i",
            "eth0",
            "-f",
            "-n",
            "-q",
            "-t",
            "3",
            "-T",
            "1",
            "-s",
            str(script),
            *options,
        )
        assert done.returncode == 0, done.stdout
        return dict(line.split("=", 1) for line in out.read_text().splitlines() if "=" in line)

    return run


@pytest.mark.peer("udhcpc")
@pytest.mark.parametrize("options", [[], ["-B"]], ids=["unicast", "broadcast"])
def test_udhcpc_gets_a_lease_with_its_options(wall_bench, udhcpc, options):
    dhcp = wall_bench.start(DhcpEndpoint, handset_address=wall_bench.phone.address)
    dhcp.offer(
        option_66="tftp.example.com",
        domain="example.com",
        ntp=["192.0.2.5"],
        lease_time=7200,
        time_offset=-18000,
    )

    lease = udhcpc(*options)

    assert lease["ip"] == "192.0.2.16"
    assert lease["mask"] == "24"
    assert lease["router"] == lease["dns"] == lease["serverid"] == "192.0.2.1"
    assert lease["tftp"] == "tftp.example.com"
    assert lease["domain"] == "example.com"
    assert lease["ntpsrv"] == "192.0.2.5"
    assert lease["lease"] == "7200"
    assert lease["timezone"] in ("-18000", str(2**32 - 18000))
    assert dhcp.lease is not None
    assert dhcp.lease.seconds == 7200
    # udhcpc may be gone before the endpoint has written down what it sent.
    wall_bench.history.wait(ev.DhcpMessage, within=5, after=Mark(-1, 0), kind="ACK")
    kinds = [m.kind for m in wall_bench.history.all(ev.DhcpMessage)]
    assert kinds == ["DISCOVER", "OFFER", "REQUEST", "ACK"]


@pytest.mark.peer("udhcpc")
def test_udhcpc_takes_the_first_of_two_offers(wall_bench, udhcpc):
    dhcp = wall_bench.start(DhcpEndpoint, handset_address=wall_bench.phone.address)
    dhcp.inject(TwoOffers("192.0.2.2", "192.0.2.99"))
    assert udhcpc()["ip"] == "192.0.2.16"


@pytest.mark.peer("udhcpc")
def test_udhcpc_of_a_stranger_gets_nothing(wall_bench, tmp_path):
    program = need("udhcpc", "udhcpc")
    dhcp = wall_bench.start(DhcpEndpoint, handset_address=wall_bench.phone.address)
    wall_bench.stranger.interface.up()
    done = wall_bench.stranger.run(
        program, "-i", "eth0", "-f", "-n", "-q", "-t", "1", "-T", "1", "-s", "/bin/true"
    )
    assert done.returncode != 0
    assert dhcp.lease is None
    assert wall_bench.history.all(ev.Stranger)


# -- TFTP ------------------------------------------------------------------------------------------


def curl(path: str, out: Path) -> list[str]:
    program = need("curl", "curl")
    return [program, "-sS", "--tftp-blksize", "1468", "-o", str(out), f"tftp://192.0.2.1/{path}"]


def curl_without_options(path: str, out: Path) -> list[str]:
    program = need("curl", "curl")
    return [program, "-sS", "--tftp-no-options", "-o", str(out), f"tftp://192.0.2.1/{path}"]


def atftp(path: str, out: Path) -> list[str]:
    program = need("atftp", "atftp")
    options = ["--option", "blksize 1024", "--option", "windowsize 8", "--option", "tsize 0"]
    return [program, *options, "-g", "-r", path, "-l", str(out), "192.0.2.1"]


def tftp_hpa(path: str, out: Path) -> list[str]:
    program = need("tftp", "tftp-hpa")
    return [program, "-m", "binary", "192.0.2.1", "-c", "get", path, str(out)]


CLIENTS = [
    pytest.param(curl, marks=pytest.mark.peer("curl"), id="curl"),
    pytest.param(curl_without_options, marks=pytest.mark.peer("curl"), id="curl-plain"),
    pytest.param(atftp, marks=pytest.mark.peer("atftp"), id="atftp"),
    pytest.param(tftp_hpa, marks=pytest.mark.peer("tftp-hpa"), id="tftp-hpa"),
]


@pytest.fixture
def tftp(wall_bench):
    started = wall_bench.start(TftpEndpoint, limits=Limits(timeout=200_000_000))
    wall_bench.configure_phone()
    started.serve("/a/7832.xml", BODY)
    return started


@pytest.mark.parametrize("client", CLIENTS)
def test_client_reads_the_file(wall_bench, tftp, tmp_path, client):
    out = tmp_path / "got"
    before = wall_bench.history.mark()
    done = wall_bench.phone.run(*client("a/7832.xml", out))
    assert done.returncode == 0, done.stdout
    assert out.read_bytes() == BODY
    end = wall_bench.history.wait(ev.TransferEnded, within=5, after=before)
    assert (end.path, end.outcome, end.sent) == ("/a/7832.xml", ev.Outcome.COMPLETE, len(BODY))


# curl with options proposes a time-out of 6 s, which would make the test as long.
@pytest.mark.parametrize("client", CLIENTS[1:])
def test_client_survives_a_lost_block(wall_bench, tftp, tmp_path, client):
    out = tmp_path / "got"
    tftp.inject(LoseBlock(3))
    done = wall_bench.phone.run(*client("a/7832.xml", out))
    assert done.returncode == 0, done.stdout
    assert out.read_bytes() == BODY
    assert len(wall_bench.history.all(ev.FaultInjected)) == 1


@pytest.mark.peer("curl")
def test_curl_names_each_error(wall_bench, tftp, tmp_path):
    # curl's exit codes for TFTP errors: 68 not found, 69 permission, 71 illegal operation.
    out = tmp_path / "got"
    assert wall_bench.phone.run(*curl("other", out)).returncode == 68
    for code, status in ((2, 69), (4, 71)):
        tftp.reset()
        tftp.inject(TftpError(code, "as told"))
        assert wall_bench.phone.run(*curl("a/7832.xml", out)).returncode == status


@pytest.mark.peer("curl")
def test_curl_believes_a_truncated_file(wall_bench, tftp, tmp_path):
    out = tmp_path / "got"
    tftp.inject(Truncate(2000))
    assert wall_bench.phone.run(*curl_without_options("a/7832.xml", out)).returncode == 0
    assert out.read_bytes() == BODY[:2000]


@pytest.mark.peer("curl")
def test_curl_cannot_upload(wall_bench, tftp, tmp_path):
    program = need("curl", "curl")
    source = tmp_path / "file"
    source.write_text("mine")
    done = wall_bench.phone.run(program, "-sS", "-T", str(source), "tftp://192.0.2.1/mine")
    assert done.returncode == 69
    refused = wall_bench.history.wait(ev.TftpRefused, within=5, after=Mark(-1, 0))
    assert refused.path == "mine"
