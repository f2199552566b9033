"""Whether a process that a lease names still runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from hil.leases.process import Fate, fate, this_process


def test_this_process_runs() -> None:
    assert fate(this_process()) is Fate.RUNS


def test_the_start_time_is_that_of_proc() -> None:
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    assert str(this_process().started) == fields[19]


def test_a_process_that_ended_is_gone() -> None:
    process = subprocess.Popen(["true"])
    pid = process.pid
    process.wait()
    assert fate(replace(this_process(), pid=pid)) is Fate.GONE


def test_a_killed_process_is_gone_before_anybody_waits_for_it() -> None:
    """A zombie is still in /proc, with the start time that it always had."""
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    line = Path(f"/proc/{process.pid}/stat").read_text()
    started = int(line.rpartition(")")[2].split()[19])
    its = replace(this_process(), pid=process.pid, started=started)
    assert fate(its) is Fate.RUNS
    process.kill()
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert fate(its) is Fate.GONE
    process.communicate()


def test_another_process_with_the_same_id_is_not_the_one() -> None:
    mine = this_process()
    assert fate(replace(mine, started=mine.started - 1)) is Fate.GONE


def test_a_process_of_an_earlier_boot_is_gone() -> None:
    assert fate(replace(this_process(), boot="0" * 8)) is Fate.GONE


def test_of_another_machine_or_another_container_nothing_is_known() -> None:
    gone = replace(this_process(), pid=2**22 + 1)
    assert fate(gone) is Fate.GONE
    assert fate(replace(gone, host="elsewhere")) is Fate.UNKNOWN
    assert fate(replace(gone, machine="0" * 32)) is Fate.UNKNOWN
    assert fate(replace(gone, machine="0" * 32, boot="another")) is Fate.UNKNOWN
    assert fate(replace(gone, space="pid:[1]")) is Fate.UNKNOWN


def test_a_process_id_that_is_none_is_no_crash() -> None:
    for pid in (-1, 2**31, 2**70):
        assert fate(replace(this_process(), pid=pid)) in (Fate.GONE, Fate.UNKNOWN)
