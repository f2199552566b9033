"""What the tests so far say of the handset's place: the machine's own faults are not its."""

from __future__ import annotations

from pathlib import Path

import pytest
from suites import run_suite

SUITE = """
from hil.pytest_handsets import HANDSETS

@pytest.mark.parametrize("number", range(3))
@requirement("resync.on_reset")
def test_fault(handset, history, number):
    history.append(ev.LabFault(source="test", what="a fault", concerns={concerns!r}))

@requirement("resync.on_reset")
def test_last(handset, request):
    raise LabError("unfit: " + request.config.stash[HANDSETS].unfit)
"""


@pytest.mark.parametrize(
    ("concerns", "unfit"),
    [
        ("", "unfit: "),
        ("pdu1 outlet 1", "unfit: the laboratory failed in 3 tests one after the other"),
    ],
)
def test_faults_count_against_a_handset_if_they_concern_something_of_its(
    tmp_path: Path, concerns: str, unfit: str
) -> None:
    ran = run_suite(tmp_path, SUITE.format(concerns=concerns))
    assert unfit in ran.cases["test_last"].message.splitlines(), ran.text
