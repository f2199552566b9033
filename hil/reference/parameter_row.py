"""One row of the parameter tables: what a parameter is called, what it may hold, where that stands.

Names are those of the profile's XML elements: the printed title with each space, bracket,
parenthesis and slash replaced by an underscore (Administration Guide 11.3, Provisioning Formats).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What sort of text a parameter's value is."""

    BOOL = "bool"
    """``Yes`` or ``No`` in any case (Provisioning Formats, data types); nothing else."""
    UNSIGNED = "unsigned"
    """A number within the row's range, decimal or ``0x`` hexadecimal (same place)."""
    SCHEDULE = "schedule"
    """Delays as `hil.reference.schedules` reads them."""
    TIME_HHMM = "time-hhmm"
    """Four digits, 0000 to 2400."""
    TIME_ZONE = "time-zone"
    """``GMT`` with hours and minutes east of it, as `hil.reference.local_time` reads them."""
    TIME_OFFSET = "time-offset"
    """Hours and minutes, ``HH/mm``, as `hil.reference.local_time` reads them."""
    DAYLIGHT_RULE = "daylight-rule"
    """When daylight saving time is in force, as `hil.reference.local_time` reads it."""
    SECONDS = "seconds"
    """Seconds within the row's range with up to three decimals (same place, Time<n>)."""
    RESPONSE_CODES = "response-codes"
    """Templates of SIP responses as `hil.reference.response_templates` reads them."""
    OPTION_LIST = "option-list"
    """DHCP option codes, delimited by commas."""
    RULE = "rule"
    """Alternatives as `hil.reference.rules` reads them, when a resync needs them."""
    TRIGGER = "trigger"
    """A bare conditional expression as `hil.reference.expressions` reads it."""
    TEMPLATE = "template"
    """Text in which macros expand when it is used."""
    CHOICE = "choice"
    """One of the row's ``choices``, in any case; nothing else."""
    TEXT = "text"
    """Any text, taken as it is."""


class OnInvalid(StrEnum):
    """What becomes of a value that the row does not allow."""

    KEEP_PREVIOUS = "keep-previous"
    """The chapter is silent; `Interpretations.invalid_value` chooses, by default the value stays."""
    IGNORED = "ignored"
    """Resync At: "If the value is invalid, the parameter is ignored", as if it were empty."""
    RAISED_TO_MINIMUM = "raised-to-minimum"
    """Resync At Random Delay: a smaller number counts as the minimum, "between 0 and 600"."""
    ACCEPTED = "accepted"
    """Every text is a value; whether it makes sense shows when it is used."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row: XML ``name``, printed ``title``, what values it takes and where that is printed.

    ``minimum`` and ``maximum`` bound a number, both included; ``default`` is the value of a phone
    that nobody configured, ``also_published`` other defaults in print, ``source`` the table and row.
    ``choices`` are the values of a CHOICE as they are printed.
    """

    name: str
    title: str
    kind: Kind
    default: str
    source: str
    on_invalid: OnInvalid
    minimum: int | None = None
    maximum: int | None = None
    also_published: tuple[str, ...] = ()
    choices: tuple[str, ...] = ()


_ANY_TEXT = frozenset({Kind.RULE, Kind.TRIGGER, Kind.TEMPLATE, Kind.TEXT})


def row(
    table: str,
    title: str,
    kind: Kind,
    default: str,
    *,
    name: str = "",
    limits: tuple[int, int] | None = None,
    on_invalid: OnInvalid | None = None,
    also_published: tuple[str, ...] = (),
    choices: tuple[str, ...] = (),
    note: str = "",
) -> Parameter:
    """Return the row that ``table`` prints under ``title``; ``note`` is added to its source.

    The XML ``name`` follows from the title unless it is given. ``limits`` are a number's minimum and
    maximum. Without ``on_invalid`` text is accepted, and any other value must be valid.
    """
    usual = OnInvalid.ACCEPTED if kind in _ANY_TEXT else OnInvalid.KEEP_PREVIOUS
    source = f"{table}, {title}"
    return Parameter(
        name=name or title.translate(str.maketrans(" ()[]/", "______")),
        title=title,
        kind=kind,
        default=default,
        source=f"{source}; {note}" if note else source,
        on_invalid=on_invalid or usual,
        minimum=limits[0] if limits else None,
        maximum=limits[1] if limits else None,
        also_published=also_published,
        choices=choices,
    )
