"""What a history says of the course of its exchanges, and of what struck."""

from __future__ import annotations

import pytest

from hil.chaos.fault import SOURCE, Scene
from hil.chaos.timeline import POWER_OFF, POWER_ON, Timeline, timeline
from hil.history import History
from hil.history import events as ev
from hil.lab_time import NANOSECONDS

TFTP = ev.TftpRequest(source="tftp", scheme="tftp", path="/a", peer="p", port=69, transfer=1)


class Still:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.at_s = 0.0

    def now(self) -> int:
        return round(self.at_s * NANOSECONDS)

    def notify(self) -> None:
        """Nobody waits."""


class Told:
    """A history that is told by the second."""

    def __init__(self) -> None:
        self.clock = Still()
        self.history = History(self.clock)

    def at(self, seconds: float, *events: ev.Event) -> None:
        self.clock.at_s = seconds
        for event in events:
            self.history.append(event)

    def read(self) -> Timeline:
        return timeline(self.history)


@pytest.fixture
def told() -> Told:
    return Told()


def lease(direction: ev.Direction = ev.Direction.SENT, kind: str = "ACK") -> ev.DhcpMessage:
    return ev.DhcpMessage(
        source="dhcp", direction=direction, kind=kind, mac="00:0e:08:aa:bb:cc", xid=1
    )


def powered() -> ev.PowerSwitched:
    return ev.PowerSwitched(source="power", outlet="1", action=ev.PowerAction.ON)


def checked() -> ev.Checked:
    return ev.Checked(source="test", what="it", passed=True)


def whole(told: Told, name: str, begin: float, end: float) -> None:
    told.at(begin, ev.TestStarted(source="bench", test=name), powered())
    told.at(begin + 10, lease(ev.Direction.RECEIVED, "REQUEST"), lease())
    told.at(begin + 20, TFTP)
    told.at(end, checked(), ev.Alive(source="bench", alive=True, method="icmp"))
    told.at(end + 1, ev.TestEnded(source="bench", test=name))


def test_a_span_goes_from_a_tests_beginning_to_its_end(told: Told) -> None:
    told.at(0, ev.Note(source="bench", text="before"))
    whole(told, "one", 1, 100)
    told.at(102, ev.Note(source="bench", text="between"))
    whole(told, "two", 200, 300)
    first, second = told.read().spans
    assert (first.test, first.first, first.last) == ("one", 1, 8)
    assert (second.test, second.first) == ("two", 10)
    assert told.read().span("two") == second
    assert told.read().span("three") is None


def test_midway_is_the_lease_and_late_half_a_second_before_the_last_check(told: Told) -> None:
    whole(told, "one", 1, 100)
    (span,) = told.read().spans
    assert (span.midway, span.midway_s) == (3, 10.0)
    assert span.late_s == pytest.approx(98.5)
    assert span.powers == 1


def test_late_stays_behind_midway_where_all_happens_at_once(told: Told) -> None:
    told.at(0, ev.TestStarted(source="bench", test="one"), powered())
    told.at(5, lease(), checked())
    told.at(6, ev.TestEnded(source="bench", test="one"))
    (span,) = told.read().spans
    assert span.midway_s == span.late_s == 5.0


def test_without_a_lease_midway_is_the_power(told: Told) -> None:
    told.at(0, ev.TestStarted(source="bench", test="one"))
    told.at(5, powered())
    (span,) = told.read().spans
    assert (span.midway, span.midway_s) == (1, 5.0)


def test_a_test_whose_end_is_missing_ends_where_the_next_begins(told: Told) -> None:
    told.at(0, ev.TestStarted(source="bench", test="broken"), powered())
    whole(told, "next", 10, 100)
    broken, after = told.read().spans
    assert (broken.last, after.first) == (1, 2)


def test_an_endpoint_heard_what_came_in_not_what_it_said(told: Told) -> None:
    whole(told, "one", 1, 100)
    (span,) = told.read().spans
    assert span.heard == {"dhcp": 10.0, "tftp": 20.0}


def test_a_pdu_hears_two_commands(told: Told) -> None:
    told.at(0, ev.TestStarted(source="bench", test="one"))
    for seconds, action in (
        (1, ev.PowerAction.ON),
        (2, ev.PowerAction.OFF),
        (3, ev.PowerAction.ON),
    ):
        told.at(seconds, ev.PowerRequested(source="power", outlet="1", action=action))
    (span,) = told.read().spans
    assert span.heard == {POWER_ON: 3.0, POWER_OFF: 2.0}


def test_strikes_are_told_as_they_were(told: Told) -> None:
    class Bench:
        history = told.history

    scene = Scene(Bench())  # type: ignore[arg-type]
    scene.struck("the PDU lies")
    scene.struck("the server is gone", lasting=True)
    told.at(1, ev.Note(source="test", text="struck: not by us"))
    lie, gone = told.read().strikes
    assert (lie.seq, lie.what, lie.lasting) == (0, "the PDU lies", False)
    assert (gone.seq, gone.what, gone.lasting) == (1, "the server is gone", True)
    assert all(e.source in (SOURCE, "test") for e in told.history)
