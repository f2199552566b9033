"""What a reader of the history looks for: a kind of event, values of its fields, and a predicate.

A field may be given a plain value (equality) or a compiled regular expression (searched in text).
What no event can ever match is an error at once, be it for the kind, the name of a field or the type of
its value: it would make every ``expect_none`` pass, and every ``expect`` blame the phone for the test.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeGuard, TypeVar

from hil.errors import UsageError
from hil.history import events as ev
from hil.history.possible import field_types, in_words, possible

E = TypeVar("E", bound=ev.Event)
_HEAD = ("source", "handset", "at", "seq", "kernel_ns")
_BULKY = ("data", "body", "headers", "options", "xid")
_EMPTY: tuple[object, ...] = ("", b"", (), {}, None, "0.0.0.0")
_BRIEF = 80


@dataclass(frozen=True)
class Pattern(Generic[E]):
    """A filter over events; make one with `Pattern.of`."""

    kind: type[E]
    fields: tuple[tuple[str, object], ...]
    where: Callable[[E], bool] | None = None

    @classmethod
    def of(
        cls,
        kind: type[E],
        fields: Mapping[str, object],
        where: Callable[[E], bool] | None = None,
    ) -> Pattern[E]:
        """A pattern that some event can match; `UsageError` for one that none ever will."""
        if not (isinstance(kind, type) and issubclass(kind, ev.Event)):
            raise UsageError(
                f"{getattr(kind, '__name__', kind)!s} is no kind of event",
                remedy="a class of hil.history.events, such as HttpRequest",
            )
        unknown = [name for name in fields if name not in kind.__struct_fields__]
        if unknown:
            raise UsageError(
                f"{kind.__name__} has no field {', '.join(unknown)}",
                remedy=f"one of {', '.join(kind.__struct_fields__)}",
            )
        known = field_types(kind)
        for name, value in fields.items():
            if name in known and not possible(value, known[name]):
                raise UsageError(
                    f"{kind.__name__}.{name} can never be {_brief(value)}",
                    remedy=f"{in_words(known[name])}; a predicate goes to where",
                )
        if where is not None and not callable(where):
            raise UsageError(
                f"where is {_brief(where)}", remedy="a function of the event that says yes or no"
            )
        return cls(kind, tuple(fields.items()), where)

    @classmethod
    def of_handset(
        cls,
        kind: type[E],
        fields: Mapping[str, object],
        where: Callable[[E], bool] | None = None,
    ) -> Pattern[E]:
        """The same for what the handset is held to; `UsageError` for what it has no part in.

        That is what the laboratory does itself (`LabEvent`), and `Event`, which is anybody's.
        """
        wanted = cls.of(kind, fields, where)
        if kind is ev.Event or issubclass(kind, ev.LabEvent):
            whose = "anything at all" if kind is ev.Event else "what the laboratory does itself"
            raise UsageError(
                f"{kind.__name__} is {whose}: no check of the handset can rest on it",
                remedy="what the handset does, such as HttpRequest; or history.wait",
            )
        return wanted

    def accepts(self, event: ev.Event) -> TypeGuard[E]:
        """Whether the event is one of those looked for."""
        if not isinstance(event, self.kind):
            return False
        if not all(_matches(getattr(event, name), value) for name, value in self.fields):
            return False
        return self.where is None or self.where(event)

    def __str__(self) -> str:
        parts = [f"{name}={_brief(value)}" for name, value in self.fields]
        if self.where is not None:
            parts.append(f"where {getattr(self.where, '__name__', 'predicate')}")
        return f"{self.kind.__name__}({', '.join(parts)})" if parts else self.kind.__name__


def describe(event: ev.Event) -> str:
    """One line that says what an event was: its fields that have a value, but not the raw octets."""
    kind: Any = type(event)
    names: tuple[str, ...] = kind.__struct_fields__
    shown = [
        f"{name}={_brief(value)}"
        for name in names
        if name not in _HEAD and name not in _BULKY
        for value in [getattr(event, name)]
        if value not in _EMPTY
    ]
    return f"{kind.__name__}({', '.join(shown)})"


def _matches(actual: object, wanted: object) -> bool:
    if isinstance(wanted, re.Pattern):
        return isinstance(actual, str) and wanted.search(actual) is not None
    return actual == wanted


def _brief(value: object) -> str:
    if isinstance(value, re.Pattern):
        return f"/{value.pattern}/"
    if isinstance(value, str):
        text = str(value) if isinstance(value, str) and type(value) is not str else repr(value)
    else:
        text = repr(value)
    return text if len(text) <= _BRIEF else f"{text[:_BRIEF]}… ({len(text)} characters)"
