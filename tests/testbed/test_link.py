"""Who sees a handset's link on a rack, and what is told of it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from ipaddress import IPv4Address
from typing import Any

import pytest

from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.net.namespace import enter
from hil.net.virtual import VirtualNetwork
from hil.testbed.link import CarrierWitness, HeardLink, WatchedLink
from hil.virtual_clock import VirtualClock

enter()

MAC = "00:0e:08:aa:bb:cc"


class Port:
    """A port of somebody's switch, with ifLastChange where it has one."""

    name = "switch port 7"

    def __init__(self) -> None:
        self.linked = True
        self.number: int | None = 100
        self.broken = False
        self.asked = 0
        self.gives_power: bool | None = True

    def flip(self, times: int = 1) -> None:
        for _ in range(times):
            self.linked = not self.linked
            if self.number is not None:
                self.number += 1

    async def up(self) -> bool:
        self.asked += 1
        if self.broken:
            raise LabError("no answer", concerns=self.name)
        return self.linked

    async def changes(self) -> int | None:
        if self.broken:
            raise LabError("no answer", concerns=self.name)
        return self.number

    async def powered(self) -> bool | None:
        return self.gives_power


class Stage:
    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.history = History(clock)
        self.port = Port()
        self.troubles: list[LabError] = []
        self.link = WatchedLink(self.port, self.history, self.troubles.append)

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        self.clock.run(work)

    def told(self) -> list[bool]:
        return [event.up for event in self.history.all(ev.LinkChanged)]


@pytest.fixture
def stage() -> Iterator[Stage]:
    clock = VirtualClock()
    made = Stage(clock)
    made.run(made.link.start())
    yield made
    made.run(made.link.close())
    clock.close()


def test_a_change_is_told_by_itself(stage: Stage) -> None:
    assert stage.told() == [True]
    stage.port.flip()
    stage.run(asyncio.sleep(2))
    assert stage.link.up is False
    stage.port.flip()
    stage.run(asyncio.sleep(2))
    assert stage.told() == [True, False, True]


def test_a_link_that_went_and_came_back_between_two_looks_is_told_as_both(stage: Stage) -> None:
    stage.port.flip(2)
    stage.run(stage.link.look())
    assert stage.told() == [True, False, True]


@pytest.mark.parametrize("gives_power", [True, False, None])
def test_a_link_that_is_down_is_told_with_the_power_of_its_port(
    stage: Stage, gives_power: bool | None
) -> None:
    stage.port.gives_power = gives_power
    stage.port.flip()
    stage.run(stage.link.look())
    assert [event.powered for event in stage.history.all(ev.LinkChanged)] == [None, gives_power]
    stage.port.flip()
    stage.run(stage.link.look())
    assert [event.powered for event in stage.history.all(ev.LinkChanged)][-1] is None


def test_nobody_knows_of_the_power_in_between(stage: Stage) -> None:
    stage.port.flip(2)
    stage.run(stage.link.look())
    assert [event.powered for event in stage.history.all(ev.LinkChanged)] == [None, None, None]


def test_a_quiet_port_is_asked_for_its_number_alone(stage: Stage) -> None:
    before = stage.port.asked
    stage.run(asyncio.sleep(25))
    assert stage.port.asked == before


@pytest.mark.parametrize("number", [None, 0], ids=["no-number", "a-number-that-never-changes"])
def test_a_switch_whose_number_is_no_good_is_asked_for_the_link(
    stage: Stage, number: int | None
) -> None:
    flip = stage.port.flip
    stage.port.number = number
    stage.run(stage.link.look())
    flip()
    stage.port.number = number
    stage.run(stage.link.look())
    flip()
    stage.port.number = number
    stage.run(asyncio.sleep(2))
    assert stage.told()[-2:] == [False, True]


def test_a_switch_that_does_not_answer_is_the_labs_trouble_once(stage: Stage) -> None:
    stage.port.broken = True
    stage.run(asyncio.sleep(10))
    assert [str(each) for each in stage.troubles] == ["switch port 7: no answer"]
    stage.port.broken = False
    stage.run(asyncio.sleep(2))
    stage.port.broken = True
    stage.run(asyncio.sleep(4))
    assert len(stage.troubles) == 2
    with pytest.raises(LabError, match="no answer"):
        stage.run(stage.link.look())


def test_a_look_or_two_without_an_answer_hide_nothing(stage: Stage) -> None:
    stage.port.broken = True
    stage.port.flip(2)
    stage.run(asyncio.sleep(2.5))
    stage.port.broken = False
    stage.run(asyncio.sleep(1))
    assert not stage.troubles
    assert stage.told() == [True, False, True]


def test_power_is_waited_for_longer_than_its_loss(stage: Stage) -> None:
    assert stage.link.patience_s(up=True) == 30
    assert stage.link.patience_s(up=False) == 5


# -- the carrier, and what is heard ------------------------------------------------------------------


@pytest.fixture
def network() -> Iterator[VirtualNetwork]:
    made = VirtualNetwork()
    made.add_handset(MAC)
    yield made
    made.close()


def test_the_carrier_of_the_labs_own_interface_is_a_witness(network: VirtualNetwork) -> None:
    clock = VirtualClock()
    (port,) = network.ports
    witness = CarrierWitness(port.near)

    async def seen() -> tuple[bool, int | None]:
        return await witness.up(), await witness.changes()

    up, before = clock.run(seen())
    port.far.up()
    assert (up, clock.run(seen())) == (False, (True, (before or 0) + 1))
    clock.close()


class Heard:
    """A phone that answers or not, and a link that is only heard."""

    def __init__(self, network: VirtualNetwork) -> None:
        self.clock = VirtualClock()
        self.clock.attach(network)
        self.history = History(self.clock)
        self.network = network
        self.address: IPv4Address | None = network.ports[0].address
        self.link = HeardLink(
            network.place(), self.clock, self.history, lambda: self.address, boot_s=60
        )

    def power(self, action: ev.PowerAction) -> None:
        self.history.append(ev.PowerSwitched(source="power", outlet="1", action=action))

    def discovers(self) -> None:
        self.history.append(
            ev.DhcpMessage(
                source="dhcp", direction=ev.Direction.RECEIVED, kind="DISCOVER", mac=MAC, xid=1
            )
        )

    def looks(self) -> bool | None:
        self.clock.run(self.link.look())
        return self.link.up


@pytest.fixture
def heard(network: VirtualNetwork) -> Iterator[Heard]:
    made = Heard(network)
    yield made
    made.clock.close()


def test_nobody_knows_until_the_phone_is_heard(heard: Heard) -> None:
    assert heard.looks() is None
    heard.power(ev.PowerAction.ON)
    assert heard.looks() is None
    heard.discovers()
    assert heard.looks() is True
    assert [event.up for event in heard.history.all(ev.LinkChanged)] == [True]


def test_a_phone_that_is_never_heard_has_no_power_whatever_the_outlet_says(heard: Heard) -> None:
    heard.power(ev.PowerAction.ON)
    heard.history.sleep(61)
    assert heard.looks() is False


def test_a_phone_that_answers_after_its_power_was_cut_has_it_still(heard: Heard) -> None:
    (port,) = heard.network.ports
    port.far.up()
    port.far.configure(port.address, heard.network.netmask)
    assert port.probe.round_trip()
    heard.power(ev.PowerAction.OFF)
    assert heard.looks() is True
    port.far.down()
    heard.power(ev.PowerAction.OFF)
    assert heard.looks() is False
