"""Conditional expressions: the conditions of rules and the equations of Resync_Trigger_*.

An expression is a list of comparisons joined by ``and``; there is no ``or``, no ``not`` and no
nesting (Administration Guide 11.3, Provisioning Formats). Macros have been expanded before it is
read. Quotes decide what an operand is: a quoted one is a string, a bare one is an integer or a
version number::

    expression = comparison *( ("and" | "AND") comparison )
    comparison = [ operand ] operator operand | "true"
    operator   = "=" "eq" | "!=" "ne" "!" | "<" "lt" | "<=" "le" | ">" "gt" | ">=" "ge"

A missing left operand is $SWVER, and ``!`` means ``!=``: rules of older phones (SPA guides).
``true`` is what $UPGCOND expands to. Typographic quotes count as quotes, because the guide's own
examples have them.

An ill-formed text is an `ExpressionError`. A well-formed one that compares what cannot be compared
is an open question, so `evaluate` asks `Interpretations`: ``type_mismatch`` for operands of
different kinds, strings that are ordered and operators that do not exist, ``version_mismatch`` for
versions that are not written in one format.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

from hil.errors import ExpressionError
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.versions import Version, looks_like_version

QUOTES = '"“”'
"""Each of these opens a string and closes it."""

_BLANK = r" \t\r\n"
_TOKEN = re.compile(
    rf"[{_BLANK}]*+(?:"
    rf"[{QUOTES}](?P<string>[^{QUOTES}]*+)[{QUOTES}]"
    r"|(?P<symbol>[=!<>]++)"
    rf"|(?P<word>[^{_BLANK}{QUOTES}=!<>()]++)"
    r")"
)
_INTEGER = re.compile(r"-?[0-9]{1,18}")

_Compare: TypeAlias = Callable[[Any, Any], bool]

_EQUALITY: Mapping[str, _Compare] = MappingProxyType(
    {"=": operator.eq, "eq": operator.eq, "!=": operator.ne, "ne": operator.ne, "!": operator.ne}
)
_ORDER: Mapping[str, _Compare] = MappingProxyType(
    {"<": operator.lt, "lt": operator.lt, "<=": operator.le, "le": operator.le}
    | {">": operator.gt, "gt": operator.gt, ">=": operator.ge, "ge": operator.ge}
)


class OperandKind(StrEnum):
    """What an operand is; only a string is quoted."""

    STRING = "string"
    INTEGER = "integer"
    VERSION = "version"
    WORD = "word"
    """Bare text that is neither a number nor a version, such as ``Installed`` without quotes."""


@dataclass(frozen=True, slots=True)
class Operand:
    """One side of a comparison, ``text`` without its quotes."""

    kind: OperandKind
    text: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """``left operator right``; the operator in lower case, as written, even if there is none such."""

    left: Operand
    operator: str
    right: Operand


@dataclass(frozen=True, slots=True)
class Expression:
    """Comparisons that must all hold; without any (``true``) it always does."""

    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str

    def is_word(self, text: str) -> bool:
        return self.kind == "word" and self.text.lower() == text


def parse(
    text: str, *, swver: str | None = None, restore: Callable[[str], str] = str
) -> Expression:
    """Read a conditional expression in which macros are already expanded.

    ``swver`` stands in for a missing left operand. ``restore`` is applied to each operand once its
    end is known, for a caller that holds macros back until then. Raises `ExpressionError` for
    anything that is no expression, the empty text included.
    """
    comparisons: list[Comparison] = []
    for term in _terms(text):
        if len(term) == 1 and term[0].is_word("true"):
            continue
        if len(term) == 2 and swver is not None and _operator(term[0]) is not None:
            term.insert(0, _Token("word", swver))
        if not term:
            raise ExpressionError("a comparison is missing before or after an 'and'")
        if len(term) != 3:
            shown = " ".join(token.text for token in term)[:60]
            raise ExpressionError(f"{shown!r} is not of the form: operand operator operand")
        sign = _operator(term[1])
        if sign is None:
            raise ExpressionError(f"{term[1].text[:40]!r} stands where an operator must")
        left, right = (_operand(token, restore) for token in (term[0], term[2]))
        comparisons.append(Comparison(left, sign, right))
    return Expression(tuple(comparisons))


def evaluate(expression: Expression, interpretations: Interpretations = DEFAULT) -> bool:
    """Tell whether every comparison holds, from the left, stopping at the first that does not.

    A comparison that cannot be made does not hold, or raises `ExpressionError` where the
    interpretations read it as an error of the rule.
    """
    return all(_holds(each, interpretations) for each in expression.comparisons)


def _terms(text: str) -> Iterator[list[_Token]]:
    term: list[_Token] = []
    for token in _tokens(text):
        if token.is_word("and"):
            yield term
            term = []
        else:
            term.append(token)
    yield term


def _tokens(text: str) -> Iterator[_Token]:
    position = 0
    end = len(text.rstrip(" \t\r\n"))
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            rest = text[position:end].lstrip(" \t\r\n")
            why = "a quote that is not closed" if rest[0] in QUOTES else "no part of an expression"
            raise ExpressionError(f"{rest[:20]!r} starts {why}")
        kind = str(match.lastgroup)
        yield _Token(kind, match[kind])
        position = match.end()


def _operator(token: _Token) -> str | None:
    """Return the token as an operator, known or not; None if it cannot be meant as one."""
    if token.kind == "symbol" or (token.kind == "word" and token.text.isalpha()):
        return token.text.lower()
    return None


def _operand(token: _Token, restore: Callable[[str], str]) -> Operand:
    text = restore(token.text)
    if token.kind == "string":
        return Operand(OperandKind.STRING, text)
    if token.kind == "symbol":
        raise ExpressionError(f"the operator {token.text[:20]!r} stands where an operand must")
    if _INTEGER.fullmatch(text):
        return Operand(OperandKind.INTEGER, text)
    if looks_like_version(text):
        return Operand(OperandKind.VERSION, text)
    return Operand(OperandKind.WORD, text)


def _holds(comparison: Comparison, interpretations: Interpretations) -> bool:
    left, right, sign = comparison.left, comparison.right, comparison.operator
    if left.kind is not right.kind or left.kind is OperandKind.WORD:
        what = f"a {left.kind.value} cannot be compared with a {right.kind.value}"
        return _cannot(what, interpretations.type_mismatch)
    compare = _EQUALITY.get(sign) or _ORDER.get(sign)
    if compare is None:
        return _cannot(f"there is no operator {sign[:20]!r}", interpretations.type_mismatch)
    if left.kind is OperandKind.INTEGER:
        return compare(int(left.text), int(right.text))
    if left.kind is OperandKind.VERSION:
        one, other = Version.parse(left.text), Version.parse(right.text)
        if one is None or other is None or one.format != other.format:
            what = f"{left.text[:60]!r} and {right.text[:60]!r} are not versions of one format"
            return _cannot(what, interpretations.version_mismatch)
        return compare(one.key, other.key)
    if sign in _ORDER:
        return _cannot("strings are not ordered", interpretations.type_mismatch)
    return compare(left.text, right.text)


def _cannot(what: str, reading: str) -> bool:
    if reading == "rule-error":
        raise ExpressionError(what)
    return False
