"""Whether a handset is fit for more, by its tests so far; the faults of others do not count."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from suites import run_suite

from hil.leases.store import LeaseStore

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


TAKEN_AWAY = """
import time
from pathlib import Path
from hil.leases.guard import Lent
from hil.leases.store import LeaseStore
from hil.pytest_handsets import HELD, testbed_of

@pytest.fixture(scope="session", autouse=True)
def lost(pytestconfig):
    testbed = testbed_of(pytestconfig)
    entry = testbed.handset(None)
    store = LeaseStore(Path({state!r}), time.time)
    lease = store.take(entry.name, entry.mac, testbed.name, ttl_s=60).lease
    store.force(entry.mac)
    store.take(entry.name, entry.mac, testbed.name, ttl_s=60, by_person=True)
    pytestconfig.stash[HELD] = Lent(store, lease, testbed, entry)

@pytest.mark.parametrize("number", range(5))
@requirement("resync.on_reset")
def test_any(handset, number):
    pass
"""


def test_a_handset_that_was_taken_from_the_run_is_another_ones_to_judge(tmp_path: Path) -> None:
    state = tmp_path / "state"
    ran = run_suite(tmp_path, TAKEN_AWAY.format(state=str(state)))
    for number in range(1, 5):
        case = ran.cases[f"test_any[{number}]"]
        assert case.verdict == "ERROR (lab)"
        assert "the lease is lost" in case.message
    (standing,) = LeaseStore(state, time.time).all()
    assert standing.lease is not None
    assert standing.quarantine is None


SHARED = """
from hil.errors import SharedFault
from hil.pytest_handsets import HANDSETS

@requirement("resync.on_reset")
def test_before(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.power_on()
    history.expect(ev.TftpRequest, within=120)

@requirement("resync.on_reset")
def test_fault(handset):
    raise SharedFault("another DHCP server is on the wire", evidence="the one of test_fault")

@requirement("resync.on_reset")
def test_after(handset):
    pass
"""


def test_a_fault_that_all_share_stops_the_run_and_leaves_verdicts_as_they_are(
    tmp_path: Path,
) -> None:
    ran = run_suite(tmp_path, SHARED)
    assert ran.status == 3, ran.text
    assert ran.cases["test_before"].verdict == "PASS (none)", ran.text
    assert ran.cases["test_fault"].verdict == "ERROR (lab)"
    assert "test_after" not in ran.cases
    assert "another DHCP server is on the wire" in ran.text
    assert "quarantine" not in ran.text
