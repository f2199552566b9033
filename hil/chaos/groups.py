"""The test groups of a campaign: two tests of a module, a sound handset and a defective one.

The first test of a group is over before a fault strikes midway or late, the second is struck. What
both are without a fault, with either handset, is the control that every verdict is held against. The
handset's defect is one that makes the second test FAIL, so that a fault of the lab has something to
hide, and a phone something to be blamed for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import msgspec

from hil.adequacy.outcome import Outcome
from hil.chaos.timeline import Span, Timeline
from hil.errors import LabError
from hil.suite_location import suite_root
from hil.virtual.defects import DEFECTS

USUAL = (
    "test_resync_on_reset.py",
    "test_flash.py",
    "test_dhcp_vendor_options.py",
    "test_dns.py",
    "test_transfers_tftp.py",
    "test_transfers_http.py",
    "test_transfers_https.py",
    "test_resync_periodic.py",
    "test_resync_error_retry.py",
    "test_macros.py",
    "test_profile_rules.py",
    "test_ntp.py",
    "test_report_rule.py",
    "test_syslog_level.py",
    "test_upgrade_install.py",
    "test_sip_registration.py",
    "test_sip_calls.py",
    "test_web_resync.py",
)
"""A module or more of each field, which a campaign takes unless it is told otherwise."""

_MOST_EVENTS = 300
_SUSPECTS = 12


class Handset(StrEnum):
    """What is judged in a cell."""

    SOUND = "sound"
    DEFECTIVE = "defective"


@dataclass(frozen=True)
class Control:
    """What a group is without a fault: each exchange's verdict, and the course of it."""

    verdicts: Mapping[str, str]
    timeline: Timeline


@dataclass(frozen=True)
class Group:
    """Two tests of one module, with the control of each handset; ``defect`` is the wrong one's."""

    module: str
    tests: tuple[str, str]
    defect: str
    controls: Mapping[Handset, Control]

    def target(self, handset: Handset) -> Span:
        """The course of the test that is struck."""
        span = self.controls[handset].timeline.span(self.tests[1])
        if span is None:
            raise LabError("a test left no trace in the history", concerns=self.tests[1])
        return span


def all_modules() -> tuple[str, ...]:
    """Every module of the suite."""
    folder = suite_root() / "tests" / "certification"
    return tuple(sorted(path.name for path in folder.glob("test_*.py")))


def timeline_of(outcome: Outcome) -> Timeline:
    """The last, whole timeline that a child told; an empty one if it told none."""
    told = [each.data for each in outcome.tests if each.data]
    return msgspec.msgpack.decode(told[-1], type=Timeline) if told else Timeline()


def control(outcome: Outcome) -> Control:
    """What a run without a fault was."""
    seen = (*outcome.baselines, *outcome.tests)
    verdicts = {each.id: f"{each.verdict} ({each.cause})" for each in seen}
    return Control(verdicts, timeline_of(outcome))


def choose(outcome: Outcome) -> tuple[str, str]:
    """Of a module's tests, the first one and the one with most to hit: boots, servers, time."""
    line = timeline_of(outcome)
    spans = [span for each in outcome.tests if (span := line.span(each.id)) is not None]
    brief = [span for span in spans if span.last - span.first <= _MOST_EVENTS] or spans
    if len(brief) < 2:
        raise LabError(
            "a group needs two tests",
            next_step="name a module with more tests",
            concerns=outcome.name,
        )

    def worth(span: Span) -> tuple[int, int, bool]:
        return min(span.powers, 2), len(span.heard), span.late_s > span.midway_s

    target = max(brief, key=worth)
    return next(span.test for span in brief if span.test != target.test), target.test


def suspects(requirements: Sequence[str]) -> tuple[str, ...]:
    """Defects that a test of these requirements may find, the likeliest first."""
    named = [
        name
        for requirement in requirements
        for name, defect in DEFECTS.items()
        if defect.requirement == requirement
    ]
    return tuple(named[:_SUSPECTS])


def convicts(outcome: Outcome, target: str) -> bool:
    """Whether a defect makes the test FAIL, and leaves a verdict on the phone to every exchange."""
    verdicts = {each.id: each.verdict for each in (*outcome.baselines, *outcome.tests)}
    decided = all(verdict in ("PASS", "FAIL") for verdict in verdicts.values())
    return not outcome.broke and decided and verdicts.get(target) == "FAIL"
