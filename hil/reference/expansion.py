"""Macro expansion: ``$NAME``, ``$(NAME)``, ``$(NAME:p)``, ``$(NAME:p:q)`` and ``$$``.

The chapter "Macro Expansion Variables" gives the notation and one rule for everything it does not
know: "An unrecognized name is not translated, and the $NAME or $(NAME) form remains unchanged". The
text that an expansion inserts is not expanded again: ``$$MAU`` becomes ``$MAU`` (Administration
Guide 11.3, Provisioning Formats).

A template is first cut into `pieces`, plain text and references, and each reference then resolved
by a look-up. So a rule can hold back some references (the keys in $SA to $SD) until it knows where
they stand. Which names exist, and what they stand for, is the business of `hil.reference.macros`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from hil.errors import MacroError
from hil.reference.interpretations import DEFAULT, Interpretations

Lookup: TypeAlias = Callable[[str], str | None]
"""The value of a macro by its name without the dollar sign; None if the name is not known."""

MAX_EXPANSION = 1 << 20
"""The longest text, in characters, that an expansion may reach."""

_LONGEST_NAME = 16  # no macro of the table is longer; bounds the search for a known prefix

_REFERENCE = re.compile(
    r"\$(?:"
    r"(?P<dollar>\$)"
    r"|(?P<bare>[A-Za-z0-9]++)"
    r"|\((?P<name>[A-Za-z0-9]++)(?::(?P<offset>[0-9]++)(?::(?P<length>[0-9]++))?)?\)"
    r"|(?P<malformed>\((?![^()$]*+\))[A-Za-z0-9:]*+|\Z)"
    r")"
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One place in a template where a macro may stand; ``text`` is how it is written there."""

    text: str
    name: str
    bracketed: bool = True
    offset: int | None = None
    length: int | None = None

    def resolve(self, lookup: Lookup, interpretations: Interpretations = DEFAULT) -> str:
        """Return what replaces the reference: its value, or its own text if it is not known."""
        if self.name == "$":
            return "$"
        if not self.name:
            return "" if interpretations.malformed_macro == "removed" else self.text
        if not self.bracketed:
            return self._resolve_bare(lookup, interpretations)
        value = lookup(self.name)
        if value is None:
            return self.text
        if self.offset is None:
            return value
        if self.offset > len(value) and interpretations.substring_out_of_range == "unchanged":
            return self.text
        end = None if self.length is None else self.offset + self.length
        return value[self.offset : end]

    def _resolve_bare(self, lookup: Lookup, interpretations: Interpretations) -> str:
        # "longest" lets $MACfoo name MAC. The one-letter names A to P must stand alone all the
        # same: were they prefixes, $FOO would turn into the contents of F, and the chapter's
        # promise that an unrecognized name remains unchanged would hold for hardly any word.
        value = lookup(self.name)
        if value is not None:
            return value
        for size in range(min(len(self.name) - 1, _LONGEST_NAME), 1, -1):
            value = lookup(self.name[:size])
            if value is not None and interpretations.macro_name_match == "longest":
                return value + self.name[size:]
        return self.text


def pieces(template: str) -> Iterator[str | Reference]:
    """Cut ``template`` into plain text and references, in order; joined they give it back."""
    position = 0
    for match in _REFERENCE.finditer(template):
        if match.start() > position:
            yield template[position : match.start()]
        position = match.end()
        yield _reference(match)
    if position < len(template):
        yield template[position:]


def expand(template: str, lookup: Lookup, interpretations: Interpretations = DEFAULT) -> str:
    """Replace every macro of ``template`` that ``lookup`` knows, once.

    ``p`` and ``q`` count characters from 0; a ``p`` beyond the value gives the empty text, a ``q``
    beyond it stops at its end. Raises `MacroError` if the result exceeds `MAX_EXPANSION`.
    """
    return bounded_join(
        piece if isinstance(piece, str) else piece.resolve(lookup, interpretations)
        for piece in pieces(template)
    )


def bounded_join(parts: Iterator[str]) -> str:
    """Join ``parts``; raises `MacroError` as soon as they exceed `MAX_EXPANSION` characters."""
    kept: list[str] = []
    size = 0
    for part in parts:
        size += len(part)
        if size > MAX_EXPANSION:
            raise MacroError(f"the expansion is longer than {MAX_EXPANSION} characters")
        kept.append(part)
    return "".join(kept)


def _reference(match: re.Match[str]) -> Reference:
    text = match[0]
    if match["dollar"]:
        return Reference(text, "$")
    if match["bare"]:
        return Reference(text, match["bare"], bracketed=False)
    if match["name"]:
        return Reference(
            text, match["name"], True, _count(match["offset"]), _count(match["length"])
        )
    return Reference(text, "")


def _count(digits: str | None) -> int | None:
    if digits is None:
        return None
    significant = digits.lstrip("0") or "0"
    # Beyond the end is beyond the end; int() of a hostile length is slow and refused by Python.
    return MAX_EXPANSION if len(significant) > len(str(MAX_EXPANSION)) else int(significant)
