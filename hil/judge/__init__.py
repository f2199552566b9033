"""Judging a history: the monitor that runs the reference along it, and the verdict."""

from hil.judge.findings import Finding
from hil.judge.monitor import Monitor
from hil.judge.timing import Timing
from hil.judge.verdict import EXIT_CODES, Conduct, Judgement, Word, judge, judge_as_read, merge

__all__ = [
    "EXIT_CODES",
    "Conduct",
    "Finding",
    "Judgement",
    "Monitor",
    "Timing",
    "Word",
    "judge",
    "judge_as_read",
    "merge",
]
