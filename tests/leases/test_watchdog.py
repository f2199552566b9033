"""A run that is killed at any moment leaves its handset with power and free to be taken."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from leased_rack import DEADLINE_S, MAC, Rack, die_unwatched, kill, lines, take, watchdogs

from hil.errors import HandsetTaken, LeaseError, PowerError
from hil.leases.guard import guarded
from hil.leases.process import Fate, fate
from hil.leases.store import Claim

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
    die_unwatched(rack)
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
        guard.quarantine("it is not theirs to say")
    with pytest.raises(LeaseError, match="the lease is lost"):
        guard.close()
    assert rack.store.standing(MAC).lease == others
    assert rack.store.standing(MAC).quarantine is None
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
