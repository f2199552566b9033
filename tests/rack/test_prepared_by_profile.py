"""The suite does not depend on how a phone is prepared: it may be told, as on a rack, in virtual time.

These modules change what a phone is reached by (pages, passwords, rules, provisioning itself) and look
at what a phone does that nobody has configured.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from hil.testbed.capabilities import Capabilities

AS_ON_A_RACK = Path(__file__).parents[1] / "support" / "prepared_by_profile.py"
MODULES = (
    "test_defaults.py",
    "test_dhcp_option_to_use.py",
    "test_provision_enable.py",
    "test_upgrade_enable.py",
    "test_web_access.py",
    "test_web_pages.py",
)


def test_no_verdict_depends_on_it(tmp_path: Path) -> None:
    results = tmp_path / "results.json"
    done = subprocess.run(
        [sys.executable, str(AS_ON_A_RACK), "certify", "--json", str(results), *MODULES],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    tests = json.loads(results.read_text())["tests"]
    told = {test["id"]: test["verdict"] for test in tests}
    assert set(told.values()) == {"PASS", "NOT_APPLICABLE"}
    assert list(told.values()).count("PASS") > 50
    for test in tests:
        if test["verdict"] == "NOT_APPLICABLE":
            (remark,) = test["remarks"]
            assert remark.partition(":")[0] in Capabilities.model_fields
