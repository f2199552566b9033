"""No test of the suite gives a phone a timer below what its documentation allows.

With quick timers a test asks `pace` for its values. The plugin calls it an ERROR if a phone holds a
smaller one, whichever way it was told; so the suite has to pass as a whole on a handset that is said to
allow none below a minute. That takes most of a minute of a processor: a third of it is for each time,
the rest for `make soak`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hil.suite_location import certification_suite, suite_root

MINIMUM_S = 60
PYTEST = (
    *(sys.executable, "-m", "hil.net.launcher", sys.executable, "-m", "pytest", "-q", "-ra"),
    *("-c", os.devnull, f"--rootdir={suite_root()}", "--import-mode=importlib"),
    *("-p", "hil.pytest_plugin", "-p", "no:cacheprovider"),
)
QUICKLY = ("--hil-certify", "--hil-timers=quick", "--hil-direct-power", "--hil-one-group")
SHARES = 3


@pytest.mark.parametrize(
    "number", [0, *(pytest.param(each, marks=pytest.mark.soak) for each in range(1, SHARES))]
)
def test_the_suite_passes_on_a_phone_that_allows_none_below_a_minute(
    number: int, tmp_path: Path
) -> None:
    modules = sorted(map(str, certification_suite().glob("test_*.py")))[number::SHARES]
    testbed = tmp_path / "slow.yaml"
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    documented = f"    capabilities: {{minimum_timer_s: {MINIMUM_S}}}\n    seed: 1 "
    testbed.write_text(text.replace("    seed: 1 ", documented, 1))
    done = subprocess.run(
        [*PYTEST, *QUICKLY, f"--hil-testbed={testbed}", *modules],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr
