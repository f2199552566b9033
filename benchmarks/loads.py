"""A firmware load of 30 MiB on the virtual testbed, in virtual time, by each scheme.

The virtual handset's own client fetches it from the bench's endpoint into a sink, as an upgrade does.
"""

from __future__ import annotations

import contextlib
import hashlib
import statistics
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks.laboratory import HANDSET_MAC
from benchmarks.table import Row
from hil.endpoints.admission import Admission
from hil.endpoints.base import Endpoint
from hil.endpoints.certificates import Authority
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.https import TlsConfig
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, HistoryFile
from hil.net.interface import Place
from hil.net.virtual import LAB_ADDRESS, VirtualNetwork
from hil.reference.load_builder import image
from hil.virtual import http, tftp
from hil.virtual.transfer import Fetched, Transfer, discard
from hil.virtual.trust import TrustConfig, client_context
from hil.virtual_clock import VirtualClock

SIZE = 30 << 20
WINDOWED_S = 3.0
HTTP_S = 1.0
_PATH = "/load.sbn"
_RUNS = 3
_PATIENCE_S = 3600.0

Fetching = Callable[[], Coroutine[Any, Any, Transfer]]


def rows() -> Iterator[Row]:
    """A row a scheme, and TFTP by the block size and window."""
    content = b"".join(image("benchmark", SIZE))
    digest = hashlib.sha256(content).hexdigest()
    with contextlib.closing(_Bench(content)) as bench:
        for what, limit, fetch in bench.works():
            times = [_seconds(bench, fetch, digest) for _ in range(_RUNS)]
            yield Row(f"30 MiB by {what}", statistics.median(times), "s", limit=limit)


def _seconds(bench: _Bench, fetch: Fetching, digest: str) -> float:
    began = time.perf_counter()
    fetched = bench.clock.run(fetch(), timeout=_PATIENCE_S)
    took = time.perf_counter() - began
    assert isinstance(fetched, Fetched)
    assert fetched.sha256 == digest
    return took


class _Bench:
    """One handset's port and the three servers, all of which have the load."""

    def __init__(self, content: bytes) -> None:
        self._closing = contextlib.ExitStack()
        directory = self._closing.enter_context(tempfile.TemporaryDirectory())
        network = self._closing.enter_context(contextlib.closing(VirtualNetwork()))
        self._port = network.add_handset(HANDSET_MAC)
        self.clock = self._closing.enter_context(contextlib.closing(VirtualClock()))
        self.clock.attach(network)
        file = self._closing.enter_context(HistoryFile(Path(directory, "history.jsonl")))
        admission = Admission(HANDSET_MAC, self._port.address)
        surroundings = (network.place(), self.clock, History(self.clock, file=file), admission)
        self._authority = Authority()
        names = (str(LAB_ADDRESS),)
        servers: list[TftpEndpoint | HttpEndpoint] = [
            TftpEndpoint(*surroundings),
            HttpEndpoint(*surroundings),
            HttpEndpoint(*surroundings, tls=TlsConfig(self._authority, names)),
        ]
        for server in servers:
            server.serve(_PATH, content)
            self.clock.run(server.start())
            self._closing.callback(self._stop, server)
        self._port.far.up()
        self._port.far.configure(self._port.address, network.netmask)
        network.flush()
        self._place = Place(self._port.far, self._port.address, network.netmask)

    def close(self) -> None:
        """Let go of servers, clock and network."""
        self._closing.close()

    def works(self) -> Iterator[tuple[str, float | None, Fetching]]:
        """What is measured, its limit in seconds, and how."""
        trust = client_context(TrustConfig(authorities=self._authority.root_pem.encode()))
        yield "TFTP, blocks of 1428, windows of 16", WINDOWED_S, lambda: self._tftp(tftp.LOADS)
        large = replace(tftp.LOADS, options=(("blksize", "8192"), ("tsize", "0")))
        yield "TFTP, blocks of 8192, one by one", WINDOWED_S, lambda: self._tftp(large)
        plain = replace(tftp.LOADS, options=())
        yield "TFTP, blocks of 512, one by one", None, lambda: self._tftp(plain)
        yield "HTTP", HTTP_S, lambda: self._http(None)
        yield "HTTPS", HTTP_S, lambda: self._http(trust)

    def _tftp(self, config: tftp.TftpConfig) -> Coroutine[Any, Any, Transfer]:
        interface = self._port.far
        return tftp.fetch(interface, self.clock, LAB_ADDRESS, _PATH, config=config, sink=discard)

    def _http(self, tls: Any) -> Coroutine[Any, Any, Transfer]:
        request = http.Request(str(LAB_ADDRESS), _PATH)
        return http.fetch(
            self._place,
            LAB_ADDRESS,
            80 if tls is None else 443,
            request,
            agent="benchmark",
            tls=tls,
            config=http.LOADS,
            sink=discard,
        )

    def _stop(self, server: Endpoint) -> None:
        self.clock.run(server.close())
