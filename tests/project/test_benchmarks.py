"""The benchmarks measure what they say, and a peer that is missing is said to be."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmarks import loads
from benchmarks.laboratory import Laboratory, PeerMissing, program
from benchmarks.table import Row, as_json, show
from hil.net import namespace

ROOT = Path(__file__).parents[2]

namespace.enter()

WITHIN = Row("quick", 0.1, "s", limit=0.2)
BEYOND = Row("slow", 3.0, "s", limit=2.0)
AGAINST = Row("ours", 50.0, "MB/s", peer="theirs", peer_figure=200.0)
ALONE = Row("alone", 7.0, "MB/s", peer="theirs", remark="theirs is missing")
UNMEASURED = Row("nothing", None, "s", limit=1.0)


def shown(*rows: Row) -> str:
    out = io.StringIO()
    show(rows, Console(file=out, width=120))
    return out.getvalue()


def test_a_ratio_is_to_the_limit_or_to_the_peer() -> None:
    assert [row.ratio for row in (WITHIN, BEYOND, AGAINST, ALONE)] == [0.5, 1.5, 0.25, None]


def test_a_limit_is_missed_by_what_is_beyond_it_and_by_what_was_not_measured() -> None:
    rows = (WITHIN, BEYOND, AGAINST, ALONE, UNMEASURED)
    assert [row.what for row in rows if row.missed] == ["slow", "nothing"]
    assert "limits missed: slow, nothing" in shown(*rows)
    assert "missed" not in shown(WITHIN, AGAINST, ALONE)


def test_the_table_has_figure_limit_or_peer_and_ratio() -> None:
    lines = [
        [cell.strip() for cell in line.split("│")] for line in shown(BEYOND, AGAINST).splitlines()
    ]
    assert ["", "slow", "3 s", "limit 2 s", "1.50", ""] in lines
    assert ["", "ours", "50 MB/s", "theirs 200 MB/s", "0.25", ""] in lines


def test_a_peer_that_is_missing_is_a_row_that_says_so() -> None:
    with pytest.raises(PeerMissing, match="apt-get install a-package"):
        program("a-server-that-nobody-wrote", "a-package")
    assert "theirs (not measured)" in shown(ALONE)
    assert "alone: theirs is missing" in shown(ALONE)


def test_json_has_the_ratio_too() -> None:
    (row,) = json.loads(as_json([AGAINST]))
    assert (row["figure"], row["peer_figure"], row["ratio"]) == (50.0, 200.0, 0.25)


def test_a_server_that_ends_at_once_is_missing_with_its_last_words() -> None:
    lab = Laboratory()
    try:
        with (
            pytest.raises(PeerMissing, match=r"sh does not serve: no such luck"),
            lab.server(["sh", "-c", "echo no such luck"], lambda: lab.accepts_tcp(80)),
        ):
            pytest.fail("it is taken for ready")
    finally:
        lab.close()


def test_a_run_prints_the_table_and_writes_the_figures(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    command = [sys.executable, "-m", "benchmarks", "dhcp", "--json", str(file)]
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "one after the other" in done.stdout
    assert all(row["figure"] > 0 for row in json.loads(file.read_text()))


def test_a_load_is_fetched_within_its_limit() -> None:
    measuring = loads.rows()
    row = next(measuring)
    measuring.close()
    assert row.what == "30 MiB by TFTP, blocks of 1428, windows of 16"
    assert not row.missed


def test_a_family_that_is_none_is_refused() -> None:
    command = [sys.executable, "-m", "benchmarks", "nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "dhcp" in done.stderr
