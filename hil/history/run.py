"""What a run says of itself: its beginning, its tests and how they went, and that it came to its end.

A stored run is judged again from these and from what happened. So it has to show that it is whole: its
last line seals all lines before it.
"""

from __future__ import annotations

import msgspec

from hil.history.event import LabEvent


class RunStarted(LabEvent, frozen=True, kw_only=True):
    """A run began; the wall clock's nanoseconds since 1970 anchor lab time to the calendar.

    ``identity``, ``interpretations`` and ``timing`` are what the handset is judged by, as fields of
    the reference's `Identity` and `Interpretations` and of the judge's `Timing`; empty in a history
    that does not tell.
    """

    version: str
    testbed: str
    clock: str
    wall_ns: int
    identity: dict[str, str | bool] = msgspec.field(default_factory=dict)
    interpretations: dict[str, str] = msgspec.field(default_factory=dict)
    timing: dict[str, float] = msgspec.field(default_factory=dict)


class TestStarted(LabEvent, frozen=True, kw_only=True):
    """A test began; everything up to its `TestEnded` belongs to it."""

    __test__ = False

    test: str
    requirements: tuple[str, ...] = ()


class TestEnded(LabEvent, frozen=True, kw_only=True):
    """A test ended, before it is judged."""

    __test__ = False

    test: str


class Conducted(LabEvent, frozen=True, kw_only=True):
    """How a test itself went, beside what its part of the history tells.

    ``crash`` is an exception that is no finding, ``unmet`` a precondition that did not come,
    ``lab_error`` what the laboratory raised, ``not_applicable`` why the test does not apply; empty
    where there was none of it. ``readings`` are the open questions on which the test's own
    expectations rest. With this a stored run can be judged again.
    """

    test: str
    crash: str = ""
    unmet: str = ""
    not_applicable: str = ""
    lab_error: str = ""
    readings: tuple[str, ...] = ()


class Verdict(LabEvent, frozen=True, kw_only=True):
    """What the judge said of a test."""

    test: str
    verdict: str
    cause: str
    findings: tuple[str, ...] = ()


class RunEnded(LabEvent, frozen=True, kw_only=True):
    """The run came to its end, and the history has all of it.

    ``sha256`` is the digest of the octets of all lines before this one in the file, as hexadecimal
    digits.
    """

    sha256: str
