"""Faults are plain data: planned for some requests, refused where they cannot be applied."""

from __future__ import annotations

import pytest

from hil.endpoints.faults import (
    Corrupt,
    Delay,
    DuplicateBlock,
    FaultPlan,
    LoseBlock,
    Planned,
    RedirectLoop,
    RefuseTlsVersion,
    Silence,
    Stall,
    Status,
    TftpError,
    Truncate,
    WrongLength,
    describe,
)
from hil.errors import UsageError


def plan(*planned: Planned) -> FaultPlan:
    made = FaultPlan("tftp", (Silence, Delay, Truncate))
    for each in planned:
        made.add(each)
    return made


def test_fault_without_a_number_is_for_every_request():
    faults = plan(Planned(Silence()))
    assert [faults.due("/a"), faults.due("/b")] == [(Silence(),), (Silence(),)]


def test_only_the_nth_request_is_meant():
    faults = plan(Planned(Silence(), nth=2))
    assert [bool(faults.due("/a")) for _ in range(4)] == [False, True, False, False]


def test_a_range_of_requests_is_meant():
    faults = plan(Planned(Silence(), nth=range(2, 4)))
    assert [bool(faults.due("/a")) for _ in range(4)] == [False, True, True, False]


def test_requests_for_another_name_do_not_count():
    faults = plan(Planned(Silence(), nth=2, name="/a"))
    assert [bool(faults.due(name)) for name in ("/a", "/b", "/b", "/a")] == [
        False,
        False,
        False,
        True,
    ]


def test_several_faults_apply_together_and_count_apart():
    faults = plan(Planned(Delay(1)), Planned(Truncate(5), nth=2))
    assert [faults.due("/a"), faults.due("/a")] == [(Delay(1),), (Delay(1), Truncate(5))]


def test_numbering_starts_when_the_fault_is_configured():
    faults = plan(Planned(Delay(1)))
    faults.due("/a")
    faults.add(Planned(Silence(), nth=1))
    assert faults.due("/a") == (Delay(1), Silence())


def test_cleared_plan_has_no_fault():
    faults = plan(Planned(Silence()))
    faults.clear()
    assert faults.due("/a") == ()


def test_fault_that_the_endpoint_cannot_apply_is_refused():
    with pytest.raises(UsageError, match=r"tftp cannot apply Status.*Silence, Delay, Truncate"):
        plan(Planned(Status(404)))


@pytest.mark.parametrize(
    "make",
    [
        lambda: Delay(-1),
        lambda: Truncate(-1),
        lambda: Stall(-1),
        lambda: WrongLength(0),
        lambda: Corrupt(0, 256),
        lambda: Corrupt(-1),
        lambda: Status(99),
        lambda: RedirectLoop(200),
        lambda: TftpError(70000),
        lambda: TftpError(1, "a\0b"),
        lambda: TftpError(1, block=0),
        lambda: LoseBlock(0),
        lambda: DuplicateBlock(0),
        lambda: RefuseTlsVersion("SSLv3"),
        lambda: Planned(Silence(), nth=0),
        lambda: Planned(Silence(), nth=range(3)),
        lambda: Planned(Silence(), nth=range(3, 3)),
    ],
)
def test_impossible_faults_are_refused(make):
    with pytest.raises(UsageError):
        make()


def test_description_names_the_parameters():
    assert describe(Corrupt(5, 1)) == "at=5, xor=1"
    assert describe(Silence()) == ""
