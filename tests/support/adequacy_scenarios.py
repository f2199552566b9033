"""Jobs of every kind of end for the adequacy engine, run as a process of its own.

The engine forks, so it needs a process without threads, which a worker of pytest-xdist is not.
``python adequacy_scenarios.py`` writes the outcomes as JSON; with a path as its argument it runs jobs
that never end, which write their process id into that FIFO.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import NoReturn

import pytest

from hil.adequacy.catalogue import defect_job, pair_job, sound_jobs, with_defects
from hil.adequacy.job import Job, Kind, Stop, breaks
from hil.adequacy.outcome import Outcome
from hil.adequacy.suite import Suite, with_suite
from hil.errors import LabError
from hil.net.virtual import VirtualNetwork
from hil.virtual import defects
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.defects import DEFECTS

MODULES = ("test_resync_on_reset.py", "test_resync_error_retry.py")
FOLDER = "tests/certification/"
RESETS = FOLDER + "test_resync_on_reset.py::test_every_reboot_triggers_a_resync"
RETRIES = FOLDER + "test_resync_error_retry.py::test_an_integer_is_the_seconds_to_the_next_attempt"
BROKEN = DEFECTS["ignores-resync-on-reset"]


def forever() -> NoReturn:
    threading.Event().wait()
    raise AssertionError


def fall_over(*_: object) -> NoReturn:
    raise RuntimeError("the firmware fell over")


class Echo:
    """An observer that sends back what it was told."""

    def before(self, test: str) -> None:
        self.told = test

    def after(self, test: str) -> bytes:
        return f"{self.told == test}, {os.getpid() == os.getpgrp()}".encode()


class Dies:
    """An observer that ends the process in the middle of a test."""

    def before(self, test: str) -> None:
        os.write(2, b"last words\n")
        os.kill(os.getpid(), signal.SIGSEGV)

    def after(self, test: str) -> bytes:
        return b""


class Hangs:
    """An observer that lets the first test pass, then waits for ever, as does a program it started."""

    def __init__(self) -> None:
        self.left = 1

    def before(self, test: str) -> None:
        if not self.left:
            forever()
        self.left -= 1
        self.program = subprocess.Popen(["sleep", "1000"])

    def after(self, test: str) -> bytes:
        return str(self.program.pid).encode()


def crashing(config: pytest.Config) -> None:
    made = Defect("falls-over", "resync.on_reset", "crashes", decision(resync_on_reset=fall_over))
    defects.DEFECTS = MappingProxyType({**DEFECTS, made.name: made})
    config.option.hil_defect = [made.name]


def never_booting(config: pytest.Config) -> None:
    made = Defect("never-boots", "resync.on_reset", "sleeps", firmware(boot_s=1e6))
    defects.DEFECTS = MappingProxyType({**DEFECTS, made.name: made})
    config.option.hil_defect = [made.name]


def without_network(config: pytest.Config) -> None:
    def refuse(self: VirtualNetwork) -> None:
        raise LabError("no network can be built")

    VirtualNetwork.__init__ = refuse  # type: ignore[method-assign]


def jobs(suite: Suite) -> list[Job]:
    found = defect_job(suite, BROKEN)
    one = Job(Kind.DEFECT, "", (RESETS,), with_defects(BROKEN.name), breaks("resync.on_reset"))
    two = replace(one, tests=(RESETS, RETRIES))
    return [
        *sound_jobs(suite, (RESETS, RETRIES), 1, lambda config: Echo()),
        replace(found, name="found"),
        replace(found, name="found, then stopped", stop=Stop.FIRST_KILL),
        replace(one, name="nothing shows it", tests=(RETRIES,), prepare=with_defects("retry-never"),
                counts=breaks("resync.on_reset")),
        replace(one, name="harmless", prepare=with_defects()),
        replace(one, name="the handset crashes", prepare=crashing),
        replace(one, name="the handset never boots", prepare=never_booting),
        replace(one, name="the lab fails", prepare=without_network),
        replace(one, name="cannot be prepared", prepare=fall_over),
        replace(two, name="dies", prepare=lambda config: Dies()),
        replace(two, name="hangs", prepare=lambda config: Hangs(), deadline_s=10.0),
        pair_job(suite, BROKEN, DEFECTS["retry-never"]),
    ]  # fmt: skip


def told(outcome: Outcome) -> dict[str, object]:
    return {
        "kind": outcome.kind,
        "fate": outcome.fate,
        "kills": [[kill.test, kill.requirement, kill.source] for kill in outcome.kills],
        "tests": [
            [test.id, test.verdict, test.cause, test.data.decode()] for test in outcome.tests
        ],
        "others": sorted({finding.requirement for finding in outcome.other_findings}),
        "baselines": len(outcome.baselines),
        "reasons": outcome.reasons,
        "wall_s": outcome.wall_s,
        "cpu_s": outcome.cpu_s,
    }


def scenarios(suite: Suite) -> str:
    outcomes = {outcome.name: told(outcome) for outcome in suite.run(jobs(suite), 2)}
    threading.Thread(target=forever, daemon=True).start()
    try:
        list(suite.run(jobs(suite), 1))
    except LabError as error:
        return json.dumps({"outcomes": outcomes, "with threads": str(error)})
    raise AssertionError("a process with threads forked")


def endless(suite: Suite, fifo: Path) -> None:
    def prepare(config: pytest.Config) -> None:
        with fifo.open("a") as pipe:
            pipe.write(f"{os.getpid()}\n")
        forever()

    endless_jobs = [Job(Kind.MUTANT, str(number), (RESETS,), prepare) for number in range(2)]
    list(suite.run(endless_jobs, 2))


if __name__ == "__main__":
    if sys.argv[1:]:
        with_suite(lambda suite: endless(suite, Path(sys.argv[1])), *MODULES)
    else:
        sys.stdout.write(with_suite(scenarios, *MODULES))
