"""How long tests really took on one handset: a small file in the state directory, renewed by each run.

It holds the last few times of each test, of booting, of preparing the phone and of the baseline
exchange. Their median is what the next estimate rests on, so one odd night does not spoil it. A phone
with another firmware or another model behind the same MAC address starts anew.

The file may be anybody's work. One that is not as it should be counts as none, and is written anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Literal

import msgspec

from hil.errors import LeaseError
from hil.leases import files

KEPT = 5
"""How many of the last times are kept."""
MOST_TESTS = 4000
"""Of how many tests a file knows; beyond that those are forgotten that were not run for longest."""
MAX_OCTETS = 4 << 20

_Times = Annotated[
    list[Annotated[float, msgspec.Meta(ge=0, le=1e7)]], msgspec.Meta(max_length=KEPT)
]


class Measured(msgspec.Struct):
    """What is known of one handset, in seconds; tests by node id, apart by how timers were set."""

    version: Literal[1] = 1
    model: str = ""
    firmware: str = ""
    boots: _Times = []
    restores: _Times = []
    baselines: _Times = []
    around: _Times = []
    """What a run took beside its tests and baseline exchanges."""
    usual: dict[str, _Times] = {}
    quick: dict[str, _Times] = {}

    def tests(self, *, quick: bool) -> dict[str, list[float]]:
        """The times of the tests with quick timers, or with those of the field."""
        return self.quick if quick else self.usual


@dataclass(frozen=True)
class Fresh:
    """What one run has measured on one handset, in seconds."""

    tests: Mapping[str, float]
    quick: bool
    boots: tuple[float, ...] = ()
    restores: tuple[float, ...] = ()
    baselines: tuple[float, ...] = ()
    around: float | None = None


class MeasuredFile:
    """The file of the handset with this MAC address, model and firmware in a state directory."""

    def __init__(self, state: Path, mac: str, model: str, firmware: str) -> None:
        self._state = state
        self._name = f"{mac.replace(':', '-')}.json"
        self._model = model
        self._firmware = firmware

    def load(self) -> tuple[Measured, str]:
        """What is known, and what is to be said of it if the file could not be used; never raises."""
        path = self._state / "pace" / self._name
        try:
            content = files.read(path, MAX_OCTETS)
            known = self._none() if content is None else _decoded(content)
        except LeaseError as error:
            return self._none(), f"what was measured before cannot be used: {error.evidence}"
        except (msgspec.DecodeError, RecursionError) as error:
            return self._none(), f"what was measured before cannot be used: {path}: {error}"
        same = (known.model, known.firmware) == (self._model, self._firmware)
        return (known if same else self._none()), ""

    def add(self, fresh: Fresh) -> None:
        """Put what a run has measured to what is there; `LeaseError` if that cannot be written."""
        path = files.made(self._state, "pace") / self._name
        with files.locked(path.with_suffix(".lock")):
            known, _ = self.load()
            _merge(known, fresh)
            files.write(path, msgspec.json.encode(known))

    def _none(self) -> Measured:
        return Measured(model=self._model, firmware=self._firmware)


def middle(times: Iterable[float]) -> float | None:
    """The median; None of nothing."""
    known = list(times)
    return median(known) if known else None


def _decoded(content: bytes) -> Measured:
    return msgspec.json.decode(content, type=Measured)


def _merge(known: Measured, fresh: Fresh) -> None:
    known.boots = _newest(known.boots, *_one(fresh.boots))
    known.restores = _newest(known.restores, *_one(fresh.restores))
    known.baselines = _newest(known.baselines, *_one(fresh.baselines))
    if fresh.around is not None:
        known.around = _newest(known.around, fresh.around)
    tests: MutableMapping[str, list[float]] = known.tests(quick=fresh.quick)
    for name, took in fresh.tests.items():
        # What was run now goes to the end: the front is what nobody runs any more.
        tests[name] = _newest(tests.pop(name, []), took)
    for name in list(tests)[: max(0, len(tests) - MOST_TESTS)]:
        del tests[name]


def _one(times: tuple[float, ...]) -> tuple[float, ...]:
    """One figure a run, however often something came in it: else one run would outvote all others."""
    value = middle(times)
    return () if value is None else (value,)


def _newest(times: list[float], *more: float) -> list[float]:
    return [*times, *(round(each, 3) for each in more)][-KEPT:]
