"""The syslog messages of resyncs and upgrades: Log_Request_Msg and its five siblings.

What a message says is known in advance except for $ERR, whose texts nobody has published. A
`LogMessage` therefore keeps its text in the parts around $ERR: the phone joins them with its own
words, the judge accepts any words in between.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from hil.reference.macros import MacroTable
from hil.reference.phone_log import NOTICE, is_sent

SYSLOG_PORT = 514
_ERR_MARK = "\ue000"


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
    the preferred one first, each in the parts around $ERR. ``err`` is what the sender puts there.
    """

    kind: LogKind
    host: str
    port: int
    readings: tuple[tuple[str, ...], ...]
    err: str = ""

    @property
    def text(self) -> str:
        """The message as the reference phone sends it."""
        return self.err.join(self.readings[0])

    def accepts(self, text: str) -> bool:
        """Whether ``text`` is this message, whatever stands for $ERR."""
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
    if port and (not port.isascii() or not port.isdigit() or not 1 <= int(port[:6]) <= 65535):
        return None
    return addressed(kind, table, err, host, int(port or SYSLOG_PORT))


def addressed(
    kind: LogKind, table: MacroTable, err: str, host: str, port: int
) -> LogMessage | None:
    """The message as configured, to this server, or None where its text is empty."""
    template = table.parameters.raw(kind.value)
    if not template.strip():
        return None
    templates = [template]
    if kind is LogKind.SUCCESS and table.interpretations.log_success_err == "either":
        templates.append(template.removesuffix(" -- $ERR"))
    readings = [_parts(table, each) for each in templates]
    requests = kind in (LogKind.REQUEST, LogKind.UPGRADE_REQUEST)
    if requests and table.interpretations.log_request_servip != "expanded":
        literal = replace(table, context=replace(table.context, servip="$SERVIP"))
        unexpanded = [_parts(literal, each) for each in templates]
        only = table.interpretations.log_request_servip == "literal"
        readings = unexpanded if only else readings + unexpanded
    if table.context.scheme is not None and table.context.servip is None:
        # The server was not looked up, so nobody knows what the phone says of its address.
        unknown = replace(table, context=replace(table.context, servip=_ERR_MARK))
        readings += [_parts(unknown, each) for each in templates]
    return LogMessage(kind, host, port, tuple(dict.fromkeys(readings)), err)


def _parts(table: MacroTable, template: str) -> tuple[str, ...]:
    port = table.context.port
    if table.interpretations.log_default_port == "hidden" and port in ("69", "80", "443"):
        template = template.replace(":$PORT", "")
    # $UPGERR is the $ERR of another message: no more of it is known.
    upgerr = _ERR_MARK if table.context.upgerr else table.context.upgerr
    marked = replace(table, context=replace(table.context, err=_ERR_MARK, upgerr=upgerr))
    return tuple(marked.expand(template).split(_ERR_MARK))


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
