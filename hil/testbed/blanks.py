"""The blanks of what an inventory has run or asked for: ``{outlet}``, and in a request ``{action}``.

They are filled in for each outlet. No shell reads a program's arguments, so ``$`` and braces that mean
something to a shell mean nothing here; a blank that is misspelt would reach the program as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pydantic import AfterValidator

from hil.testbed.checks import Wrong, closest, refusal

OUTLET = "{outlet}"
"""The outlet as the handset's entry names it."""

ACTION = "{action}"
"""What is to become of the outlet."""

_BLANK = re.compile(r"\$?\{[A-Za-z_][A-Za-z0-9_]*\}")


def has_blank(texts: Iterable[str], blank: str = OUTLET) -> bool:
    """Whether one of these texts has this blank."""
    return any(blank in text for text in texts)


def only(*known: str, braces: bool = False) -> AfterValidator:
    """The validator of a text that has no blanks but these.

    ``braces``: the text may have braces of its own, as JSON has; then only a blank that is misspelt
    is one that is not known.
    """

    def checked(text: str) -> str:
        for written in _BLANK.findall(text):
            close = closest(written, known)
            if written not in known and (close is not None or not braces):
                remedy = f"did you mean {close}?" if close else "only " + " and ".join(known)
                raise refusal([Wrong((), f"no blank is called {written[:40]}", remedy)])
        return text

    return AfterValidator(checked)


def same_on_and_off(on: Sequence[str], off: Sequence[str]) -> Iterator[Wrong]:
    """Find programs that cannot switch an outlet on and off: one for both, or for any outlet."""
    if tuple(on) == tuple(off):
        yield Wrong(("off",), "on and off run the same", "what switches off")
    for key, texts, other in (("on", on, off), ("off", off, on)):
        if has_blank(other) and not has_blank(texts):
            problem = f"{key} does not say which outlet, and its opposite does"
            yield Wrong((key,), problem, f"{OUTLET} among its arguments")
