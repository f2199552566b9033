"""A console that introduces another handset is not the handset's; one that mentions it may be."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import pytest

from hil.clock import WallClock
from hil.history import History
from hil.history import events as ev
from hil.witness.whose_console import Known, WhoseConsole

OWN = Known("a01", "00:0e:08:ca:fe:01", "88012VR00001")
NEIGHBOUR = Known("a02", "00:0e:08:ca:fe:02", "88012VR00002")
THIRD = Known("a03", "00:0e:08:ca:fe:03", "12345")
THEIRS = "boot: MAC 000e08cafe02, serial 88012VR00002"


class Line:
    """The console of a01, and its outlet."""

    def __init__(self, clock: WallClock) -> None:
        self.history = History(clock, handset="a01")
        self.witness = WhoseConsole(self.history, OWN, [NEIGHBOUR, THIRD])
        self.witness.begin()

    def power(self, action: ev.PowerAction = ev.PowerAction.ON) -> None:
        self.history.append(ev.PowerRequested(outlet="sw1 outlet 1", action=action))

    def boots(self, *lines: str) -> None:
        self.power()
        self.prints(*lines)

    def prints(self, *lines: str) -> None:
        for text in lines:
            self.history.append(ev.ConsoleLine(text=text))

    def told(self) -> list[str]:
        return [str(trouble) for trouble in self.witness.trouble()]


@pytest.fixture
def line() -> Iterator[Line]:
    with closing(WallClock()) as clock:
        yield Line(clock)


@pytest.mark.parametrize(
    "introduction",
    [
        THEIRS,
        "boot: MAC 00:0E:08:CA:FE:02",
        "ethaddr=00:0e:08:ca:fe:02",
        "MAC Address: 000e.08ca.fe02",
        "Serial Number : 88012VR00002",
        "S/N: 88012VR00002",
    ],
)
def test_another_handsets_introduction_is_the_laboratorys_fault(line: Line, introduction: str):
    line.boots("boot: CP-7832", introduction, "dhcp: bound to 192.0.2.129")
    (told,) = line.told()
    assert "the console of a01 is that of a02" in told
    assert repr(introduction) in told
    assert OWN.mac in told
    assert "hil doctor --walk" in told


@pytest.mark.parametrize(
    "own", ["MAC 00:0e:08:ca:fe:01", "prov: GET /000E08CAFE01.xml", "id 88012VR00001"]
)
def test_a_boot_in_which_the_own_name_is_printed_is_the_handsets(line: Line, own: str):
    line.boots(own, THEIRS)
    assert line.told() == []


@pytest.mark.parametrize(
    "mention",
    [
        "lldp: neighbour MAC 00:0e:08:ca:fe:02",
        "arp: address conflict, MAC 00:0e:08:ca:fe:02",
        "dhcp: offer declined, MAC 00:0e:08:ca:fe:02 is a duplicate",
        "sip: 200 OK 00:0e:08:ca:fe:02",
        "MAC 00:0e:08:ca:fe:021",
        "MAC 00:0e:08:ca:fe:99, serial 99012VR00002",
        "serial 12345",
    ],
)
def test_a_line_that_mentions_somebody_accuses_nobody(line: Line, mention: str):
    line.boots("boot: CP-7832", mention)
    assert line.told() == []


def test_two_strangers_on_one_line_are_no_introduction(line: Line):
    line.boots(THEIRS, "MAC 00:0e:08:ca:fe:03")
    assert line.told() == []


def test_each_boot_counts_by_itself(line: Line):
    line.boots("boot: MAC 00:0e:08:ca:fe:01")
    line.power(ev.PowerAction.OFF)
    line.boots(THEIRS)
    assert len(line.told()) == 1


def test_what_was_before_power_on_or_the_test_does_not_count(line: Line):
    line.boots(THEIRS)
    line.witness.begin()
    line.prints(THEIRS)
    line.boots("boot: CP-7832")
    assert line.told() == []


@pytest.mark.parametrize(
    "gap",
    [
        ev.ConsoleLost(console="c", reason="r"),
        ev.ConsoleFound(console="c"),
        ev.ConsoleSkipped(lines=9, octets=99, offset=0),
    ],
)
def test_nothing_is_said_of_a_boot_with_a_gap(line: Line, gap: ev.Event):
    line.boots(THEIRS)
    line.history.append(gap)
    line.prints("phone: up")
    assert line.told() == []
