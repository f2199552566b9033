"""Whether a field of an event can ever have a value: what a pattern asks of each that it looks for.

A pattern compares with ``==``, so a value is possible where it could be equal to one of the field's
annotated type. Of a type with few values (an enumeration, bool, None) that is tried with each of
them. Of any other a sample is held against it: where neither side knows how to compare itself with
the other (a number and text, a list and a tuple), no two values of these types are ever equal.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping
from enum import Enum
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

_SAMPLES: Mapping[type, object] = {
    str: "",
    bytes: b"",
    int: 0,
    float: 0.0,
    tuple: (),
    dict: {},
}


@cache
def field_types(kind: type) -> Mapping[str, Any]:
    """The types of an event's fields; empty where its annotations name what cannot be found."""
    try:
        return get_type_hints(kind)
    except NameError:
        return {}


def possible(value: object, of: Any) -> bool:
    """Whether a field of type ``of`` can match the value, or the regular expression."""
    choices = _choices(of)
    if len(choices) > 1:
        return any(possible(value, each) for each in choices)
    origin = get_origin(of) or of
    if isinstance(value, re.Pattern):
        return isinstance(value.pattern, str) and _holds_text(origin)
    if origin is Literal:
        return value in get_args(of)
    if origin is bool:
        return value in (False, True)
    if isinstance(origin, type) and issubclass(origin, Enum):
        return any(member == value for member in origin)
    if origin is types.NoneType:
        return value is None
    if origin not in _SAMPLES:
        return True
    return _comparable(_SAMPLES[origin], value) and _parts_possible(value, origin, get_args(of))


def in_words(of: Any) -> str:
    """What a field of type ``of`` can have."""
    choices = _choices(of)
    if len(choices) > 1:
        return " or ".join(in_words(each) for each in choices)
    if isinstance(of, type) and issubclass(of, Enum):
        return "one of " + ", ".join(repr(member.value) for member in of)
    if of is types.NoneType:
        return "None"
    return of.__name__ if isinstance(of, type) and not get_args(of) else str(of)


def _choices(of: Any) -> tuple[Any, ...]:
    return get_args(of) if get_origin(of) in (Union, types.UnionType) else (of,)


def _holds_text(origin: Any) -> bool:
    if origin in (Any, object) or not isinstance(origin, type):
        return True
    return issubclass(origin, str)


def _comparable(sample: object, value: object) -> bool:
    return (
        type(sample).__eq__(sample, value) is not NotImplemented
        or type(value).__eq__(value, sample) is not NotImplemented
    )


def _parts_possible(value: object, origin: type, of: tuple[Any, ...]) -> bool:
    """The same of what a tuple or a mapping holds."""
    if origin is tuple and isinstance(value, tuple) and of:
        if of[-1] is Ellipsis:
            return all(possible(part, of[0]) for part in value)
        return len(value) == len(of) and all(map(possible, value, of))
    if origin is dict and isinstance(value, dict) and of:
        key, item = of
        return all(possible(k, key) and possible(v, item) for k, v in value.items())
    return True
