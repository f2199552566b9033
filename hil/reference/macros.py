"""The macros of the chapter "Macro Expansion Variables", and what each stands for on one phone.

A macro's value comes from one of three places: who the phone is (`Identity`), what it is configured to
do (`Parameters`), or what it is doing at the moment (`MacroContext`). `MacroTable` joins the three into
the look-up that `expand` needs. A name of the table is always known: where it has no value yet it
expands to nothing, whereas a name outside the table stays as it is written.

$SA to $SD hold keys and passwords and "are recognized as arguments to the optional resync URL
qualifier, --key"; the question ``secret_macros`` may be read to let them stand in --uid and --pwd, too.
Everywhere else they are unknown names, so that no log line or URL can leak them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from types import MappingProxyType
from typing import Any

from hil.errors import MacroError, SpecificationError
from hil.reference.expansion import MAX_EXPANSION, Lookup, Reference, expand, pieces
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters, is_valid

__all__ = [
    "MACRO_NAMES",
    "MAX_EXPANSION",
    "SECRET_NAMES",
    "Lookup",
    "MacroContext",
    "MacroTable",
    "Reference",
    "by_either_name",
    "expand",
    "pieces",
]

_VERY_LARGE = str(2**32 - 1)
_REGISTERS = MappingProxyType({letter: f"GPP_{letter}" for letter in "ABCDEFGHIJKLMNOP"})
_SECRETS = MappingProxyType({f"S{letter}": f"GPP_S{letter}" for letter in "ABCD"})
_USER_IDS = MappingProxyType({"UID1": "User_ID_1_", "UID2": "User_ID_2_"})
_PARAMETERS = MappingProxyType({**_REGISTERS, **_USER_IDS})

_IDENTITY = MappingProxyType(
    {
        "MA": "ma",
        "MAU": "mau",
        "MAC": "mac",
        "PN": "pn",
        "PSN": "psn",
        "SN": "serial",
        "CCERT": "ccert",
        "SWVER": "swver",
        "HWVER": "hwver",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroContext:
    """What the phone is doing; each field is the macro of its name in upper case.

    None means that there is no value yet. It expands to nothing, except that a timer which never
    started (``prvtmr``, ``upgtmr``: no attempt yet; ``regtmr1``, ``regtmr2``: the line is registered)
    shows what `Interpretations` read for it. Timers are in whole seconds, ``scheme`` in lower case.
    """

    ip: str | None = None
    extip: str | None = None
    prvst: str | None = None
    upgst: str | None = None
    upgerr: str | None = None
    prvtmr: str | None = None
    upgtmr: str | None = None
    regtmr1: str | None = None
    regtmr2: str | None = None
    scheme: str | None = None
    serv: str | None = None
    servip: str | None = None
    port: str | None = None
    path: str | None = None
    err: str | None = None


# METH is an alias that Linksys SPA guides keep for old rules; the chapter no longer prints it.
_CONTEXT = MappingProxyType(
    {"METH": "scheme"} | {field.name.upper(): field.name for field in fields(MacroContext)}
)

SECRET_NAMES = frozenset(_SECRETS)
"""The macros that exist only inside the arguments of a rule's options."""

MACRO_NAMES = frozenset({*_PARAMETERS, *_SECRETS, *_IDENTITY, *_CONTEXT, "UPGCOND"})
"""Every name of the chapter's table but ``$`` itself, which belongs to the notation."""


@dataclass(frozen=True, slots=True)
class MacroTable:
    """The value of every macro on one phone at one moment."""

    identity: Identity
    parameters: Parameters
    context: MacroContext = MacroContext()
    interpretations: Interpretations = DEFAULT

    def lookup(self, name: str, secrets: bool = False) -> str | None:
        """Return a macro's value, or None for a name that is not known.

        SA to SD are known only with ``secrets``.
        """
        if name in _PARAMETERS:
            return self.parameters.raw(_PARAMETERS[name])
        if name in _SECRETS:
            return self.parameters.raw(_SECRETS[name]) if secrets else None
        if name == "PSN":
            return self.identity.psn or self.interpretations.psn
        if name in _IDENTITY:
            return str(getattr(self.identity, _IDENTITY[name]))
        if name in _CONTEXT:
            return self._moment(_CONTEXT[name])
        # "Legacy macro name, always expands to true" (SPA guides; the chapter's cell is empty).
        return "true" if name == "UPGCOND" else None

    def expand(self, template: str) -> str:
        """Expand ``template`` without secrets, as a log message or a request body is."""
        return expand(template, self.lookup, self.interpretations)

    def with_values(self, values: Mapping[str, str]) -> MacroTable:
        """Return the table with values by XML name or macro name: ``GPP_A``, ``A``, ``MA``.

        MA, MAU and MAC set the one address that all three show. Raises `MacroError` for a name that
        is neither and for UPGCOND, which is always true; `SpecificationError` for a value that the
        parameter does not allow, an MA that is no address and a CCERT that is no status.
        """
        parameters: dict[str, str] = {}
        about_itself: dict[str, Any] = {}
        now: dict[str, str] = {}
        for given, value in values.items():
            name = by_either_name(given)
            if name in TABLE:
                parameters[name] = _allowed(name, value)
            elif name in _CONTEXT:
                now[_CONTEXT[name]] = value
            elif name in ("MA", "MAU", "MAC"):
                about_itself["mac"] = value
            elif name == "CCERT":
                about_itself["ccert_installed"] = _ccert(value)
            elif name in _IDENTITY:
                about_itself[_IDENTITY[name]] = value
            else:
                raise MacroError(f"{name} has one value and cannot be given another")
        return replace(
            self,
            identity=replace(self.identity, **about_itself),
            parameters=self.parameters.updated(parameters),
            context=replace(self.context, **now),
        )

    def _moment(self, field: str) -> str:
        value: str | None = getattr(self.context, field)
        if value is None:
            return self._not_started(field)
        if field == "scheme" and self.interpretations.scheme_case == "upper":
            return value.upper()
        return value

    def _not_started(self, field: str) -> str:
        if field in ("prvtmr", "upgtmr"):
            reading = self.interpretations.timer_before_attempt
        elif field in ("regtmr1", "regtmr2"):
            reading = self.interpretations.regtmr_registered
        else:
            return ""
        return "0" if reading == "zero" else _VERY_LARGE


def by_either_name(name: str) -> str:
    """Return what ``name`` means: an XML name for a parameter, else a macro's name.

    ``GPP_A`` and ``A`` are both GPP_A, ``UID1`` is User_ID_1_, ``MA`` stays MA. Raises `MacroError`
    for a name that is neither.
    """
    if name in TABLE:
        return name
    for group in (_PARAMETERS, _SECRETS):
        if name in group:
            return group[name]
    if name in MACRO_NAMES:
        return name
    raise MacroError(f"{name[:40]!r} is neither a parameter's XML name nor a macro's name")


def _allowed(name: str, value: str) -> str:
    if not is_valid(TABLE[name], value):
        raise SpecificationError(f"{name} cannot be {value[:40]!r}, it holds a {TABLE[name].kind}")
    return value


def _ccert(value: str) -> bool:
    if value not in ("Installed", "Not Installed"):
        raise SpecificationError(f"CCERT is Installed or Not Installed, never {value[:40]!r}")
    return value == "Installed"
