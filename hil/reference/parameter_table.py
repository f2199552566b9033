"""The provisioning parameters as a table: what the chapter prints, row by row.

Every row of the chapter's three tables is here: Configuration Profile Parameters, Firmware Upgrade
Parameters, General Purpose Parameters. Beside them stand the few that other rows lean on: GPP_SA to
GPP_SD and the line's user id (Macro Expansion Variables) and Syslog_Server (where Log_* messages go).

Names are those of the profile's XML elements: the printed title with each space, bracket,
parenthesis and slash replaced by an underscore (Administration Guide 11.3, Provisioning Formats).

Where the printed default is missing or was damaged in print, the row says what other published text
restores it, and ``also_published`` keeps every other printed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


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
    OPTION_LIST = "option-list"
    """DHCP option codes, delimited by commas."""
    RULE = "rule"
    """Alternatives as `hil.reference.rules` reads them, when a resync needs them."""
    TRIGGER = "trigger"
    """A bare conditional expression as `hil.reference.expressions` reads it."""
    TEMPLATE = "template"
    """Text in which macros expand when it is used."""
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


_PROFILE = "Configuration Profile Parameters"
_UPGRADE = "Firmware Upgrade Parameters"
_GENERAL = "General Purpose Parameters"
_MACROS = "Macro Expansion Variables"

_ANY_TEXT = frozenset({Kind.RULE, Kind.TRIGGER, Kind.TEMPLATE, Kind.TEXT})


def _row(
    table: str,
    title: str,
    kind: Kind,
    default: str,
    *,
    name: str = "",
    limits: tuple[int, int] | None = None,
    on_invalid: OnInvalid | None = None,
    also_published: tuple[str, ...] = (),
    note: str = "",
) -> Parameter:
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
    )


_WIDE = (0, 65535)

_PROFILE_ROWS = (
    _row(_PROFILE, "Provision Enable", Kind.BOOL, "Yes"),
    _row(_PROFILE, "Resync On Reset", Kind.BOOL, "Yes"),
    _row(_PROFILE, "Resync Random Delay", Kind.UNSIGNED, "2", limits=_WIDE),
    _row(_PROFILE, "Resync At (HHmm)", Kind.TIME_HHMM, "", on_invalid=OnInvalid.IGNORED),
    _row(
        _PROFILE,
        "Resync At Random Delay",
        Kind.UNSIGNED,
        "600",
        limits=(600, 65535),
        on_invalid=OnInvalid.RAISED_TO_MINIMUM,
    ),
    _row(_PROFILE, "Resync Periodic", Kind.SCHEDULE, "3600"),
    _row(
        _PROFILE,
        "Resync Error Retry Delay",
        Kind.SCHEDULE,
        "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400",
        also_published=("3600",),
        note="no default printed there: conference AG, Provisioning Methods; older dumps say 3600",
    ),
    _row(_PROFILE, "Forced Resync Delay", Kind.UNSIGNED, "14400", limits=_WIDE),
    _row(_PROFILE, "Resync From SIP", Kind.BOOL, "Yes"),
    _row(_PROFILE, "Resync After Upgrade Attempt", Kind.BOOL, "Yes"),
    _row(_PROFILE, "Resync Trigger 1", Kind.TRIGGER, ""),
    _row(_PROFILE, "Resync Trigger 2", Kind.TRIGGER, ""),
    _row(_PROFILE, "Resync Fails On FNF", Kind.BOOL, "Yes"),
    _row(_PROFILE, "Profile Rule", Kind.RULE, "/$PSN.xml"),
    *(
        _row(
            _PROFILE,
            f"Profile Rule {letter}",
            Kind.RULE,
            "",
            note="the row's one default is Profile Rule's, four rules for one file would be none",
        )
        for letter in "BCD"
    ),
    _row(_PROFILE, "DHCP Option To Use", Kind.OPTION_LIST, "66,160,159,150,60,43,125"),
    _row(
        _PROFILE,
        "Log Request Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Requesting resync $SCHEME://$SERVIP:$PORT$PATH",
        also_published=("$PN $MAC -Requesting % $SCHEME://$SERVIP:$PORT$PATH",),
        note="damaged in print there: conference AG, Provisioning Methods; configuration dumps",
    ),
    _row(
        _PROFILE,
        "Log Success Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Successful resync $SCHEME://$SERVIP:$PORT$PATH -- $ERR",
        also_published=(
            "$PN $MAC -- Successful resync $SCHEME://$SERVIP:$PORT$PATH",
            "$PN $MAC -Successful Resync % $SCHEME://$SERVIP:$PORT$PATH -- $ERR",
        ),
        note="damaged in print there, but ' -- $ERR' is in the older print too; dumps omit it",
    ),
    _row(_PROFILE, "Log Failure Msg", Kind.TEMPLATE, "$PN $MAC -- Resync failed: $ERR"),
    _row(_PROFILE, "User Configurable Resync", Kind.BOOL, "Yes"),
)

_UPGRADE_ROWS = (
    _row(_UPGRADE, "Upgrade Enable", Kind.BOOL, "Yes"),
    _row(
        _UPGRADE,
        "Upgrade Error Retry Delay",
        Kind.SCHEDULE,
        "3600",
        note="a schedule: Administration Guide 11.3, Provisioning Formats",
    ),
    _row(_UPGRADE, "Upgrade Rule", Kind.RULE, ""),
    _row(
        _UPGRADE,
        "Log Upgrade Request Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Requesting upgrade $SCHEME://$SERVIP:$PORT$PATH",
        also_published=("$PN $MAC -- Requesting upgrade $SCHEME : //$SERVIP : $PORT$PATH",),
        note="the spaces printed around its colons are in no other print",
    ),
    _row(
        _UPGRADE,
        "Log Upgrade Success Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Successful upgrade $SCHEME://$SERVIP:$PORT$PATH -- $ERR",
    ),
    _row(_UPGRADE, "Log Upgrade Failure Msg", Kind.TEMPLATE, "$PN $MAC -- Upgrade failed: $ERR"),
    _row(_UPGRADE, "Peer Firmware Sharing", Kind.BOOL, "Yes"),
    _row(_UPGRADE, "Peer Firmware Sharing Log Server", Kind.TEXT, ""),
)

_GENERAL_ROWS = tuple(
    _row(_GENERAL, f"GPP {letter}", Kind.TEXT, "") for letter in "ABCDEFGHIJKLMNOP"
)

_NEIGHBOUR_ROWS = (
    *(_row(_MACROS, f"GPP S{letter}", Kind.TEXT, "") for letter in "ABCD"),
    *(
        _row(_MACROS, f"User ID {line}", Kind.TEXT, "", name=f"User_ID_{line}_", note="UIDn")
        for line in (1, 2)
    ),
    _row("Configuration dumps", "Syslog Server", Kind.TEXT, ""),
    _row("Provisioning Formats (RFC 8188)", "IKM HTTP Encrypt Content", Kind.TEXT, ""),
)

TABLE: MappingProxyType[str, Parameter] = MappingProxyType(
    {row.name: row for row in (*_PROFILE_ROWS, *_UPGRADE_ROWS, *_GENERAL_ROWS, *_NEIGHBOUR_ROWS)}
)
"""Every known parameter by its XML name, in the order of the chapter."""
