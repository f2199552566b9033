"""What the handset has stored survives a power cut at any instant: the old set or the new, whole."""

from __future__ import annotations

import asyncio
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LabError, ProfileError, ProfileErrorKind
from hil.virtual.flash import FileMedium, Flash, MemoryMedium
from hil.virtual_clock import VirtualClock

OLD = {"Resync_Periodic": "3600", "GPP_A": "before"}
NEW = {"Resync_Periodic": "60", "GPP_A": "after, and longer than before", "GPP_B": "é\ud800\0"}
MICROSECOND = 1_000


class TornMedium(MemoryMedium):
    """Loses power after ``budget`` octets, in the middle of a write if it comes to that."""

    def __init__(self, octets: bytes, budget: int) -> None:
        super().__init__()
        self.octets.extend(octets)
        self.budget = budget
        self.written = 0

    def write(self, offset: int, data: bytes) -> None:
        kept = data[: self.budget - self.written]
        super().write(offset, kept)
        self.written += len(kept)
        if len(kept) < len(data):
            raise PowerGone


class PowerGone(Exception):
    pass


class NoTime:
    """The clock of a flash that is never asked to take time."""

    def now(self) -> int:
        raise AssertionError("no time passes here")


def flash_on(medium, **options) -> Flash:
    return Flash(medium, NoTime(), **options)


def torn(before: bytes, parameters: dict[str, str], budget: int) -> TornMedium:
    medium = TornMedium(before, budget)
    try:
        flash_on(medium, slot_size=1024).preset(parameters)
    except PowerGone:
        return medium
    medium.budget = -1
    return medium


def octets_after(*sets: dict[str, str]) -> bytes:
    medium = MemoryMedium()
    for parameters in sets:
        flash_on(medium, slot_size=1024).preset(parameters)
    return bytes(medium.octets)


def test_a_new_flash_is_empty():
    assert flash_on(MemoryMedium()).load() == {}


def test_the_last_commit_is_in_force():
    medium = MemoryMedium()
    for number in range(5):
        flash_on(medium).preset({"GPP_A": str(number)})
        assert flash_on(medium).load() == {"GPP_A": str(number)}


@pytest.mark.parametrize("history", [(), (OLD,), ({"GPP_P": "x" * 300}, OLD), (NEW, NEW, OLD)])
def test_a_cut_at_every_byte_of_a_commit_leaves_the_old_set_or_the_new_one(history):
    before = octets_after(*history)
    old = history[-1] if history else {}
    outcomes = []
    budget = 0
    while True:
        medium = torn(before, NEW, budget)
        survived = flash_on(medium, slot_size=1024).load()
        outcomes.append(survived)
        if medium.budget < 0:
            break
        assert survived == old
        flash_on(medium2 := TornMedium(bytes(medium.octets), 1 << 20), slot_size=1024).preset(NEW)
        assert flash_on(medium2, slot_size=1024).load() == NEW, "a torn slot can be written again"
        budget += 1
    assert outcomes[-1] == NEW
    assert len(outcomes) > len(str(NEW)), "the commit was cut at every one of its octets"


texts = st.dictionaries(st.text(max_size=8), st.text(max_size=20), max_size=6)


@settings(max_examples=60, deadline=None)
@given(sets=st.lists(texts, min_size=1, max_size=6), data=st.data())
def test_any_history_of_cuts_leaves_the_last_whole_set(sets, data):
    octets, expected = b"", {}
    for parameters in sets:
        medium = torn(octets, parameters, data.draw(st.integers(0, 400)))
        octets = bytes(medium.octets)
        if medium.budget < 0:
            expected = parameters
        assert flash_on(medium, slot_size=1024).load() == expected


@settings(max_examples=200, deadline=None)
@given(octets=st.binary(max_size=120), at=st.integers(0, 60), patch=st.binary(max_size=8))
def test_whatever_is_on_the_medium_can_be_loaded_and_committed_over(octets, at, patch):
    medium = MemoryMedium()
    medium.octets.extend(octets_after(OLD) if at % 2 else octets)
    medium.write(at, patch)
    assert flash_on(medium, slot_size=1024).load() in ({}, OLD)
    flash_on(medium, slot_size=1024).preset(NEW)
    assert flash_on(medium, slot_size=1024).load() == NEW


def test_a_set_that_does_not_fit_is_refused_and_the_old_one_stays():
    medium = MemoryMedium()
    flash = flash_on(medium, slot_size=1024)
    flash.preset(OLD)
    with pytest.raises(ProfileError, match="holds 10") as refused:
        flash.preset({"GPP_A": "x" * 1024})
    assert refused.value.kind is ProfileErrorKind.TOO_LARGE
    assert flash.load() == OLD


@pytest.fixture
def clock():
    made = VirtualClock()
    yield made
    made.close()


def test_a_commit_takes_the_time_of_its_octets_and_a_cut_tears_it(clock):
    medium = MemoryMedium()
    flash = Flash(medium, clock, ns_per_byte=MICROSECOND, slot_size=1024)
    flash.preset(OLD)

    async def cut_after(microseconds: int) -> int:
        began = clock.now()
        commit = asyncio.ensure_future(flash.commit(NEW))
        await asyncio.wait([commit], timeout=microseconds / 1e6)
        commit.cancel()
        await asyncio.wait([commit])
        return clock.now() - began

    before = bytes(medium.octets)
    assert clock.run(cut_after(40)) == 40 * MICROSECOND
    assert flash.load() == OLD
    assert len(medium.octets) == 1024 + 40, "39 octets of the body were written behind the mark"
    assert bytes(medium.octets[: len(before)]) == before

    took = clock.run(cut_after(10_000))
    assert flash.load() == NEW
    assert took == (len(medium.octets) - 1024 + 1) * MICROSECOND


def test_commits_wait_for_each_other(clock):
    medium = MemoryMedium()
    flash = Flash(medium, clock)

    async def both() -> None:
        await asyncio.gather(flash.commit(OLD), flash.commit(NEW))

    clock.run(both())
    assert flash.load() == NEW


def test_a_file_keeps_the_parameters_beyond_the_process(tmp_path):
    path = tmp_path / "phone.flash"
    for parameters in (OLD, NEW):
        medium = FileMedium(path)
        flash_on(medium).preset(parameters)
        medium.close()
        again = FileMedium(path)
        assert flash_on(again).load() == parameters
        again.close()


def test_a_file_that_cannot_be_had_is_named(tmp_path):
    with pytest.raises(LabError, match=r"state file .*nowhere"):
        FileMedium(tmp_path / "nowhere" / "phone.flash")


def test_a_foreign_slot_that_claims_the_last_generation_is_not_in_force():
    head = struct.pack("!QI", 2**64 - 1, 2)
    slot = b"\xa5" + head + struct.pack("!I", zlib.crc32(head + b"{}")) + b"{}"
    medium = MemoryMedium()
    medium.write(0, slot)
    flash_on(medium).preset(OLD)
    assert flash_on(medium).load() == OLD
