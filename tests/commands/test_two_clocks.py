"""Two clocks, one verdict: the quick tests in wall time and in virtual time come to the same.

The wall-clock half waits for most of its time, so it runs on several benches at once. Other tests run
beside it, and a bench whose own loop is late by more than half of what its handset's ``late`` allows is
an ERROR of the lab: so ``late`` is wider here than on a machine that has nothing else to do.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from hil.cli import main
from hil.evidence.comparison import Comparison
from hil.evidence.stored_run import StoredRun, load_run
from hil.judge import Word
from hil.suite_location import suite_root

BENCHES = 4
LIMIT_S = 300
LATE_S = 6.0
DEFECTS = {
    "retry-never": "a_failed_resync_is_tried_again_after_one",
    "ignores-resync-on-reset": "with_no_a_reboot_is_followed_by_nothing",
    "substring-length-is-end": "a_substring_has_a_length",
}
"""A defect, and the quick test that finds it."""


@pytest.fixture(scope="module")
def testbed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The quick testbed, with time for a machine that others use as well."""
    file = tmp_path_factory.mktemp("testbed") / "patient.yaml"
    quick = (suite_root() / "testbeds" / "quick.yaml").read_text()
    assert "late: 1.0" in quick
    file.write_text(quick.replace("late: 1.0", f"late: {LATE_S}"))
    return file


@contextmanager
def running(out: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`hil certify` of the quick tests in a process of its own, with its evidence in ``out``."""
    command = [sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')"]
    command += ["certify", "--quick", "--out", str(out), *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def dealt(tests: Sequence[dict[str, object]]) -> list[list[str]]:
    """The modules of a run, dealt out so that each bench has as much lab time as the others."""
    lab_s: dict[str, float] = defaultdict(float)
    for test in tests:
        module = str(test["id"]).partition("::")[0].rpartition("/")[2]
        lab_s[module] += float(str(test["lab_s"]))
    hands: list[list[str]] = [[] for _ in range(BENCHES)]
    for module in sorted(lab_s, key=lambda name: -lab_s[name]):
        min(hands, key=lambda hand: sum(lab_s[each] for each in hand)).append(module)
    return hands


@pytest.fixture(scope="module")
def halves(testbed: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[StoredRun, StoredRun]:
    """The quick tests in virtual time, and in wall time."""
    place = tmp_path_factory.mktemp("clocks")
    results = place / "virtual.json"
    on = ("--testbed", str(testbed))
    arguments = ["--quick", *on, "--out", str(place / "virtual"), "--json", str(results)]
    virtual = CliRunner().invoke(main, ["certify", *arguments])
    assert virtual.exit_code == 0, virtual.output
    hands = dealt(json.loads(results.read_text())["tests"])
    outs = [place / f"wall{number}" for number in range(BENCHES)]
    with ExitStack() as stack:
        runs = [
            stack.enter_context(running(out, *on, "--wall-clock", *hand))
            for out, hand in zip(outs, hands, strict=True)
        ]
        for run in runs:
            told, _ = run.communicate(timeout=LIMIT_S)
            assert run.returncode == 0, told
    parts = [load_run(out) for out in outs]
    joined = {test.name: test for part in parts for test in part.tests}
    return load_run(place / "virtual"), replace(parts[0], tests=tuple(joined.values()))


def test_each_half_ran_by_its_own_clock(halves: tuple[StoredRun, StoredRun]) -> None:
    virtual, wall = halves
    assert virtual.run is not None
    assert wall.run is not None
    assert (virtual.run.clock, wall.run.clock) == ("virtual", "wall")


def test_both_clocks_give_the_same_verdicts_findings_events_and_times(
    halves: tuple[StoredRun, StoredRun],
) -> None:
    virtual, wall = halves
    differences = Comparison(LATE_S / 2).runs(virtual, wall)
    assert differences == [], "\n\n".join(map(str, differences))
    assert len(virtual.tests) >= 100
    assert all(test.verdict is None or test.verdict.verdict == Word.PASS for test in wall.tests)


def test_the_quick_tests_are_of_every_field(halves: tuple[StoredRun, StoredRun]) -> None:
    kinds = {type(event).__name__ for test in halves[1].tests for event in test.events}
    assert kinds >= {
        "DhcpMessage",
        "DnsQuery",
        "HttpRequest",
        "NeighbourAnnounced",
        "NtpQuery",
        "ScreenUsed",
        "SipMessage",
        "SyslogMessage",
        "TftpRequest",
        "TlsHandshake",
        "WebAnswered",
    }


def test_a_defect_fails_on_both_clocks_with_the_same_findings(
    testbed: Path, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        runs = [
            stack.enter_context(
                running(
                    tmp_path / clock / defect,
                    *("--testbed", str(testbed), "--defect", defect, "-k", test),
                    *(["--wall-clock"] if clock == "wall" else []),
                )
            )
            for defect, test in DEFECTS.items()
            for clock in ("virtual", "wall")
        ]
        for run in runs:
            told, _ = run.communicate(timeout=LIMIT_S)
            assert run.returncode == 1, told
    for defect in DEFECTS:
        virtual, wall = (load_run(tmp_path / clock / defect) for clock in ("virtual", "wall"))
        assert [str(each) for each in Comparison(LATE_S / 2).runs(virtual, wall)] == []
        found = [test.verdict for test in wall.tests if test.verdict is not None]
        assert [verdict.verdict for verdict in found] == ["FAIL"]
        assert found[0].findings
