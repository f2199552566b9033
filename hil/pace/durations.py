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
    """A test: seconds beside booting, boots, preparings, and what it gives to the phone's timers."""

    rest_s: Duration
    boots: _Count
    restores: _Count
    timers: dict[str, tuple[int, ...]] = {}


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


def derived(usual: bytes, quick: bytes) -> str:
    """The text of the figures' file, from the JSON of two runs of the whole suite in virtual time.

    The second one took quick timers. `UsageError` for what is no such document.
    """
    try:
        field, fast = (msgspec.json.decode(each, type=_Document) for each in (usual, quick))
    except msgspec.DecodeError as error:
        raise UsageError(f"no results of hil certify: {error}") from error
    boot_s = median([each for test in field.tests for each in test.boot_s] or [0.0])
    rows = _rows(field.tests, boot_s)
    # A value is the same in both runs where the test asks for none, or for a small one anyway.
    timed = [test for test in fast.tests if test.timers]
    return _text(boot_s, rows, _rows(timed, boot_s))


def _rows(tests: Iterable[_Test], boot_s: float) -> Mapping[str, Figure]:
    rows = {}
    for test in tests:
        unseen = max(0, test.boots - len(test.boot_s))
        booting = sum(test.boot_s) + unseen * boot_s + len(test.boot_s) * OFF_S
        rest = max(0.0, test.lab_s - booting)
        name = test.id.removeprefix(PREFIX)
        rows[name] = Figure(round(rest, 1), test.boots, test.restores, test.timers)
    return rows


def _text(boot_s: float, usual: Mapping[str, Figure], quick: Mapping[str, Figure]) -> str:
    """JSON with a line a test, so that a change shows as one."""

    def lines(rows: Mapping[str, Figure]) -> str:
        return ",\n".join(
            f"  {json.dumps(name)}: {msgspec.json.encode(rows[name]).decode()}"
            for name in sorted(rows)
        )

    return (
        f'{{\n "boot_s": {round(boot_s, 1)},\n "usual": {{\n{lines(usual)}\n }},\n'
        f' "quick": {{\n{lines(quick)}\n }}\n}}\n'
    )
