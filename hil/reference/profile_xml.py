"""The XML of a profile, read in one pass, with nothing expanded that could grow.

The document is what a stranger sent. The parser is expat, driven by callbacks: no tree is built, and
expat can open neither files nor connections. It is told that the document is UTF-8, whatever the
document declares, because that is all the phone reads.

A document that defines entities is refused at the first definition, before any of them is used. How
much they would have expanded to is added up from the text, only to say whether it was a bomb. One
that declares attributes is refused as well: their defaults are document type processing, which the
phone is not known to do, and expat's time grows with the square of their number.

Namespaces mean nothing here; a name is compared as it is written, in its case.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from xml.parsers import expat

from hil.errors import ProfileError, ProfileErrorKind
from hil.reference.aliases import NO_ALIASES, Aliases

FLAT_PROFILE = "flat-profile"
"""The element that encloses the parameters, at any depth of the document."""

MAX_DEPTH = 100
"""Elements within elements that a document may have; a real one has two or three levels."""

MAX_PARAMETERS = 20_000
"""Elements that a flat-profile may have; the full dump of a phone has some 2,000."""

# A callback that raises ends the parse only when the piece that was handed over is used up, so the
# pieces bound what a refused document can still cost.
_PIECE = 64 * 1024

_DEFINITION = re.compile(r"""<!ENTITY\s++([^\s%]++)\s++(?:"([^"]*+)"|'([^']*+)')""")
_REFERENCE = re.compile(r"&([^&;#\s]++);")
_BLANKS = " \t\r\n"
_NEWLINES = str.maketrans("\r\n", "  ")


@dataclass(frozen=True, slots=True)
class ProfileElement:
    """One occurrence of a parameter: its value stripped, with newlines turned into spaces."""

    name: str
    value: str
    attributes: Mapping[str, str]


class _Value:
    """An element whose text is a parameter's value, while it is open."""

    def __init__(self, name: str, depth: int, attributes: Mapping[str, str]) -> None:
        self.name = name
        self.depth = depth
        self.attributes = attributes
        self.parts: list[str] = []

    def whole(self) -> ProfileElement:
        value = "".join(self.parts).translate(_NEWLINES).strip(_BLANKS)
        return ProfileElement(self.name, value, self.attributes)


class _Reader:
    """The callbacks of one parse, and what they found."""

    def __init__(self, aliases: Aliases) -> None:
        self.elements: list[ProfileElement] | None = None
        self._aliases = aliases
        self._path: list[str] = []
        self._profile_depth = 0
        self._open: list[_Value] = []

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        depth = len(self._path)
        if depth > MAX_DEPTH:
            raise ProfileError(ProfileErrorKind.TOO_LARGE, f"elements nest deeper than {MAX_DEPTH}")
        meant = self._aliases.name_of(self._path)
        if meant is None and self._profile_depth and depth == self._profile_depth + 1:
            meant = name
        if meant is not None:
            self.elements = self.elements or []
            self._open.append(_Value(meant, depth, attributes))
        elif not self._profile_depth and name == FLAT_PROFILE:
            self._profile_depth = depth
            self.elements = self.elements or []

    def characters(self, text: str) -> None:
        # Only text that stands directly in a parameter is its value.
        if self._open and self._open[-1].depth == len(self._path):
            self._open[-1].parts.append(text)

    def end(self, name: str) -> None:
        depth = len(self._path)
        if self._profile_depth == depth:
            self._profile_depth = 0
        if self._open and self._open[-1].depth == depth and self.elements is not None:
            self.elements.append(self._open.pop().whole())
            if len(self.elements) > MAX_PARAMETERS:
                raise ProfileError(
                    ProfileErrorKind.TOO_LARGE, f"more than {MAX_PARAMETERS} parameters"
                )
        self._path.pop()

    def skipped(self, name: str, is_parameter: bool) -> None:
        if not is_parameter:
            raise ProfileError(ProfileErrorKind.NOT_XML, f"the entity &{name}; is not defined")


def _expanded_size(text: str, limit: int) -> float:
    """Return how long the text of all references would be at most; infinite beyond the limit."""
    definitions = {name: double or single for name, double, single in _DEFINITION.findall(text)}
    uses = {name: _REFERENCE.findall(value) for name, value in definitions.items()}
    sizes: dict[str, float] = {}
    try:
        for name in TopologicalSorter(uses).static_order():
            own = len(definitions.get(name, ""))
            total = own + sum(sizes[used] for used in uses.get(name, ()))
            # A size beyond the limit needs no digits; nested definitions give it thousands.
            sizes[name] = total if total <= limit else float("inf")
    except CycleError:
        return float("inf")
    return sum(sizes.get(found[1], 0) for found in _REFERENCE.finditer(text))


def read_flat_profile(
    data: bytes, max_size: int, aliases: Aliases = NO_ALIASES
) -> list[ProfileElement] | None:
    """Return the parameters of every flat-profile in order; None if the document has none.

    An element that one of the ``aliases`` names is a parameter as well, wherever it stands. Raises
    `ProfileError`: not-xml for what is not well-formed or declares entities or attributes, too-large
    for entities that would expand beyond ``max_size`` characters and for more elements than `MAX_DEPTH`
    or `MAX_PARAMETERS` allow.
    """

    def entity_declared(*_definition: object) -> None:
        if _expanded_size(data.decode("utf-8", "replace"), max_size) > max_size:
            raise ProfileError(
                ProfileErrorKind.TOO_LARGE, f"its entities expand beyond {max_size} characters"
            )
        raise ProfileError(
            ProfileErrorKind.NOT_XML, "it defines entities besides the five that the phone knows"
        )

    def attribute_declared(element: str, *_declaration: object) -> None:
        raise ProfileError(
            ProfileErrorKind.NOT_XML, f"it declares attributes of {element[:40]!r} in its DOCTYPE"
        )

    reader = _Reader(aliases)
    parser = expat.ParserCreate("utf-8")
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.characters
    parser.EntityDeclHandler = entity_declared
    parser.AttlistDeclHandler = attribute_declared
    parser.SkippedEntityHandler = reader.skipped
    try:
        for at in range(0, len(data), _PIECE):
            parser.Parse(data[at : at + _PIECE], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise ProfileError(ProfileErrorKind.NOT_XML, str(error)) from None
    return reader.elements
