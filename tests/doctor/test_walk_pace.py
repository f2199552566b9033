"""How long a walk takes, what it says meanwhile, and phones of which less is seen than of others."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from walked_rack import PACE, Rack

from hil.doctor.bounds import announced, long_look, short_look, spoken
from hil.doctor.findings import State
from hil.virtual.pdu import PduManner


@pytest.fixture
def rack() -> Iterator[Rack]:
    rack = Rack()
    yield rack
    rack.close()


BY_DHCP = {"links": False, "consoles": False}


def test_the_walk_says_first_how_long_it_takes_at_most_and_why(rack: Rack) -> None:
    rack.walked()
    subjects = rack.subjects()
    usual = sum(short_look(each, subjects, PACE) for each in subjects)
    longer = sum(long_look(each, subjects, PACE) for each in subjects)
    first, second = rack.told[:2]
    assert (first, second) == announced(subjects, subjects, PACE)
    assert first.startswith(f"walk over 3 outlet(s): at most {spoken(usual)} where")
    assert first.endswith(f"else at most {spoken(usual + longer)}")
    for reason in ("settle_s", "minimum_off_s", "timing: boot", "goes on asking"):
        assert reason in second


def test_no_look_takes_longer_than_was_said(rack: Rack) -> None:
    rack.pdu.behave(PduManner(stuck_on=True))
    subjects = rack.subjects()
    for each, seen in zip(subjects, rack.seen((), subjects, PACE), strict=True):
        # A poll more, and the PDU's answers on a machine that has other work.
        assert seen.seconds < short_look(each, subjects, PACE) + 1.0


def test_it_says_of_each_outlet_what_goes_on_until_when_and_what_was_found(rack: Rack) -> None:
    rack.plugs = {1: ("a02",), 2: ("a01",), 3: ("a03",)}
    rack.walked("a02", "a03")
    clock = r"\d\d:\d\d:\d\d"
    phases = [
        r"switching it off",
        rf"off, watching until {clock}",
        rf"on again, waiting for it to boot until {clock}",
    ]
    pdu = re.escape(rack.driver.name)
    expected = [
        *(rf"1 of 2: a02, {pdu} outlet 2: {each}" for each in phases),
        rf"1 of 2: a02, {pdu} outlet 2: trouble, the outlet takes a01 instead",
        *(rf"2 of 2: a03, {pdu} outlet 3: {each}" for each in phases),
        rf"2 of 2: a03, {pdu} outlet 3: ok, .+",
    ]
    assert len(rack.told) == 2 + len(expected), rack.told
    for line, pattern in zip(rack.told[2:], expected, strict=True):
        assert re.fullmatch(pattern, line), line


def test_where_every_phone_is_heard_while_the_outlet_is_off_nobody_waits_for_a_boot(
    rack: Rack,
) -> None:
    for phone in rack.phones.values():
        phone.unserved(every=0.15)
    rack.pdu.behave(PduManner(stuck_on=True))
    subjects = [replace(each, boot_s=3600.0) for each in rack.subjects(**BY_DHCP)]
    # Each is heard soon: that it might have asked an hour later is not waited for either.
    (seen,) = rack.seen(("a02",), subjects, replace(PACE, asking_s=3600.0))
    assert seen.heard == {"a01", "a02", "a03"}
    assert seen.took == frozenset()
    assert not any("waiting for it to boot" in each for each in rack.told)
    assert rack.all_on()


def test_while_one_was_not_heard_the_others_are_waited_for(rack: Rack) -> None:
    # The outlet of a02 feeds a03, whose port nobody watches: that it boots is all that shows it.
    rack.plugs = {1: ("a01",), 2: ("a03",), 3: ("a02",)}
    for phone in rack.phones.values():
        phone.unserved(every=0.15)
    (finding,) = rack.walked("a02", **BY_DHCP)
    assert finding.what == "the outlet takes a03 instead"


def test_a_phone_is_due_by_its_own_last_asking_and_not_by_when_the_outlet_was_dropped(
    rack: Rack,
) -> None:
    # It asked 300 of the 301 s ago that it may take at the most: a second more, and it is silent.
    asked = rack.phones["a02"]
    asked.asked_at = rack.clock.loop.time() - 300
    subjects = rack.subjects(**BY_DHCP)
    (seen,) = rack.seen(("a02",), subjects, replace(PACE, asking_s=301.0))
    assert seen.steady == {"a02"}
    assert seen.took == {"a02"}
    assert seen.off_s < 5


@pytest.mark.parametrize(
    ("signs", "what"),
    [
        ({}, "its link goes with the outlet, but the handset does not boot by DHCP"),
        (
            {"links": False},
            "its console goes with the outlet, but the handset does not ask for a lease",
        ),
    ],
)
def test_a_phone_with_a_static_address_is_told_from_an_outlet_that_takes_nobody(
    rack: Rack, signs: dict[str, bool], what: str
) -> None:
    rack.phones["a01"].static = True
    (finding,) = rack.walked("a01", **signs)
    assert (finding.state, finding.what) == (State.TROUBLE, what)
    assert "static" in finding.next_step


def test_of_a_static_phone_behind_a_pdu_without_console_it_is_said_that_none_was_heard(
    rack: Rack,
) -> None:
    rack.phones["a01"].static = True
    (finding,) = rack.walked("a01", **BY_DHCP)
    assert finding.what == "dropping the outlet takes no handset"
    assert "static address" in finding.next_step


@pytest.mark.parametrize("signs", [{}, BY_DHCP], ids=["all", "wires"])
@pytest.mark.parametrize("unserved", [False, True], ids=["leases", "no leases"])
def test_a_rack_of_a_single_phone(rack: Rack, signs: dict[str, bool], unserved: bool) -> None:
    if unserved:
        rack.phones["a01"].unserved(every=0.15)
    subjects = rack.subjects(**signs)[:1]
    (seen,) = rack.seen((), subjects, PACE)
    assert seen.took == {"a01"}
    assert rack.told[-1].startswith("1 of 1: a01, ")
    assert ": ok, " in rack.told[-1]
