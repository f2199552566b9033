"""A real ``hil certify`` on a rack that is ended at any moment: power is on, and the lease is free.

The rack is that of ``hil rack``: phones in a process of their own behind an SNMP PoE switch.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from programs import Program, started

from hil.leases.waiting import changes
from hil.net.namespace import Namespace, enter

enter()

HIL = (sys.executable, "-c", "from hil.cli import main; main(prog_name='hil')")
DEADLINE_S = 60.0


@pytest.fixture(scope="module")
def rack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The inventory of a rack with two phones, and a state directory beside it."""
    place = tmp_path_factory.mktemp("rack")
    inventory = place / "rack.yaml"
    cable = f"hilk{os.getpid() % 1_000_000}"
    command = [*HIL, "rack", "--handsets", "2", "--cable", cable, "--inventory", str(inventory)]
    with started(command, Namespace.host()) as running:
        running.expect("ready", within=DEADLINE_S)
        inventory.write_text(f"state: {place / 'state'}\n{inventory.read_text()}")
        yield inventory


def hil(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HIL, *arguments], capture_output=True, text=True, timeout=DEADLINE_S, check=False
    )


@contextlib.contextmanager
def certify(rack: Path, *arguments: str) -> Iterator[Program]:
    command = [*HIL, "certify", "--testbed", str(rack), *arguments]
    with started([*command, "test_resync_on_reset.py"], Namespace.host()) as run:
        yield run


def watchdogs(rack: Path) -> list[int]:
    """The watchdogs that were started by a run on this rack, and are descendants of nobody now."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (each / "cmdline").read_bytes().split(b"\0")
            environ = (each / "environ").read_bytes().split(b"\0")
            if b"hil.leases.watchdog" in arguments and f"HIL_TEST_RACK={rack}".encode() in environ:
                found.append(int(each.name))
    return found


def settle(rack: Path) -> None:
    for pid in watchdogs(rack):
        with contextlib.suppress(ProcessLookupError):
            end = os.pidfd_open(pid)
            assert select.select([end], [], [], DEADLINE_S)[0], "a watchdog did not end"
            os.close(end)


def assert_as_before(rack: Path) -> None:
    status = hil("power", "status", "--all", "--testbed", str(rack), "--json")
    power = json.loads(status.stdout)
    assert len(power) == 2
    assert {each["state"] for each in power} == {"on"}, status.stdout
    leases = json.loads(hil("leases", "list", "--testbed", str(rack), "--json").stdout)
    assert {each["state"] for each in leases} == {"free"}, leases


def until_dark(rack: Path, times: int) -> None:
    """Wait until the lease of a run has said so many times that its phone loses its power."""
    leases = rack.parent / "state" / "leases"
    leases.mkdir(parents=True, exist_ok=True)
    seen: set[float] = set()
    with changes(leases) as changed:
        while len(seen) < times:
            assert select.select([changed], [], [], DEADLINE_S)[0], "no phone was switched off"
            os.read(changed, 1 << 16)
            for each in leases.glob("[0-9]*.json"):
                with contextlib.suppress(FileNotFoundError):
                    since = json.loads(each.read_text())["power_off_since"]
                    seen |= set() if since is None else {since}


@pytest.mark.parametrize(
    "seed", [*range(2), *(pytest.param(n, marks=pytest.mark.soak) for n in range(2, 20))]
)
def test_a_phone_that_a_killed_run_had_switched_off_has_its_power_again(
    rack: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("HIL_TEST_RACK", str(rack))
    chance = random.Random(seed)  # noqa: S311
    with certify(rack, "--handset", "a01") as run:
        run.expect("testbed virtual-rack", within=DEADLINE_S)
        until_dark(rack, 1 + seed)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(chance.uniform(0.0, 0.1))
        run.process.kill()
        run.process.wait()
        settle(rack)
    assert_as_before(rack)


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.soak) for n in range(1, 40))]
)
def test_after_kill_9_at_any_moment_phones_have_power_and_their_leases_are_free(
    rack: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setenv("HIL_TEST_RACK", str(rack))
    chance = random.Random(seed)  # noqa: S311
    with certify(rack, "--handset", "a01") as run:
        run.expect("testbed virtual-rack", within=DEADLINE_S)
        # From the lease over the first power-off to the middle of a test.
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(chance.uniform(0.0, 12.0))
        run.process.kill()
        run.process.wait()
        settle(rack)
    assert_as_before(rack)


def test_after_kill_9_of_a_run_on_several_handsets_all_of_them_are_as_before(
    rack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIL_TEST_RACK", str(rack))
    with certify(rack, "--handset", "all", "--each") as run:
        run.expect("PASS", within=DEADLINE_S)
        assert len(watchdogs(rack)) == 2
        run.process.kill()
        run.process.wait()
        settle(rack)
    assert_as_before(rack)


# -- where the command itself lives on, nobody has to wait after it ----------------------------------


@pytest.mark.parametrize("chosen", [("a01",), ("all", "--each")])
def test_after_ctrl_c_phones_have_power_and_are_free_when_the_command_ends(
    rack: Path, chosen: tuple[str, ...]
) -> None:
    with certify(rack, "--handset", *chosen) as run:
        run.expect("testbed virtual-rack", within=DEADLINE_S)
        until_dark(rack, 1)
        run.process.send_signal(signal.SIGINT)
        assert run.ended(DEADLINE_S) == 130, run.output
        assert_as_before(rack)
    assert "the run was interrupted" in run.output
    assert "1 trouble(s)" in run.output


def test_when_workers_are_killed_their_phones_have_power_and_are_free_when_the_command_ends(
    rack: Path,
) -> None:
    with certify(rack, "--handset", "all", "--each") as run:
        run.expect("testbed virtual-rack", within=DEADLINE_S)
        until_dark(rack, 1)
        process = run.process.pid
        for worker in Path(f"/proc/{process}/task/{process}/children").read_text().split():
            os.kill(int(worker), signal.SIGKILL)
        assert run.ended(DEADLINE_S) == 3
        assert_as_before(rack)
    assert "giving back a0" in run.output


def test_a_run_touches_no_phone_that_somebody_has(rack: Path) -> None:
    where = ("--testbed", str(rack))
    assert hil("leases", "take", "a02", *where).returncode == 0
    refused = hil("certify", *where, "--handset", "a02", "test_resync_on_reset.py")
    assert hil("leases", "release", "a02", *where).returncode == 0
    assert refused.returncode == 3
    assert "somebody else has the handset" in refused.stdout
    assert "without a verdict" in refused.stdout
    assert_as_before(rack)
