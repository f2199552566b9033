"""What can be wrong with an inventory beyond the shape of one field, and how that is said.

Validators report with a `refusal`, which can carry several problems, each with its place below the
value that is validated. What is wrong between entries is `hil.testbed.contradictions`'s part.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple, TypeVar

from pydantic_core import PydanticCustomError

from hil.errors import SpecificationError, UsageError
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT, Interpretations, meant
from hil.reference.parameters import is_valid, lookup_parameter

Place = tuple[str | int, ...]
"""Where in a document something stands: keys and indices from the outside in."""

REFUSED = "inventory"
"""The pydantic error type of `refusal`; its context has ``wrongs``, a tuple of `Wrong`."""

MOST_OUTLETS = 48
"""The outlets of the largest PDU that an inventory can describe."""

MOST_INDEX = 2**31 - 1
"""The highest number of an outlet: the largest index of an SNMP table (RFC 2578, section 7.7)."""

OUTLET_IS = "the outlet's number as printed on the PDU, from 1, or a port's name such as Gi1/0/7"
"""What would be right for an outlet."""

DEFAULT_OUTLETS = 8
"""The outlets of a PDU whose entry does not say."""

# No person reads a longer list, and to search one for every wrong name of a file takes long.
_MOST_NAMES = 100

_T = TypeVar("_T")


class Wrong(NamedTuple):
    """One problem: its place, what is wrong, and what would be right."""

    place: Place
    problem: str
    remedy: str = ""


def refusal(wrongs: Iterable[Wrong]) -> PydanticCustomError:
    """Return problems in the form that a validator raises and pydantic collects."""
    found = tuple(wrongs)
    said = "; ".join(f"{wrong.problem} ({wrong.remedy})" for wrong in found)
    return PydanticCustomError(REFUSED, "{said}", {"said": said, "wrongs": found})


def closest(name: str, known: Iterable[str]) -> str | None:
    """Return the known name that was probably meant."""
    return next(iter(difflib.get_close_matches(name[:80], sorted(known)[:_MOST_NAMES], n=1)), None)


def nearest(name: str, known: Iterable[str]) -> str:
    """Return the remedy for a name that is none of the known ones."""
    names = sorted(known)
    close = closest(name, names)
    return f"did you mean {close}?" if close else "one of " + ", ".join(names[:_MOST_NAMES])


def attempt(make: Callable[[], _T]) -> _T:
    """Make something whose own errors become problems of the inventory."""
    try:
        return make()
    except UsageError as error:
        raise refusal([Wrong((), error.problem, error.remedy)]) from error
    except SpecificationError as error:
        raise refusal([Wrong((), str(error), "see the label under the phone")]) from error


def unreadable(readings: Mapping[str, str]) -> Iterator[Wrong]:
    """Find the names that are no open question and the readings that are no candidate."""
    known = {entry.name for entry in CATALOGUE}
    for name, reading in readings.items():
        if name not in known:
            yield Wrong((name,), f"no interpretation is called {name[:60]!r}", meant(name))
            continue
        if name in WITHOUT_EFFECT:
            problem = f"{name}: no verdict of this release depends on how it is read"
            yield Wrong((name,), problem, "leave it out")
            continue
        try:
            Interpretations.default().choose(**{name: reading})
        except UsageError as error:
            yield Wrong((name,), error.problem, error.remedy)


def unsettable(parameters: Mapping[str, str]) -> Iterator[Wrong]:
    """Find the parameters that no phone has, and the values that they cannot have."""
    for name, value in parameters.items():
        try:
            valid = is_valid(lookup_parameter(name), value)
        except SpecificationError as error:
            yield Wrong((name,), str(error), "its name in a profile")
            continue
        if not valid:
            yield Wrong((name,), f"{name} cannot be {value!r}", "a value that the parameter takes")


def outlet_of(value: object) -> object:
    """An outlet's number where the text is one, else the name of a port as it stands."""
    if isinstance(value, int) and not isinstance(value, bool):
        number: int | None = value
    elif isinstance(value, str):
        number = outlet_number(value)
    else:
        raise refusal([Wrong((), "an outlet is a number or the name of a port", OUTLET_IS)])
    if number is not None:
        if not 0 <= number <= MOST_INDEX:
            raise refusal([Wrong((), f"there is no outlet {number}", OUTLET_IS)])
        return number
    if not re.fullmatch(r"[!-~]{1,64}", str(value)):
        raise refusal([Wrong((), f"no port is called {str(value)[:64]!r}", OUTLET_IS)])
    return value


def outlet_number(outlet: object) -> int | None:
    """The number of an outlet that has one, as text or not."""
    if isinstance(outlet, int):
        return outlet
    if isinstance(outlet, str) and re.fullmatch(r"-?[0-9]{1,10}", outlet):
        return int(outlet)
    return None
