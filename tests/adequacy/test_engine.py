"""The adequacy engine: what counts as a kill, what does not, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import adequacy_scenarios as scenarios
import pytest

SCRIPT = str(Path(scenarios.__file__))
GONE_S = 60.0


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, SCRIPT], capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def outcomes(told: dict[str, Any]) -> dict[str, Any]:
    return told["outcomes"]


def test_the_sound_handset_passes_and_its_observer_is_heard(outcomes: dict[str, Any]) -> None:
    sound = outcomes["the reference, part 1"]
    assert sound["fate"] == "survived"
    # The observer was told of each test before it ran, in a process that leads its own group.
    assert sorted(sound["tests"]) == sorted(
        [test, "PASS", "none", "True, True"] for test in (scenarios.RESETS, scenarios.RETRIES)
    )
    assert sound["cpu_s"] > 0


def test_a_finding_of_the_broken_requirement_kills(outcomes: dict[str, Any]) -> None:
    found = outcomes["found"]
    assert found["fate"] == "killed"
    assert {requirement for _, requirement, _ in found["kills"]} == {"resync.on_reset"}
    assert {source for _, _, source in found["kills"]} == {"monitor", "test"}
    killers = {test for test, _, _ in found["kills"]}
    assert killers == {test for test, verdict, _, _ in found["tests"] if verdict == "FAIL"}
    assert len(killers) < len(found["tests"])
    assert found["baselines"] == 2


def test_the_first_kill_ends_the_job_where_that_is_enough(outcomes: dict[str, Any]) -> None:
    every, first = outcomes["found"], outcomes["found, then stopped"]
    assert first["fate"] == "killed"
    verdicts = [verdict for _, verdict, _, _ in first["tests"]]
    assert verdicts.index("FAIL") == len(verdicts) - 1
    assert first["tests"] == every["tests"][: len(verdicts)]


def test_a_finding_of_another_clause_is_no_kill(outcomes: dict[str, Any]) -> None:
    shown = outcomes["nothing shows it"]
    assert shown["fate"] == "survived"
    assert [verdict for _, verdict, _, _ in shown["tests"]] == ["FAIL"]
    assert any(name.startswith("resync.error_retry_delay") for name in shown["others"])
    assert outcomes["harmless"]["fate"] == "survived"
    assert outcomes["harmless"]["others"] == []


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("the handset crashes", "RuntimeError('the firmware fell over')"),
        ("the handset never boots", "the baseline exchange of this group could not be held"),
        ("the lab fails", "ERROR (lab)"),
        ("cannot be prepared", "RuntimeError: the firmware fell over"),
        ("dies", "died: by SIGSEGV"),
        ("hangs", "hung: not through after 10 s, 1 of 2 tests through"),
    ],
)
def test_what_goes_wrong_is_told_and_is_no_kill(
    outcomes: dict[str, Any], name: str, reason: str
) -> None:
    assert outcomes[name]["fate"] == "invalid"
    assert outcomes[name]["kills"] == []
    assert any(reason in line for line in outcomes[name]["reasons"]), outcomes[name]["reasons"]


def test_what_a_hanging_child_started_ends_with_it(outcomes: dict[str, Any]) -> None:
    hangs = outcomes["hangs"]
    assert 10 <= hangs["wall_s"] < 30
    [(_, verdict, _, program)] = hangs["tests"]
    assert verdict == "PASS"
    ended(int(program))


def test_a_pair_is_judged_by_the_clauses_of_both(outcomes: dict[str, Any]) -> None:
    pair = outcomes[f"{scenarios.BROKEN.name},retry-never"]
    assert pair["kind"] == "pair"
    assert pair["fate"] == "killed"
    found = {requirement for _, requirement, _ in pair["kills"]}
    assert found == {"resync.on_reset", scenarios.DEFECTS["retry-never"].requirement}


def test_a_process_with_threads_does_not_fork(told: dict[str, Any]) -> None:
    assert "2 threads in this process" in told["with threads"]


def ended(process: int) -> None:
    """Wait for the end of a process that may not be ours."""
    try:
        watched = os.pidfd_open(process)
    except ProcessLookupError:
        return
    try:
        ready, _, _ = select.select([watched], [], [], GONE_S)
        assert ready, f"process {process} is still there"
    finally:
        os.close(watched)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_child_outlives_its_parent(tmp_path: Path, how: signal.Signals) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    # Open for both ways, so that the end of one writer is no end of the stream.
    with (
        fifo.open("r+b", buffering=0) as pipe,
        subprocess.Popen([sys.executable, SCRIPT, str(fifo)], stderr=subprocess.DEVNULL) as parent,
    ):
        children = [int(pipe.readline()) for _ in range(2)]
        parent.send_signal(how)
        assert parent.wait(GONE_S) != 0
    for child in children:
        ended(child)
