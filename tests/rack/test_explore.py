"""`hil explore` and `hil interpretations probe` on racked phones: leased, prepared, in real time.

Three programs are at work at the same time, each on a phone of its own; most of the time they wait.
"""

from __future__ import annotations

import json
import os
import select
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hil.leases.holding import store_of
from hil.leases.record import Lease
from hil.leases.waiting import changes
from hil.testbed.inventory import load

SOUND, BROKEN, OTHER = "a01", "a02", "a03"
DEFECT = "never-resyncs-on-reset"
RUN_S = 150.0
SOON_S = 60.0
"""How long a command may take that has next to nothing to do, with the machine full of others."""


@dataclass(frozen=True)
class Ran:
    """What the three came to."""

    sound: int
    sound_said: dict[str, Any]
    broken: int
    broken_said: str
    found: Path
    probe: int
    probe_said: str


@pytest.fixture(scope="module")
def rack(hil: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    inventory = tmp_path_factory.mktemp("rack") / "rack.yaml"
    options = ["--handsets", 3, "--inventory", inventory, "--defect", f"{BROKEN}={DEFECT}"]
    options += ["--follows", f"{OTHER}=scheme_case=upper"]
    with hil("rack", *options) as program:
        program.expect("ready: 3 handsets", within=SOON_S)
        yield inventory


@pytest.fixture(scope="module")
def ran(hil: Any, rack: Path, tmp_path_factory: pytest.TempPathFactory) -> Ran:
    out = tmp_path_factory.mktemp("explored")
    told = out / "sound.json"
    quick = ["explore", "--testbed", rack, "--watch-seconds", 6, "--out", out / "found"]
    questions = ["scheme_case", "macro_name_match", "resync_at_dst"]
    with (
        hil(*quick, "--handset", SOUND, "--minutes", 0.5, "--seed", 3, "--json", told) as sound,
        hil(*quick, "--handset", BROKEN, "--minutes", 2, "--shrink-seconds", 0) as broken,
        hil("interpretations", "probe", *questions, "--testbed", rack, "--handset", OTHER) as probe,
    ):
        # Whoever comes second is told that the phone is taken.
        sound.expect("exploring", within=SOON_S)
        statuses = [each.ended(RUN_S) for each in (sound, broken, probe)]
        assert told.exists(), sound.output
    return Ran(
        statuses[0],
        json.loads(told.read_text()),
        statuses[1],
        broken.output,
        out / "found",
        statuses[2],
        probe.output,
    )


def test_a_sound_phone_has_no_finding_in_what_was_really_played(ran: Ran) -> None:
    assert ran.sound == 0
    assert ran.sound_said["found"] == ran.sound_said["troubles"] == []
    assert ran.sound_said["scenarios"] >= 1
    assert set(ran.sound_said["results"]) <= {"clean", "inconclusive"}
    assert ran.sound_said["clauses"]["resync.on_reset"] >= 1


def test_no_scenario_takes_longer_than_was_said(ran: Ran) -> None:
    assert ran.sound_said["wall_s"] < 90
    assert any("longer than 6 s" in each for each in ran.sound_said["left_out"])
    assert any("keys" in each for each in ran.sound_said["left_out"])


def test_a_defective_phone_is_found_and_a_test_written_that_names_it(ran: Ran, rack: Path) -> None:
    assert ran.broken == 1, ran.broken_said
    (module,) = ran.found.glob("test_found_*.py")
    text = module.read_text()
    assert str(module) in ran.broken_said
    assert '@requirement("resync.on_reset")' in text
    assert f"THIS_FILE --hil-testbed {rack} --hil-handset {BROKEN}" in text
    assert f"--watch-seconds 6 --testbed {rack} --handset {BROKEN}" in text
    assert module.with_suffix(".history.jsonl").stat().st_size
    # Short from the beginning on, and seen again twice.
    assert "FLAKY" not in ran.broken_said


def test_the_probe_finds_the_reading_and_says_what_the_rack_cannot_hold(ran: Ran) -> None:
    assert ran.probe == 0, ran.probe_said
    assert "scheme_case: upper" in ran.probe_said
    assert "macro_name_match: longest" in ran.probe_said
    assert "(needs 48.0 h, where 20 min are the limit)" in ran.probe_said
    assert "      scheme_case: upper" in ran.probe_said


def test_every_phone_is_free_and_has_its_power(ran: Ran, hil: Any, rack: Path) -> None:
    with hil("leases", "list", "--testbed", rack) as program:
        assert program.ended(SOON_S) == 0
        assert program.output.count("free") == 3
    with hil("power", "status", "--all", "--testbed", rack) as program:
        assert program.ended(SOON_S) == 0
        assert " off" not in program.output


def test_ctrl_c_gives_the_phone_back_and_tells_what_there_is(
    ran: Ran, hil: Any, rack: Path
) -> None:
    options = ["--testbed", rack, "--handset", SOUND, "--minutes", 5]
    with hil("explore", *options) as program:
        program.expect(f"exploring {SOUND}", within=SOON_S)
        until(rack, lambda lease: lease is not None)
        with hil("explore", *options) as second:
            assert second.ended(SOON_S) == 3
            assert SOUND in second.output
        program.process.send_signal(signal.SIGINT)
        assert program.ended(SOON_S) == 130, program.output
        assert "interrupted: this is what there was so far" in program.output
    with hil("leases", "list", "--testbed", rack) as listed:
        assert listed.ended(SOON_S) == 0
        assert listed.output.count("free") == 3


def until(rack: Path, is_so: Callable[[Lease | None], bool]) -> None:
    """Wait until this is so of the first handset's lease."""
    testbed = load(rack)
    store = store_of(testbed)
    with changes(store.watched) as changed:
        while not is_so(store.standing(testbed.handset(SOUND).mac).lease):
            assert select.select([changed], [], [], SOON_S)[0], "nothing happens to the lease"
            os.read(changed, 1 << 16)


def test_after_kill_9_nobody_goes_on_playing_and_the_phone_is_given_back(
    ran: Ran, hil: Any, rack: Path
) -> None:
    with hil("explore", "--testbed", rack, "--handset", SOUND, "--minutes", 5) as program:
        until(rack, lambda lease: lease is not None and lease.power_off_since is not None)
        program.process.kill()
        until(rack, lambda lease: lease is None)
    with hil("power", "status", SOUND, "--testbed", rack) as program:
        assert program.ended(SOON_S) == 0
        assert " off" not in program.output


def test_a_rack_takes_no_defect_and_one_process(hil: Any, rack: Path) -> None:
    for wrong in (["--defect", DEFECT], ["--jobs", 2]):
        with hil("explore", "--testbed", rack, *wrong) as program:
            assert program.ended(SOON_S) == 2
    with hil("interpretations", "probe", "psn", "--testbed", rack, "--defect", DEFECT) as program:
        assert program.ended(SOON_S) == 2
