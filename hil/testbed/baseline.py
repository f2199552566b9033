"""The baseline exchange: boot, lease, one good resync. First and last in each group of tests.

It proves that the bench and the phone are able to take a test at all. If it cannot be held although
no clause is seen to be broken, the group is inconclusive; if the last one fails where the first one
passed, some test of the group left the phone or the bench in a bad state.
"""

from __future__ import annotations

import time

from hil.errors import LabError
from hil.evidence.results import TestResult
from hil.evidence.spent import spent
from hil.history import Unmet
from hil.history import events as ev
from hil.judge import Conduct, Judgement, Word, judge
from hil.lab_time import NANOSECONDS
from hil.reference.profile_builder import flat_profile
from hil.testbed.bench import Bench, Site

REQUIREMENT = "resync.on_reset"


def baseline(bench: Bench[Site], name: str) -> TestResult:
    """Hold the exchange and judge it."""
    began = time.perf_counter()
    try:
        started = bench.begin(name, (REQUIREMENT,))
    except LabError as error:
        # Nothing was asked of the phone yet, and nobody else's exchange is touched by it.
        judgement = Judgement(Word.ERROR, ev.Cause.LAB, remarks=(str(error),))
        return TestResult(name, judgement, (REQUIREMENT,), time.perf_counter() - began, 0.0)
    unmet = lab_error = ""
    try:
        bench.tftp.serve(f"/{bench.entry.shown_psn}.xml", flat_profile())
        bench.dhcp.offer(option_66=bench.tftp.address)
        up = bench.handset.boot()
        bench.history.wait(
            ev.TransferEnded,
            after=up,
            within=bench.handset.boot_limit + 60,
            scheme="tftp",
            outcome=ev.Outcome.COMPLETE,
        )
    except Unmet as error:
        unmet = str(error)
    except LabError as error:
        lab_error = str(error)
    ended = bench.end(name)
    # Kept, as of every test, so that a stored run can be judged again.
    bench.history.append(ev.Conducted(source="bench", test=name, unmet=unmet, lab_error=lab_error))
    conduct = Conduct((REQUIREMENT,), unmet=unmet, lab_error=lab_error)
    events = bench.events_of(started, ended)
    judgement = judge(events, conduct, bench.reference_phone(), bench.timing)
    lab_s = (ended.at - started.at) / NANOSECONDS
    wall_s = time.perf_counter() - began
    return TestResult(name, judgement, (REQUIREMENT,), wall_s, lab_s, spent=spent(events))
