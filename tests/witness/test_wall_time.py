"""A date that jumps and a bench that stands still are told; a clock that is slewed is not."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from hil.clock import WallClock
from hil.history.events import Cause
from hil.judge import Word
from hil.lab_time import NANOSECONDS
from hil.witness.wall_time import STEP_S, DateWitness, Pulse


def test_the_machines_own_clocks_do_not_step():
    witness = DateWitness()
    witness.begin()
    assert witness.trouble() == ()


@pytest.mark.parametrize("step_s", [-3600.0, -0.2, 0.2, 86400.0])
def test_a_step_is_told_with_its_size(step_s):
    moved = 0.0
    witness = DateWitness(date=lambda: time.time_ns() + round(moved * NANOSECONDS))
    moved = step_s
    (told,) = witness.trouble()
    assert f"{step_s:+.1f}" in told.evidence
    witness.begin()
    assert witness.trouble() == ()


def test_what_ntp_slews_moves_both_clocks_and_is_no_step():
    seconds = iter(range(1000))

    def steady() -> int:
        return next(seconds) * NANOSECONDS // 1000

    # 500 ppm is the fastest that the kernel slews (adjtimex(2)).
    witness = DateWitness(date=lambda: 5 + steady(), steady=steady)
    assert witness.trouble() == ()
    assert 0.05 < STEP_S < 0.128


def test_a_step_during_a_test_is_the_labs_fault(stage):
    date = stage.bench.site.witnesses.date

    def stepped() -> None:
        date.date = lambda: time.time_ns() + 7 * NANOSECONDS

    told = stage.judged(lambda: stage.resyncs_again(stepped))
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert any("+7.000 s" in remark for remark in told.remarks)
    assert stage.judged(stage.resyncs_again).word is Word.PASS


@pytest.fixture
def clock() -> Iterator[WallClock]:
    with contextlib.closing(WallClock()) as made:
        yield made


async def made_pulse(clock: WallClock) -> Pulse:
    return Pulse(clock, every_s=0.01, tolerance_s=0.3)


async def closed(pulse: Pulse) -> None:
    pulse.close()


def test_a_loop_that_is_served_in_time_is_no_trouble(clock):
    pulse = clock.run(made_pulse(clock))
    clock.run(asyncio.sleep(0.05))
    assert pulse.trouble() == ()
    clock.run(closed(pulse))


def test_a_loop_that_was_held_up_is_told_once(clock):
    pulse = clock.run(made_pulse(clock))

    async def block() -> None:
        # What must not happen: work in the loop, for longer than the pulse tolerates.
        until = time.monotonic() + 0.4
        while time.monotonic() < until:
            hashlib.sha256(bytes(1 << 16)).digest()

    clock.run(block())
    clock.run(asyncio.sleep(0.02))
    (told,) = pulse.trouble()
    assert "late" in told.evidence
    pulse.begin()
    clock.run(asyncio.sleep(0.02))
    assert pulse.trouble() == ()
    clock.run(closed(pulse))


STOPPED = """
import asyncio, sys
from hil.clock import WallClock
from hil.witness.wall_time import Pulse
clock = WallClock()
async def make():
    return Pulse(clock, every_s=0.01, tolerance_s=0.3)
pulse = clock.run(make())
print("beating", flush=True)
sys.stdin.readline()
print(*(trouble.what for trouble in pulse.trouble()), flush=True)
"""


def test_a_process_that_was_stopped_knows_it():
    child = subprocess.Popen(
        [sys.executable, "-c", STOPPED], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with child:
        assert child.stdout is not None
        assert child.stdin is not None
        assert child.stdout.readline() == "beating\n"
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(timeout=0.5)
        os.kill(child.pid, signal.SIGCONT)
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "the bench itself stood still\n"
