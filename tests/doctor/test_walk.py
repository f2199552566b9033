"""The walk over a PDU that really speaks SNMP, with phones that are wired as they please."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace

import pytest
from walked_rack import PACE, Phone, Port, Rack

from hil.doctor.findings import State
from hil.doctor.observed import conclude
from hil.doctor.signs import Subject
from hil.doctor.walk import walk
from hil.errors import PowerError
from hil.history.events import PowerAction
from hil.power import Outlet, PowerPolicy
from hil.virtual.pdu import PduManner


@pytest.fixture
def rack() -> Iterator[Rack]:
    rack = Rack()
    yield rack
    rack.close()


SIGNS = [
    {},
    {"wires": False, "consoles": False},
    {"links": False, "consoles": False},
    {"links": False, "wires": False},
]


@pytest.mark.parametrize("signs", SIGNS, ids=["all", "links", "wires", "consoles"])
def test_a_rack_that_is_wired_as_its_inventory_says(rack: Rack, signs: dict[str, bool]) -> None:
    findings = rack.walked(**signs)
    # Only a phone's own frames say which one it was.
    state = State.OK if signs.get("wires", True) else State.UNKNOWN
    assert [each.state for each in findings] == [state] * 3
    assert rack.thrown == [(n, on) for n in (1, 2, 3) for on in (False, True)]


@pytest.mark.parametrize("signs", SIGNS[:3], ids=["all", "links", "wires"])
def test_a_swapped_pair_of_outlets_is_found_and_named(rack: Rack, signs: dict[str, bool]) -> None:
    rack.plugs = {1: ("a02",), 2: ("a01",), 3: ("a03",)}
    first, second, third = rack.walked(**signs)
    assert first.what == "its outlet and that of a02 are swapped"
    assert second.what == "its outlet and that of a01 are swapped"
    assert third.state is (State.OK if signs.get("wires", True) else State.UNKNOWN)
    assert rack.all_on()


def test_consoles_alone_find_a_swapped_pair_as_well(rack: Rack) -> None:
    rack.plugs = {1: ("a02",), 2: ("a01",), 3: ("a03",)}
    states = [each.state for each in rack.walked(links=False, wires=False)]
    assert states == [State.TROUBLE, State.TROUBLE, State.UNKNOWN]


@pytest.mark.parametrize("signs", SIGNS, ids=["all", "links", "wires", "consoles"])
def test_an_outlet_that_switches_nothing_is_found(rack: Rack, signs: dict[str, bool]) -> None:
    # The relay is welded: the PDU reads back what it was told, and the phone keeps its power.
    rack.pdu.behave(PduManner(stuck_on=True))
    (finding,) = rack.walked("a02", **signs)
    assert finding.state is State.TROUBLE
    assert finding.what in (
        "dropping the outlet takes no handset",
        "its console says nothing when it boots",
    )


# -- phones that nobody gives a lease ----------------------------------------------------------------

BY_DHCP = {"links": False, "consoles": False}


def unserved(rack: Rack) -> None:
    for phone in rack.phones.values():
        phone.unserved(every=0.15)


def test_phones_that_go_on_asking_for_a_lease_are_not_taken_for_ones_that_boot(rack: Rack) -> None:
    unserved(rack)
    findings = rack.walked(**BY_DHCP)
    assert [each.state for each in findings] == [State.OK] * 3, findings


def test_nor_is_one_whose_outlet_switches_nothing(rack: Rack) -> None:
    unserved(rack)
    rack.pdu.behave(PduManner(stuck_on=True))
    (finding,) = rack.walked("a02", **BY_DHCP)
    assert (finding.state, finding.what) == (
        State.TROUBLE,
        "dropping the outlet takes no handset",
    )


def test_swapped_outlets_of_phones_that_go_on_asking_are_named(rack: Rack) -> None:
    rack.plugs = {1: ("a02",), 2: ("a01",), 3: ("a03",)}
    unserved(rack)
    first, second, third = rack.walked(**BY_DHCP)
    assert first.what == "its outlet and that of a02 are swapped"
    assert second.what == "its outlet and that of a01 are swapped"
    assert third.state is State.OK


def test_of_a_phone_that_asks_more_rarely_than_an_outlet_is_off_nothing_is_claimed(
    rack: Rack,
) -> None:
    # It asked long ago, and asks again just when the outlet of another one is on again.
    rarely = rack.phones["a03"]
    rarely.asked_at = rack.clock.loop.time() - 300

    def ask(outlet: int, on: bool) -> None:
        if (outlet, on) == (2, True):
            rarely.lease()

    rack.meanwhile = ask
    first, second = rack.walked("a01", "a02", **BY_DHCP)
    assert first.state is State.OK
    assert second.state is State.UNKNOWN
    assert "not known whether the outlet takes a03" in second.what


@pytest.mark.parametrize("exchanged", [False, True], ids=["consoles right", "consoles too"])
def test_swapped_ports_of_a_poe_switch_are_found_though_all_phones_go_on_asking(
    rack: Rack, exchanged: bool
) -> None:
    # The link that is asked is that of the port which is switched, whoever hangs there.
    rack.plugs = {1: ("a03",), 2: ("a02",), 3: ("a01",)}
    rack.ports = {"a01": "a03", "a02": "a02", "a03": "a01"}
    if exchanged:
        rack.consoles = dict(rack.ports)
    unserved(rack)
    first, second, third = rack.walked()
    assert first.what == "its outlet and that of a03 are swapped"
    assert third.what == "its outlet and that of a01 are swapped"
    assert second.state is State.OK
    assert not any("console" in each.next_step for each in (first, second, third))


def test_a_phone_that_asks_just_then_is_told_apart_by_a_second_look(rack: Rack) -> None:
    # Nobody has heard yet that it gets no lease; it asks when the outlet of another one is on again.
    asking = rack.phones["a03"]

    def ask(outlet: int, on: bool) -> None:
        if (outlet, on) == (1, True) and not asking.every:
            asking.unserved(every=0.15)

    rack.meanwhile = ask
    (finding,) = rack.walked("a01")
    assert finding.state is State.OK, finding
    assert rack.thrown == [(1, False), (1, True)] * 2


def test_a_stranger_at_the_port_of_a_phone_that_goes_on_asking_elsewhere_is_found(
    rack: Rack,
) -> None:
    # No handset is switched; the port of a01 feeds a phone that no inventory has.
    stranger = Phone(rack.clock)
    rack.plugs = {1: (), 2: ("a02",), 3: ("a03",)}
    rack.meanwhile = lambda outlet, on: stranger.power(on) if outlet == 1 else None
    unserved(rack)
    subjects = rack.subjects()
    subjects[0] = replace(subjects[0], link=Port(stranger))
    first = conclude(rack.clock.run(walk(subjects, drop=["a01"], pace=PACE)))[0]
    assert first.state is State.TROUBLE
    assert first.what.endswith("the handset is heard while the outlet is off")


def test_where_phones_get_their_leases_nobody_waits_for_them_to_ask(rack: Rack) -> None:
    patient = replace(PACE, asking_s=3600.0)
    findings = conclude(rack.clock.run(walk(rack.subjects(), pace=patient), timeout=30))
    assert [each.state for each in findings] == [State.OK] * 3, findings


def test_an_empty_outlet_is_found(rack: Rack) -> None:
    rack.plugs = {1: ("a01",), 2: (), 3: ("a03",)}
    states = [each.state for each in rack.walked()]
    assert states == [State.OK, State.TROUBLE, State.OK]


def test_an_outlet_that_feeds_two_is_found(rack: Rack) -> None:
    rack.plugs = {1: ("a01", "a03"), 2: ("a02",), 3: ()}
    first, _, third = rack.walked()
    assert first.what == "the outlet takes a03 as well"
    assert third.what == "dropping the outlet takes no handset"


def test_consoles_that_are_swapped_are_found_though_the_power_is_right(rack: Rack) -> None:
    rack.consoles = {"a01": "a02", "a02": "a01", "a03": "a03"}
    first, second, third = rack.walked()
    assert first.next_step == "exchange the consoles of a01 and a02"
    assert second.state is State.TROUBLE
    assert third.state is State.OK


def test_only_what_was_asked_for_is_dropped_and_all_are_watched(rack: Rack) -> None:
    rack.plugs = {1: ("a01",), 2: ("a02", "a03"), 3: ()}
    (finding,) = rack.walked("a02")
    assert finding.what == "the outlet takes a03 as well"
    assert rack.thrown == [(2, False), (2, True)]


def test_a_handset_that_was_off_is_switched_on_first(rack: Rack) -> None:
    rack.clock.run(rack.driver.off("3"))
    (finding,) = rack.walked("a03")
    assert finding.state is State.OK
    assert rack.thrown == [(3, False), (3, True), (3, False), (3, True)]


def test_a_handset_that_is_dead_is_not_dropped(rack: Rack) -> None:
    rack.phones["a01"].alive = False
    (finding,) = rack.walked("a01")
    assert finding.what == "the handset was not there to begin with"
    assert rack.thrown == []


def test_a_handset_that_does_not_come_back_is_told(rack: Rack) -> None:
    rack.phones["a01"].boots = False
    (finding,) = rack.walked("a01")
    assert finding.state is State.TROUBLE
    assert "does not boot" in finding.what


def test_power_on_is_attempted_although_power_off_failed(rack: Rack) -> None:
    asked: list[PowerAction] = []

    class Refusing:
        name = "a PDU that forgot our credentials"
        queue = asyncio.Lock()

        async def on(self, outlet: str) -> None:
            asked.append(PowerAction.ON)

        async def off(self, outlet: str) -> None:
            asked.append(PowerAction.OFF)
            raise PowerError("no")

        async def state(self, outlet: str) -> PowerAction:
            return PowerAction.ON

    policy = PowerPolicy(minimum_off_s=0, attempts=1, settle_s=0.05, poll_s=0.02, call_s=1)
    outlet = Outlet(Refusing(), "1", rack.history, policy)
    subject = Subject("a01", outlet, 0.2, link=Port(rack.phones["a01"]))
    (finding,) = conclude(rack.clock.run(walk([subject], pace=PACE)))
    assert finding.what == "the outlet could not be switched"
    assert asked == [PowerAction.OFF, PowerAction.ON]


def test_a_walk_that_is_cancelled_gives_the_power_back(rack: Rack) -> None:
    async def cancelled() -> None:
        going = asyncio.ensure_future(walk(rack.subjects(), pace=PACE))
        async with asyncio.timeout(5):
            await rack.dropped.wait()
        going.cancel()
        await asyncio.wait([going])
        assert going.cancelled()

    rack.clock.run(cancelled())
    assert rack.all_on()
    assert rack.thrown == [(1, False), (1, True)]
