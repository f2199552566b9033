"""What a phone is configured to do: the values of its parameters, typed on demand.

`Parameters` keeps text, as a profile delivers it, and interprets it only when asked, so that a value
is judged by the same rules wherever it comes from. It never changes; `Parameters.updated` returns what
a profile makes of it. An element that the table does not know is no error: a profile may be written
for several models, and "unknown tags are ignored" (Administration Guide 11.3, Provisioning Formats).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from hil.errors import SpecificationError
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.local_time import DaylightSaving, parse_time_offset, parse_time_zone
from hil.reference.parameter_table import TABLE, Kind, OnInvalid, Parameter
from hil.reference.response_templates import ResponseTemplate
from hil.reference.schedules import Schedule

MINUTES_A_DAY = 24 * 60

_DECIMAL = re.compile(r"[0-9]{1,20}")
_HEXADECIMAL = re.compile(r"0[xX][0-9A-Fa-f]{1,16}")
_HHMM = re.compile(r"([0-9]{2})([0-9]{2})")
_SECONDS = re.compile(r"([0-9]{1,9})(?:\.([0-9]{0,3}))?|\.([0-9]{1,3})")
_OPTION = re.compile(r"[0-9]{1,3}")
_SPACE = " \t\r\n"
_PARSERS: Mapping[Kind, Callable[[str], object]] = {
    Kind.SCHEDULE: Schedule.parse,
    Kind.RESPONSE_CODES: ResponseTemplate.parse,
    Kind.TIME_ZONE: parse_time_zone,
    Kind.TIME_OFFSET: parse_time_offset,
    Kind.DAYLIGHT_RULE: DaylightSaving.parse,
}


class Parameters(Mapping[str, str]):
    """An immutable mapping from every XML name of the table to its raw value.

    What is not in ``values`` has its default under ``interpretations``. Raises `SpecificationError`
    for a name that the table does not have; values are taken as they are.
    """

    __slots__ = ("_interpretations", "_set")

    def __init__(
        self,
        values: Mapping[str, str] | None = None,
        interpretations: Interpretations = DEFAULT,
    ) -> None:
        chosen = dict(values or {})
        for name in chosen:
            lookup_parameter(name)
        self._set = MappingProxyType(chosen)
        self._interpretations = interpretations

    @property
    def interpretations(self) -> Interpretations:
        """The readings that values are understood by."""
        return self._interpretations

    def __getitem__(self, name: str) -> str:
        if name not in TABLE:
            raise KeyError(name)
        if name in self._set:
            return self._set[name]
        return default_value(TABLE[name], self._interpretations)

    def __iter__(self) -> Iterator[str]:
        return iter(TABLE)

    def __len__(self) -> int:
        return len(TABLE)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Parameters):
            return NotImplemented
        return self._interpretations == other._interpretations and self._set == other._set

    def __hash__(self) -> int:
        return hash(frozenset(self._set.items()))

    def __repr__(self) -> str:
        # Names only: values may be passwords and keys.
        return f"Parameters(set: {', '.join(self._set) or 'none'})"

    def raw(self, name: str) -> str:
        """Return the text of a parameter; raises `SpecificationError` for an unknown name."""
        lookup_parameter(name)
        return self[name]

    def flag(self, name: str) -> bool:
        """Return a BOOL: whether it is yes. Raises `SpecificationError` if it is none."""
        value = self._typed(name, Kind.BOOL)
        if not is_valid(TABLE[name], value):
            raise SpecificationError(f"{name} is {value!r}, neither yes nor no")
        return value.strip(_SPACE).lower() == "yes"

    def integer(self, name: str) -> int:
        """Return an UNSIGNED in the unit of its row, mostly seconds.

        A number below the minimum counts as the minimum where the row says so; the zero of
        Resync_At_Random_Delay counts as 0 where `Interpretations.resync_at_zero_delay` reads it as
        "disabled". Raises `SpecificationError` if the value is no number in the row's range.
        """
        value = self._typed(name, Kind.UNSIGNED)
        row = TABLE[name]
        number = parse_unsigned(value)
        if number is None or not is_valid(row, value):
            raise SpecificationError(f"{name} is {value!r}, no number in its range")
        if row.on_invalid is not OnInvalid.RAISED_TO_MINIMUM:
            return number
        if number == 0 and self._interpretations.resync_at_zero_delay == "disabled":
            return 0
        return max(number, row.minimum or 0)

    def schedule(self, name: str) -> Schedule:
        """Return a SCHEDULE; raises `ScheduleError` if the value is none."""
        return Schedule.parse(self._typed(name, Kind.SCHEDULE))

    def clock_time(self, name: str) -> int | None:
        """Return a TIME_HHMM in minutes after midnight, or None if it is empty or invalid.

        "If the value is invalid, the parameter is ignored" (Resync At). 2400 is midnight, 0960 is
        no time, unless `Interpretations` read them otherwise.
        """
        match = _HHMM.fullmatch(self._typed(name, Kind.TIME_HHMM).strip(_SPACE))
        if match is None:
            return None
        hours, minutes = int(match[1]), int(match[2])
        if hours * 100 + minutes > 2400:
            return None
        if hours == 24 and self._interpretations.resync_at_2400 == "invalid":
            return None
        if minutes > 59 and self._interpretations.resync_at_minutes == "invalid":
            return None
        return (hours * 60 + minutes) % MINUTES_A_DAY

    def choice(self, name: str) -> str:
        """Return a CHOICE as its row prints it; raises `SpecificationError` if it is none of them."""
        value = self._typed(name, Kind.CHOICE)
        chosen = parse_choice(TABLE[name], value)
        if chosen is None:
            raise SpecificationError(
                f"{name} is {value!r}, none of {', '.join(TABLE[name].choices)}"
            )
        return chosen

    def milliseconds(self, name: str) -> int:
        """Return a SECONDS in milliseconds, which it can always be told in.

        Raises `SpecificationError` if the value is no such number in the row's range.
        """
        value = self._typed(name, Kind.SECONDS)
        number = parse_seconds(value)
        if number is None or not is_valid(TABLE[name], value):
            raise SpecificationError(f"{name} is {value!r}, no number of seconds in its range")
        return number

    def response_codes(self, name: str) -> ResponseTemplate:
        """Return a RESPONSE_CODES; raises `SpecificationError` if the value is none."""
        return ResponseTemplate.parse(self._typed(name, Kind.RESPONSE_CODES))

    def option_codes(self, name: str) -> tuple[int, ...]:
        """Return an OPTION_LIST in its order, each code once.

        Raises `SpecificationError` if an element is no code from 1 to 254 (RFC 2132, section 2).
        """
        value = self._typed(name, Kind.OPTION_LIST)
        codes = parse_option_codes(value)
        if codes is None:
            raise SpecificationError(f"{name} is {value!r}, no list of DHCP option codes")
        return codes

    def updated(self, values: Mapping[str, str]) -> Parameters:
        """Return the parameters after a profile or a page set ``values``.

        Unknown names are ignored. An invalid value does what the table says: by default the value
        in force stays, as if the element had not been there.
        """
        merged = dict(self._set)
        for name, value in values.items():
            row = TABLE.get(name)
            if row is None:
                continue
            if is_valid(row, value) or row.on_invalid is OnInvalid.IGNORED:
                merged[name] = value
            elif self._interpretations.invalid_value == "default":
                merged.pop(name, None)
        return Parameters(merged, self._interpretations)

    def without(self, *names: str) -> Parameters:
        """Return the parameters with ``names`` back at their defaults."""
        kept = {name: value for name, value in self._set.items() if name not in names}
        return Parameters(kept, self._interpretations)

    def items_set(self) -> Mapping[str, str]:
        """Return what was set, without the defaults: what a phone keeps in its flash."""
        return self._set

    def is_default(self, name: str) -> bool:
        """Whether a parameter has its default, be it that nobody has set it, or set it to that.

        A phone that is told what it holds already is no other phone than before.
        """
        return self.raw(name) == default_value(TABLE[name], self._interpretations)

    def _typed(self, name: str, kind: Kind) -> str:
        row = lookup_parameter(name)
        if row.kind is not kind:
            raise SpecificationError(f"{name} holds a {row.kind.value}, not a {kind.value}")
        return self[name]


def lookup_parameter(name: str) -> Parameter:
    """Return the table's row for an XML name; raises `SpecificationError` if there is none."""
    try:
        return TABLE[name]
    except KeyError:
        raise SpecificationError(f"no parameter is called {name!r}") from None


def default_value(row: Parameter, interpretations: Interpretations = DEFAULT) -> str:
    """Return a row's default; Log_Success_Msg has two in print (`Interpretations`)."""
    if row.name == "Log_Success_Msg" and interpretations.log_success_err == "without":
        return row.default.removesuffix(" -- $ERR")
    return row.default


def is_valid(row: Parameter, value: str) -> bool:
    """Whether ``value`` is one that ``row`` gives a meaning; blanks around it do not matter.

    For a number that the row would raise to its minimum the answer is yes.
    """
    if row.kind is Kind.BOOL:
        return value.strip(_SPACE).lower() in ("yes", "no")
    if row.kind is Kind.UNSIGNED:
        number = parse_unsigned(value)
        return number is not None and _is_within(row, number)
    if row.kind is Kind.SECONDS:
        milliseconds = parse_seconds(value)
        return milliseconds is not None and _is_within(row, milliseconds / 1000)
    if row.kind in _PARSERS:
        try:
            _PARSERS[row.kind](value)
        except SpecificationError:
            return False
        return True
    if row.kind is Kind.TIME_HHMM:
        return Parameters({row.name: value}).clock_time(row.name) is not None or not value.strip()
    if row.kind is Kind.CHOICE:
        return parse_choice(row, value) is not None
    if row.kind is Kind.OPTION_LIST:
        return parse_option_codes(value) is not None
    return True


def _is_within(row: Parameter, number: float) -> bool:
    """Whether a number that is not negative is in the row's range, or can be raised to it."""
    raised = row.on_invalid is OnInvalid.RAISED_TO_MINIMUM
    lowest = 0 if raised or row.minimum is None else row.minimum
    return lowest <= number and (row.maximum is None or number <= row.maximum)


def parse_choice(row: Parameter, value: str) -> str | None:
    """Return the choice of ``row`` that ``value`` names in whatever case, or None."""
    wanted = value.strip(_SPACE).lower()
    return next((each for each in row.choices if each.lower() == wanted), None)


def parse_unsigned(value: str) -> int | None:
    """Return a number written in decimal or ``0x`` hexadecimal digits, or None."""
    stripped = value.strip(_SPACE)
    if _DECIMAL.fullmatch(stripped):
        return int(stripped)
    return int(stripped, 16) if _HEXADECIMAL.fullmatch(stripped) else None


def parse_seconds(value: str) -> int | None:
    """Return a number of seconds with up to three decimals (``.5``, ``4``) in ms, or None."""
    match = _SECONDS.fullmatch(value.strip(_SPACE))
    if match is None:
        return None
    decimals = match[2] or match[3] or ""
    return int(match[1] or 0) * 1000 + int(decimals.ljust(3, "0"))


def parse_option_codes(value: str) -> tuple[int, ...] | None:
    """Return the DHCP option codes of a comma list, each once, or None; empty text has none."""
    if not value.strip(_SPACE):
        return ()
    codes: dict[int, None] = {}
    for part in value.split(","):
        digits = part.strip(_SPACE)
        if not _OPTION.fullmatch(digits) or not 1 <= int(digits) <= 254:
            return None
        codes[int(digits)] = None
    return tuple(codes)
