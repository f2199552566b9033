"""What is said of an outlet by which another phone boots, and when nothing is."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from hil.errors import LabError
from hil.history import events as ev
from hil.testbed.other_phone import OtherPhone, Others
from hil.witness.arrivals import Asked

S = 10**9
OWN, NEIGHBOUR, NOBODYS = (f"00:0e:08:ca:fe:{end}" for end in ("01", "02", "99"))
ON, OFF = ev.PowerAction.ON, ev.PowerAction.OFF
TIMING: Any = SimpleNamespace(boot=10.0, lease=10.0)


class Rack:
    """An outlet that makes ``feeds`` ask for a lease 3 s after it is on; it was on and off before."""

    def __init__(self, feeds: tuple[str, ...], taken: Callable[[str], bool]) -> None:
        self.feeds, self.time, self.xid = feeds, 0, 0
        self.asks: dict[str, list[Asked]] = {OWN: [], NEIGHBOUR: [], NOBODYS: []}
        self.events: list[ev.PowerRequested] = []
        self.stopped: list[str] = []
        entries = [
            SimpleNamespace(
                name=name, mac=mac, power=SimpleNamespace(pdu="sw1", outlet=f"gi1/0/{number}")
            )
            for number, (name, mac) in enumerate([("a01", OWN), ("a02", NEIGHBOUR)], 1)
        ]
        self.other_phone = OtherPhone(
            SimpleNamespace(handsets=entries),  # type: ignore[arg-type]
            entries[0],  # type: ignore[arg-type]
            self,  # type: ignore[arg-type]
            TIMING,
            SimpleNamespace(asked=lambda: {m: tuple(a) for m, a in self.asks.items()}),  # type: ignore[arg-type]
            Others(taken, self.stopped.append),
        )
        self.power_off()
        self.sleep(12)

    def now(self) -> int:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.time += round(seconds * S)

    def all(self, kind: type[ev.PowerRequested]) -> list[ev.PowerRequested]:
        return self.events

    def power_off(self) -> None:
        self.events.append(ev.PowerRequested(outlet="o", action=OFF, at=self.time))

    def power_on(self) -> None:
        self.events.append(ev.PowerRequested(outlet="o", action=ON, at=self.time))
        self.xid += 1
        for mac in self.feeds:
            self.asks[mac] += [Asked(self.time + after * S, self.xid) for after in (3, 7)]

    def boots(self, lasting: float = 25) -> None:
        self.power_on()
        self.sleep(lasting)


def nobody(mac: str) -> bool:
    return False


def test_a_neighbour_is_named_after_the_outlet_was_switched_once_more():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    with pytest.raises(LabError) as caught:
        rack.other_phone.look(rack)  # type: ignore[arg-type]
    error = caught.value
    assert error.what == (
        f"a02 ({NEIGHBOUR}) boots when the outlet of a01 is switched: gi1/0/1 of sw1 feeds a02"
    )
    assert f"{NEIGHBOUR} asked for a lease 3.00 s and 3.00 s after power-on" in error.evidence
    assert f"a01 ({OWN}) asked for none" in error.evidence
    assert "hil doctor --walk" in error.next_step
    assert error.concerns == "a01"
    assert [each.action for each in rack.events] == [OFF, ON, OFF, ON]
    assert len(rack.stopped) == 1
    assert not rack.other_phone.trouble()


def test_a_device_of_no_entry_is_told_as_that():
    rack = Rack((NOBODYS,), nobody)
    rack.boots()
    with pytest.raises(LabError, match="no handset of the inventory") as caught:
        rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert NOBODYS in caught.value.what
    assert "compare mac: of a01" in caught.value.next_step


def test_two_boots_of_a_test_are_enough_at_its_end():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    rack.power_off()
    rack.sleep(12)
    rack.boots()
    (told,) = rack.other_phone.trouble()
    assert "feeds a02" in told.what
    assert len(rack.stopped) == 1


@pytest.mark.parametrize(
    ("feeds", "taken"),
    [
        pytest.param((), nobody, id="a dead phone"),
        pytest.param((OWN,), nobody, id="a sound one"),
        pytest.param((OWN, NEIGHBOUR), nobody, id="one beside it"),
        pytest.param((NEIGHBOUR,), NEIGHBOUR.__eq__, id="somebody has the other"),
    ],
)
def test_else_nothing_is_said_and_nothing_is_switched(
    feeds: tuple[str, ...], taken: Callable[[str], bool]
):
    rack = Rack(feeds, taken)
    rack.boots()
    rack.power_off()
    rack.sleep(12)
    rack.boots()
    before = list(rack.events)
    rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert rack.other_phone.trouble() == []
    assert rack.events == before
    assert not rack.stopped


def test_a_handset_that_may_still_come_up_is_waited_for():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    rack.power_off()
    rack.sleep(12)
    rack.boots(lasting=15)
    assert rack.other_phone.trouble() == []


def test_who_asks_by_coincidence_once_is_not_accused():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    rack.feeds = ()
    rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert rack.other_phone.trouble() == []
    assert not rack.stopped


def test_a_neighbour_that_had_asked_just_before_may_be_the_one_and_is_looked_at_twice():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    rack.events.clear()
    rack.asks[NEIGHBOUR] = [Asked(rack.time, 0)]
    rack.power_off()
    rack.sleep(0.3)
    rack.boots()
    assert rack.other_phone.trouble() == []
    with pytest.raises(LabError, match="feeds a02"):
        rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert [each.action for each in rack.events] == [OFF, ON] * 3


def test_a_boot_that_took_longer_than_another_is_compared_with_a_third():
    rack = Rack((NEIGHBOUR,), nobody)
    rack.boots()
    # On a machine that was busy for two seconds.
    rack.asks[NEIGHBOUR] = [Asked(each.at + 2 * S, each.xid) for each in rack.asks[NEIGHBOUR]]
    with pytest.raises(LabError, match="feeds a02"):
        rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert [each.action for each in rack.events] == [OFF, ON] * 3


def test_who_answers_each_power_on_differently_is_not_accused():
    rack = Rack((NEIGHBOUR,), nobody)
    delays = iter((3, 6, 9))

    def power_on() -> None:
        rack.events.append(ev.PowerRequested(outlet="o", action=ON, at=rack.time))
        rack.xid += 1
        first = next(delays)
        rack.asks[NEIGHBOUR] += [
            Asked(rack.time + after * S, rack.xid) for after in (first, first + 4)
        ]

    rack.power_on = power_on  # type: ignore[method-assign]
    rack.boots()
    rack.other_phone.look(rack)  # type: ignore[arg-type]
    assert not rack.stopped
