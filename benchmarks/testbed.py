"""The virtual testbed from inside: its network, virtual time, the reset between tests, the history."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pyroute2  # noqa: F401 - imported late by hil, and its import is not what is measured

from benchmarks.table import Row
from hil.clock import WallClock
from hil.endpoints.base import Endpoint
from hil.history import History, HistoryFile
from hil.history import events as ev
from hil.net.virtual import VirtualNetwork
from hil.reference.profile_builder import flat_profile
from hil.suite_location import suite_root
from hil.testbed.bench import HTTPS_NAME
from hil.testbed.inventory import load
from hil.testbed.virtual_bench import VirtualBench, virtual_bench

HANDSETS = 10
NETWORK_MS = 100.0
DAY_S = 2.0
RESET_MS = 5.0
_HOURS = 24
_HOUR_S = 3600.0
_NETWORKS = 5
_RESETS = 200
_EVENTS = 20_000


def rows() -> Iterator[Row]:
    """All of them, in this process."""
    yield _network()
    with contextlib.closing(_bench()) as bench:
        yield _day(bench)
        yield _reset(bench)
    yield _history()


def _bench() -> VirtualBench:
    testbed = load(suite_root() / "testbeds" / "virtual.yaml")
    return virtual_bench(testbed, testbed.handset())


def _network() -> Row:
    macs = [f"00:0e:08:00:00:{number:02x}" for number in range(HANDSETS)]
    times = []
    for _ in range(_NETWORKS):
        began = time.perf_counter()
        network = VirtualNetwork()
        network.add_handsets(macs)
        times.append(1000 * (time.perf_counter() - began))
        network.close()
    what = f"network of {HANDSETS} handsets, median of {_NETWORKS}"
    return Row(what, statistics.median(times), "ms", limit=NETWORK_MS)


def _day(bench: VirtualBench) -> Row:
    began = time.perf_counter()
    bench.begin("a day")
    path = "/7832-3PCC.xml"
    bench.https.serve(path, flat_profile(Resync_Periodic=f"{_HOUR_S:g}"))
    bench.dns.answer(HTTPS_NAME, bench.https.address)
    bench.dhcp.offer(option_160=f"https://{HTTPS_NAME}{path}")
    bench.handset.boot(Resync_Random_Delay="0")
    first = bench.history.wait(
        ev.TransferEnded, outcome=ev.Outcome.COMPLETE, within=bench.handset.boot_limit
    )
    bench.history.wait(
        ev.TransferEnded,
        after=first,
        scheme="https",
        outcome=ev.Outcome.COMPLETE,
        count=_HOURS,
        within=(_HOURS + 1) * _HOUR_S,
    )
    bench.end("a day")
    return Row("a day of hourly HTTPS resyncs", time.perf_counter() - began, "s", limit=DAY_S)


def _reset(bench: VirtualBench) -> Row:
    """The slowest endpoint's median, each with something to forget."""
    works: dict[str, tuple[Endpoint, Callable[[], None]]] = {
        "dhcp": (bench.dhcp, lambda: bench.dhcp.offer(option_66="192.0.2.1")),
        "dns": (bench.dns, lambda: bench.dns.answer("a.example", "192.0.2.1")),
        "tftp": (bench.tftp, lambda: bench.tftp.serve("/a", b"a")),
        "http": (bench.http, lambda: bench.http.serve("/a", b"a")),
        "https": (bench.https, lambda: bench.https.serve("/a", b"a")),
        "syslog": (bench.syslog, lambda: None),
    }
    medians = {name: _reset_ms(endpoint, work) for name, (endpoint, work) in works.items()}
    slowest = max(medians, key=lambda name: medians[name])
    what = f"reset of an endpoint, the slowest ({slowest})"
    return Row(what, medians[slowest], "ms", limit=RESET_MS)


def _reset_ms(endpoint: Endpoint, work: Callable[[], None]) -> float:
    times = []
    for _ in range(_RESETS):
        work()
        began = time.perf_counter()
        endpoint.reset()
        times.append(1000 * (time.perf_counter() - began))
    return statistics.median(times)


def _history() -> Row:
    """Appends with a file, by one thread, of what a phone causes most."""
    packet = ev.TftpPacket(
        source="tftp",
        direction=ev.Direction.SENT,
        kind="DATA",
        transfer=1,
        peer="192.0.2.16:49152",
        block=1,
        size=512,
    )
    with (
        tempfile.TemporaryDirectory() as directory,
        contextlib.closing(WallClock()) as clock,
        HistoryFile(Path(directory, "history.jsonl")) as file,
    ):
        history = History(clock, handset="v1", file=file)
        began = time.perf_counter()
        for _ in range(_EVENTS):
            history.append(packet)
        took = time.perf_counter() - began
    return Row("history with a file", _EVENTS / took, "events/s")
