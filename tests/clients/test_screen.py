"""Somebody at the virtual phone: what the screen offers, and the event of each use."""

import pytest

from hil.clients.screen import ScreenOperator
from hil.clock import WallClock
from hil.history import History
from hil.history import events as ev
from hil.reference.parameters import Parameters
from hil.virtual.screen import Keys, Screen


class Phone:
    """A screen with somebody in front of it; the keys' consequences go into the same history."""

    def __init__(self, clock):
        self.lit = True
        self.parameters = Parameters()
        self.history = History(clock)
        keys = Keys(
            resync=lambda rule: self._note(f"resync {rule}"),
            dial=lambda number, line: self._note(f"line {line} dials {number}"),
            hang_up=lambda: self._note("hang up"),
            reboot=lambda: self._note("reboot"),
        )
        screen = Screen(lambda: self.lit, lambda: self.parameters, keys)
        self.operator = ScreenOperator(clock, self.history, screen)

    def _note(self, text):
        self.history.append(ev.Note(source="phone", text=text))

    @property
    def done(self):
        return [event.text for event in self.history.all(ev.Note)]

    @property
    def used(self):
        return [(e.action, e.offered, e.detail) for e in self.history.all(ev.ScreenUsed)]


@pytest.fixture
def phone():
    clock = WallClock()
    made = Phone(clock)
    yield made
    clock.close()


def settled(phone):
    """Let what was pressed take effect."""
    phone.history.sleep(0.001)
    return phone.done


def test_each_key_does_what_it_says_and_leaves_an_event(phone):
    operator = phone.operator
    assert operator.press_resync()
    assert operator.press_resync("tftp://192.0.2.1/basic.txt")
    assert operator.dial("*43#", line=2)
    assert operator.hang_up()
    assert operator.reboot()
    assert settled(phone) == [
        "resync ",
        "resync tftp://192.0.2.1/basic.txt",
        "line 2 dials *43#",
        "hang up",
        "reboot",
    ]
    assert phone.used == [
        ("resync", True, ""),
        ("resync", True, "tftp://192.0.2.1/basic.txt"),
        ("dial", True, "*43#"),
        ("hang-up", True, ""),
        ("reboot", True, ""),
    ]


def test_what_a_key_leads_to_comes_after_its_event(phone):
    phone.operator.press_resync()
    settled(phone)
    assert [type(event) for event in phone.history] == [ev.ScreenUsed, ev.Note]


def test_the_resync_softkey_is_not_shown_where_users_may_not_resync(phone):
    phone.parameters = Parameters({"User_Configurable_Resync": "No"})
    assert not phone.operator.press_resync("/x")
    assert phone.operator.dial("1")
    assert settled(phone) == ["line 1 dials 1"]
    assert phone.used[0] == ("resync", False, "/x")


def test_a_dark_screen_offers_nothing(phone):
    phone.lit = False
    operator = phone.operator
    presses = [operator.press_resync, lambda: operator.dial("1"), operator.hang_up, operator.reboot]
    assert [press() for press in presses] == [False] * 4
    assert settled(phone) == []


@pytest.mark.parametrize("number", ["", "12a", "1 2", "sip:a@b"])
def test_a_keypad_has_digits_star_hash_and_plus(phone, number):
    assert not phone.operator.dial(number)
    assert settled(phone) == []
