"""Each fault on the wire really happens, is found out, and leaves a bench that works again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
import scenario

from hil.chaos.fault import MOMENTARY, SOURCE, LabFaultKind, Remedy, Scene
from hil.chaos.wire_faults import WIRE_FAULTS
from hil.errors import LabError
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge
from hil.reference.profile_builder import flat_profile
from hil.testbed.virtual_bench import VirtualBench

NAMES = ("resync.periodic",)
TOLD = {
    "dhcp-": "another DHCP server is on the wire",
    "bridge-loses": "the wire lost frames",
    "bridge-duplicates": "the wire duplicated",
    "link-": "link",
    "capture-": "the capture dropped frames",
    "clock-": "the lab's clock was set",
}


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[VirtualBench]:
    with contextlib.closing(scenario.make_bench(0.0, tmp_path)) as made:
        yield made


def arm(bench: VirtualBench, fault: LabFaultKind) -> Remedy:
    async def armed() -> Remedy:
        return fault.arm(Scene(bench))

    return bench.clock.run(armed())


def mend(bench: VirtualBench, remedy: Remedy) -> None:
    async def mended() -> None:
        remedy()

    bench.clock.run(mended())


def two_boots(bench: VirtualBench, fault: LabFaultKind | None) -> tuple[Judgement, list[str]]:
    """A phone resyncs at two boots and an hour later, the fault is armed after the first boot.

    Gives the verdict, and how the fault struck.
    """
    started = bench.begin("test", NAMES)
    remedy: Remedy | None = None
    lab_error = unmet = ""
    try:
        bench.tftp.serve("/7832-3PCC.xml", flat_profile(Resync_Periodic="3600"))
        bench.dhcp.offer(option_66=bench.tftp.address)
        bench.handset.boot(Resync_Random_Delay="0")
        bench.history.wait(ev.TransferEnded, within=100)
        remedy = arm(bench, fault) if fault is not None else None
        bench.history.sleep(1)
        up = bench.handset.power_cycle()
        bench.history.wait(ev.TransferEnded, after=up, within=300)
        bench.history.wait(ev.TransferEnded, after=up, count=2, within=4000)
    except LabError as error:
        lab_error = str(error)
    except Unmet as error:
        unmet = str(error) if error.precondition else ""
    ended = bench.end("test", linger=True)
    events = bench.events_of(started, ended)
    conduct = Conduct(NAMES, unmet=unmet, lab_error=lab_error)
    if remedy is not None:
        mend(bench, remedy)
    notes = [e.text for e in events if isinstance(e, ev.Note) and e.source == SOURCE]
    return judge(events, conduct, bench.reference_phone(), bench.timing), notes


@pytest.mark.parametrize("fault", WIRE_FAULTS, ids=lambda fault: fault.name)
def test_the_fault_strikes_and_the_verdict_blames_the_lab(bench, fault):
    told, strikes = two_boots(bench, fault)
    assert strikes, told
    assert all(strike.startswith(MOMENTARY) for strike in strikes)
    assert (told.word, told.cause) == (Word.ERROR, ev.Cause.LAB), told
    (words,) = (text for prefix, text in TOLD.items() if fault.name.startswith(prefix))
    assert any(words in remark for remark in told.remarks), told
    after, _ = two_boots(bench, None)
    assert after.word is Word.PASS, after
