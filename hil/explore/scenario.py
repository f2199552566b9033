"""A scenario: what a laboratory does to one phone, as plain data.

It is a program in the language of certification tests, and nothing else: calls of the fixtures'
methods, one after another, with the phone's boot among them. So the same data can be played on a
bench (`hil.explore.player`) and written down as a test (`hil.explore.writing`), and what is written
is what was played.

Texts may hold ``{lab}`` where the address of the bench's servers belongs, since that is the bench's
to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import Any, TypeAlias

from hil.endpoints import faults as fl
from hil.endpoints.sip_settings import Shown
from hil.wire.sip_digest import Algorithm

LAB = "{lab}"
"""Stands in a text for the address of the bench's servers."""

Named: TypeAlias = tuple[tuple[str, "Value"], ...]
"""Keyword arguments in their order, or parameters by XML name."""


@dataclass(frozen=True)
class Profile:
    """The octets of a profile: its parameters, and how it is wrapped.

    ``key`` encrypts it (AES-256-CBC), ``gzip`` compresses it before, ``cut`` leaves out so many of
    its last octets, which makes it one that cannot be applied.
    """

    parameters: tuple[tuple[str, str], ...] = ()
    gzip: bool = False
    key: str = ""
    cut: int = 0


@dataclass(frozen=True)
class Fixture:
    """A fixture as an argument, such as the server that a load is put on."""

    name: str


@dataclass(frozen=True)
class Utc:
    """A moment of UTC, written ``2026-03-02 07:30``."""

    text: str


@dataclass(frozen=True)
class Codes:
    """Texts by their codes, as DHCP options 43 and 125 have sub-options; ``vendor`` is 125's."""

    texts: tuple[tuple[int, str], ...]
    vendor: int = 0


Value: TypeAlias = (
    "str | int | float | bool | tuple[str, ...] | fl.Fault | Profile | Fixture | Utc | Codes"
    " | Algorithm | Shown | None"
)
"""What an argument can be."""


@dataclass(frozen=True)
class Call:
    """One call: ``on`` is a fixture, or empty for a function of `hil.testing`; ``does`` its name.

    ``if_registered`` is the line that must be registered for it to be made, 0 for none: a bench
    cannot send a NOTIFY to a line whose address it does not know.
    """

    on: str
    does: str
    args: tuple[Value, ...] = ()
    named: Named = ()
    if_registered: int = 0


@dataclass(frozen=True)
class Scenario:
    """What is prepared, the parameters that the phone boots with, and what happens then.

    ``chance`` picks the instants that a virtual phone takes in its windows.
    """

    before: tuple[Call, ...]
    parameters: tuple[tuple[str, str], ...]
    after: tuple[Call, ...]
    chance: int = 0

    @property
    def size(self) -> tuple[int, int, int]:
        """How much there is to read: calls and parameters, then values, then letters."""
        values = [*_leaves(self.before), *_leaves(self.parameters), *_leaves(self.after)]
        said = len(self.before) + len(self.parameters) + len(self.after)
        inner = sum(isinstance(value, str) for value in values)
        return said, inner, sum(len(repr(value)) for value in values)


def _leaves(value: Any) -> Iterator[object]:
    if isinstance(value, tuple):
        for each in value:
            yield from _leaves(each)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _leaves(getattr(value, field.name))
    else:
        yield value
