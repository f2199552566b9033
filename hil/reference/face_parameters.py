"""The parameters of the phone's own faces: its web pages, its reports and its syslog.

The chapter does not print them; rows come from the guides' tables of the web pages and from
configuration dumps. They stand here because provisioning leans on them: the pages carry resync and
upgrade commands, a report tells what a profile made of the phone, and Debug_Level decides which of
its messages anybody sees.
"""

from __future__ import annotations

from hil.reference.parameter_row import Kind, Parameter, row

_PAGE = "Configuration dumps, System Configuration"
_REPORT = "7800 Administration Guide, Upload Configuration Options"
_SYSLOG = "Conference phone Administration Guide, Optional Network Configuration"
_NAMES = "Configuration dumps, General"

SEVERITIES = ("EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING", "NOTICE", "INFO", "DEBUG")
"""What Debug_Level can be; the place in the tuple is the severity of RFC 5424 table 2."""

FACE_ROWS: tuple[Parameter, ...] = (
    row(_PAGE, "Enable Web Server", Kind.BOOL, "Yes"),
    row(_PAGE, "Enable Web Admin Access", Kind.BOOL, "Yes"),
    row(
        _PAGE,
        "Enable Protocol",
        Kind.CHOICE,
        "Http",
        choices=("Http", "Https"),
        also_published=("Https",),
        note="from 12.0(3) on the pages are redirected to https (release notes)",
    ),
    row(_PAGE, "Web Server Port", Kind.UNSIGNED, "80", limits=(1, 65535)),
    row(_PAGE, "Enable Direct Action Url", Kind.BOOL, "Yes"),
    row(_PAGE, "Admin Password", Kind.TEXT, ""),
    row(_PAGE, "User Password", Kind.TEXT, ""),
    row(_REPORT, "Report Rule", Kind.RULE, ""),
    row(_REPORT, "HTTP Report Method", Kind.CHOICE, "POST", choices=("PUT", "POST")),
    row(
        _REPORT,
        "Report To Server",
        Kind.CHOICE,
        "On Request",
        choices=("On Request", "On Local Change", "Periodically"),
    ),
    row(
        _REPORT,
        "Periodic Upload To Server",
        Kind.UNSIGNED,
        "3600",
        limits=(600, 2_592_000),
        note="the 8800 guide prints 259200 as its maximum",
    ),
    row(_REPORT, "Upload Delay On Local Change", Kind.UNSIGNED, "60", limits=(10, 900)),
    row(_SYSLOG, "Debug Level", Kind.CHOICE, "NOTICE", choices=SEVERITIES),
    row(
        _SYSLOG,
        "Syslog Identifier",
        Kind.CHOICE,
        "None",
        choices=("None", "$MA", "$MAU", "$MAC", "$SN"),
    ),
    row(_NAMES, "HTTP User Agent Name", Kind.TEMPLATE, "$VERSION ($MA)"),
)
"""Their rows, in the order of the pages."""
