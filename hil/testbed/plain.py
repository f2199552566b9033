"""The entries of an inventory as plain data, of which anything may be wrong, read as far as they go.

A file has texts where a model has numbers and booleans; both are read alike. What has the wrong shape
is not there: whoever compares entries has nothing to say of it, since the schema has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hil.testbed.checks import Place, Wrong, closest

_BOOLEAN = TypeAdapter(bool)


@dataclass(frozen=True)
class Listed:
    """An entry of one of an inventory's lists: where it stands, and what it says."""

    place: Place
    values: Mapping[str, Any]

    @property
    def called(self) -> str:
        """The entry as a person finds it; never the same for two entries."""
        number = f"{self.place[0]}[{self.place[1]}]"
        name = self.text("name")
        return number if name is None else f"{name!r} ({number})"

    def value(self, *keys: str) -> object:
        """What stands below these keys, one in another; None where nothing does."""
        found: object = self.values
        for key in keys:
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def text(self, *keys: str) -> str | None:
        """The text below these keys, if there is one."""
        found = self.value(*keys)
        return found if isinstance(found, str) else None

    def texts(self, *keys: str) -> tuple[str, ...]:
        """The texts of the list below these keys; none where it is no list."""
        found = self.value(*keys)
        listed = found if isinstance(found, list | tuple) else ()
        return tuple(each for each in listed if isinstance(each, str))

    def meant(self, key: str) -> object:
        """The value of a key, or of one that is probably this key misspelt."""
        if key in self.values:
            return self.values[key]
        close = (name for name in self.values if closest(str(name), (key,)))
        return next((self.values[name] for name in close), None)

    def wrong(self, keys: tuple[str, ...], problem: str, remedy: str) -> Wrong:
        """A problem with what stands below these keys."""
        return Wrong((*self.place, *keys), problem, remedy)


def entries(document: Mapping[str, Any], key: str) -> tuple[Listed, ...]:
    """The mappings of the list that an inventory has under a key."""
    listed = document.get(key)
    if not isinstance(listed, list | tuple):
        return ()
    return tuple(
        Listed((key, index), entry)
        for index, entry in enumerate(listed)
        if isinstance(entry, Mapping)
    )


def truth(value: object) -> bool | None:
    """Whether a value means yes, as the models read it; None if it means neither yes nor no."""
    try:
        return _BOOLEAN.validate_python(value)
    except ValidationError:
        return None
