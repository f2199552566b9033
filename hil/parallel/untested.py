"""Verdicts on tests that no worker ran, and the reports that pytest would have made of them."""

from __future__ import annotations

import msgspec
import pytest

from hil.evidence.results import TestResult
from hil.history.events import Cause
from hil.judge import Judgement, Word
from hil.pytest_limit import BEGUN
from hil.pytest_requirements import requirements_of


def not_tested(item: pytest.Item, why: str, handset: str) -> TestResult:
    """The result of a test for which there was no handset."""
    judgement = Judgement(Word.ERROR, Cause.LAB, remarks=(f"not tested: {why}",))
    return TestResult(item.nodeid, judgement, requirements_of(item), 0.0, 0.0, handset)


def reports_of(item: pytest.Item, result: TestResult, config: pytest.Config) -> list[bytes]:
    """What pytest would have reported of a test that was not run, for JUnit's file."""
    judgement = result.judgement
    properties = [("verdict", judgement.word.value), ("cause", judgement.cause.value)]
    properties += [] if result.begun else [(BEGUN, "no")]
    reports = []
    for when, outcome in (("setup", "failed"), ("teardown", "passed")):
        report = pytest.TestReport(
            nodeid=item.nodeid,
            location=item.location,
            keywords={},
            outcome=outcome,  # type: ignore[arg-type]
            longrepr=str(judgement) if outcome == "failed" else None,
            when=when,  # type: ignore[arg-type]
            user_properties=[*properties],
        )
        data = config.hook.pytest_report_to_serializable(config=config, report=report)
        reports.append(msgspec.json.encode(data))
    return reports
