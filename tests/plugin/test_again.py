"""A test that is run a second time in the same process is judged a second time, by itself."""

from __future__ import annotations

from pathlib import Path

from suites import run_suite

from hil.history import events as ev
from hil.history import read

TWICE = """
class OfTheSameSession:
    def __init__(self, session):
        self.listchain = lambda: [session]

def pytest_runtestloop(session):
    (item,) = session.items
    for following in (OfTheSameSession(session), None):
        item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
    return True
"""
UNMET_AT_FIRST = """
attempts = []

@pytest.fixture
def second_only(handset):
    attempts.append(handset)
    if len(attempts) == 1:
        raise LabError("not yet")

@requirement("resync.on_reset")
def test_twice(handset, second_only, dhcp, tftp, history):
    provision(dhcp, tftp)
    handset.boot(Resync_Random_Delay="0")
    lease = history.wait(ev.DhcpMessage, kind="ACK", within=handset.boot_limit)
    history.expect(ev.TftpRequest, path="/7832-3PCC.xml", after=lease, within=1)
"""


def test_the_second_verdict_is_that_of_the_second_attempt(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text(TWICE)
    ran = run_suite(tmp_path, UNMET_AT_FIRST)
    stored = read(ran.out / "history.jsonl").events
    verdicts = [event.verdict for event in stored if isinstance(event, ev.Verdict)]
    assert verdicts == ["ERROR", "PASS"], ran.text
