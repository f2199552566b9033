"""Parameter name aliases: what the elements of somebody else's XML are called on the phone.

``--alias x`` of a rule says that GPP_x holds an alias map, entries that each end with a semicolon::

    /CPE/SIP-Credentials/name = /flat-profile/Display_Name_1_ ;

The left side is a path of element names. It is matched against the right-most part of an element's
path, so that ``/auth-secret`` stands for every element of that name, however deep ("the alias option
matches only the left-hand-side of an alias as much as specified; the element itself can be nested
further"). Of two entries that match, the first counts. Up to 30 parameters can be remapped; entries
after those, and such as are none, are as if they were not there.

Source: SPA Provisioning Guide, Optional Resync Arguments; Administration Guide 11.3, Provisioning
Formats, whose examples have the option.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

MOST_ALIASES = 30
"""Entries of an alias map that count."""

# Anything but what XML 1.0 section 2.3 keeps out of names and what delimits an entry.
_STEP = r"[^\s/=;<>&\"']+"
_ENTRY = re.compile(rf"\s*((?:/{_STEP})+)\s*=\s*(?:/{_STEP})*/({_STEP})\s*")


@dataclass(frozen=True, slots=True)
class Aliases:
    """An alias map: element names from the right-most on outwards, and the parameter they mean."""

    entries: tuple[tuple[tuple[str, ...], str], ...] = ()

    def name_of(self, path: Sequence[str]) -> str | None:
        """The parameter that the element at the end of ``path`` means, or None."""
        for steps, name in self.entries:
            if len(steps) <= len(path) and all(
                a == b for a, b in zip(steps, reversed(path), strict=False)
            ):
                return name
        return None


NO_ALIASES = Aliases()
"""The map of a rule without ``--alias``."""


def read_aliases(text: str) -> Aliases:
    """Read an alias map; nothing is wrong enough to raise."""
    entries: list[tuple[tuple[str, ...], str]] = []
    for entry in text.split(";"):
        match = _ENTRY.fullmatch(entry) if len(entries) < MOST_ALIASES else None
        if match is not None:
            entries.append((tuple(reversed(match[1].split("/")[1:])), match[2]))
    return Aliases(tuple(entries))
