r"""The grammar of rules: from text to `Alternative`, without judging conditions or URLs.

A cursor walks once over the text. Quotes protect everything in conditions and assignments. In options
they protect blanks and ``#`` and their like, but "not for" quotes and brackets, which are written in
octal, ``\042``, ``\133`` and ``\135`` (7800 Administration Guide, Upgrade Rule).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from types import MappingProxyType

from hil.errors import RuleError
from hil.reference.expressions import QUOTES

CREDENTIALS = MappingProxyType(
    {
        "key-only": frozenset({"key"}),
        "key-and-credentials": frozenset({"key", "uid", "pwd"}),
    }
)
"""The options in whose arguments $SA to $SD expand, by the reading of ``secret_macros``."""

OPTIONS = MappingProxyType(
    {
        "key": "text",
        "uid": "text",
        "pwd": "text",
        "post": "register",
        "alias": "register",
        "srv": "none",
        "delta": "none",
        "status": "none",
    }
)
"""The options of a rule, and whether each takes text, a register ``a`` to ``p``, or nothing."""

_BLANKS = " \t\r\n"
_BLANK = re.compile(r"[ \t\r\n]*+")
# Possessive quantifiers follow sets only: Python 3.11.2 (Debian 12) gets them wrong after a group.
_GROUP = re.compile(rf"\((?P<text>(?:[^{QUOTES})]++|[{QUOTES}][^{QUOTES}]*+[{QUOTES}])*)\)")
_SIGN = re.compile(r"[ \t\r\n]*+([?!])")
_ASSIGNMENT = re.compile(
    r"[ \t\r\n]*+(?P<name>[A-Za-z0-9_-]{1,64}+)[ \t\r\n]*+=[ \t\r\n]*+"
    rf"[{QUOTES}](?P<value>[^{QUOTES}]*+)[{QUOTES}][ \t\r\n]*+(?:;|\Z)"
)
_OPTION_NAME = re.compile(r"--([A-Za-z0-9-]*+)")
_ARGUMENT = re.compile(rf"(?:[^\[\]{QUOTES}{_BLANKS}]++|[{QUOTES}][^\[\]{QUOTES}]*+[{QUOTES}])+")
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_ANY_QUOTE = re.compile(f"[{QUOTES}]")
_URL = re.compile(r"[^|]*+")


@dataclass(frozen=True, slots=True)
class Alternative:
    """One alternative in parts; ``condition`` None means always, ``url`` empty means nothing."""

    condition: str | None
    assignments: tuple[tuple[str, str], ...]
    options: tuple[tuple[str, str], ...]
    url: str


def parse_rule(text: str) -> tuple[Alternative, ...]:
    """Read a rule that is neither empty nor commented out.

    Raises `RuleError` for text outside the grammar, and for an alternative other than the last that
    has no condition.
    """
    found: list[Alternative] = []
    position = 0
    while True:
        alternative, position = _alternative(text, position, len(found))
        found.append(alternative)
        if position == len(text):
            break
        position += 1  # the "|"
    always = [alternative.condition is None for alternative in found[:-1]]
    if any(always):
        number = always.index(True) + 1
        raise RuleError(f"alternative {number} of {len(found)} has no condition")
    return tuple(found)


def _alternative(text: str, position: int, number: int) -> tuple[Alternative, int]:
    condition: str | None = None
    assignments: tuple[tuple[str, str], ...] | None = None
    position = _skip_blanks(text, position)
    while text.startswith("(", position):
        inner, sign, position = _group(text, position, number)
        if sign == "?" and condition is None and assignments is None:
            condition = inner
        elif sign == "!" and assignments is None:
            assignments = tuple(_assignments(inner, number))
        else:
            raise RuleError(
                f"alternative {number + 1} may have one condition and then one list of assignments"
            )
        position = _skip_blanks(text, position)
    options: tuple[tuple[str, str], ...] = ()
    if text.startswith("[", position):
        options, position = _options(text, position + 1, number)
    url = _URL.match(text, position)
    end = url.end() if url else position
    tail = text[position:end].strip(_BLANKS)
    return Alternative(condition, assignments or (), options, tail), end


def _group(text: str, position: int, number: int) -> tuple[str, str, int]:
    match = _GROUP.match(text, position)
    if match is None:
        raise RuleError(f"alternative {number + 1}: a parenthesis or a quote is not closed")
    sign = _SIGN.match(text, match.end())
    if sign is None:
        raise RuleError(f"alternative {number + 1}: after the parentheses '?' or '!' is missing")
    return match["text"], sign[1], sign.end()


def _assignments(text: str, number: int) -> Iterator[tuple[str, str]]:
    position, end = 0, len(text.rstrip(_BLANKS))
    while position < end:
        match = _ASSIGNMENT.match(text, position)
        if match is None:
            shown = text[position : position + 40].strip(_BLANKS)
            raise RuleError(
                f'alternative {number + 1}: {shown!r} is not of the form name = "value" ;'
            )
        yield _assigned_name(match["name"]), match["value"]
        position = match.end()


def _assigned_name(name: str) -> str:
    """Return an XML name; a lower-case ``a`` to ``p`` is short for GPP_A to GPP_P (SPA guides)."""
    return f"GPP_{name.upper()}" if len(name) == 1 and "a" <= name <= "p" else name


def _options(text: str, position: int, number: int) -> tuple[tuple[tuple[str, str], ...], int]:
    found: dict[str, str] = {}
    while True:
        position = _skip_blanks(text, position)
        if text.startswith("]", position):
            return tuple(found.items()), position + 1
        match = _OPTION_NAME.match(text, position)
        if match is None:
            shown = text[position : position + 20]
            raise RuleError(
                f"alternative {number + 1}: {shown!r} stands where an option such as --key, "
                "or the closing bracket, must"
            )
        name = match[1]
        if name not in OPTIONS:
            raise RuleError(f"there is no option --{name[:20]}")
        if name in found:
            raise RuleError(f"the option --{name} stands twice")
        found[name], position = _argument(text, match.end(), name)


def _argument(text: str, position: int, name: str) -> tuple[str, int]:
    if OPTIONS[name] == "none":
        return "", position
    position = _skip_blanks(text, position)
    match = _ARGUMENT.match(text, position)
    end = match.end() if match else position
    if end < len(text) and text[end] not in _BLANKS + "]":
        raise RuleError(
            f"the argument of --{name} has an open quote or a bracket; "
            r"inside it they are written \042, \133 and \135"
        )
    if match is None or match[0].startswith("--"):
        raise RuleError(f"the option --{name} has no argument")
    value = _OCTAL.sub(lambda octal: chr(int(octal[1], 8)), _ANY_QUOTE.sub("", match[0]))
    if OPTIONS[name] == "register" and not (len(value) == 1 and "a" <= value <= "p"):
        raise RuleError(f"the argument of --{name} is a general purpose parameter, a to p")
    return value, end


def _skip_blanks(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position
