"""A run that is killed at any moment leaves its handset with power and free to be taken."""

from __future__ import annotations

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from hil.errors import HandsetTaken, LeaseError, PowerError
from hil.leases.guard import Guard, guarded
from hil.leases.process import Fate, fate
from hil.leases.store import Claim, LeaseStore
from hil.testbed.inventory import Testbed, load

MAC = "00:0e:08:00:00:01"
SUPPORT = Path(__file__).parents[1] / "support"
DEADLINE_S = 20.0

INVENTORY = """
name: lab
kind: rack
network: {{interface: lo, attach: plain, subnet: 192.0.2.0/24}}
pdus:
  - {{name: pdu1, driver: snmp, model: apc-rpdu, host: 127.0.0.1, port: {port}}}
handsets:
  - name: a01
    mac: "00:0e:08:00:00:01"
    serial: S1
    minimum_off_s: 0
    power: {{pdu: pdu1, outlet: 1}}
"""


@dataclass
class Pdu:
    """A process that outlives the runs; ``relays`` is the file in which it says what they do."""

    process: subprocess.Popen[bytes]
    relays: Path
    port: int

    def order(self, word: str) -> None:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{word}\n".encode())
        self.process.stdin.flush()
        assert self.process.stdout.readline() == b"done\n"


@dataclass
class Rack:
    """A handset on an outlet of the PDU, and the state directory of its leases."""

    pdu: Pdu
    inventory: Path
    store: LeaseStore

    @property
    def testbed(self) -> Testbed:
        return load(self.inventory)

    @property
    def on(self) -> bool:
        """Whether the relay is closed; it is at first."""
        relays = self.pdu.relays
        told = relays.read_text().splitlines() if relays.exists() else []
        return not told or told[-1] == "1 on"

    def run(self, cycles: int, budget_s: float = 10.0, farewell: str = "") -> subprocess.Popen[str]:
        command = [sys.executable, str(SUPPORT / "a_run.py"), str(self.inventory)]
        return subprocess.Popen(
            [*command, str(self.store.state), "a01", str(cycles), str(budget_s), farewell],
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def settled(self) -> None:
        """Wait until no watchdog of this rack is left."""
        until = time.monotonic() + DEADLINE_S
        for pid in watchdogs(self):
            with contextlib.suppress(ProcessLookupError):
                descriptor = os.pidfd_open(pid)
                wait_for_end(descriptor, until)
                os.close(descriptor)


def wait_for_end(descriptor: int, until: float) -> None:
    left = max(0.0, until - time.monotonic())
    assert select.select([descriptor], [], [], left)[0], "the watchdog did not end"


def watchdogs(rack: Rack) -> list[int]:
    """The processes that were started as watchdogs by the runs of this rack."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            arguments = (each / "cmdline").read_bytes().split(b"\0")
            environ = (each / "environ").read_bytes()
            if b"hil.leases.watchdog" in arguments and str(rack.inventory).encode() in environ:
                found.append(int(each.name))
    return found


@pytest.fixture(scope="module")
def pdu(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pdu]:
    relays = tmp_path_factory.mktemp("pdu") / "relays"
    command = [sys.executable, str(SUPPORT / "pdu_process.py"), "8", str(relays)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    yield Pdu(process, relays, int(process.stdout.readline()))
    process.communicate(timeout=DEADLINE_S)


@pytest.fixture
def rack(
    pdu: Pdu, tmp_path: Path, store: LeaseStore, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Rack]:
    inventory = tmp_path / "lab.yaml"
    inventory.write_text(INVENTORY.format(port=pdu.port))
    # By this the watchdogs of this rack are told from those of another.
    monkeypatch.setenv("HIL_TEST_RACK", str(inventory))
    made = Rack(pdu, inventory, store)
    assert made.on
    yield made
    made.settled()


def lines(run: subprocess.Popen[str], last: str) -> None:
    assert run.stdout is not None
    for line in run.stdout:
        if line.strip() == last:
            return
    pytest.fail(f"the run ended without {last!r}")


def kill(run: subprocess.Popen[str]) -> None:
    run.kill()
    run.communicate()


# -- a run that ends well --------------------------------------------------------------------------


def test_a_run_that_ends_well_leaves_power_no_lease_and_no_watchdog(rack: Rack) -> None:
    run = rack.run(1)
    lines(run, "taken")
    (watchdog,) = watchdogs(rack)
    assert os.getsid(watchdog) == watchdog != os.getsid(run.pid)
    assert run.communicate()[0].endswith("closed\n")
    assert rack.on
    assert rack.store.standing(MAC).lease is None
    assert watchdogs(rack) == []


# -- a run that dies -------------------------------------------------------------------------------


@pytest.mark.parametrize("moment", ["taken", "off 0", "close"])
def test_a_run_that_is_killed_leaves_power_and_no_lease(rack: Rack, moment: str) -> None:
    run = rack.run(1)
    lines(run, moment)
    kill(run)
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).free
    assert rack.store.standing(MAC).lease is None


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.soak) for n in range(3, 60))]
)
def test_a_run_that_is_killed_at_any_moment_leaves_power_and_a_handset_to_take(
    rack: Rack, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311
    run = rack.run(1000)
    lines(run, chance.choice(["take", "taken", f"off {chance.randrange(5)}"]))
    with contextlib.suppress(subprocess.TimeoutExpired):
        run.wait(chance.uniform(0, 0.1))
    kill(run)
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).free
    rack.store.release(rack.store.take("a01", MAC, "lab", ttl_s=60).lease)


def test_what_ends_a_run_and_its_group_does_not_end_the_watchdog(rack: Rack) -> None:
    run = rack.run(1000)
    lines(run, "off 0")
    (watchdog,) = watchdogs(rack)
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        os.kill(watchdog, number)
    assert watchdogs(rack) == [watchdog]
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).free


def test_if_the_watchdog_is_killed_too_whoever_reclaims_the_handset_restores_its_power(
    rack: Rack,
) -> None:
    run = rack.run(1000)
    lines(run, "off 0")
    (watchdog,) = watchdogs(rack)
    os.kill(run.pid, signal.SIGSTOP)
    os.kill(watchdog, signal.SIGKILL)
    kill(run)
    dead = rack.store.standing(MAC)
    assert dead.reclaimable
    claim = rack.store.take("a01", MAC, "lab", ttl_s=60)
    assert claim.lease.power_off_since is not None or rack.on
    guard = guarded(rack.store, claim, rack.testbed)
    assert rack.on
    guard.close()
    assert rack.store.standing(MAC).lease is None


def test_a_run_whose_watchdog_is_killed_notices_and_stops(rack: Rack) -> None:
    run = rack.run(1000)
    lines(run, "on 0")
    (watchdog,) = watchdogs(rack)
    os.kill(watchdog, signal.SIGKILL)
    told = run.communicate()[0]
    assert "trouble: the watchdog of a01 has ended" in told
    assert told.endswith("closed\n")
    assert rack.on


def test_the_watchdog_of_a_run_that_died_tells_others_last(rack: Rack, tmp_path: Path) -> None:
    for ends_well in (True, False):
        farewell = tmp_path / f"farewell-{ends_well}"
        run = rack.run(1, farewell=str(farewell))
        lines(run, "off 0")
        if ends_well:
            run.communicate()
        else:
            kill(run)
        rack.settled()
        assert farewell.exists() is not ends_well


def test_a_device_that_answers_nothing_leaves_a_quarantine_with_the_reason(rack: Rack) -> None:
    run = rack.run(1000, budget_s=0.5)
    lines(run, "off 0")
    rack.pdu.order("die")
    kill(run)
    rack.settled()
    standing = rack.store.standing(MAC)
    assert standing.quarantine is not None
    assert "a run died and the handset's power could not be restored" in standing.quarantine.reason
    assert "within 0.5 s" in standing.quarantine.reason
    assert standing.reclaimable == "its process is gone"
    with pytest.raises(HandsetTaken, match="quarantine"):
        rack.store.take("a01", MAC, "lab", ttl_s=60)
    rack.pdu.order("live")
    rack.store.end_quarantine(MAC)
    take(rack).close()
    assert rack.on


def test_a_reclaimer_that_cannot_restore_power_leaves_a_quarantine(rack: Rack) -> None:
    lease = rack.store.take("a01", MAC, "lab", ttl_s=60).lease
    rack.store.note_power(lease, off=True)
    rack.pdu.order("die")
    with pytest.raises(PowerError, match=r"within 0\.5 s"):
        guarded(rack.store, Claim(lease), rack.testbed, budget_s=0.5)
    assert rack.store.standing(MAC).quarantine is not None
    rack.pdu.order("live")


def take(rack: Rack) -> Guard:
    return guarded(rack.store, rack.store.take("a01", MAC, "lab", ttl_s=60), rack.testbed)


# -- starting and losing ---------------------------------------------------------------------------


def test_a_watchdog_that_cannot_read_the_inventory_is_an_error_and_no_lease(rack: Rack) -> None:
    claim = rack.store.take("a01", MAC, "lab", ttl_s=60)
    testbed = rack.testbed
    rack.inventory.write_text("nothing")
    with pytest.raises(LeaseError, match=r"(?s)watchdog.*cannot be started.*lab.yaml"):
        guarded(rack.store, claim, testbed)
    assert rack.store.standing(MAC).lease is None


def test_whoever_lost_the_handset_switches_nothing_any_more(rack: Rack) -> None:
    guard = take(rack)
    assert guard.trouble() == ""
    rack.store.force(MAC)
    others = rack.store.take("a01", MAC, "lab", ttl_s=60).lease
    assert "the lease is lost" in guard.trouble()
    with pytest.raises(LeaseError, match="the lease is lost"):
        guard.close()
    assert rack.store.standing(MAC).lease == others
    assert rack.on


def test_the_lease_names_a_process_that_runs_while_the_watchdog_restores_power(
    rack: Rack,
) -> None:
    """Or a second run would take the handset while the first one's watchdog switches it."""
    run = rack.run(1000)
    lines(run, "off 0")
    rack.pdu.order("die")
    kill(run)
    until = time.monotonic() + DEADLINE_S
    while (kept := rack.store.standing(MAC).lease) is not None and time.monotonic() < until:
        assert kept.process is not None
        if kept.process.pid != run.pid:
            break
    assert kept is not None
    assert kept.process is not None
    assert fate(kept.process) is Fate.RUNS
    with pytest.raises(HandsetTaken, match="somebody else"):
        rack.store.take("a01", MAC, "lab", ttl_s=60)
    rack.pdu.order("live")
    rack.settled()
    assert rack.on
    assert rack.store.standing(MAC).free
