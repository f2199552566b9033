"""Virtual time loses nothing: the same scenario gives the same order of events and verdicts.

Delays on the links, a busy second core and repetition must not be visible in a history. `make soak`
repeats each case a thousand times; a few times suffice to notice a broken barrier.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

import pytest
import scenario

DELAYS_MS = (0.0, 1.0, 5.0)


@contextlib.contextmanager
def busy_cores(count: int) -> Iterator[None]:
    spinning = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in spinning:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def golden() -> tuple[str, list[str]]:
    """The scenario on links without delay, with nothing else going on."""
    with contextlib.closing(scenario.make_bench(0.0)) as bench:
        scenario.run(bench)
        return scenario.run(bench)


def repeat(delay_ms: float, times: int, golden: tuple[str, list[str]]) -> None:
    with contextlib.closing(scenario.make_bench(delay_ms)) as bench:
        # The first run finds the handset unplugged, which later ones do not.
        scenario.run(bench)
        for _ in range(times):
            verdict, order = scenario.run(bench)
            assert order == golden[1]
            assert verdict == golden[0]


def test_the_scenario_passes_and_is_no_trifle(golden: tuple[str, list[str]]) -> None:
    verdict, order = golden
    # The lines below it say which readings it rests on.
    assert verdict.splitlines()[0] == "PASS"
    for kind in ("DhcpMessage", "DnsQuery", "TftpRequest", "HttpRequest", "TlsHandshake"):
        assert any(f" {kind} " in line for line in order), kind
    assert any("https" in line for line in order)
    assert any("SyslogMessage" in line and "Resync failed" in line for line in order)


@pytest.mark.parametrize(("delay_ms", "times"), [(0.0, 10), (1.0, 4), (5.0, 2)])
def test_every_repetition_is_the_same_whatever_the_links_delay(
    delay_ms: float, times: int, golden: tuple[str, list[str]]
) -> None:
    repeat(delay_ms, times, golden)


def test_busy_cores_change_nothing(golden: tuple[str, list[str]]) -> None:
    with busy_cores(2):
        repeat(0.0, 5, golden)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(8))
@pytest.mark.parametrize("delay_ms", DELAYS_MS)
def test_a_thousand_repetitions_are_the_same(
    delay_ms: float, part: int, golden: tuple[str, list[str]]
) -> None:
    """Eight parts of 125, so that they can run side by side: most of the time is the delay's."""
    repeat(delay_ms, 125, golden)
