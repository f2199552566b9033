"""The machines against programs that others wrote, over the kernel's sockets in a namespace."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

SHELL = Path(__file__).with_name("peer_shell.py")
ROOT = Path(__file__).parents[2]
PACKAGES = {
    "udhcpc": "udhcpc",
    "atftp": "atftp",
    "tftp": "tftp-hpa",
    "curl": "curl",
    "in.tftpd": "tftpd-hpa",
    "dnsmasq": "dnsmasq-base",
}
GROUPS_FIXED = Path("/proc/self/setgroups").read_text() == "deny\n"
"""Whether this is root of a user namespace only, as an ordinary user's tests are."""
SYSTEM_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"

TFTPD_HPA = "in.tftpd --foreground --address 127.0.0.1:69 --user root --secure {root}"
DNSMASQ_TFTP = "dnsmasq --no-daemon --conf-file=/dev/null --port=0 --enable-tftp --tftp-root={root}"
DNSMASQ_DHCP = (
    "dnsmasq --no-daemon --conf-file=/dev/null --port=0"
    " --log-dhcp --dhcp-leasefile={root}/leases --interface=phone0 --no-ping"
    " --dhcp-authoritative --dhcp-range=10.77.0.50,10.77.0.50,255.255.255.0,600"
    " --dhcp-option=66,10.77.0.9 --dhcp-option=160,http://10.77.0.9/$MA.xml"
)

Play = Callable[..., dict[str, Any]]


def needs(program: str) -> pytest.MarkDecorator:
    return pytest.mark.peer(program)


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Play:
    """Run peer_shell.py in namespaces of its own, as root or as an ordinary user."""
    for mark in request.node.iter_markers("peer"):
        if shutil.which(mark.args[0], path=SYSTEM_PATH) is None:
            pytest.skip(f"needs Debian's package {PACKAGES[mark.args[0]]}")
    become = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    enter = ["unshare", *become, "--net", "--mount"]

    def run(command: str, **orders: Any) -> dict[str, Any]:
        done = subprocess.run(
            [*enter, sys.executable, str(SHELL), command, json.dumps(orders)],
            capture_output=True,
            text=True,
            timeout=40,
            env={**os.environ, "PATH": SYSTEM_PATH, "PYTHONPATH": str(ROOT)},
        )
        assert done.returncode == 0, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        return result

    return run


def content(size: int) -> bytes:
    return bytes(at * 7 % 256 for at in range(size))


def atftp(local: Path, *options: str) -> list[str]:
    chosen = [word for option in options for word in ("--option", option)]
    return ["atftp", *chosen, "--get", "-r", "f.bin", "-l", str(local), "127.0.0.1"]


def hpa(local: Path, mode: str = "octet") -> list[str]:
    return ["tftp", "-m", mode, "127.0.0.1", "-c", "get", "f.bin", str(local)]


def curl(local: Path, *options: str) -> list[str]:
    return ["curl", "-sS", *options, "-o", str(local), "tftp://127.0.0.1/f.bin"]


@pytest.mark.parametrize(
    ("argv", "seen"),
    [
        pytest.param(
            lambda path: atftp(path, "windowsize 16", "blksize 1468", "tsize 0"),
            ["('windowsize', '16')", "('blksize', '1468')", "('tsize', '0')"],
            marks=needs("atftp"),
            id="atftp-window-16",
        ),
        pytest.param(lambda path: atftp(path), [], marks=needs("atftp"), id="atftp"),
        pytest.param(
            lambda path: atftp(path, "timeout 2"),
            ["('timeout', '2')"],
            marks=needs("atftp"),
            id="atftp-timeout",
        ),
        pytest.param(lambda path: hpa(path), ["octet"], marks=needs("tftp"), id="tftp-hpa"),
        pytest.param(
            lambda path: curl(path, "--tftp-blksize", "1468"),
            ["('blksize', '1468')", "('tsize', '0')", "('timeout', "],
            marks=needs("curl"),
            id="curl",
        ),
        pytest.param(
            lambda path: curl(path, "--tftp-no-options"), [], marks=needs("curl"), id="curl-bare"
        ),
    ],
)
@pytest.mark.parametrize("size", [0, 1468 * 32, 100_001])
def test_other_tftp_clients_read_the_same_bytes(
    play: Play,
    tmp_path: Path,
    argv: Callable[[Path], list[str]],
    seen: list[str],
    size: int,
    request: pytest.FixtureRequest,
) -> None:
    if size == 0 and request.node.callspec.id.endswith("-curl"):
        size = 1  # curl takes the true size 0 in an OACK for an error
    (tmp_path / "f.bin").write_bytes(content(size))
    local = tmp_path / "received"
    result = play("tftp", root=str(tmp_path), argv=argv(local))
    assert result["status"] == 0, result
    assert local.read_bytes() == content(size)
    assert len(result["requests"]) == 1
    assert all(part in result["requests"][0] for part in seen)
    assert result["ends"] == [f"Done(size={size})"]


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(
            lambda path: atftp(path, "windowsize 16"), marks=needs("atftp"), id="atftp-window-16"
        ),
        pytest.param(lambda path: hpa(path), marks=needs("tftp"), id="tftp-hpa"),
        pytest.param(
            lambda path: curl(path, "--tftp-no-options"), marks=needs("curl"), id="curl-bare"
        ),
    ],
)
def test_other_tftp_clients_survive_the_loss_of_each_ninth_datagram(
    play: Play, tmp_path: Path, argv: Callable[[Path], list[str]]
) -> None:
    (tmp_path / "f.bin").write_bytes(content(20_000))
    local = tmp_path / "received"
    result = play("tftp", root=str(tmp_path), argv=argv(local), lose_each=9)
    assert local.read_bytes() == content(20_000)
    assert result["ends"] == ["Done(size=20000)"]


@needs("tftp")
def test_tftp_hpa_reads_text_as_netascii(play: Play, tmp_path: Path) -> None:
    text = b"one\ntwo\r\nthree\rfour\n" * 200
    (tmp_path / "f.bin").write_bytes(text)
    local = tmp_path / "received"
    result = play("tftp", root=str(tmp_path), argv=hpa(local, "netascii"))
    assert local.read_bytes() == text
    assert "netascii" in result["requests"][0]


@needs("curl")
def test_curl_understands_that_a_file_is_missing(play: Play, tmp_path: Path) -> None:
    result = play("tftp", root=str(tmp_path), argv=curl(tmp_path / "received"))
    assert result["status"] == 68, "CURLE_TFTP_NOTFOUND"
    assert result["ends"] == []


@needs("curl")
def test_curl_understands_that_it_may_not_write(play: Play, tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.write_bytes(b"x")
    argv = ["curl", "-sS", "-T", str(source), "tftp://127.0.0.1/new.bin"]
    result = play("tftp", root=str(tmp_path), argv=argv)
    assert result["status"] == 69, "CURLE_TFTP_PERM"
    assert not (tmp_path / "new.bin").exists()


@pytest.mark.parametrize(
    "argv",
    [
        pytest.param(
            TFTPD_HPA,
            marks=[
                needs("in.tftpd"),
                pytest.mark.skipif(
                    os.geteuid() != 0 or GROUPS_FIXED,
                    reason="in.tftpd sets its groups, which an ordinary user's namespace forbids",
                ),
            ],
            id="tftpd-hpa",
        ),
        pytest.param(DNSMASQ_TFTP, marks=needs("dnsmasq"), id="dnsmasq"),
    ],
)
@pytest.mark.parametrize("blksize", ["8", "1468"])
def test_our_tftp_client_reads_from_other_servers(
    play: Play, tmp_path: Path, argv: str, blksize: str
) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "f.bin").write_bytes(content(10_001))
    options = [["blksize", blksize], ["tsize", "0"]]
    server = argv.format(root=tmp_path).split()
    result = play("read", argv=server, filename="f.bin", options=options)
    assert bytes.fromhex(result["data"]) == content(10_001)
    assert result["terms"] == [int(blksize), 10_001]


UDHCPC_SCRIPT = """\
#!/bin/sh
case "$1" in
deconfig) ip addr flush dev "$interface"; ip link set "$interface" up ;;
bound|renew) ip addr replace "$ip/$mask" dev "$interface" ;;
esac
echo "EVENT $1 ${ip:-none} lease=$lease router=$router dns=$dns domain=$domain" \
    "tftp=$tftp opt150=$opt150 opt160=$opt160 opt161=${#opt161} opt162=${#opt162} message=$message"
"""


@needs("udhcpc")
def test_udhcpc_lives_through_lease_renewal_refusal_and_release(play: Play, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(UDHCPC_SCRIPT)
    script.chmod(0o755)
    result = play("dhcp", script=str(script))
    chapters = [(kind, ciaddr, *answers) for kind, ciaddr, _, answers in result["asked"]]
    assert [chapter for chapter, _ in groupby(chapters)] == [  # a slow machine repeats itself
        ("DISCOVER", "0.0.0.0", "OFFER"),
        ("REQUEST", "0.0.0.0", "ACK"),
        ("REQUEST", "10.77.0.50", "ACK"),
        ("REQUEST", "10.77.0.50", "NAK"),
        ("DISCOVER", "0.0.0.0", "OFFER"),
        ("REQUEST", "0.0.0.0", "ACK"),
        ("RELEASE", "10.77.0.60"),
    ]
    assert result["asked"][0][2] == "CP-7832-3PCC"
    bound = next(line for line in result["told"] if line.startswith("EVENT bound"))
    url = b"http://10.77.0.1/$PSN.xml".hex()
    for part in (
        "bound 10.77.0.50", "lease=600", "router=10.77.0.1", "dns=10.77.0.1",
        "domain=lab.example", "tftp=10.77.0.1", "opt150=0a4d00010a4d003c", f"opt160={url}",
        "opt161=240", "opt162=240",
    ):  # fmt: skip
        assert part in bound


@needs("dnsmasq")
def test_our_dhcp_client_takes_renews_and_releases_a_lease_of_dnsmasq(
    play: Play, tmp_path: Path
) -> None:
    result = play("lease", argv=DNSMASQ_DHCP.format(root=tmp_path).split())
    lease = ["10.77.0.50", "10.77.0.1", 600, "10.77.0.9", "http://10.77.0.9/$MA.xml"]
    assert result["told"] == [["Bound", *lease], ["Renewed", *lease]]
    assert "10.77.0.50" in result["released"]
