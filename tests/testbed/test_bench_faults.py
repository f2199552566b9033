"""What the laboratory does wrong is the laboratory's, in the same test and in the next one."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator

import pytest
import scenario

from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge
from hil.reference.profile_builder import flat_profile
from hil.testbed.virtual_bench import VirtualBench

NAMES = ("resync.periodic",)


@pytest.fixture
def bench() -> Iterator[VirtualBench]:
    with contextlib.closing(scenario.make_bench(0.0)) as made:
        yield made


def hourly(bench: VirtualBench) -> ev.TransferEnded:
    bench.tftp.serve("/7832-3PCC.xml", flat_profile(Resync_Periodic="3600"))
    bench.dhcp.offer(option_66=bench.tftp.address)
    bench.handset.boot(Resync_Random_Delay="0")
    return bench.history.wait(ev.TransferEnded, within=100)


def judged(bench: VirtualBench, test: Callable[[], object]) -> Judgement:
    """Run a test as the plugin would."""
    started = bench.begin("test", NAMES)
    lab_error = unmet = ""
    try:
        test()
    except LabError as error:
        lab_error = str(error)
    except Unmet as error:
        unmet = str(error) if error.precondition else ""
    ended = bench.end("test", linger=True)
    conduct = Conduct(NAMES, unmet=unmet, lab_error=lab_error)
    events = bench.events_of(started, ended)
    return judge(events, conduct, bench.reference_phone(), bench.timing)


def resyncs_again(bench: VirtualBench) -> None:
    first = hourly(bench)
    bench.history.expect(ev.TftpRequest, after=first, not_before=3600, within=3601)


def test_without_trouble_the_test_passes(bench: VirtualBench) -> None:
    assert judged(bench, lambda: resyncs_again(bench)).word is Word.PASS


def somebody_switches(bench: VirtualBench, *, on_again: bool) -> Callable[[], None]:
    def test() -> None:
        first = hourly(bench)

        async def switch() -> None:
            bench.site.pdu.command(1, False)
            if on_again:
                await asyncio.sleep(1)
                bench.site.pdu.command(1, True)

        bench.clock.run(switch())
        bench.history.expect(ev.TftpRequest, after=first, not_before=3600, within=3601)

    return test


@pytest.mark.parametrize("on_again", [False, True])
def test_power_that_somebody_else_switched_is_not_the_phones_fault(
    bench: VirtualBench, on_again: bool
) -> None:
    told = judged(bench, somebody_switches(bench, on_again=on_again))
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)
    assert any("link" in remark for remark in told.remarks)
    assert judged(bench, lambda: resyncs_again(bench)).word is Word.PASS


def test_an_endpoint_that_is_gone_is_not_the_phones_fault(bench: VirtualBench) -> None:
    def test() -> None:
        first = hourly(bench)
        bench.clock.run(bench.tftp.close())
        bench.history.expect(ev.TftpRequest, after=first, not_before=3600, within=3601)

    told = judged(bench, test)
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)


def test_a_pdu_that_lies_once_does_not_make_the_next_test_accuse_the_phone(
    bench: VirtualBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def test() -> None:
        hourly(bench)
        with monkeypatch.context() as patch:
            # The relay is stuck: the PDU says off, the handset keeps its power.
            patch.setattr(bench.site.handset, "power_off", lambda: None)
            bench.handset.power_off()

    told = judged(bench, test)
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB)
    with pytest.raises(LabError, match="link is up"):
        # Its flash cannot be prepared while the outlet, by its own word off, leaves it running.
        bench.begin("next", NAMES)


def test_an_absence_while_the_phone_has_no_power_proves_nothing(bench: VirtualBench) -> None:
    def test() -> None:
        first = hourly(bench)
        bench.handset.power_off()
        bench.history.expect_none(ev.TftpRequest, after=first, within=3000)

    assert judged(bench, test).word is Word.INCONCLUSIVE


def test_power_is_given_back_whatever_switching_it_off_said(
    bench: VirtualBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.begin("test", NAMES)
    hourly(bench)
    marked = bench.history.mark()

    async def dead(outlet: str) -> None:
        raise LabError("the PDU does not answer")

    with monkeypatch.context() as patch:
        patch.setattr(bench.site.handset, "power_off", lambda: None)
        with pytest.raises(LabError):
            bench.handset.power_cycle()
    asked = [e.action for e in bench.history.all(ev.PowerRequested, after=marked)]
    assert asked[0] == "off"
    assert asked[-1] == "on"
