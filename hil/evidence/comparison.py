"""Two runs held against each other: the same tests, verdicts, findings, and order of events.

What is compared of a test, in this order; the first that differs is told, with both sides:

1. that it is in both runs, and complete in both or in neither;
2. its verdict and its cause;
3. its findings: which requirement each names and what it is about (its first line). The figures
   below that line (due, seen, margin) are times of that run;
4. the events of each conversation, one by one, in their order (`hil.evidence.conversations` says
   what a conversation is and what of an event counts). What a phone goes on to do when the test
   has seen all that it waited for is recorded or not as it happens: an event that one run has more
   at the end of a conversation, not half a second before the test's last check, is no difference;
5. the order between conversations, where it can be observed: two events that are further apart
   than the tolerance in both runs, and the other way round in one of them, were swapped. What is
   nearer than that was concurrent: which of two sockets is read first says nothing;
6. the times: the seconds from one event of a conversation to the next. They may differ by the
   tolerance and a hundredth of themselves. `Comparison.order_only` leaves this out, for phones
   that pick their random delays each in its own way.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest

from hil.evidence.conversations import Utterance, utterances
from hil.evidence.stored_run import StoredRun, StoredTest

TOLERANCE_S = 1.0
"""How far apart events have to be for their order to count, unless the caller says otherwise."""
_SHARE = 0.01
_END_S = 0.5


@dataclass(frozen=True)
class Difference:
    """What differs in one test: ``kind`` is test, verdict, findings, events, order or times.

    ``where`` names the conversation and the event's place in it; ``first`` and ``second`` say what
    the two runs have there.
    """

    test: str
    kind: str
    first: str
    second: str
    where: str = ""

    def __str__(self) -> str:
        where = f" ({self.where})" if self.where else ""
        sides = (("A", self.first), ("B", self.second))
        told = (f"    {side}: {text}".replace("\n", "\n       ") for side, text in sides)
        return "\n".join([self.test, f"  {self.kind}{where}", *told])

    def as_json(self) -> dict[str, str]:
        """The difference as ``hil compare --json`` prints it."""
        return {
            "test": self.test,
            "kind": self.kind,
            "where": self.where,
            "a": self.first,
            "b": self.second,
        }


@dataclass(frozen=True)
class Comparison:
    """How two runs are compared; ``tolerance_s`` in seconds, 0 or more."""

    tolerance_s: float = TOLERANCE_S
    order_only: bool = False

    def runs(self, first: StoredRun, second: StoredRun) -> list[Difference]:
        """All that differs, at most one difference a test, in the order of the first run."""
        ours, theirs = _by_name(first), _by_name(second)
        differences = []
        for name in [*ours, *(name for name in theirs if name not in ours)]:
            difference = self.tests(name, ours.get(name), theirs.get(name))
            if difference is not None:
                differences.append(difference)
        return differences

    def tests(
        self, name: str, first: StoredTest | None, second: StoredTest | None
    ) -> Difference | None:
        """What differs first in one test; None if nothing does."""
        for kind, a, b in _stated(first, second):
            if a != b:
                return Difference(name, kind, a, b)
        if first is None or second is None:
            return None
        ours, theirs = utterances(first.events), utterances(second.events)
        return (
            _events(name, ours, theirs)
            or self._order(name, ours, theirs)
            or (None if self.order_only else self._times(name, ours, theirs))
        )

    def _order(
        self, name: str, ours: Sequence[Utterance], theirs: Sequence[Utterance]
    ) -> Difference | None:
        """Two events far apart that come the other way round; both runs have the same ones."""
        pairs = _paired(ours, theirs)
        for later, (a_later, b_later) in enumerate(pairs):
            for a_earlier, b_earlier in pairs[:later]:
                apart = a_later.at - a_earlier.at > self.tolerance_s
                if apart and b_earlier.at - b_later.at > self.tolerance_s:
                    return Difference(
                        name,
                        "order",
                        f"{_told(a_earlier)}\nthen {_told(a_later)}",
                        f"{_told(b_later)}\nthen {_told(b_earlier)}",
                        f"{a_earlier.conversation} and {a_later.conversation}",
                    )
        return None

    def _times(
        self, name: str, ours: Sequence[Utterance], theirs: Sequence[Utterance]
    ) -> Difference | None:
        before: dict[str, tuple[Utterance, Utterance]] = {}
        for a, b in _paired(ours, theirs):
            if a.conversation in before:
                a_before, b_before = before[a.conversation]
                a_took, b_took = a.at - a_before.at, b.at - b_before.at
                allowed = self.tolerance_s + _SHARE * max(a_took, b_took)
                if abs(a_took - b_took) > allowed:
                    return Difference(
                        name,
                        "times",
                        f"{_told(a)}, {a_took:.3f} s after the one before",
                        f"{_told(b)}, {b_took:.3f} s after the one before",
                        a.conversation,
                    )
            before[a.conversation] = (a, b)
        return None


def _by_name(run: StoredRun) -> dict[str, StoredTest]:
    """The tests by name; one that ran again has a number as well."""
    seen: Counter[str] = Counter()
    found = {}
    for test in run.tests:
        seen[test.name] += 1
        again = f" ({seen[test.name]})" if seen[test.name] > 1 else ""
        found[f"{test.name}{again}"] = test
    return found


def _stated(first: StoredTest | None, second: StoredTest | None) -> Iterator[tuple[str, str, str]]:
    """What a run states of a test, for both runs: kind, first, second."""
    yield "test", _presence(first), _presence(second)
    if first is not None and second is not None:
        yield "verdict", _verdict(first), _verdict(second)
        yield "findings", _findings(first), _findings(second)


def _presence(test: StoredTest | None) -> str:
    if test is None:
        return "not there"
    return "complete" if test.complete else "broken off"


def _verdict(test: StoredTest) -> str:
    said = test.verdict
    if said is None:
        return "none"
    return said.verdict if said.cause == "none" else f"{said.verdict} ({said.cause})"


def _findings(test: StoredTest) -> str:
    """The first line of each finding; a finding that is made twice is one."""
    found = test.verdict.findings if test.verdict is not None else ()
    return "\n".join(sorted({text.partition("\n")[0] for text in found})) or "none"


def _conversations(said: Sequence[Utterance]) -> dict[str, list[Utterance]]:
    found: dict[str, list[Utterance]] = defaultdict(list)
    for each in said:
        found[each.conversation].append(each)
    return found


def _events(name: str, ours: Sequence[Utterance], theirs: Sequence[Utterance]) -> Difference | None:
    """The first event, by time, that one run has and the other has not in its place."""
    found: list[tuple[float, Difference]] = []
    a_said, b_said = _conversations(ours), _conversations(theirs)
    a_end, b_end = _last_check(ours), _last_check(theirs)
    for conversation in [*a_said, *(each for each in b_said if each not in a_said)]:
        both = zip_longest(a_said.get(conversation, []), b_said.get(conversation, []))
        for place, (a, b) in enumerate(both, start=1):
            if a is not None and b is not None and a.says == b.says:
                continue
            if (b is None and a is not None and a.at >= a_end - _END_S) or (
                a is None and b is not None and b.at >= b_end - _END_S
            ):
                break
            where = f"{conversation}, event {place}"
            difference = Difference(name, "events", _told(a), _told(b), where)
            found.append((min(e.at for e in (a, b) if e is not None), difference))
            break
    return min(found, key=lambda each: each[0])[1] if found else None


def _last_check(said: Sequence[Utterance]) -> float:
    """When the test checked something for the last time; never, where it checked nothing."""
    return max((each.at for each in said if each.says.startswith("Checked(")), default=math.inf)


def _paired(
    ours: Sequence[Utterance], theirs: Sequence[Utterance]
) -> list[tuple[Utterance, Utterance]]:
    """Each event with the other run's, in the order of the first, as far as both have it."""
    b_said = {name: iter(said) for name, said in _conversations(theirs).items()}
    both = ((a, next(b_said.get(a.conversation, iter(())), None)) for a in ours)
    return [(a, b) for a, b in both if b is not None]


def _told(utterance: Utterance | None) -> str:
    return "nothing" if utterance is None else f"{utterance.at:.3f} s {utterance.says}"
