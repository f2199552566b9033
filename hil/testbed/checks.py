"""What can be wrong with an inventory beyond the shape of one field, and how that is said.

Validators report with a `refusal`, which can carry several problems, each with its place below the
value that is validated. `contradictions` compares entries with each other; it takes plain data that
may be wrong in any other way, so that one reading of a file finds everything.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from pydantic_core import PydanticCustomError

from hil.errors import SpecificationError, UsageError
from hil.reference.identity import normalise_mac
from hil.reference.interpretations import CATALOGUE, WITHOUT_EFFECT, Interpretations
from hil.reference.parameters import is_valid, lookup_parameter

Place = tuple[str | int, ...]
"""Where in a document something stands: keys and indices from the outside in."""

REFUSED = "inventory"
"""The pydantic error type of `refusal`; its context has ``wrongs``, a tuple of `Wrong`."""

MOST_OUTLETS = 48
"""The outlets of the largest PDU that an inventory can describe."""

DEFAULT_OUTLETS = 8
"""The outlets of a PDU whose entry does not say."""

# No person reads a longer list, and to search one for every wrong name of a file takes long.
_MOST_NAMES = 100

_Placed = tuple[Place, Mapping[str, Any]]
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


def contradictions(document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find what is wrong between entries, in a document that may be wrong in itself as well.

    No handset; names, MAC addresses, serial numbers and outlets that are taken twice; PDUs that are
    not there, outlets that a PDU does not have, and what SNMP needs of a PDU's entry. What has the
    wrong shape takes no part.
    """
    pdus = list(_entries(document, "pdus"))
    handsets = list(_entries(document, "handsets"))
    if document.get("handsets") in ([], ()):
        yield Wrong(("handsets",), "there is no handset", "a list of one handset or more")
    yield from _taken_twice(pdus, "name", str)
    yield from _taken_twice(handsets, "name", str)
    yield from _taken_twice(handsets, "mac", normalise_mac)
    yield from _taken_twice(handsets, "serial", str)
    for place, entry in pdus:
        yield from _unusable(place, entry)
    yield from _miswired(pdus, handsets)


def unreadable(readings: Mapping[str, str]) -> Iterator[Wrong]:
    """Find the names that are no open question and the readings that are no candidate."""
    known = {entry.name for entry in CATALOGUE}
    for name, reading in readings.items():
        if name not in known:
            yield Wrong((name,), f"no interpretation is called {name!r}", nearest(name, known))
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


def _unusable(place: Place, pdu: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find what would keep both ends of SNMP from talking to each other."""
    if pdu.get("version") == "v3" and pdu.get("user") is None:
        yield Wrong((*place, "version"), "SNMPv3 needs a user", "give user, or version v1 or v2c")
    if pdu.get("read_community", "public") == pdu.get("write_community", "private"):
        problem = "the read and the write community are the same"
        remedy = "two different ones: who may read may not switch"
        yield Wrong((*place, "write_community"), problem, remedy)


def _miswired(pdus: Sequence[_Placed], handsets: Sequence[_Placed]) -> Iterator[Wrong]:
    """Find handsets on PDUs or outlets that are not there, or that feed another handset."""
    outlets = {
        entry["name"]: _number(entry.get("outlets", DEFAULT_OUTLETS))
        for _, entry in pdus
        if isinstance(entry.get("name"), str)
    }
    # A PDU whose name cannot be told is wrong itself; it may be the one that is meant.
    all_named = all(isinstance(entry.get("name"), str) for _, entry in pdus)
    owners: dict[tuple[str, int], str] = {}
    for place, entry in handsets:
        power = entry.get("power")
        if not isinstance(power, Mapping) or not isinstance(power.get("pdu"), str):
            continue
        pdu = power["pdu"]
        if pdu not in outlets:
            if all_named:
                remedy = nearest(pdu, outlets) if outlets else "describe it under pdus"
                yield Wrong((*place, "power", "pdu"), f"there is no PDU {pdu!r}", remedy)
            continue
        outlet, count = _number(power.get("outlet")), outlets[pdu]
        where = (*place, "power", "outlet")
        if outlet is None:
            continue
        if count is not None and count < outlet <= MOST_OUTLETS:
            yield Wrong(where, f"PDU {pdu!r} has no outlet {outlet}", f"1 to {count}")
        owner = owners.setdefault((pdu, outlet), _called(place, entry))
        if owner != _called(place, entry):
            yield Wrong(
                where, f"outlet {outlet} of {pdu!r} feeds {owner} already", "another outlet"
            )


def _entries(document: Mapping[str, Any], key: str) -> Iterator[_Placed]:
    listed = document.get(key)
    if isinstance(listed, list | tuple):
        for index, entry in enumerate(listed):
            if isinstance(entry, Mapping):
                yield (key, index), entry


def _taken_twice(
    entries: Iterable[_Placed], key: str, normalise: Callable[[str], str]
) -> Iterator[Wrong]:
    owners: dict[str, str] = {}
    for place, entry in entries:
        value = entry.get(key)
        if not isinstance(value, str):
            continue
        try:
            value = normalise(value)
        except SpecificationError:
            continue
        if value in owners:
            problem = f"{key} {value!r} belongs to {owners[value]} already"
            yield Wrong((*place, key), problem, "each has its own")
        owners.setdefault(value, _called(place, entry))


def _called(place: Place, entry: Mapping[str, Any]) -> str:
    """An entry as a person finds it; never the same for two entries."""
    number = f"{place[0]}[{place[1]}]"
    return f"{entry['name']!r} ({number})" if isinstance(entry.get("name"), str) else number


def _number(value: object) -> int | None:
    if isinstance(value, int):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 9:
        return int(value)
    return None
