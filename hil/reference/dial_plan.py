"""A dial plan says which numbers a line may dial, and what it sends for them: Dial_Plan_n_.

The chapter knows a dial plan only by its error, X60, "Dialed number invalid according to given dial
plan". The notation is that of the multiplatform phones' administration guides ("Dial Plan", "Digit
sequences")::

    plan     = *( ("L" / "S") ":" seconds "," ) "(" sequence *( "|" sequence ) ")"
    sequence = *( key [ "." ] / "<" *key ":" text ">" / "," / timer / pause ) [ "!" ]
    key      = digit / "*" / "#" / "+" / "x" / "[" keys and ranges "]"
    timer    = ("S" / "L") seconds      ; S0: dial at once
    pause    = "P" seconds

``x`` is any digit, ``.`` zero or more of the key before it, ``<a:b>`` sends b for a, a comma plays a
tone and sends nothing, ``!`` bars what it ends, blanks mean nothing. Timers and pauses say when a
phone takes a number for complete; a complete one is all that comes here, so they are read and have no
effect. A number that a barring sequence
matches is invalid whatever else matches it: the guides' own example permits ``9,1[2-9]xxxxxxxxx`` and
bars ``9,1900xxxxxxx!`` after it. Of the others the first that matches counts.

A number is held against all steps of a sequence at once, so that the work is at most the length of
the number times that of the plan, whatever the plan.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeAlias

from hil.errors import SpecificationError

LONGEST_PLAN = 4096
"""Characters of a plan that are read; no limit is published, and no phone has room for all."""

LONGEST_NUMBER = 128
"""Keys of a number; a longer one matches nothing."""

DIGITS = frozenset("0123456789")

_TOKEN = re.compile(
    r"(?P<key>[0-9*#+])"
    r"|(?P<any>[xX])"
    r"|\[(?P<set>[^\][]{1,64})\]"
    r"|(?P<repeat>\.)"
    r"|<(?P<dialed>[^<>:]{0,64}):(?P<sent>[^<>|]{0,256})>"
    r"|(?P<nothing>,|[SLP][0-9]{1,5})"
    r"|(?P<bar>!)"
)
_MASTER = re.compile(r"(?:[LS]:[0-9]{1,5}(?:,[LS]:[0-9]{1,5})*,?)?")
_RANGE = re.compile(r"(?P<first>[0-9])-(?P<last>[0-9])|(?P<key>[0-9*#+])")
_BLANKS = re.compile(r"[ \t\r\n]+")


@dataclass(frozen=True, slots=True)
class Key:
    """One key out of ``keys``, or any number of them if ``repeated``; sent on if ``kept``."""

    keys: frozenset[str]
    repeated: bool = False
    kept: bool = True


@dataclass(frozen=True, slots=True)
class Insert:
    """Send ``text``, whatever is dialed."""

    text: str


@dataclass(frozen=True, slots=True)
class Sequence:
    """One alternative of a plan; a number that a ``barred`` one matches is invalid."""

    steps: tuple[Key | Insert, ...]
    barred: bool


@dataclass(frozen=True, slots=True)
class Dialed:
    """The number is valid; ``number`` is what is sent for it."""

    number: str


@dataclass(frozen=True, slots=True)
class Invalid:
    """The number is invalid (X60), for this ``reason``."""

    reason: str


Verdict: TypeAlias = Dialed | Invalid
_Output: TypeAlias = "tuple[_Output, str] | None"


@dataclass(frozen=True, slots=True)
class DialPlan:
    """A plan's ``sequences`` in their order."""

    sequences: tuple[Sequence, ...]

    @classmethod
    def parse(cls, text: str) -> DialPlan:
        """Read a parameter's text; raises `SpecificationError` for what the notation does not have."""
        if len(text) > LONGEST_PLAN:
            raise SpecificationError(f"a dial plan of more than {LONGEST_PLAN} characters")
        plain = _BLANKS.sub("", text)
        head, opened, rest = plain.partition("(")
        if not opened or not rest.endswith(")"):
            raise SpecificationError("a dial plan stands between parentheses")
        if not _MASTER.fullmatch(head):
            raise SpecificationError(f"{head[:40]!r} before the parenthesis is no timer")
        return cls(tuple(_sequence(part) for part in rest[:-1].split("|")))

    def verdict(self, number: str) -> Verdict:
        """Say what a complete ``number`` comes to; blanks in it are no keys, and nor are letters."""
        if not number or len(number) > LONGEST_NUMBER:
            return Invalid("no number that can be dialed")
        sent: str | None = None
        for sequence in self.sequences:
            if sent is not None and not sequence.barred:
                continue
            found = _match(sequence.steps, number)
            if found is None:
                continue
            if sequence.barred:
                return Invalid("barred by the dial plan")
            sent = found
        return Invalid("not in the dial plan") if sent is None else Dialed(sent)


def dial(plan: str, number: str) -> Verdict:
    """Say what ``number`` comes to under the text of a Dial_Plan_n_.

    A plan that cannot be read permits no number: what a phone makes of one is unpublished.
    """
    try:
        return DialPlan.parse(plan).verdict(number)
    except SpecificationError as error:
        return Invalid(str(error))


def _sequence(text: str) -> Sequence:
    steps: list[Key | Insert] = []
    barred = False
    for token in _tokens(text):
        if barred:
            raise SpecificationError(f"{text[:40]!r} goes on after its '!'")
        match token.lastgroup:
            case "key" | "any" | "set":
                steps.append(Key(_keys(token)))
            case "repeat":
                if not steps or not isinstance(last := steps[-1], Key):
                    raise SpecificationError(f"{text[:40]!r} repeats what is no key")
                steps[-1] = replace(last, repeated=True)
            case "sent":
                steps += [Key(_keys(dialed), kept=False) for dialed in _tokens(token["dialed"])]
                steps.append(Insert(token["sent"]))
            case "bar":
                barred = True
    return Sequence(tuple(steps), barred)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise SpecificationError(f"{text[position : position + 20]!r} is no digit sequence")
        yield match
        position = match.end()


def _keys(token: re.Match[str]) -> frozenset[str]:
    if token.lastgroup == "any":
        return DIGITS
    if token.lastgroup == "key":
        return frozenset(token["key"])
    if token.lastgroup != "set":
        raise SpecificationError(f"{token[0][:20]!r} is no key")
    keys: set[str] = set()
    position, text = 0, token["set"]
    while position < len(text):
        match = _RANGE.match(text, position)
        if match is None:
            raise SpecificationError(f"[{text[:20]}] is no list of keys")
        first, last = match["first"] or match["key"], match["last"] or match["key"]
        if first > last:
            raise SpecificationError(f"[{text[:20]}] has a range that ends before it begins")
        keys.update(chr(code) for code in range(ord(first), ord(last) + 1))
        position = match.end()
    return frozenset(keys)


def _match(steps: tuple[Key | Insert, ...], number: str) -> str | None:
    """What is sent for ``number`` if ``steps`` match all of it, or None.

    At each key the positions that can be reached are known, each with what was sent on the first
    way that led there.
    """
    reached = _without_keys(steps, {0: None})
    for key in number:
        further: dict[int, _Output] = {}
        for position, sent in reached.items():
            step = steps[position] if position < len(steps) else None
            if isinstance(step, Key) and key in step.keys:
                target = position if step.repeated else position + 1
                further.setdefault(target, (sent, key) if step.kept else sent)
        reached = _without_keys(steps, further)
    if len(steps) not in reached:
        return None
    parts: list[str] = []
    sent = reached[len(steps)]
    while sent is not None:
        sent, text = sent
        parts.append(text)
    return "".join(reversed(parts))


def _without_keys(
    steps: tuple[Key | Insert, ...], reached: dict[int, _Output]
) -> dict[int, _Output]:
    """Add the positions that ``reached`` leads to without a key: past repetitions and insertions."""
    for position, step in enumerate(steps):
        if position not in reached:
            continue
        if isinstance(step, Insert):
            reached.setdefault(position + 1, (reached[position], step.text))
        elif step.repeated:
            reached.setdefault(position + 1, reached[position])
    return reached
