"""YAML whose values know their lines.

The parser of PyYAML is asked for events, and the values are built here, without recursion and with a
limit on everything, so that no file can cost more than its size. Of YAML there is mappings,
sequences and scalars; aliases and tags are refused, since an inventory has no use for them and the
one multiplies without limit while the other builds objects.

Every scalar is text, and nothing (``key:``, ``~`` or ``null``) is None; what a text means is for the
schema to say. YAML's own guesses would take a serial number for a number, ``off`` for a boolean and
a MAC address of digits for an integer in base 60.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from hil.errors import UsageError
from hil.testbed.checks import Place

Value = None | str | list["Value"] | dict[str, "Value"]

MAX_DEPTH = 16
"""How deep mappings and sequences may be nested."""
MAX_NODES = 20_000
"""How many scalars, mappings and sequences a file may have."""

_NOTHING = frozenset({"", "~", "null", "Null", "NULL"})
_ENDS = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


@dataclass
class Document:
    """What a file says: its ``value``, and the line (from 1) on which each place begins.

    ``problems`` are those that did not keep the rest from being read: keys that are given twice, of
    which the first counts.
    """

    value: Value = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[UsageError] = field(default_factory=list)

    def line(self, place: Place) -> int:
        """The line of a place, or of the innermost one around it that the file has."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)


def parse(text: str, file: str) -> Document:
    """Read the one document of ``text``; ``file`` is what errors call it.

    Raises `UsageError` with the line for what is not YAML, is more than one document, uses an alias
    or a tag, or is larger than `MAX_DEPTH` and `MAX_NODES` allow.
    """
    builder = _Builder(file)
    for event in _events(text, file):
        builder.take(event)
    return builder.document


def _events(text: str, file: str) -> Iterator[yaml.Event]:
    line = 1
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            line = _line(event.end_mark)
            yield event
    except yaml.reader.ReaderError as error:
        raise UsageError(
            f"a character that YAML does not allow: U+{error.character:04X}",
            file=file,
            line=text.count("\n", 0, error.position) + 1,
            remedy="write it as an escape in double quotes, or leave it out",
        ) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        said = " ".join(filter(None, (error.context, error.problem)))
        raise UsageError(
            f"not YAML: {said}",
            file=file,
            line=_line(mark),
            remedy="check the indentation, the colons and the quotes up to here",
        ) from error
    except (ValueError, OverflowError) as error:
        # An escape such as "\UFFFFFFFF" is beyond Python's chr, and PyYAML does not look.
        raise UsageError(
            f"not YAML: {error}",
            file=file,
            line=line,
            remedy="check the escapes of the text in double quotes",
        ) from error


def _line(mark: Any) -> int:
    return mark.line + 1 if mark else 1


@dataclass
class _Frame:
    """A mapping or a sequence that is being read."""

    container: list[Value] | dict[str, Value]
    place: Place
    key: str | None = None
    repeated: bool = False


class _Builder:
    """Builds the document from the parser's events."""

    def __init__(self, file: str) -> None:
        self.document = Document()
        self._file = file
        self._open: list[_Frame] = []
        self._nodes = 0
        self._documents = 0

    def take(self, event: yaml.Event) -> None:
        """Take the next event."""
        line = _line(event.start_mark)
        if isinstance(event, yaml.DocumentStartEvent):
            self._documents += 1
            if self._documents > 1:
                raise self._wrong("a second document", line, "one inventory a file, no '---'")
        elif isinstance(event, yaml.AliasEvent):
            raise self._wrong(f"an alias, *{event.anchor or ''}", line, "write the value out")
        elif isinstance(event, yaml.NodeEvent):
            self._node(event, line)
        elif isinstance(event, _ENDS):
            self._open.pop()

    def _node(self, event: yaml.NodeEvent, line: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            raise self._wrong("too large an inventory", line, f"at most {MAX_NODES} values")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise self._wrong(f"a tag, {tag[:40]!r}", line, "write the value without it")
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event, line)
            return
        value: list[Value] | dict[str, Value] = (
            {} if isinstance(event, yaml.MappingStartEvent) else []
        )
        if len(self._open) >= MAX_DEPTH:
            raise self._wrong("nested too deep", line, f"at most {MAX_DEPTH} levels")
        self._open.append(_Frame(value, self._add(value, line)))

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        text = event.value
        try:
            text.encode()
        except UnicodeEncodeError:
            raise self._wrong(
                "text with half of a surrogate pair", line, "write the character itself"
            ) from None
        if self._open and isinstance(self._open[-1].container, dict):
            frame = self._open[-1]
            if frame.key is None:
                self._key(frame, text, line)
                return
        plain = event.implicit[0]
        self._add(None if plain and text in _NOTHING else text, line)

    def _key(self, frame: _Frame, text: str, line: int) -> None:
        frame.key = text
        frame.repeated = text in frame.container
        place = (*frame.place, text)
        if frame.repeated:
            first = self.document.lines[place]
            self.document.problems.append(
                self._wrong(f"key {text[:40]!r} again", line, f"it is given on line {first}")
            )
        self.document.lines.setdefault(place, line)

    def _add(self, value: Value, line: int) -> Place:
        """Put a value where it belongs and return its place."""
        if not self._open:
            self.document.value = value
            self.document.lines[()] = line
            return ()
        frame = self._open[-1]
        if isinstance(frame.container, list):
            frame.container.append(value)
            place: Place = (*frame.place, len(frame.container) - 1)
            self.document.lines.setdefault(place, line)
            return place
        if frame.key is None:
            raise self._wrong("a key that is not text", line, "a name before the colon")
        place = (*frame.place, frame.key)
        if not frame.repeated:
            frame.container[frame.key] = value
        frame.key = None
        return place

    def _wrong(self, problem: str, line: int, remedy: str) -> UsageError:
        return UsageError(problem, file=self._file, line=line, remedy=remedy)
