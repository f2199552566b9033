"""The provisioning parameters as a table: what the chapter prints, row by row.

Every row of the chapter's three tables is here: Configuration Profile Parameters, Firmware Upgrade
Parameters, General Purpose Parameters. Beside them stand the few that other rows lean on: GPP_SA to
GPP_SD and the line's user id (Macro Expansion Variables) and Syslog_Server (where Log_* messages go).

Where the printed default is missing or was damaged in print, the row says what other published text
restores it, and ``also_published`` keeps every other printed form.
"""

from __future__ import annotations

from types import MappingProxyType

from hil.reference.face_parameters import FACE_ROWS
from hil.reference.line_parameters import LINE_ROWS
from hil.reference.network_parameters import NETWORK_ROWS
from hil.reference.parameter_row import Kind, OnInvalid, Parameter, row
from hil.reference.time_parameters import TIME_ROWS

__all__ = ["TABLE", "Kind", "OnInvalid", "Parameter"]


_PROFILE = "Configuration Profile Parameters"
_UPGRADE = "Firmware Upgrade Parameters"
_GENERAL = "General Purpose Parameters"
_MACROS = "Macro Expansion Variables"

_WIDE = (0, 65535)

_PROFILE_ROWS = (
    row(_PROFILE, "Provision Enable", Kind.BOOL, "Yes"),
    row(_PROFILE, "Resync On Reset", Kind.BOOL, "Yes"),
    row(_PROFILE, "Resync Random Delay", Kind.UNSIGNED, "2", limits=_WIDE),
    row(_PROFILE, "Resync At (HHmm)", Kind.TIME_HHMM, "", on_invalid=OnInvalid.IGNORED),
    row(
        _PROFILE,
        "Resync At Random Delay",
        Kind.UNSIGNED,
        "600",
        limits=(600, 65535),
        on_invalid=OnInvalid.RAISED_TO_MINIMUM,
    ),
    row(_PROFILE, "Resync Periodic", Kind.SCHEDULE, "3600"),
    row(
        _PROFILE,
        "Resync Error Retry Delay",
        Kind.SCHEDULE,
        "60,120,240,480,960,1920,3840,7680,15360,30720,61440,86400",
        also_published=("3600",),
        note="no default printed there: conference AG, Provisioning Methods; older dumps say 3600",
    ),
    row(_PROFILE, "Forced Resync Delay", Kind.UNSIGNED, "14400", limits=_WIDE),
    row(_PROFILE, "Resync From SIP", Kind.BOOL, "Yes"),
    row(_PROFILE, "Resync After Upgrade Attempt", Kind.BOOL, "Yes"),
    row(_PROFILE, "Resync Trigger 1", Kind.TRIGGER, ""),
    row(_PROFILE, "Resync Trigger 2", Kind.TRIGGER, ""),
    row(_PROFILE, "Resync Fails On FNF", Kind.BOOL, "Yes"),
    row(_PROFILE, "Profile Rule", Kind.RULE, "/$PSN.xml"),
    *(
        row(
            _PROFILE,
            f"Profile Rule {letter}",
            Kind.RULE,
            "",
            note="the row's one default is Profile Rule's, four rules for one file would be none",
        )
        for letter in "BCD"
    ),
    row(_PROFILE, "DHCP Option To Use", Kind.OPTION_LIST, "66,160,159,150,60,43,125"),
    row(
        _PROFILE,
        "Log Request Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Requesting resync $SCHEME://$SERVIP:$PORT$PATH",
        also_published=("$PN $MAC -Requesting % $SCHEME://$SERVIP:$PORT$PATH",),
        note="damaged in print there: conference AG, Provisioning Methods; configuration dumps",
    ),
    row(
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
    row(_PROFILE, "Log Failure Msg", Kind.TEMPLATE, "$PN $MAC -- Resync failed: $ERR"),
    row(_PROFILE, "User Configurable Resync", Kind.BOOL, "Yes"),
)

_UPGRADE_ROWS = (
    row(_UPGRADE, "Upgrade Enable", Kind.BOOL, "Yes"),
    row(
        _UPGRADE,
        "Upgrade Error Retry Delay",
        Kind.SCHEDULE,
        "3600",
        note="a schedule: Administration Guide 11.3, Provisioning Formats",
    ),
    row(_UPGRADE, "Upgrade Rule", Kind.RULE, ""),
    row(
        _UPGRADE,
        "Log Upgrade Request Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Requesting upgrade $SCHEME://$SERVIP:$PORT$PATH",
        also_published=("$PN $MAC -- Requesting upgrade $SCHEME : //$SERVIP : $PORT$PATH",),
        note="the spaces printed around its colons are in no other print",
    ),
    row(
        _UPGRADE,
        "Log Upgrade Success Msg",
        Kind.TEMPLATE,
        "$PN $MAC -- Successful upgrade $SCHEME://$SERVIP:$PORT$PATH -- $ERR",
    ),
    row(_UPGRADE, "Log Upgrade Failure Msg", Kind.TEMPLATE, "$PN $MAC -- Upgrade failed: $ERR"),
    row(_UPGRADE, "Peer Firmware Sharing", Kind.BOOL, "Yes"),
    row(_UPGRADE, "Peer Firmware Sharing Log Server", Kind.TEXT, ""),
)

_GENERAL_ROWS = tuple(
    row(_GENERAL, f"GPP {letter}", Kind.TEXT, "") for letter in "ABCDEFGHIJKLMNOP"
)

_NEIGHBOUR_ROWS = (
    *(row(_MACROS, f"GPP S{letter}", Kind.TEXT, "") for letter in "ABCD"),
    *(
        row(_MACROS, f"User ID {line}", Kind.TEXT, "", name=f"User_ID_{line}_", note="UIDn")
        for line in (1, 2)
    ),
    row("Configuration dumps", "Syslog Server", Kind.TEXT, ""),
    row("Provisioning Formats (RFC 8188)", "IKM HTTP Encrypt Content", Kind.TEXT, ""),
)

TABLE: MappingProxyType[str, Parameter] = MappingProxyType(
    {
        each.name: each
        for each in (
            *_PROFILE_ROWS,
            *_UPGRADE_ROWS,
            *_GENERAL_ROWS,
            *_NEIGHBOUR_ROWS,
            *FACE_ROWS,
            *LINE_ROWS,
            *NETWORK_ROWS,
            *TIME_ROWS,
        )
    }
)
"""Every known parameter by its XML name, in the order of the chapter."""
