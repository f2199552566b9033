"""An upgrade writes the partition that does not run, and no power cut makes the phone unbootable."""

from __future__ import annotations

import asyncio

import pytest

from hil.errors import LoadError, LoadErrorKind
from hil.reference.loads import Load, Member
from hil.virtual.flash import MemoryMedium
from hil.virtual.partitions import Partitions
from hil.virtual_clock import VirtualClock

FACTORY = "sip7832.11-0-1MPP-312"
OLDER = "sip7832.11-2-1MPP0001-500"
NEW = "sip7832.11-3-2MPP0001-609"
SIZE = 30 << 20
LOAD = Load(NEW, "7832", (Member("a.sbn", SIZE - 1000, "00" * 32), Member("b", 1000, "00" * 32)))
MILLISECOND = 1_000_000
SECOND = 1_000_000_000


class PowerGone(Exception):
    pass


class TornMedium(MemoryMedium):
    """Loses power after ``budget`` octets, in the middle of a write if it comes to that."""

    def __init__(self, before: MemoryMedium, budget: int) -> None:
        super().__init__()
        self.octets.extend(before.octets)
        self.budget = budget

    def write(self, offset: int, data: bytes) -> None:
        super().write(offset, data[: self.budget])
        if len(data) > self.budget:
            raise PowerGone
        self.budget -= len(data)


@pytest.fixture(scope="module")
def clock():
    made = VirtualClock()
    yield made
    made.close()


@pytest.fixture
def on(clock):
    """The partitions on a medium, as a phone finds them when it has power again."""

    def booted(medium, **options) -> Partitions:
        return Partitions(medium, clock, FACTORY, **options)

    return booted


def state(partitions: Partitions) -> tuple[str, str | None]:
    return partitions.active, partitions.inactive


def test_a_phone_that_was_never_upgraded_has_the_load_of_the_factory(on):
    assert state(on(MemoryMedium())) == (FACTORY, None)


def test_a_load_is_installed_beside_the_one_that_runs_and_then_activated(clock, on):
    medium = MemoryMedium()
    partitions = on(medium)
    clock.run(partitions.install(LOAD))
    assert state(partitions) == state(on(medium)) == (FACTORY, NEW)
    clock.run(partitions.activate())
    assert state(partitions) == state(on(medium)) == (NEW, FACTORY)


def test_the_former_load_can_be_activated_again_without_being_written(clock, on):
    partitions = on(MemoryMedium())
    clock.run(partitions.install(LOAD))
    clock.run(partitions.activate())
    began = clock.now()
    clock.run(partitions.activate())
    assert state(partitions) == (FACTORY, NEW)
    assert clock.now() - began < MILLISECOND


def test_nothing_is_activated_where_nothing_is_installed(clock, on):
    partitions = on(MemoryMedium())
    with pytest.raises(LoadError) as error:
        clock.run(partitions.activate())
    assert error.value.kind is LoadErrorKind.NOT_INSTALLED
    assert state(partitions) == (FACTORY, None)


@pytest.mark.parametrize(("rate", "seconds"), [(1 << 20, 30), (10 << 20, 3)])
def test_an_image_takes_the_time_of_its_octets(clock, on, rate, seconds):
    partitions = on(MemoryMedium(), bytes_per_second=rate)
    began = clock.now()
    clock.run(partitions.install(LOAD), timeout=60)
    assert seconds * SECOND <= clock.now() - began < seconds * SECOND + MILLISECOND


def test_while_an_image_is_written_the_inactive_partition_is_void(clock, on):
    medium = MemoryMedium()
    on(medium).preset(FACTORY, OLDER)

    async def look_halfway():
        installing = asyncio.ensure_future(on(medium).install(LOAD))
        await asyncio.sleep(1)
        seen = state(on(medium))
        await installing
        return seen

    assert clock.run(look_halfway()) == (FACTORY, None)
    assert state(on(medium)) == (FACTORY, NEW)


def test_two_upgrades_at_once_take_their_turns(clock, on):
    partitions = on(MemoryMedium())

    async def both():
        await asyncio.gather(partitions.install(LOAD), partitions.activate())

    clock.run(both())
    assert state(partitions) == (NEW, FACTORY)


@pytest.mark.parametrize("before", [None, OLDER, NEW])
def test_a_cut_at_every_octet_of_an_install_leaves_the_active_load(clock, on, before):
    medium = MemoryMedium()
    on(medium).preset(FACTORY, before)
    outcomes = []
    for budget in range(10_000):
        torn = TornMedium(medium, budget)
        try:
            clock.run(on(torn).install(LOAD))
        except PowerGone:
            outcomes.append(state(on(torn)))
            continue
        break
    assert {active for active, _ in outcomes} == {FACTORY}
    assert [inactive for _, inactive in outcomes if inactive not in (None, before)] == []
    void = [inactive for _, inactive in outcomes].count(None)
    assert void > len(NEW), "the second commit was cut at each of its octets"
    assert state(on(torn)) == (FACTORY, NEW)


def test_a_cut_at_every_octet_of_an_activation_leaves_one_load_or_the_other(clock, on):
    medium = MemoryMedium()
    on(medium).preset(FACTORY, NEW)
    for budget in range(10_000):
        torn = TornMedium(medium, budget)
        try:
            clock.run(on(torn).activate())
        except PowerGone:
            assert state(on(torn)) == (FACTORY, NEW)
            continue
        break
    assert budget > len(NEW)
    assert state(on(torn)) == (NEW, FACTORY)


@pytest.mark.parametrize("seconds", [0, 0.00002, 0.0001, 0.001, 1, 7.4])
def test_a_cut_at_any_time_of_an_install_can_be_made_good(clock, on, seconds):
    medium = MemoryMedium()

    async def cut():
        installing = asyncio.ensure_future(on(medium).install(LOAD))
        await asyncio.wait([installing], timeout=seconds)
        installing.cancel()
        await asyncio.wait([installing])
        assert installing.cancelled()

    clock.run(cut())
    assert state(on(medium)) == (FACTORY, None)
    clock.run(on(medium).install(LOAD))
    assert state(on(medium)) == (FACTORY, NEW)


def test_the_bench_prepares_a_phone_at_once(clock, on):
    medium = MemoryMedium()
    clock.run(on(medium).install(LOAD))
    on(medium).preset(OLDER, NEW)
    assert state(on(medium)) == (OLDER, NEW)
    on(medium).preset()
    assert state(on(medium)) == (FACTORY, None)


@pytest.mark.parametrize("octets", [b"\xa5" * 8192, b"\0" * 100, bytes(range(256)) * 40])
def test_a_medium_with_anything_else_on_it_boots_the_load_of_the_factory(clock, on, octets):
    medium = MemoryMedium()
    medium.octets.extend(octets)
    assert state(on(medium)) == (FACTORY, None)
    clock.run(on(medium).install(LOAD))
    assert state(on(medium)) == (FACTORY, NEW)


def test_a_load_that_is_written_over_the_running_one_leaves_none_until_it_is_whole(clock, on):
    medium = MemoryMedium()
    on(medium).preset(FACTORY, OLDER)

    async def cut(seconds):
        writing = asyncio.ensure_future(on(medium).overwrite(LOAD, 10))
        await asyncio.wait([writing], timeout=seconds)
        writing.cancel()
        await asyncio.wait([writing])

    assert on(medium).bootable
    for seconds in (0.001, 5, 9.9):
        clock.run(cut(seconds))
        assert not on(medium).bootable
    clock.run(on(medium).overwrite(LOAD, 10), timeout=30)
    assert on(medium).bootable
    assert state(on(medium)) == (NEW, OLDER)
    on(medium).preset()
    assert on(medium).bootable
