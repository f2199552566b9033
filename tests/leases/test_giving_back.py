"""A handset is given back whatever comes in between: signals, a full disk, a broken directory."""

from __future__ import annotations

import contextlib
import os
import re
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from leased_rack import DEADLINE_S, MAC, Rack, die_unwatched, kill, lines, take, watchdogs

from hil.clock import WallClock
from hil.errors import LeaseError
from hil.history import History
from hil.leases import files
from hil.leases.guard import Guard, guarded
from hil.testbed.outlets import handset_power

SOON_S = 60.0


@contextlib.contextmanager
def giving_back(rack: Rack) -> Iterator[subprocess.Popen[str]]:
    """A run in the middle of giving its handset back, without power yet, until the block ends."""
    lock = rack.store.state / "leases" / "00-0e-08-00-00-01.lock"
    with rack.run(1, waits=True) as run:
        lines(run, "close")
        with files.locked(lock):
            assert run.stdin is not None
            run.stdin.write("\n")
            run.stdin.flush()
            until = time.monotonic() + DEADLINE_S
            waits = re.compile(rf"-> FLOCK .*:{lock.stat().st_ino} ")
            while not waits.search(Path("/proc/locks").read_text()):
                assert time.monotonic() < until, "it does not give the handset back"
            assert not rack.on
            yield run


def test_a_run_that_is_told_to_end_while_it_gives_the_handset_back_does_that_first(
    rack: Rack,
) -> None:
    with giving_back(rack) as run:
        run.terminate()
    assert run.returncode == signal.SIGTERM
    assert rack.on
    assert rack.store.standing(MAC).lease is None
    assert watchdogs(rack) == []


def test_a_run_that_is_told_twice_ends_at_once_and_its_watchdog_does_it(rack: Rack) -> None:
    with giving_back(rack) as run:
        until = time.monotonic() + DEADLINE_S / 4
        while run.poll() is None and time.monotonic() < until:
            run.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                run.wait(0.05)
        assert run.poll() is not None
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).lease is None


# -- pytest -n -------------------------------------------------------------------------------------

SUITE = """
import threading
from pathlib import Path
import pytest
from hil.pytest_handsets import HELD

@pytest.fixture
def place(pytestconfig):
    yield Path(__file__).parent
    Path(__file__).with_name("trouble").write_text(pytestconfig.stash[HELD].trouble())

def test_that_is_interrupted(place):
    (place / "begun").write_text("begun")
    threading.Event().wait(60)
"""


def test_after_ctrl_c_workers_end_before_their_handsets_are_given_back(
    rack: Rack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("HIL_STATE_DIR", str(rack.store.state))
    (tmp_path / "test_suite.py").write_text(SUITE)
    begun, trouble = tmp_path / "begun", tmp_path / "trouble"
    os.mkfifo(begun)
    plugins = ("-p", "hil.pytest_plugin", "-p", "xdist.plugin", "-n", "1")
    command = [sys.executable, "-m", "pytest", *plugins, f"--hil-testbed={rack.inventory}"]
    with (
        subprocess.Popen([*command, "test_suite.py"], cwd=tmp_path, start_new_session=True) as run,
        begun.open("r+b", buffering=0) as told,
    ):
        try:
            assert select.select([told], [], [], SOON_S)[0], "the test does not begin"
            run.send_signal(signal.SIGINT)
            assert run.wait(SOON_S) == pytest.ExitCode.INTERRUPTED
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(run.pid, signal.SIGKILL)
    assert trouble.read_text() == ""
    assert rack.store.standing(MAC).lease is None


# -- what the state directory refuses --------------------------------------------------------------


def switched_off(rack: Rack, guard: Guard) -> None:
    clock = WallClock()
    with contextlib.closing(clock):
        outlet = handset_power(
            rack.testbed, guard.entry, History(clock), leased=guard.leased
        ).outlet
        clock.run(outlet.off())
    assert not rack.on


def test_a_handset_whose_lease_nobody_can_read_any_more_has_its_power_back(rack: Rack) -> None:
    guard = take(rack)
    switched_off(rack, guard)
    lock = rack.store.state / "leases" / "00-0e-08-00-00-01.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(LeaseError, match="cannot be used"):
        guard.close()
    assert rack.on
    assert watchdogs(rack) == []


def test_a_watchdog_with_a_full_disk_gives_the_handset_back_all_the_same(rack: Rack) -> None:
    run = rack.run(1000)
    lines(run, "off 0")
    (watchdog,) = watchdogs(rack)
    resource.prlimit(watchdog, resource.RLIMIT_FSIZE, (0, 0))
    kill(run)
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).lease is None


def test_without_a_watchdog_it_is_not_forgotten_that_a_handset_is_owed_its_power(
    rack: Rack,
) -> None:
    die_unwatched(rack)
    testbed, inventory = rack.testbed, rack.inventory.read_text()
    owed = rack.store.standing(MAC).lease
    assert owed is not None
    claim = rack.store.take("a01", MAC, "lab", ttl_s=60)
    rack.inventory.write_text("nothing")
    with pytest.raises(LeaseError, match="cannot be started"):
        guarded(rack.store, claim, testbed)
    kept = rack.store.standing(MAC).lease
    assert kept is not None
    assert kept.power_off_since == owed.power_off_since
    rack.inventory.write_text(inventory)
    guarded(rack.store, claim, testbed).close()
    assert rack.on
