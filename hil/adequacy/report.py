"""The kill matrix for people and for programs.

`lines` is what `hil adequacy` prints: a block a requirement, a line a defect, and what is missing at
the end. `document` is what ``--json`` writes; its times are in seconds, its shares from 0 to 1.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hil.adequacy.matrix import Matrix, PairRow, Row, Score
from hil.adequacy.outcome import Fate, Kill, Outcome

_MOST_SEEN = 3


def short(test: str) -> str:
    """A node id without the folder of the suite."""
    return test.removeprefix("tests/certification/")


def lines(found: Matrix) -> Iterator[str]:
    """The matrix, then what is missing, then the score."""
    width = max((len(row.defect.name) for row in found.rows), default=0)
    for requirement in found.requirements:
        yield f"{requirement}  {found.score(requirement)}"
        for row in found.of(requirement):
            yield f"  {row.defect.name:<{width}}  {_fate(row)}"
    for pair in found.pairs:
        yield f"{pair.one.name} + {pair.other.name}  {_pair_fate(pair)}"
    yield from _missing(found)
    yield ""
    yield f"killed {found.score()} of the catalogue's defects" + _declared(found)
    if found.pairs:
        masked = sum(bool(pair.masked) for pair in found.pairs)
        alive = len(found.pairs_alive)
        yield f"{len(found.pairs)} pairs: {alive} not killed, in {masked} one defect masks the other"


def _fate(row: Row) -> str:
    if row.equivalent:
        return f"declared equivalent: {row.equivalent}"
    return _killed(row.outcome) if row.killed else row.outcome.fate.value.upper()


def _killed(outcome: Outcome) -> str:
    kills = outcome.kills
    tests = len({kill.test for kill in kills})
    return f"{tests}/{len(outcome.tests)}  {_by(kills[0])}"


def _by(kill: Kill) -> str:
    return f"{short(kill.test)}: {kill.what} ({kill.source})"


def _pair_fate(pair: PairRow) -> str:
    if pair.outcome.fate is not Fate.KILLED:
        return pair.outcome.fate.value.upper()
    masked = f"  masked: {', '.join(pair.masked)}" if pair.masked else ""
    return _killed(pair.outcome) + masked


def _declared(found: Matrix) -> str:
    declared = sum(not row.counted for row in found.rows)
    return f", {declared} declared equivalent" if declared else ""


def _missing(found: Matrix) -> Iterator[str]:
    for row in found.survivors:
        yield ""
        yield f"SURVIVED {row.defect.name} [{row.defect.requirement}]: {row.defect.summary}"
        yield from (f"  {line}" for line in what_was_seen(row.outcome))
    for outcome in (
        *(row.outcome for row in found.invalid),
        *(p.outcome for p in found.pairs_alive),
    ):
        yield ""
        yield f"{outcome.fate.value.upper()} {outcome.kind} {outcome.name}"
        yield from (f"  {line}" for line in (*outcome.reasons, *what_was_seen(outcome)))
    for outcome in found.erroneous:
        yield ""
        yield f"ERROR although killed: {outcome.name}"
        yield from (f"  {reason}" for reason in outcome.reasons)
    yield from (f"STALE {name} is declared equivalent, wrongly" for name in found.stale)
    for test in found.idle_tests:
        yield f"IDLE {short(test)} finds no defect of {found.tests[test][0]}"


def what_was_seen(outcome: Outcome) -> list[str]:
    """What the tests saw of a handset that none of them killed, a line each, not too many."""
    if outcome.broke:
        return []
    told = list(dict.fromkeys(f"[{f.requirement}] {f.what}" for f in outcome.other_findings))
    if not told:
        return [f"nothing was found by {len(outcome.tests)} tests"]
    more = [f"and {len(told) - _MOST_SEEN} findings more"] if len(told) > _MOST_SEEN else []
    return [f"found, of other clauses: {each}" for each in told[:_MOST_SEEN]] + more


def document(found: Matrix, run: dict[str, Any]) -> dict[str, Any]:
    """The JSON document; ``run`` says how it was run."""
    return {
        "run": {**run, "adequate": found.adequate},
        "score": _score(found.score()),
        "requirements": [
            {
                "id": name,
                **_score(found.score(name)),
                "defects": [r.defect.name for r in found.of(name)],
            }
            for name in found.requirements
        ],
        "defects": [
            {
                "name": row.defect.name,
                "requirement": row.defect.requirement,
                "equivalent": row.equivalent or None,
                **outcome_json(row.outcome),
            }
            for row in found.rows
        ],
        "pairs": [
            {
                "defects": [pair.one.name, pair.other.name],
                "masked": list(pair.masked),
                **outcome_json(pair.outcome),
            }
            for pair in found.pairs
        ],
        "tests": [
            {"id": test, "requirement": named[0], "finds": list(found.failed_by(test))}
            for test, named in found.tests.items()
        ],
        "survivors": [row.defect.name for row in found.survivors],
        "invalid": [row.defect.name for row in found.invalid],
        "erroneous": [outcome.name for outcome in found.erroneous],
        "stale": list(found.stale),
        "idle_tests": list(found.idle_tests),
    }


def _score(score: Score) -> dict[str, Any]:
    return {"killed": score.killed, "counted": score.counted, "share": round(score.share, 6)}


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """What became of one job, as every kind of job is written."""
    return {
        "fate": outcome.fate.value,
        "tests": len(outcome.tests),
        "kills": [
            {
                "test": kill.test,
                "requirement": kill.requirement,
                "check": kill.what,
                "source": kill.source,
            }
            for kill in outcome.kills
        ],
        "reasons": list(outcome.reasons),
        "other_findings": sorted({f.requirement for f in outcome.other_findings}),
        "wall_s": round(outcome.wall_s, 3),
        "cpu_s": round(outcome.cpu_s, 3),
    }
