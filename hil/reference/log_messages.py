"""The syslog messages of resyncs and upgrades: Log_Request_Msg and its five siblings.

What a message says is known in advance except for $ERR and $UPGERR, whose texts nobody has published,
and for timers, which count to an instant that a laboratory sees only about. A `LogMessage` therefore
has two sides: the text with the phone's own words, and the parts around what nobody can know, between
which the judge accepts any words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum

from hil.reference.macros import MacroTable
from hil.reference.phone_log import NOTICE, is_sent

SYSLOG_PORT = 514
_UNKNOWN = "\ue000" * 64
"""What stands for a text that nobody knows; a substring of it is as unknown."""
_UNKNOWNS = re.compile("\ue000+")
_PORT = re.compile(r"[0-9]{1,5}")
_USUAL_PORTS = ("69", "80", "443")
_TIMERS = ("prvtmr", "upgtmr", "regtmr1", "regtmr2")


class LogKind(StrEnum):
    """Which message; the value is the XML name of its parameter."""

    REQUEST = "Log_Request_Msg"
    SUCCESS = "Log_Success_Msg"
    FAILURE = "Log_Failure_Msg"
    UPGRADE_REQUEST = "Log_Upgrade_Request_Msg"
    UPGRADE_SUCCESS = "Log_Upgrade_Success_Msg"
    UPGRADE_FAILURE = "Log_Upgrade_Failure_Msg"


@dataclass(frozen=True, slots=True)
class LogMessage:
    """One message to the syslog server ``host``:``port``.

    ``readings`` has the text in each accepted form (interpretations I19 and I20 may accept several),
    each in the parts around what nobody can know. ``text`` is how the reference phone sends it.
    """

    kind: LogKind
    host: str
    port: int
    text: str
    readings: tuple[tuple[str, ...], ...]

    def accepts(self, text: str) -> bool:
        """Whether ``text`` is this message, whatever stands for what nobody can know."""
        return any(_fits(parts, text) for parts in self.readings)


def compose(kind: LogKind, table: MacroTable, err: str = "") -> LogMessage | None:
    """The message as configured, or None where its text or Syslog_Server is empty.

    How severe it is, and so whether Debug_Level holds it back, is not published. Here it is `NOTICE`,
    the default level: with a level below that the phone does not owe it.
    """
    if not is_sent(NOTICE, table.parameters):
        return None
    server = table.parameters.raw("Syslog_Server").strip()
    if not server:
        return None
    host, _, port = server.partition(":")
    if port and not (_PORT.fullmatch(port) and 0 < int(port) < 65536):
        return None
    return addressed(kind, table, err, host, int(port or SYSLOG_PORT))


def addressed(
    kind: LogKind, table: MacroTable, err: str, host: str, port: int
) -> LogMessage | None:
    """The message as configured, to this server, or None where its text is empty."""
    template = table.parameters.raw(kind.value)
    if not template.strip():
        return None
    tables = _understood(kind, table, template)
    first, *_ = tables
    own = replace(first, context=replace(first.context, err=err))
    readings = _readings(kind, tables, template)
    return LogMessage(kind, host, port, _expanded(own, template), readings)


def _understood(kind: LogKind, table: MacroTable, template: str) -> tuple[MacroTable, ...]:
    """By what the message may be expanded; the first is how the reference phone does it."""
    tables = [table]
    requests = kind in (LogKind.REQUEST, LogKind.UPGRADE_REQUEST) and "SERVIP" in template
    if requests and table.interpretations.log_request_servip != "expanded":
        literal = replace(table, context=replace(table.context, servip="$SERVIP"))
        only = table.interpretations.log_request_servip == "literal"
        tables = [literal] if only else [table, literal]
    if table.context.scheme is not None and table.context.servip is None:
        # The server was not looked up, so nobody knows what the phone says of its address.
        tables.append(replace(table, context=replace(table.context, servip=_UNKNOWN)))
    return tuple(tables)


def _readings(
    kind: LogKind, tables: tuple[MacroTable, ...], template: str
) -> tuple[tuple[str, ...], ...]:
    templates = [template]
    if kind is LogKind.SUCCESS and tables[0].interpretations.log_success_err == "either":
        templates.append(template.removesuffix(" -- $ERR"))
    return tuple(dict.fromkeys(_parts(known, each) for known in tables for each in templates))


def _parts(table: MacroTable, template: str) -> tuple[str, ...]:
    context = table.context
    told = {name: getattr(context, name) for name in ("upgerr", *_TIMERS)}
    unknown = {name: _UNKNOWN for name, value in told.items() if value}
    marked = replace(table, context=replace(context, err=_UNKNOWN, **unknown))
    return tuple(_UNKNOWNS.split(_expanded(marked, template)))


def _expanded(table: MacroTable, template: str) -> str:
    if table.interpretations.log_default_port == "hidden" and table.context.port in _USUAL_PORTS:
        template = template.replace(":$PORT", "")
    return table.expand(template)


def _fits(parts: tuple[str, ...], text: str) -> bool:
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not text.startswith(first) or not text[len(first) :].endswith(last):
        return False
    rest = text[len(first) : len(text) - len(last)] if last else text[len(first) :]
    for part in middle:
        at = rest.find(part)
        if at < 0:
            return False
        rest = rest[at + len(part) :]
    return True
