"""Version numbers of the phone's software and hardware, and their order.

Two grammars are published (Administration Guide 11.3, Provisioning Formats; Macro Expansion Variables,
SWVER)::

    load   = [ model "." ] major "-" minor "-" micro "-" build    ; sip7832.11-3-2MPP0001-609
    micro  = number "MPP" [ revision ]                            ; 2MPP0001, before 11.3(2): 1MPP
    dotted = number 1*( "." number )                              ; 2.0.1, hardware and older software

Major, minor, micro and build count in this order, the build only if all before it are equal. Versions
can be compared if their format is the same, "otherwise a format parsing error results": the same
grammar and the same model prefix, or none. Loads with and without a revision belong to one grammar:
a rule written for a new release has to be understood by the phone that is to be upgraded to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LOAD = re.compile(
    r"(?:(?P<model>[A-Za-z0-9]{1,16})\.)?"
    r"(?P<major>[0-9]{1,9})-(?P<minor>[0-9]{1,9})-"
    r"(?P<micro>[0-9]{1,9})MPP(?P<revision>[0-9]{0,9})-(?P<build>[0-9]{1,9})"
)
_DOTTED = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9}){1,7}")
_PERHAPS = re.compile(r"[Ss][Ii][Pp][0-9A-Za-z]*+\.|[0-9]++[.-]")


@dataclass(frozen=True, slots=True)
class Version:
    """A version that fits a published grammar: ``format`` tells which, ``key`` orders within it."""

    format: str
    key: tuple[int, ...]

    @classmethod
    def parse(cls, text: str) -> Version | None:
        """Read a version, or return None if it fits neither grammar (``sip7832.11-3-1MSR3-3``)."""
        match = _LOAD.fullmatch(text)
        if match is not None:
            parts = ("major", "minor", "micro", "revision", "build")
            return cls(f"load {match['model'] or ''}", tuple(int(match[p] or 0) for p in parts))
        if _DOTTED.fullmatch(text):
            numbers = [int(part) for part in text.split(".")]
            while numbers and not numbers[-1]:
                numbers.pop()
            return cls("dotted", tuple(numbers))
        return None


def looks_like_version(text: str) -> bool:
    """Whether ``text`` is meant as a version, whether or not it fits a grammar.

    Releases outside the grammars exist (``sip7832.11-3-1MSR3-3``, ``sip7832.12.0.2MPP0001.116``);
    comparing one is an error of format, not of type.
    """
    return _PERHAPS.match(text) is not None
