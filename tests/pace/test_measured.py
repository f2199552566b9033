"""What was measured on a handset: kept from run to run, forgotten with its firmware, never trusted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from hil.errors import LeaseError
from hil.pace.measured import KEPT, MOST_TESTS, Fresh, MeasuredFile, middle

MAC = "00:0e:08:aa:bb:cc"


def file(state: Path, firmware: str = "one") -> MeasuredFile:
    return MeasuredFile(state, MAC, "CP-7832-3PCC", firmware)


def path(state: Path) -> Path:
    return state / "pace" / "00-0e-08-aa-bb-cc.json"


def test_nothing_is_known_of_a_handset_that_was_never_tested(tmp_path: Path) -> None:
    known, warning = file(tmp_path).load()
    assert (known.tests(quick=True), known.boots, warning) == ({}, [], "")


def test_what_a_run_adds_the_next_one_finds(tmp_path: Path) -> None:
    file(tmp_path).add(Fresh({"a": 3.0}, True, (60.0, 70.0, 65.0), (80.0,), (130.0,), 12.0))
    known, warning = file(tmp_path).load()
    assert not warning
    assert known.tests(quick=True) == {"a": [3.0]}
    assert known.tests(quick=False) == {}
    # One figure a run, or a long run would outvote all others.
    assert (known.boots, known.restores) == ([65.0], [80.0])
    assert (known.baselines, known.around) == ([130.0], [12.0])


def test_the_last_few_times_are_kept_and_their_median_counts(tmp_path: Path) -> None:
    for took in (100.0, 1.0, 2.0, 900.0, 3.0, 2.5):
        file(tmp_path).add(Fresh({"a": took}, False))
    times = file(tmp_path).load()[0].tests(quick=False)["a"]
    assert times == [1.0, 2.0, 900.0, 3.0, 2.5]
    assert (len(times), middle(times)) == (KEPT, 2.5)


def test_another_firmware_starts_anew(tmp_path: Path) -> None:
    file(tmp_path, "one").add(Fresh({"a": 3.0}, True))
    known, warning = file(tmp_path, "two").load()
    assert (known.tests(quick=True), warning) == ({}, "")
    file(tmp_path, "two").add(Fresh({"b": 4.0}, True))
    assert file(tmp_path, "two").load()[0].tests(quick=True) == {"b": [4.0]}
    assert file(tmp_path, "one").load()[0].tests(quick=True) == {}


def test_what_nobody_runs_any_more_is_forgotten_first(tmp_path: Path) -> None:
    file(tmp_path).add(Fresh({f"old{n}": 1.0 for n in range(MOST_TESTS)}, True))
    file(tmp_path).add(Fresh({"old0": 2.0, "new": 1.0}, True))
    tests = file(tmp_path).load()[0].tests(quick=True)
    assert len(tests) == MOST_TESTS
    assert {"old0", "new", "old2"} <= set(tests)
    assert "old1" not in tests


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"\xff\xfe\x00",
        b'{"version": 2}',
        b'{"boots": [NaN]}',
        b'{"boots": [-1]}',
        b'{"boots": [1e300]}',
        b'{"boots": ["60"]}',
        b'{"quick": {"a": 3}}',
        b'{"quick": {"a": [1, 2, 3, 4, 5, 6]}}',
        b"[" * 100_000,
        json.dumps({"model": ["x"]}).encode(),
    ],
    ids=range(13),
)
def test_a_file_that_is_not_as_it_should_be_is_told_and_counts_for_nothing(
    content: bytes, tmp_path: Path
) -> None:
    file(tmp_path).add(Fresh({"a": 3.0}, True))
    path(tmp_path).write_bytes(content)
    known, warning = file(tmp_path).load()
    assert known.tests(quick=True) == {}
    assert warning.startswith("what was measured before cannot be used: ")
    # And the next run puts it right.
    file(tmp_path).add(Fresh({"a": 4.0}, True))
    assert file(tmp_path).load() == (file(tmp_path).load()[0], "")
    assert file(tmp_path).load()[0].tests(quick=True) == {"a": [4.0]}


@pytest.mark.parametrize("kind", ["fifo", "link", "large", "directory"])
def test_what_is_no_file_of_ours_is_told_and_never_waited_for(kind: str, tmp_path: Path) -> None:
    place = path(tmp_path)
    place.parent.mkdir()
    match kind:
        case "fifo":
            os.mkfifo(place)
        case "link":
            place.symlink_to("/etc/hostname")
        case "large":
            with place.open("wb") as opened:
                opened.truncate(1 << 30)
        case _:
            place.mkdir()
    known, warning = file(tmp_path).load()
    assert known.boots == []
    assert warning


def test_a_place_where_nothing_can_be_kept_is_an_error_of_the_lab(tmp_path: Path) -> None:
    (tmp_path / "pace").write_text("in the way")
    with pytest.raises(LeaseError):
        file(tmp_path).add(Fresh({"a": 1.0}, True))
