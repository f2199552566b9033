"""One holder a handset, whatever holders die of, and whatever lies in the state directory."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from hil.errors import HandsetTaken, LeaseError
from hil.leases.record import Lease, Quarantine
from hil.leases.store import BROKEN_S, LeaseStore

MAC = "00:0e:08:00:00:01"
Another = Callable[..., "subprocess.Popen[bytes]"]
Rewritten = Callable[..., Lease]


def take(store: LeaseStore, **options: object):
    return store.take("a01", MAC, "lab", **({"ttl_s": 60.0} | options))


def old(path: Path, seconds: float) -> None:
    then = time.time() - seconds
    os.utime(path, (then, then))


# -- holding ---------------------------------------------------------------------------------------


def test_a_lease_says_who_what_and_until_when(store: LeaseStore, lease_file: Path) -> None:
    before = time.time()
    lease = take(store).lease
    assert (lease.handset, lease.mac, lease.testbed) == ("a01", MAC, "lab")
    assert lease.process is not None
    assert lease.process.pid == os.getpid()
    assert before <= lease.taken == lease.heartbeat <= time.time()
    assert lease.expires == lease.taken + 60
    assert f"pid {os.getpid()}" in lease.holder
    assert lease.token in lease_file.read_text()


def test_what_is_taken_is_refused_to_others_until_it_is_given_back(
    store: LeaseStore, another: Another
) -> None:
    holder = another()
    with pytest.raises(HandsetTaken, match=rf"(?s)somebody else has the handset.*pid {holder.pid}"):
        take(store)
    store.force(MAC)
    lease = take(store).lease
    store.release(lease)
    assert store.standing(MAC).free
    assert take(store).instead_of is None


def test_two_inventories_that_name_the_same_phone_mean_the_same_lease(store: LeaseStore) -> None:
    store.take("a01", MAC, "one-lab", ttl_s=60)
    with pytest.raises(HandsetTaken):
        store.take("phone-7", MAC, "another-lab", ttl_s=60)


def test_a_heartbeat_renews_and_only_the_holder_has_one(
    store: LeaseStore, lease_file: Path
) -> None:
    lease = take(store).lease
    old(lease_file, 1000)
    assert store.standing(MAC).age_s > 999
    renewed = store.renew(lease)
    assert renewed.heartbeat >= lease.heartbeat
    assert store.standing(MAC).age_s < 10


def test_a_holder_whose_lease_was_taken_away_learns_it_and_releases_nobody_elses(
    store: LeaseStore,
) -> None:
    lost = take(store).lease
    assert store.force(MAC) == lost
    for act in (store.renew, store.release, store.hand_over):
        with pytest.raises(LeaseError, match="the lease is lost"):
            act(lost)
    others = take(store).lease
    with pytest.raises(LeaseError, match="the lease is lost"):
        store.release(lost)
    assert store.standing(MAC).lease == others


def test_a_person_may_hold_a_handset_without_any_process(
    store: LeaseStore, lease_file: Path
) -> None:
    lease = take(store, by_person=True, ttl_s=3600.0).lease
    assert lease.process is None
    old(lease_file, 3000)
    with pytest.raises(HandsetTaken):
        take(store)
    old(lease_file, 4000)
    assert take(store).instead_of == lease


# -- reclaiming ------------------------------------------------------------------------------------


def test_the_lease_of_a_process_that_was_killed_is_reclaimed_at_once(
    store: LeaseStore, another: Another
) -> None:
    holder = another()
    holder.kill()
    holder.wait()
    claim = take(store)
    assert claim.instead_of is not None
    assert claim.instead_of.process is not None
    assert claim.instead_of.process.pid == holder.pid


def test_a_phone_that_was_left_without_power_stays_so_noted_through_every_reclaimer(
    store: LeaseStore, another: Another
) -> None:
    holder = another("off")
    holder.kill()
    holder.wait()
    lease = take(store).lease
    assert lease.power_off_since is not None
    assert store.note_power(lease, off=False).power_off_since is None
    store.release(lease)
    assert take(store).lease.power_off_since is None


def test_a_holder_that_is_known_to_run_keeps_its_lease_however_late_it_is(
    store: LeaseStore, another: Another, lease_file: Path
) -> None:
    another()
    old(lease_file, 1_000_000)
    with pytest.raises(HandsetTaken):
        take(store)


def test_a_lease_of_another_machine_is_reclaimed_once_it_expired(
    store: LeaseStore, rewritten: Rewritten, lease_file: Path
) -> None:
    take(store)
    mine = store.standing(MAC).lease
    assert mine is not None
    assert mine.process is not None
    rewritten(process=replace(mine.process, host="elsewhere", pid=1, started=1))
    with pytest.raises(HandsetTaken):
        take(store)
    old(lease_file, 61)
    assert store.standing(MAC).reclaimable == "it expired"
    assert take(store).instead_of is not None


def test_expiry_is_told_by_the_files_age_and_not_by_what_it_claims(
    store: LeaseStore, rewritten: Rewritten, lease_file: Path
) -> None:
    """The clocks of two machines may differ by more than a lease lasts."""
    take(store, by_person=True)
    rewritten(expires=0.0, heartbeat=0.0)
    with pytest.raises(HandsetTaken):
        take(store)
    rewritten(expires=1e12)
    old(lease_file, 61)
    assert take(store).instead_of is not None


# -- quarantine ------------------------------------------------------------------------------------


def test_a_handset_in_quarantine_is_not_taken_until_a_person_ends_it(store: LeaseStore) -> None:
    record = Quarantine(
        handset="a01",
        mac=MAC,
        testbed="lab",
        reason="the outlet does not answer",
        since=time.time(),
        by="me@here",
        evidence="/runs/7/a01",
    )
    store.quarantine(record)
    with pytest.raises(HandsetTaken, match=r"(?s)does not answer.*/runs/7/a01.*--quarantine a01"):
        take(store)
    store.quarantine(Quarantine(**{**asdict(record), "reason": "what came of it later"}))
    assert store.standing(MAC).quarantine == record
    assert store.end_quarantine(MAC)
    assert not store.end_quarantine(MAC)
    assert take(store).lease


def asdict(record: Quarantine) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__struct_fields__}


def test_a_quarantine_that_cannot_be_read_is_one_all_the_same(store: LeaseStore) -> None:
    store.quarantine(Quarantine(handset="a01", mac=MAC, testbed="", reason="", since=0, by=""))
    (store.state / "quarantine" / "00-0e-08-00-00-01.json").write_bytes(b"\xff{")
    with pytest.raises(HandsetTaken, match="quarantine"):
        take(store)
    assert store.end_quarantine(MAC)


# -- what lies there -------------------------------------------------------------------------------

HOSTILE = {
    "nothing": b"",
    "no JSON": b"\x00\xff\xfe" * 100,
    "another shape": b'{"handset": 7}',
    "deep": b"[" * 50_000,
    "large": b" " * 100_000,
    "a list": b"[]",
    "half": b'{"handset": "a01", "mac": "00:0e:08',
}


def hostile_lease(**fields: object) -> bytes:
    known: dict[str, object] = {
        "handset": "a01",
        "mac": MAC,
        "testbed": "lab",
        "user": "mallory",
        "host": "elsewhere",
        "command": "\x1b[2Jrm -rf /",
        "process": None,
        "token": "0",
        "taken": 1e300,
        "heartbeat": -1e300,
        "expires": 1e300,
        "ttl_s": 60,
    }
    return json.dumps(known | fields).encode()


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_a_file_that_is_no_lease_is_respected_while_it_is_new_then_set_aside(
    store: LeaseStore, lease_file: Path, content: bytes
) -> None:
    store.release(take(store).lease)
    lease_file.write_bytes(content)
    with pytest.raises(HandsetTaken, match="cannot be read"):
        take(store)
    old(lease_file, BROKEN_S + 1)
    claim = take(store)
    assert "set aside" in claim.notice
    (aside,) = (store.state / "broken").iterdir()
    assert aside.read_bytes() == content


@pytest.mark.parametrize("ttl_s", [0, -5, 1e30])
def test_a_lease_of_no_believable_length_is_no_lease(
    store: LeaseStore, lease_file: Path, ttl_s: float
) -> None:
    store.release(take(store).lease)
    lease_file.write_bytes(hostile_lease(ttl_s=ttl_s))
    assert "a lease of" in store.standing(MAC).broken


def test_the_lease_of_another_phone_in_this_ones_place_is_no_lease(
    store: LeaseStore, lease_file: Path
) -> None:
    store.release(take(store).lease)
    lease_file.write_bytes(hostile_lease(mac="00:0e:08:00:00:02"))
    assert "another handset" in store.standing(MAC).broken


def test_whats_told_of_a_lease_writes_nothing_else_to_a_terminal(
    store: LeaseStore, lease_file: Path
) -> None:
    store.release(take(store).lease)
    lease_file.write_bytes(hostile_lease())
    with pytest.raises(HandsetTaken) as refused:
        take(store)
    assert "\x1b" not in str(refused.value)
    assert "since ?" in str(refused.value)


def test_a_pipe_a_link_and_a_directory_in_a_leases_place_are_no_trap(
    store: LeaseStore, lease_file: Path, tmp_path: Path
) -> None:
    store.release(take(store).lease)
    os.mkfifo(lease_file)
    assert store.standing(MAC).broken
    lease_file.unlink()
    lease_file.symlink_to(tmp_path / "secret")
    assert store.standing(MAC).broken
    lease_file.unlink()
    lease_file.mkdir()
    old(lease_file, BROKEN_S + 1)
    assert take(store).lease
    assert lease_file.is_file()


def test_a_lease_from_the_future_blocks_nobody_for_ever(
    store: LeaseStore, rewritten: Rewritten, lease_file: Path
) -> None:
    take(store, by_person=True)
    old(lease_file, -1000)
    assert take(store).instead_of is not None


def test_a_name_that_is_no_mac_address_reaches_no_file(store: LeaseStore) -> None:
    with pytest.raises(LeaseError, match="no MAC address"):
        store.take("a01", "../../etc/passwd", "lab", ttl_s=60)


def test_a_directory_that_cannot_be_made_is_a_lab_error() -> None:
    with pytest.raises(LeaseError, match="HIL_STATE_DIR"):
        LeaseStore(Path("/proc/nowhere"), time.time).take("a01", MAC, "lab", ttl_s=60)


def test_all_lists_what_is_known_of_every_handset(store: LeaseStore) -> None:
    assert store.all() == ()
    take(store)
    store.quarantine(
        Quarantine(
            handset="a02", mac="00:0e:08:00:00:02", testbed="lab", reason="x", since=0, by=""
        )
    )
    (store.state / "leases" / "notes.txt").write_text("somebody's own")
    held, quarantined = store.all()
    assert (held.handset, held.free) == ("a01", False)
    assert (quarantined.handset, quarantined.free) == ("a02", False)


# -- the race --------------------------------------------------------------------------------------


def test_of_many_processes_one_holds_it_at_any_instant_and_none_is_forgotten(
    store: LeaseStore, tmp_path: Path
) -> None:
    processes, rounds = 8, 12
    log = tmp_path / "log"
    script = Path(__file__).parents[1] / "support" / "contenders.py"
    command = [sys.executable, str(script), str(store.state), str(log), str(processes)]
    subprocess.run([*command, str(rounds), "7"], check=True, timeout=60)
    told = [line.split() for line in log.read_text().splitlines()]
    holding = [(word, pid) for word, pid, *_ in told if word != "done"]
    for (took, taker), (ends, ender) in zip(holding[::2], holding[1::2], strict=True):
        assert took == "took"
        assert ends in ("gives", "dies")
        assert taker == ender
    assert len(holding) == 2 * processes * rounds
    deaths = sum(word == "dies" for word, _ in holding)
    reclaimed = sum(note == ["reclaimed"] for _, _, *note in told)
    assert deaths >= reclaimed >= deaths - 1 > 5
    leftovers = [each.name for each in (store.state / "leases").iterdir()]
    assert all(re.fullmatch(r"[-0-9a-f]+\.(json|lock)", name) for name in leftovers)
