"""The parameters of lines and of SIP, as far as internal error codes and NOTIFY lean on them.

The chapter names none of them. Titles, defaults and ranges are those of the multiplatform phones'
administration guides (the pages Ext and SIP of the web interface); where configuration dumps say
something else, the row says so. A line's parameters end in ``_1_`` and ``_2_``.
"""

from __future__ import annotations

from hil.reference.parameter_row import Kind, Parameter, row

LINES = (1, 2)
"""The lines of a phone."""

DEFAULT_DIAL_PLAN = "(*xx|[3469]11|0|00|[2-9]xxxxxx|1xxx[2-9]xxxxxxS0|xxxxxxxxxxxx.)"

VOICE_MAIL_INTERVAL = 86_400
"""The default of Voice_Mail_Subscribe_Interval_n_, seconds, which a 0 stands for as well."""

_SIP = "MPP administration guides, SIP"
_NAT = "7800 Administration Guide, NAT Support Parameters"
_LINE = "MPP administration guides, Ext (n)"

_TIME = (0, 64)
_LONG = (0, 2**31 - 1)


def _of_line(
    line: int,
    title: str,
    kind: Kind,
    default: str,
    limits: tuple[int, int] | None = None,
    choices: tuple[str, ...] = (),
    note: str = "",
) -> Parameter:
    name = f"{title.replace(' ', '_')}_{line}_"
    return row(_LINE, title, kind, default, name=name, limits=limits, choices=choices, note=note)


def _line_rows(line: int) -> tuple[Parameter, ...]:
    """All of a line, by the sections of its page."""
    return (
        *_sip_rows(line),
        *_proxy_rows(line),
        *_subscriber_rows(line),
        *_call_rows(line),
    )


def _sip_rows(line: int) -> tuple[Parameter, ...]:
    return (
        _of_line(line, "Line Enable", Kind.BOOL, "Yes"),
        _of_line(line, "SIP Transport", Kind.CHOICE, "UDP", choices=("UDP", "TCP", "TLS", "AUTO")),
        _of_line(line, "SIP Port", Kind.UNSIGNED, str(5059 + line), (1, 65535)),
        _of_line(line, "Auth Resync-Reboot", Kind.BOOL, "Yes"),
        _of_line(line, "Block Nonproxy SIP", Kind.BOOL, "No", note="its default: 6800 guide"),
    )


def _proxy_rows(line: int) -> tuple[Parameter, ...]:
    return (
        _of_line(line, "Proxy", Kind.TEXT, ""),
        _of_line(line, "Outbound Proxy", Kind.TEXT, ""),
        _of_line(
            line,
            "Use Outbound Proxy",
            Kind.BOOL,
            "Yes",
            note="only older guides and dumps have it, with No: on these phones Outbound Proxy "
            "counts where it is not empty",
        ),
        _of_line(line, "Alternate Proxy", Kind.TEXT, ""),
        _of_line(line, "Alternate Outbound Proxy", Kind.TEXT, ""),
        _of_line(line, "Dual Registration", Kind.BOOL, "No"),
        _of_line(line, "Proxy Fallback Intvl", Kind.UNSIGNED, "3600", (0, 65535)),
        _of_line(line, "Register", Kind.BOOL, "Yes"),
        _of_line(line, "Make Call Without Reg", Kind.BOOL, "No"),
        _of_line(line, "Ans Call Without Reg", Kind.BOOL, "No"),
        _of_line(line, "Register Expires", Kind.UNSIGNED, "3600", (1, 2_000_000)),
    )


def _subscriber_rows(line: int) -> tuple[Parameter, ...]:
    return (
        _of_line(line, "Display Name", Kind.TEXT, ""),
        _of_line(line, "Password", Kind.TEXT, ""),
        _of_line(line, "Auth ID", Kind.TEXT, ""),
        _of_line(
            line,
            "Use Auth ID",
            Kind.BOOL,
            "Yes",
            note="only older guides and dumps have it, with No: on these phones Auth ID counts "
            "where it is not empty",
        ),
    )


def _call_rows(line: int) -> tuple[Parameter, ...]:
    return (
        _of_line(
            line,
            "Preferred Codec",
            Kind.CHOICE,
            "G711u",
            choices=("G711u", "G711a", "G729a", "G722"),
        ),
        _of_line(line, "Use Pref Codec Only", Kind.BOOL, "No"),
        _of_line(line, "Voice Mail Server", Kind.TEXT, ""),
        _of_line(line, "Voice Mail Enable", Kind.BOOL, "Yes"),
        _of_line(
            line,
            "Voice Mail Subscribe Interval",
            Kind.UNSIGNED,
            str(VOICE_MAIL_INTERVAL),
            (0, VOICE_MAIL_INTERVAL),
            note="with 0 the phone uses the default",
        ),
        _of_line(
            line,
            "Dial Plan",
            Kind.TEXT,
            DEFAULT_DIAL_PLAN,
            note="its notation: hil.reference.dial_plan",
        ),
    )


_SIP_ROWS = (
    row(_SIP, "SIP T1", Kind.SECONDS, "0.5", limits=_TIME, also_published=(".5",)),
    row(_SIP, "SIP T2", Kind.SECONDS, "4", limits=_TIME),
    row(_SIP, "SIP T4", Kind.SECONDS, "5", limits=_TIME),
    row(_SIP, "Reg Min Expires", Kind.UNSIGNED, "1", limits=(1, 2**31 - 1)),
    row(_SIP, "Reg Max Expires", Kind.UNSIGNED, "7200", limits=_LONG),
    row(_SIP, "Reg Retry Intvl", Kind.UNSIGNED, "30", limits=(1, 2**31 - 1)),
    row(_SIP, "Reg Retry Long Intvl", Kind.UNSIGNED, "1200", limits=_LONG),
    row(_SIP, "Reg Retry Random Delay", Kind.UNSIGNED, "0", limits=_LONG),
    row(_SIP, "Reg Retry Long Random Delay", Kind.UNSIGNED, "0", limits=_LONG),
    row(_SIP, "Reg Retry Intvl Cap", Kind.UNSIGNED, "0", limits=_LONG),
    row(_SIP, "Try Backup RSC", Kind.RESPONSE_CODES, ""),
    row(_SIP, "Retry Reg RSC", Kind.RESPONSE_CODES, ""),
    row(_NAT, "EXT IP", Kind.TEXT, "", note="0.0.0.0 is none"),
)

LINE_ROWS: tuple[Parameter, ...] = (*_SIP_ROWS, *(each for n in LINES for each in _line_rows(n)))
"""Every row of this table, SIP's first."""
