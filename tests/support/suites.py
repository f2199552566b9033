"""Runs of small suites in processes of their own, as their writers would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

HEAD = """\
import pytest
from hil.errors import LabError
from hil.history import events as ev
from hil.marks import requirement

def provision(dhcp, tftp):
    tftp.serve("/7832-3PCC.xml", b"<flat-profile></flat-profile>")
    dhcp.offer(option_66=tftp.address)

"""


@dataclass(frozen=True)
class Case:
    """What JUnit has of a test: ``kind`` is passed, failure, error or skipped."""

    kind: str
    message: str
    properties: dict[str, list[str]]

    @property
    def verdict(self) -> str | None:
        """The verdict with its cause; None where there is none."""
        if "verdict" not in self.properties:
            return None
        return f"{self.properties['verdict'][0]} ({self.properties['cause'][0]})"


@dataclass(frozen=True)
class Run:
    """A run that is over."""

    status: int
    text: str
    cases: dict[str, Case]
    out: Path

    def allure(self, name: str) -> dict[str, object]:
        """Allure's result of a test."""
        for path in (self.out / "allure").glob("*-result.json"):
            result: dict[str, object] = json.loads(path.read_text("utf-8"))
            if result["name"] == name:
                return result
        raise AssertionError(f"Allure has no {name}")


def run_suite(place: Path, suite: str, *options: str) -> Run:
    """Run the text of a test module in ``place``, with JUnit, Allure and the bench's evidence."""
    (place / "test_suite.py").write_text(HEAD + suite, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "test_suite.py", "-c", os.devnull]
    command += [f"--rootdir={place}", "-p", "no:cacheprovider", "-p", "hil.pytest_plugin"]
    command += ["-p", "allure_pytest.plugin", f"--alluredir={place / 'allure'}"]
    command += ["-o", "junit_family=xunit1", f"--junit-xml={place / 'junit.xml'}"]
    command += [f"--hil-out={place}", *options]
    done = subprocess.run(
        command,
        cwd=place,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr, _cases(place / "junit.xml"), place)


def _cases(path: Path) -> dict[str, Case]:
    if not path.exists():
        return {}
    cases = {}
    for case in ElementTree.parse(path).iter("testcase"):  # noqa: S314
        troubles = [child for child in case if child.tag in ("failure", "error", "skipped")]
        properties: dict[str, list[str]] = {}
        for found in case.iter("property"):
            properties.setdefault(str(found.get("name")), []).append(str(found.get("value")))
        kind = troubles[0].tag if troubles else "passed"
        message = (troubles[0].text or "") if troubles else ""
        cases[str(case.get("name"))] = Case(kind, message, properties)
    return cases
