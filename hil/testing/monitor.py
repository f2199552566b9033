"""A test that has no expectations of its own, but lets the monitor speak."""

from __future__ import annotations

from hil.history import History
from hil.history import events as ev
from hil.judge import Monitor
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl


def expect_nothing_broken(
    history: History, handset: HandsetControl, reference: Phone, *, requirement: str
) -> None:
    """Check that the monitor has seen this requirement kept since the test began.

    The monitor judges each test at its end anyway. To say it here is for a test whose only point is
    what the phone must not do: with nothing looked at it would prove nothing.
    """
    started = history.last(ev.TestStarted)
    monitor = Monitor(reference, handset.timing)
    events = history.since(started) if started is not None else ()
    broken = [each for each in monitor.run(events) if each.requirement == requirement]
    history.check(
        f"what the monitor has seen of {requirement}",
        seen="\n".join(each.what for each in broken) or "kept",
        due="kept",
        requirement=requirement,
        passed=not broken,
    )
