"""How long each test of the suite takes beside a phone's booting: figures that come with hil.

They are taken from runs on the virtual testbed in virtual time, where waiting is exact and the same in
every run; `make durations` takes them anew. What a phone adds is in each test's number of boots and of
preparings. They estimate a test that nobody has measured on a handset, and they alone order the tests
of a tier, so that the order is the same every night and everywhere.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import Annotated

import msgspec

from hil.errors import LabError, UsageError

FILE = Path(__file__).with_name("durations.json")
PREFIX = "tests/certification/"
"""What a node id of the suite begins with; the file leaves it out."""

OFF_S = 5.0
"""How long the virtual handset stays without power before each boot, which is no part of a figure."""

Duration = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
_Count = Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class Figure(msgspec.Struct, frozen=True, array_like=True, omit_defaults=True):
    """A test: seconds beside booting, boots, preparings, and what it gives to the phone's timers.

    ``turns`` is by how many seconds it takes longer for each second that the timers are longer: how
    often they run out in it.
    """

    rest_s: Duration
    boots: _Count
    restores: _Count
    timers: dict[str, tuple[int, ...]] = {}
    turns: Annotated[float, msgspec.Meta(ge=0, le=1e6)] = 1.0


class Durations(msgspec.Struct, frozen=True):
    """The figures by test: with timers as in the field, and with quick ones where that differs.

    ``boot_s`` is how long the virtual phone takes from power-on to its first DHCP message.
    """

    boot_s: Duration
    usual: dict[str, Figure]
    quick: dict[str, Figure]

    def of(self, test: str, *, quick: bool) -> Figure | None:
        """The figure of a test by its node id; None for one of which nothing is known."""
        name = test.removeprefix(PREFIX)
        return (self.quick.get(name) if quick else None) or self.usual.get(name)


@cache
def shipped() -> Durations:
    """The figures that come with hil; `LabError` for a broken file in a broken installation."""
    try:
        return msgspec.json.decode(FILE.read_bytes(), type=Durations)
    except (OSError, msgspec.DecodeError) as error:
        raise LabError(
            "the figures that come with hil cannot be read",
            evidence=f"{FILE}: {error}",
            next_step="install hil again",
        ) from error


class _Test(msgspec.Struct):
    id: str
    lab_s: float
    boots: int
    restores: int
    boot_s: list[float]
    timers: dict[str, tuple[int, ...]] = {}


class _Document(msgspec.Struct):
    tests: list[_Test]


def derived(usual: bytes, quick: bytes, slow: bytes) -> str:
    """The text of the figures' file, from the JSON of three runs of the whole suite in virtual time.

    The second one took quick timers, the third one those of a phone that allows no quick ones.
    `UsageError` for what is no such document.
    """
    try:
        field, fast, large = (
            msgspec.json.decode(each, type=_Document) for each in (usual, quick, slow)
        )
    except msgspec.DecodeError as error:
        raise UsageError(f"no results of hil certify: {error}") from error
    boot_s = median([each for test in field.tests for each in test.boot_s] or [0.0])
    # A value is the same in all runs where the test asks for none.
    small, big = (_rows([each for each in of.tests if each.timers], boot_s) for of in (fast, large))
    turns = {name: _turns(small[name], big[name]) for name in small if name in big}
    rows = (_rows(field.tests, boot_s), small)
    return _text(boot_s, *({n: _turning(row[n], turns.get(n)) for n in row} for row in rows))


def _rows(tests: Iterable[_Test], boot_s: float) -> Mapping[str, Figure]:
    rows = {}
    for test in tests:
        unseen = max(0, test.boots - len(test.boot_s))
        booting = sum(test.boot_s) + unseen * boot_s + len(test.boot_s) * OFF_S
        rest = max(0.0, test.lab_s - booting)
        name = test.id.removeprefix(PREFIX)
        rows[name] = Figure(round(rest, 1), test.boots, test.restores, test.timers)
    return rows


def _turns(small: Figure, big: Figure) -> float | None:
    """How often the timers run out; None where they are the same in both."""
    more = sum(map(sum, big.timers.values())) - sum(map(sum, small.timers.values()))
    return max(0.0, round((big.rest_s - small.rest_s) / more, 2)) if more else None


def _turning(figure: Figure, turns: float | None) -> Figure:
    return figure if turns is None else msgspec.structs.replace(figure, turns=turns)


def _text(boot_s: float, usual: Mapping[str, Figure], quick: Mapping[str, Figure]) -> str:
    """JSON with a line a test, so that a change shows as one."""

    def lines(rows: Mapping[str, Figure]) -> str:
        return ",\n".join(
            f"  {json.dumps(name)}: {msgspec.json.encode(cells(rows[name])).decode()}"
            for name in sorted(rows)
        )

    def cells(row: Figure) -> tuple[object, ...]:
        every = msgspec.structs.astuple(row)
        return every[:-1] if row.turns == 1 else every

    return (
        f'{{\n "boot_s": {round(boot_s, 1)},\n "usual": {{\n{lines(usual)}\n }},\n'
        f' "quick": {{\n{lines(quick)}\n }}\n}}\n'
    )
