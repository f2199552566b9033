"""TFTP throughput of our endpoint against tftpd-hpa, with curl as the client."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.laboratory import SERVER, Laboratory, PeerMissing, program
from benchmarks.table import Row
from hil.wire import tftp as wire

_MIB = 1 << 20
_SIZES = {512: 4 * _MIB, 1468: 12 * _MIB}
_RUNS = 3
_PEER = "tftpd-hpa"


def rows() -> Iterator[Row]:
    """A row a block size."""
    with contextlib.closing(Laboratory()) as lab, tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        for blksize, size in _SIZES.items():
            Path(directory, f"file{blksize}").write_bytes(os.urandom(size))
        try:
            curl = program("curl", "curl")
        except PeerMissing as missing:
            yield Row("TFTP", None, "MB/s", remark=str(missing))
            return
        ours = _measured(lab, curl, lambda: lab.ours("tftp", directory))
        remark, theirs = "", {}
        try:
            theirs = _measured(lab, curl, lambda: _tftpd(directory))
        except PeerMissing as missing:
            remark = str(missing)
        for blksize in _SIZES:
            what = f"TFTP, blocks of {blksize} octets"
            yield Row(what, ours[blksize], "MB/s", None, _PEER, theirs.get(blksize), remark=remark)


def _measured(lab: Laboratory, curl: str, command: Callable[[], list[str]]) -> dict[int, float]:
    probe = wire.encode(wire.Request("is-there-a-server"))
    with lab.server(command(), lambda: lab.answers_udp(wire.SERVER_PORT, probe)):
        return {size: _throughput(lab, curl, size) for size in _SIZES}


def _throughput(lab: Laboratory, curl: str, blksize: int) -> float:
    """The median of some downloads, in MB/s."""
    speeds = []
    for _ in range(_RUNS):
        said = lab.run(
            curl, "-sS", "--tftp-blksize", str(blksize), "-o", os.devnull,
            "-w", "%{speed_download} %{size_download}", f"tftp://{SERVER}/file{blksize}",
        )  # fmt: skip
        speed, size = map(float, said.split())
        assert size == _SIZES[blksize]
        speeds.append(speed / 1e6)
    return statistics.median(speeds)


def _tftpd(directory: Path) -> list[str]:
    server = program("in.tftpd", "tftpd-hpa")
    if Path("/proc/self/setgroups").read_text().strip() == "deny":
        raise PeerMissing("in.tftpd sets its groups, which only root itself may: run as root")
    where = ["--address", f"{SERVER}:{wire.SERVER_PORT}", "--secure", str(directory)]
    return [server, "--foreground", "--listen", "--user", "root", *where]
