"""Which SIP responses a parameter speaks of: the data type RscTmplt.

"A template of SIP response status code, such as ``404, 5*``, ``61?``, ``407, 408, 487, 481``"
(Administration Guide 11.3, Provisioning Formats, data types). Elements stand between commas; ``?`` is
one character, ``*`` is the rest, and the first element that matches counts. A template has at most 39
characters.

The phone's internal codes (X00 to X99) exist "to facilitate configuration in providing finer control"
(Internal Error Codes), so a template names them as it names a status code: ``X20``, ``X?0``, ``X*``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hil.errors import SpecificationError

LONGEST = 39
"""Characters of a template (same place)."""

CODE = re.compile(r"[1-6][0-9]{2}|X[0-9]{2}")
"""A SIP status code (RFC 3261 section 21) or an internal one."""

_ELEMENT = re.compile(r"[0-9X?]{1,3}|[0-9X?]{0,2}\*")
_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class ResponseTemplate:
    """The ``elements`` of a template in their order; without any it matches nothing."""

    elements: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ResponseTemplate:
        """Read a parameter's text; blanks around elements and the case of X do not matter.

        Raises `SpecificationError` for an element that can match no code, and for a text that is
        longer than `LONGEST`.
        """
        if len(text.strip(_SPACE)) > LONGEST:
            raise SpecificationError(f"a template of more than {LONGEST} characters")
        if not text.strip(_SPACE):
            return cls(())
        elements = tuple(part.strip(_SPACE).upper() for part in text.split(","))
        for element in elements:
            if not _ELEMENT.fullmatch(element):
                raise SpecificationError(f"{element!r} is no template of a response code")
        return cls(elements)

    def match(self, code: str) -> str | None:
        """Return the first element that matches ``code``, such as ``404`` or ``X20``, or None."""
        return next((each for each in self.elements if _covers(each, code.upper())), None)


def _covers(element: str, code: str) -> bool:
    fixed = element.removesuffix("*")
    if len(code) < len(fixed) or (fixed == element and len(code) != len(fixed)):
        return False
    return all(wanted in ("?", found) for wanted, found in zip(fixed, code, strict=False))
