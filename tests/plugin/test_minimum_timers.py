"""A test that gives a phone timers below what its firmware allows judges nobody."""

from __future__ import annotations

import pytest
from suites import Run, run_suite

from hil.history import read
from hil.history.events import Conducted
from hil.suite_location import suite_root

SUITE = """
from hil.testing import first_resync, idle_phone
from hil.testing import provision as tell

@requirement("resync.on_reset")
def test_by_its_memory(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    first_resync(history, handset, handset.boot(Resync_Periodic="2"))

@requirement("resync.on_reset")
def test_by_a_profile(handset, dhcp, tftp, history):
    tell(dhcp, tftp, Resync_Error_Retry_Delay="40,2")
    first_resync(history, handset, handset.boot())
    history.sleep(1)

@requirement("resync.on_reset")
def test_by_its_page(handset, web, history):
    idle_phone(history, handset)
    web.submit(Reg_Retry_Intvl="2")
    history.sleep(1)

@requirement("resync.on_reset")
def test_that_breaks_as_well(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    first_resync(history, handset, handset.boot(Resync_Periodic="2"))
    raise ZeroDivisionError("its own")

@requirement("resync.on_reset")
def test_with_values_that_are_allowed(handset, dhcp, tftp, history, pace):
    period = pace.timer("Resync_Periodic", 600, quick=2)
    tell(dhcp, tftp, Resync_Periodic=str(period), Forced_Resync_Delay="0")
    up = handset.boot(Resync_Random_Delay="1")
    history.expect(ev.TftpRequest, after=up, within=handset.boot_limit + 30)
    history.sleep(1)

@requirement("resync.on_reset")
def test_with_the_entry_s_own_value(handset, dhcp, tftp, history):
    provision(dhcp, tftp)
    up = handset.boot(Upgrade_Error_Retry_Delay="5")
    history.expect(ev.TftpRequest, after=up, within=handset.boot_limit + 30)
"""
TOO_SHORT = {
    "test_by_its_memory": "Resync_Periodic 2",
    "test_by_a_profile": "Resync_Error_Retry_Delay 40,2",
    "test_by_its_page": "Reg_Retry_Intvl 2",
}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    place = tmp_path_factory.mktemp("minimum")
    text = (suite_root() / "testbeds" / "virtual.yaml").read_text()
    documented = (
        "    capabilities: {minimum_timer_s: 30}\n"
        "    parameters: {Upgrade_Error_Retry_Delay: '5'}\n"
        "    seed: 1 "
    )
    (place / "slow.yaml").write_text(text.replace("    seed: 1 ", documented, 1))
    on = f"--hil-testbed={place / 'slow.yaml'}"
    return run_suite(place, SUITE, on, "--hil-timers=quick")


@pytest.mark.parametrize(("name", "told"), TOO_SHORT.items())
def test_it_is_the_tests_mistake_whichever_way_the_phone_is_told(
    run: Run, name: str, told: str
) -> None:
    assert run.cases[name].verdict == "ERROR (test)"
    (log,) = (run.out / "logs").glob(f"*{name}.log")
    due = f"the test gave the handset {told}, and the firmware of v1 allows no timer below 30 s"
    assert due in log.read_text()


def test_a_stored_run_is_judged_alike(run: Run) -> None:
    events = read(run.out / "history.jsonl").events
    crashes = {e.test.rpartition("::")[2]: e.crash for e in events if isinstance(e, Conducted)}
    assert all(told in crashes[name] for name, told in TOO_SHORT.items())


def test_what_a_test_says_of_itself_is_not_hidden(run: Run) -> None:
    (log,) = (run.out / "logs").glob("*test_that_breaks_as_well.log")
    assert "ZeroDivisionError: its own" in log.read_text()


@pytest.mark.parametrize(
    "name", ["test_with_values_that_are_allowed", "test_with_the_entry_s_own_value"]
)
def test_what_is_allowed_is_judged(run: Run, name: str) -> None:
    assert run.cases[name].verdict == "PASS (none)"
