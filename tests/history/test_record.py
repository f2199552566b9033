"""Waiting on the history, and what it says when what was awaited does not come."""

from __future__ import annotations

import asyncio
import re
import sys
import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest

from hil.clock import Clock
from hil.errors import UsageError
from hil.history import History, Unmet
from hil.history import events as ev
from hil.virtual_clock import VirtualClock

SECOND = 10**9


def later(clock: Clock, history: History, delay: float, event: ev.Event) -> None:
    """Append an event in the loop after ``delay`` seconds of lab time."""

    async def arrange() -> None:
        asyncio.get_running_loop().call_later(delay, history.append, event)

    clock.run(arrange())


def dhcp(kind: str, xid: int = 1, **fields: object) -> ev.DhcpMessage:
    return ev.DhcpMessage(
        direction=ev.Direction.RECEIVED, kind=kind, mac="00:0e:08:aa:bb:cc", xid=xid, **fields
    )


def note(text: str) -> ev.Note:
    return ev.Note(text=text)


def said(text: str, **fields: object) -> ev.SyslogMessage:
    return ev.SyslogMessage(text=text, peer="192.0.2.7:514", **fields)


class TestAppending:
    def test_an_event_gets_its_place_its_time_and_its_handset(self, virtual_clock: VirtualClock):
        history = History(virtual_clock, handset="phone-1")
        history.sleep(3)
        placed = history.append(note("x"))
        assert (placed.seq, placed.at, placed.handset) == (0, 3 * SECOND, "phone-1")
        assert list(history) == [placed]

    def test_a_kernel_time_stamp_and_another_handset_are_kept(self, history: History):
        placed = history.append(ev.Note(text="x", at=17, handset="phone-2"))
        assert (placed.at, placed.handset) == (17, "phone-2")

    def test_many_threads_lose_nothing_and_keep_their_own_order(self, clock: Clock):
        history = History(clock)
        threads, each = 8, 400
        start = threading.Barrier(threads)

        def write(writer: int) -> None:
            start.wait()
            for number in range(each):
                history.append(ev.Note(source=str(writer), text=str(number)))

        interval = sys.getswitchinterval()
        sys.setswitchinterval(1e-6)
        try:
            writers = [threading.Thread(target=write, args=(n,)) for n in range(threads)]
            for thread in writers:
                thread.start()
            for thread in writers:
                thread.join()
        finally:
            sys.setswitchinterval(interval)

        assert [e.seq for e in history] == list(range(threads * each))
        for writer in range(threads):
            texts = [e.text for e in history.all(ev.Note, source=str(writer))]
            assert texts == [str(number) for number in range(each)]

    def test_what_another_thread_appends_ends_a_wait(self, clock: Clock):
        history = History(clock)
        at_work, waiting = threading.Event(), threading.Event()

        def write() -> None:
            with clock.outside() if isinstance(clock, VirtualClock) else nullcontext():
                at_work.set()
                waiting.wait()
                history.append(note("from elsewhere"))

        async def about_to_wait() -> None:
            waiting.set()

        thread = threading.Thread(target=write)
        thread.start()
        at_work.wait()
        start = history.mark()
        asyncio.run_coroutine_threadsafe(about_to_wait(), clock.loop)
        found = history.wait(ev.Note, within=10, after=start)
        thread.join()
        assert found.text == "from elsewhere"
        assert clock.now() < 10 * SECOND


class TestLooking:
    def test_since_a_mark_or_an_event(self, history: History):
        start = history.mark()
        first, second = history.append(note("a")), history.append(note("b"))
        mark = history.mark()
        third = history.append(note("c"))
        assert history.since(start) == (first, second, third)
        assert history.since(first) == (second, third)
        assert history.since(mark) == (third,)
        assert history.since(history.mark()) == ()

    def test_all_and_last_by_kind_field_expression_and_predicate(self, history: History):
        one = history.append(dhcp("DISCOVER", xid=1))
        two = history.append(dhcp("REQUEST", xid=1))
        three = history.append(dhcp("DISCOVER", xid=2))
        history.append(note("DISCOVER"))
        assert history.all(ev.DhcpMessage) == (one, two, three)
        assert history.all(ev.DhcpMessage, kind="DISCOVER") == (one, three)
        assert history.all(ev.DhcpMessage, kind=re.compile("^(DIS|REQ)")) == (one, two, three)
        assert history.all(ev.DhcpMessage, kind=re.compile("EST$"), xid=1) == (two,)
        assert history.all(ev.DhcpMessage, where=lambda e: e.xid > 1) == (three,)
        assert history.all(ev.DhcpMessage, after=one, kind="DISCOVER") == (three,)
        assert history.last(ev.DhcpMessage, xid=1) == two
        assert history.last(ev.DhcpMessage, xid=9) is None
        assert len(history.all(ev.Event)) == len(history) == 4

    def test_a_kind_stands_for_its_subclasses(self, history: History):
        request = history.append(
            ev.TftpRequest(scheme="tftp", path="/p", peer="10.0.0.2:1", port=69, transfer=1)
        )
        assert history.all(ev.ProvisioningRequest, path="/p") == (request,)

    @pytest.mark.parametrize("verb", ["all", "last", "expect", "expect_none", "wait"])
    def test_a_misspelt_field_is_an_error_at_once(self, history: History, verb: str):
        """It would never match, and every expect_none would pass."""
        window = {} if verb in ("all", "last") else {"within": 1.0}
        with pytest.raises(UsageError, match="DhcpMessage has no field knid") as error:
            getattr(history, verb)(ev.DhcpMessage, knid="DISCOVER", **window)
        assert "kind" in error.value.remedy
        assert history.now() == 0


class TestExpect:
    def test_what_comes_in_the_window_is_returned_and_recorded_as_a_check(
        self, virtual_clock: VirtualClock, history: History
    ):
        later(virtual_clock, history, 4.0, dhcp("DISCOVER"))
        found = history.expect(
            ev.DhcpMessage, within=10.0, kind="DISCOVER", requirement="dhcp.discover"
        )
        assert (found.kind, found.at) == ("DISCOVER", 4 * SECOND)
        assert virtual_clock.now() == 4 * SECOND, "no time passes after it came"
        check = history.last(ev.Checked)
        assert check is not None
        assert check.passed
        assert check.requirement == "dhcp.discover"
        assert check.margin == "6.000 s to spare"
        assert "4.000 s after" in check.seen

    @pytest.mark.parametrize("delay", [5.0, 0.3, 86_400.1, 1e-9])
    def test_the_deadline_is_inclusive(
        self, virtual_clock: VirtualClock, history: History, delay: float
    ):
        later(virtual_clock, history, delay, said("on time"))
        assert history.expect(ev.SyslogMessage, within=delay).text == "on time"

    def test_one_nanosecond_later_is_late(self, virtual_clock: VirtualClock, history: History):
        start = history.mark()
        history.append(said("late", at=5 * SECOND + 1))
        with pytest.raises(Unmet, match=r"0\.000 s too late"):
            history.expect(ev.SyslogMessage, within=5.0, after=start)

    def test_both_ends_of_a_window_count_from_the_moment_it_opens(
        self, virtual_clock: VirtualClock, history: History
    ):
        opened = history.append(said("opened"))
        history.sleep(100)
        history.append(said("answer", at=30 * SECOND))
        assert (
            history.expect(ev.SyslogMessage, after=opened, not_before=30, within=30).text
            == "answer"
        )
        with pytest.raises(Unmet, match=r"10\.000 s too early"):
            history.expect(ev.SyslogMessage, after=opened, not_before=40, within=60)
        check = history.last(ev.Checked)
        assert check is not None
        assert (check.passed, check.margin) == (False, "10.000 s early")

    def test_the_nth_event_counts(self, virtual_clock: VirtualClock, history: History):
        for number in range(1, 4):
            later(virtual_clock, history, float(number), said(str(number)))
        start = history.mark()
        assert history.expect(ev.SyslogMessage, within=5, after=start, count=3).text == "3"
        with pytest.raises(Unmet):
            history.expect(ev.SyslogMessage, within=5, after=start, count=4)
        with pytest.raises(UsageError, match="count is 0"):
            history.expect(ev.SyslogMessage, within=5, count=0)

    def test_a_failure_says_what_was_due_and_what_came_instead(
        self, virtual_clock: VirtualClock, history: History
    ):
        power = history.append(ev.PowerSwitched(outlet="3", action=ev.PowerAction.ON))
        later(virtual_clock, history, 1.5, dhcp("REQUEST", xid=77))
        later(virtual_clock, history, 2.0, ev.LinkChanged(up=False))
        with pytest.raises(Unmet) as failure:
            history.expect(
                ev.DhcpMessage, within=20, after=power, kind="DISCOVER", requirement="dhcp.first"
            )
        text = str(failure.value)
        assert "due: DhcpMessage(kind='DISCOVER') between 0 s and 20 s after" in text
        assert "PowerSwitched(outlet='3', action=on" in text
        assert "DhcpMessage(direction=received, kind='REQUEST'" in text
        assert "1.500 s after" in text
        assert "LinkChanged" not in text, "near misses of the same kind are told alone"
        assert not failure.value.precondition
        check = history.last(ev.Checked, requirement="dhcp.first", passed=False)
        assert check is not None
        assert "kind='REQUEST'" in check.seen

    def test_other_kinds_are_told_where_nothing_of_the_kind_came(
        self, virtual_clock: VirtualClock, history: History
    ):
        later(virtual_clock, history, 2.0, ev.LinkChanged(up=False))
        with pytest.raises(Unmet, match=r"LinkChanged\(up=False\), 2\.000 s after"):
            history.expect(ev.DhcpMessage, within=20)

    def test_nothing_at_all_is_told_too(self, history: History):
        with pytest.raises(Unmet, match="seen: nothing at all"):
            history.expect(ev.DhcpMessage, within=20)

    def test_what_others_say_on_the_wire_is_counted_apart(self, history: History):
        moment = history.mark()
        for number in range(41):
            history.append(ev.Stranger(source="dhcp", peer=f"192.0.2.{number}:68"))
        with pytest.raises(Unmet) as only:
            history.expect(ev.HttpRequest, within=5, after=moment)
        others = "and 41 message(s) of others on the wire"
        assert f"seen: nothing of the phone's, {others}" in str(only.value)
        history.append(ev.PowerSwitched(source="power", outlet="1", action=ev.PowerAction.ON))
        with pytest.raises(Unmet) as beside:
            history.expect(ev.HttpRequest, within=5, after=moment)
        assert "seen: 1 other event(s), the last of them:\n  PowerSwitched(" in str(beside.value)
        assert str(beside.value).endswith(f"\n  {others}")
        assert "Stranger" not in str(beside.value)

    def test_in_real_time(self, clock: Clock):
        history = History(clock)
        later(clock, history, 0.05, said("x"))
        assert history.expect(ev.SyslogMessage, within=5.0).text == "x"
        with pytest.raises(Unmet):
            history.expect(ev.SyslogMessage, within=0.05)


class TestExpectNone:
    def test_it_waits_the_whole_time(self, virtual_clock: VirtualClock, history: History):
        history.expect_none(ev.DhcpMessage, within=3600)
        assert virtual_clock.now() == 3600 * SECOND
        assert history.last(ev.Checked, passed=True) is not None

    @pytest.mark.parametrize("delay", [0.0, 10.0])
    def test_what_must_not_come_fails_up_to_the_last_instant(
        self, virtual_clock: VirtualClock, history: History, delay: float
    ):
        start = history.mark()
        later(virtual_clock, history, delay, dhcp("DISCOVER"))
        with pytest.raises(Unmet, match="due: no DhcpMessage") as failure:
            history.expect_none(ev.DhcpMessage, within=10, after=start, requirement="quiet")
        assert not failure.value.precondition
        assert history.last(ev.Checked, requirement="quiet", passed=False) is not None

    def test_what_comes_after_the_window_does_not_count(
        self, virtual_clock: VirtualClock, history: History
    ):
        start = history.mark()
        history.append(ev.LinkChanged(up=True, at=10 * SECOND + 1))
        history.expect_none(ev.LinkChanged, within=10, after=start)

    def test_others_may_come(self, virtual_clock: VirtualClock, history: History):
        later(virtual_clock, history, 1.0, dhcp("REQUEST"))
        history.expect_none(ev.DhcpMessage, within=10, kind="DISCOVER")


class TestWait:
    def test_a_precondition_that_fails_is_no_check(self, history: History):
        with pytest.raises(Unmet, match=r"awaited: LinkChanged\(up=True\) within 5 s") as failure:
            history.wait(ev.LinkChanged, within=5, up=True)
        assert failure.value.precondition
        assert history.all(ev.Checked) == ()

    def test_what_is_already_there_is_found_at_once(
        self, virtual_clock: VirtualClock, history: History
    ):
        start = history.mark()
        placed = history.append(ev.LinkChanged(up=True))
        assert history.wait(ev.LinkChanged, within=5, after=start) == placed
        assert virtual_clock.now() == 0

    def test_a_predicate_that_raises_tells_the_test_and_not_who_appends(self, clock: Clock):
        crashes: list[str] = []
        clock.on_crash(crashes.append)
        history = History(clock)
        later(clock, history, 0.02, note("x"))

        def broken(event: ev.Note) -> bool:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            history.wait(ev.Note, within=5, where=broken)
        assert crashes == []
        assert len(history) == 1


def test_a_check_of_something_seen(history: History):
    history.check("the path", seen="/a", due="/a", requirement="r")
    history.check("the size", seen=7, due="at most 9", passed=True)
    with pytest.raises(Unmet, match="the path\ndue: /a\nseen: /b"):
        history.check("the path", seen="/b", due="/a")
    assert [c.passed for c in history.all(ev.Checked)] == [True, True, False]


@pytest.mark.parametrize(("act", "delay"), [(lambda h: h.sleep(5), 5), (lambda h: h.sleep(0), 0)])
def test_sleeping_is_lab_time(history: History, act: Callable[[History], None], delay: int):
    act(history)
    assert history.now() == delay * SECOND


def test_who_follows_hears_each_event_once_it_has_its_place(history: History):
    history.append(ev.Note(source="test", text="before"))
    heard: list[ev.Event] = []
    history.follow(heard.append)
    placed = history.append(ev.Note(source="test", text="after"))
    assert heard == [placed]
    assert placed.seq == 1
