"""HTTP throughput and requests a second of our endpoint against nginx, with curl as the client."""

from __future__ import annotations

import contextlib
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.laboratory import SERVER, Laboratory, PeerMissing, program
from benchmarks.table import Row

_BODY = 64 << 20
_RUNS = 5
_REQUESTS = 2000
_PORT = 80
_PEER = "nginx"
_CONFIGURATION = """
daemon off; master_process off; worker_processes 1; user root; pid {directory}/nginx.pid;
error_log stderr;
events {{ worker_connections 64; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
  client_body_temp_path {directory}/t1; proxy_temp_path {directory}/t2;
  fastcgi_temp_path {directory}/t3; uwsgi_temp_path {directory}/t4; scgi_temp_path {directory}/t5;
  server {{ listen {address}:{port}; root {files}; }}
}}
"""


def rows() -> Iterator[Row]:
    """One large file, and many small ones over one connection."""
    with contextlib.closing(Laboratory()) as lab, tempfile.TemporaryDirectory() as name:
        directory, files = Path(name), Path(name, "files")
        files.mkdir()
        Path(files, "large").write_bytes(os.urandom(_BODY))
        Path(files, "small").write_bytes(os.urandom(1024))
        try:
            curl = program("curl", "curl")
        except PeerMissing as missing:
            yield Row("HTTP", None, "MB/s", remark=str(missing))
            return
        ours = _measured(lab, curl, lambda: lab.ours("http", files))
        remark = ""
        theirs: tuple[float | None, float | None] = (None, None)
        try:
            theirs = _measured(lab, curl, lambda: _nginx(directory, files))
        except PeerMissing as missing:
            remark = str(missing)
        yield Row("HTTP, 64 MiB", ours[0], "MB/s", None, _PEER, theirs[0], remark)
        yield Row("HTTP, one connection", ours[1], "requests/s", None, _PEER, theirs[1], remark)


def _measured(lab: Laboratory, curl: str, command: Callable[[], list[str]]) -> tuple[float, float]:
    with lab.server(command(), lambda: lab.accepts_tcp(_PORT)):
        return _throughput(lab, curl), _requests(lab, curl)


def _throughput(lab: Laboratory, curl: str) -> float:
    speeds = []
    for _ in range(_RUNS):
        said = lab.run(
            curl, "-sS", "-f", "-o", os.devnull,
            "-w", "%{speed_download} %{size_download}", f"http://{SERVER}/large",
        )  # fmt: skip
        speed, size = map(float, said.split())
        assert size == _BODY
        speeds.append(speed / 1e6)
    return statistics.median(speeds)


def _requests(lab: Laboratory, curl: str) -> float:
    rates = []
    for _ in range(_RUNS):
        began = time.perf_counter()
        said = lab.run(
            curl, "-sS", "-f", "-o", os.devnull, "-w", "%{http_code} %{num_connects}\\n",
            f"http://{SERVER}/small?[1-{_REQUESTS}]",
        )  # fmt: skip
        rates.append(_REQUESTS / (time.perf_counter() - began))
        assert said.splitlines() == ["200 1"] + ["200 0"] * (_REQUESTS - 1)
    return statistics.median(rates)


def _nginx(directory: Path, files: Path) -> list[str]:
    server = program("nginx", "nginx-light")
    configuration = Path(directory, "nginx.conf")
    configuration.write_text(
        _CONFIGURATION.format(directory=directory, files=files, address=SERVER, port=_PORT)
    )
    return [server, "-p", str(directory), "-e", "stderr", "-c", str(configuration)]
