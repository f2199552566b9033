"""The commands as they are used: processes of their own, started cold."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.table import Row

SUITE_S = 15.0
TEST_S = 0.3
FIRST_VERDICT_S = 3.0
HELP_S = 0.25
_HELP_RUNS = 5
_PATIENCE_S = 60.0
_HIL = str(Path(sys.executable).parent / "hil")


def rows() -> Iterator[Row]:
    """The whole suite once, and the help text."""
    yield from _suite()
    times = []
    for _ in range(_HELP_RUNS):
        began = time.perf_counter()
        subprocess.run([_HIL, "--help"], check=True, stdout=subprocess.DEVNULL, timeout=30)
        times.append(time.perf_counter() - began)
    yield Row(f"hil --help, median of {_HELP_RUNS}", statistics.median(times), "s", limit=HELP_S)


def _suite() -> Iterator[Row]:
    first: float | None = None
    with tempfile.TemporaryDirectory() as directory:
        results = Path(directory, "results.json")
        began = time.perf_counter()
        with subprocess.Popen(
            [_HIL, "certify", "--json", str(results)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            overdue = threading.Timer(_PATIENCE_S, process.kill)
            overdue.start()
            for line in process.stdout:
                if first is None and line.startswith("PASS"):
                    first = time.perf_counter() - began
            overdue.cancel()
        total = time.perf_counter() - began
        run = json.loads(results.read_text()) if results.exists() else {"tests": []}
    walls = {test["id"].rpartition("/")[2]: test["wall_s"] for test in run["tests"]}
    slowest = max(walls, key=lambda name: float(walls[name]), default="")
    verdicts = [test["verdict"] for test in run["tests"]]
    others = len(verdicts) - verdicts.count("PASS")
    remark = f"exit status {process.returncode}, {others} not PASS" if process.returncode else ""
    what = f"certification suite, {len(walls)} tests"
    yield Row(what, total if walls else None, "s", limit=SUITE_S, remark=remark)
    yield Row("its slowest test", walls.get(slowest), "s", limit=TEST_S, remark=slowest)
    yield Row("first verdict of hil certify", first, "s", limit=FIRST_VERDICT_S)
