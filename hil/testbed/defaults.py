"""What the handsets of an inventory have in common, written once under ``defaults``.

A rack of 48 phones would repeat itself 48 times otherwise. Mappings are joined key by key, so a
handset may differ in one tolerance; anything else that a handset says stands instead of the default.
A problem with what was inherited is one problem of ``defaults``, not one a handset.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hil.testbed.checks import Place, Wrong

KEY = "defaults"

OWN = ("name", "mac", "serial", "console", "vlan", "address")
"""The keys of a handset that no two can share, so that they have no common default."""

DEFAULTS_ARE = "a mapping of what each handset has that does not say otherwise"
"""What would be right for ``defaults``."""

# Each handset is validated with all that it inherits.
_MOST_INHERITED = 200_000


class Inherited:
    """The document with what the handsets inherit; ``wrongs`` is what is wrong with ``defaults``."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document: dict[str, Any] = {k: v for k, v in document.items() if k != KEY}
        self.wrongs: list[Wrong] = []
        self._origins: dict[Place, Place] = {}
        defaults, handsets = document.get(KEY), document.get("handsets")
        if KEY in document and not isinstance(defaults, Mapping):
            self.wrongs.append(Wrong((KEY,), f"{KEY} is no mapping", DEFAULTS_ARE))
        if not isinstance(defaults, Mapping) or not isinstance(handsets, list):
            return
        if _values(defaults) * len(handsets) > _MOST_INHERITED:
            self.wrongs.append(Wrong((KEY,), "too much for so many handsets", "fewer of either"))
            return
        for key in OWN:
            if key in defaults:
                problem = f"{key} cannot be the same for all handsets"
                self.wrongs.append(Wrong((KEY, key), problem, "give it to each handset"))
        common = {key: value for key, value in defaults.items() if key not in OWN}
        self.document["handsets"] = [
            self._join(common, entry, ("handsets", index), (KEY,))
            if isinstance(entry, Mapping)
            else entry
            for index, entry in enumerate(handsets)
        ]

    def origin(self, place: Place) -> Place:
        """Where in the file stands what the document has at a place."""
        for length in range(len(place), 1, -1):
            if place[:length] in self._origins:
                return (*self._origins[place[:length]], *place[length:])
        return place

    def own(self, place: Place) -> Place:
        """The innermost place around this one that the file has itself, not by inheritance."""
        while self.origin(place) != place:
            place = place[:-1]
        return place

    def as_written(self, wrongs: Iterable[Wrong]) -> list[Wrong]:
        """Problems at their places in the file, each once."""
        placed = (wrong._replace(place=self.origin(wrong.place)) for wrong in wrongs)
        return list(dict.fromkeys(placed))

    def _join(
        self, common: Mapping[str, Any], own: Mapping[str, Any], place: Place, source: Place
    ) -> dict[str, Any]:
        joined = dict(own)
        for key, value in common.items():
            if key not in own:
                joined[key] = value
                self._origins[*place, key] = (*source, key)
            elif isinstance(value, Mapping) and isinstance(own[key], Mapping):
                joined[key] = self._join(value, own[key], (*place, key), (*source, key))
        return joined


def _values(value: object) -> int:
    if isinstance(value, Mapping):
        return 1 + sum(map(_values, value.values()))
    return 1 + sum(map(_values, value)) if isinstance(value, list) else 1
