"""Profile_Rule and Upgrade_Rule: which file to fetch, from where, and what to set before.

A rule is a list of alternatives; the first whose condition holds is taken, its assignments are made,
its URL is fetched (Administration Guide 11.3, Provisioning Formats; SPA guides for the details)::

    rule        = [ "#" comment ] | alternative *( "|" alternative )
    alternative = [ "(" expression ")" "?" ] [ "(" assignments ")" "!" ] [ [ "[" options "]" ] url ]
    assignments = *( name "=" quoted-value ";" )                  ; the last ";" may be missing

White space is free. Every alternative but the last must have a condition, else the ones after it could
never be taken. `resolve` answers with one of three things: `Fetch`, `Skip` (the rule asks for nothing,
the next one is looked at) or `RuleFailure` (the rule cannot be followed, the resync fails).

Macros expand before the rule is parsed, "prior to being evaluated", so that their text may contain
``|`` or whole alternatives. It follows that the assignments of an alternative do not show in its own
URL: that was expanded when the assignments had not been made. They show in the next rule. $SA to $SD
are the exception: they expand in the argument of --key (as the question ``secret_macros`` may be read,
of --uid and --pwd, too) and nowhere else. Until the
parser knows where a reference stands, one character of a private-use plane stands for it, so that a
key may contain quotes and brackets, and ``$$SA`` is not taken for ``$SA``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from hil.errors import RuleError, SpecificationError
from hil.reference import expressions
from hil.reference.expansion import Reference, bounded_join, pieces
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.rule_parser import CREDENTIALS, Alternative, parse_rule
from hil.reference.urls import DefaultServer, resolve_url

__all__ = ["DefaultServer", "Fetch", "Outcome", "RuleFailure", "Skip", "active_text", "resolve"]

SecretLookup: TypeAlias = Callable[[str, bool], str | None]
"""The value of a macro; SA to SD are known only if the second argument is true."""

_FIRST_STAND_IN, _LAST_STAND_IN = 0xF0000, 0x10FFFF
_STRUCTURE = re.compile(r"[(\[|]")
_PLAIN = re.compile(r"[A-Za-z0-9:/._-]++")
_NAMES_SERVER = re.compile(r"(?:[A-Za-z]++://)?[^/]")
_DISPUTED = CREDENTIALS["key-and-credentials"] - CREDENTIALS["key-only"]
_PRIVATE = re.compile(f"[{chr(_FIRST_STAND_IN)}-{chr(_LAST_STAND_IN)}]")


@dataclass(frozen=True, slots=True)
class Fetch:
    """Make ``assignments``, then fetch ``path`` from ``host`` and ``port`` by ``scheme``.

    ``alternative`` counts from 1. ``assignments`` go by XML name, in order. ``options`` go by name
    without dashes; those that take no argument have the empty text.
    """

    alternative: int
    scheme: str
    host: str
    port: int
    path: str
    assignments: dict[str, str] = field(default_factory=dict)
    options: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """The URL in full, as log messages and people write it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.path}"

    def as_json(self) -> dict[str, Any]:
        """Return what ``hil resolve --json`` prints."""
        return {
            "outcome": "fetch",
            "alternative": self.alternative,
            "assignments": self.assignments,
            "options": self.options,
            "scheme": self.scheme,
            "host": self.host,
            "port": self.port,
            "path": self.path,
        }


@dataclass(frozen=True, slots=True)
class Skip:
    """Nothing to fetch, and no error; an alternative without URL may still make ``assignments``."""

    reason: str
    alternative: int | None = None
    assignments: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return what ``hil resolve --json`` prints."""
        return {"outcome": "skip", "reason": self.reason, "assignments": self.assignments}


@dataclass(frozen=True, slots=True)
class RuleFailure:
    """The rule cannot be followed; a resync that needs it fails."""

    reason: str

    def as_json(self) -> dict[str, Any]:
        """Return what ``hil resolve --json`` prints."""
        return {"outcome": "error", "reason": self.reason}


Outcome: TypeAlias = Fetch | Skip | RuleFailure


def active_text(value: str) -> str:
    """Return a rule or trigger without surrounding blanks; a ``#`` at its start comments it out."""
    stripped = value.strip(" \t\r\n")
    return "" if stripped.startswith("#") else stripped


def resolve(
    rule: str,
    *,
    lookup: SecretLookup,
    server: DefaultServer | None = None,
    upgrade: bool = False,
    interpretations: Interpretations = DEFAULT,
) -> Outcome:
    """Say what a rule asks for now.

    ``lookup`` is `MacroTable.lookup`; ``server`` is the one that DHCP named, if any. ``upgrade`` marks
    an Upgrade_Rule, which takes neither options nor a server from DHCP unless ``interpretations``
    read it so. Never raises: what is wrong with a rule is the reason of a `RuleFailure`.
    """
    try:
        return _resolve(rule, lookup, server, upgrade, interpretations)
    except SpecificationError as error:
        return RuleFailure(str(error))


def _resolve(
    rule: str,
    lookup: SecretLookup,
    server: DefaultServer | None,
    upgrade: bool,
    interpretations: Interpretations,
) -> Outcome:
    if not active_text(rule):
        return Skip("the rule is empty")
    held = _Held(lookup, interpretations)
    text = active_text(held.hide(rule))
    if not text:
        return Skip("the rule is empty once its macros are expanded")
    alternatives = parse_rule(text)
    swver = lookup("SWVER", False)
    for number, alternative in enumerate(alternatives, 1):
        if alternative.condition is not None and not _condition_holds(
            alternative.condition, number, held, swver, interpretations
        ):
            continue
        return _take(number, alternative, held, server, upgrade, interpretations)
    return Skip("the condition of no alternative holds")


def _condition_holds(
    text: str, number: int, held: _Held, swver: str | None, interpretations: Interpretations
) -> bool:
    try:
        expression = expressions.parse(text, swver=swver, restore=held.show)
        return expressions.evaluate(expression, interpretations)
    except SpecificationError as error:
        raise RuleError(f"the condition of alternative {number}: {error}") from error


def _take(
    number: int,
    alternative: Alternative,
    held: _Held,
    server: DefaultServer | None,
    upgrade: bool,
    interpretations: Interpretations,
) -> Outcome:
    assignments = {name: held.show(value) for name, value in alternative.assignments}
    options = {
        name: held.show(value, secrets=name in _credentials(name, interpretations))
        for name, value in alternative.options
    }
    url = held.show(alternative.url)
    if not url:
        if options:
            raise RuleError(f"alternative {number} has options but no URL that they could qualify")
        return Skip(f"alternative {number} has no URL", number, assignments)
    if upgrade:
        _check_upgrade_options(options, interpretations)
        server = _for_upgrade(url, server, interpretations)
    target = resolve_url(url, server)
    if "srv" in options and target.scheme == "tftp":
        raise RuleError("TFTP has no SRV look-up; --srv needs http or https")
    return Fetch(number, target.scheme, target.host, target.port, target.path, assignments, options)


def _credentials(option: str, interpretations: Interpretations) -> frozenset[str]:
    """The options in whose arguments $SA to $SD expand, as far as ``option`` depends on it."""
    if option not in _DISPUTED:
        return CREDENTIALS["key-only"]
    return CREDENTIALS[interpretations.secret_macros]


def _for_upgrade(
    url: str, server: DefaultServer | None, interpretations: Interpretations
) -> DefaultServer | None:
    """The server that DHCP named, where the URL of an upgrade names none and may do without."""
    if server is None or _NAMES_SERVER.match(url):
        return None
    return None if interpretations.upgrade_missing_server == "error" else server


def _check_upgrade_options(options: dict[str, str], interpretations: Interpretations) -> None:
    for name in options:
        if name not in ("uid", "pwd") or interpretations.upgrade_options == "rejected":
            raise RuleError(f"--{name} is not supported for upgrades")


class _Held:
    """References of one rule that wait, each hidden behind a stand-in, until their place is known."""

    def __init__(self, lookup: SecretLookup, interpretations: Interpretations) -> None:
        self._lookup = lookup
        self._interpretations = interpretations
        self._waiting: dict[str, Reference] = {}
        self._is_url = False

    def hide(self, rule: str) -> str:
        """Expand what can be expanded at once and put stand-ins for the rest."""
        self._is_url = not _STRUCTURE.search(rule)
        return bounded_join(self._hide(piece) for piece in pieces(rule))

    def show(self, text: str, *, secrets: bool = False) -> str:
        """Put the references of a part of the rule back, expanded as befits their place."""
        return bounded_join(
            self._resolve(self._waiting[char], secrets) if char in self._waiting else char
            for char in text
        )

    def _hide(self, piece: str | Reference) -> str:
        if isinstance(piece, str):
            return _without_stand_ins(piece)
        open_text = self._resolve(piece, secrets=False)
        waits = open_text != self._resolve(piece, secrets=True)
        if not waits and (
            (self._is_url and _PLAIN.fullmatch(open_text))
            or self._interpretations.expansion_order == "before-parsing"
        ):
            return _without_stand_ins(open_text)
        stand_in = chr(_FIRST_STAND_IN + len(self._waiting))
        if len(self._waiting) > _LAST_STAND_IN - _FIRST_STAND_IN:
            raise RuleError("the rule has more macros than any rule could need")
        self._waiting[stand_in] = piece
        return stand_in

    def _resolve(self, reference: Reference, secrets: bool) -> str:
        return reference.resolve(lambda name: self._lookup(name, secrets), self._interpretations)


def _without_stand_ins(text: str) -> str:
    if _PRIVATE.search(text):
        raise RuleError("the rule contains characters of Unicode's private-use planes")
    return text
