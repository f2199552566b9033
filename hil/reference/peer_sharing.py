"""Peer Firmware Sharing, as far as it is published: who is told of it, and when.

Phones of one model on a subnet form a hierarchy, the root downloads the load, and the others copy it
from their peers; one phone alone has nobody to share with (68xx Administration Guide, Phone Features).
The protocol between them (CPPDP) is unpublished, so nothing of it is here.

Published is where the phone reports: Peer_Firmware_Sharing_Log_Server "indicates the IP address and
the port to which the UDP message is sent. For example: 10.98.76.123:514". The port may be left out
(514 then, that of syslog). What the message says, and whether a phone without peers sends one, is
unpublished (I35): one may come during an upgrade, and is owed only where it is read to be what
Syslog_Server is told of the upgrade.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hil.errors import RuleError
from hil.reference.log_messages import LogKind, LogMessage, addressed
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.urls import check_host

DEFAULT_PORT = 514
"""UDP port of a log server that is named without one."""
LONGEST = 300
"""Characters of a value that may name a server: the longest host name, brackets, and a port."""

UPGRADE_KINDS = (LogKind.UPGRADE_REQUEST, LogKind.UPGRADE_SUCCESS, LogKind.UPGRADE_FAILURE)
"""The messages that tell of an upgrade."""

_SERVER = re.compile(r"(?P<host>\[[^\[\]]*+\]|[^:\[\]]++)(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class LogServer:
    """Where log messages go by UDP: a host name or address, without brackets, and a port."""

    host: str
    port: int = DEFAULT_PORT


def parse_log_server(value: str) -> LogServer | None:
    """Read ``10.98.76.123:514``, ``host``, ``[2001:db8::1]:514``; None for what names no server.

    A host that no URL could name and a port that is none make the whole value void: nothing in the
    published text lets a phone send to half of it.
    """
    text = value.strip()
    match = _SERVER.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    port = DEFAULT_PORT if match["port"] is None else int(match["port"])
    try:
        host = check_host(match["host"])
    except RuleError:
        return None
    return LogServer(host, port) if 1 <= port <= 65535 else None


def log_server(parameters: Parameters, *, upgrading: bool) -> LogServer | None:
    """Where the phone may report on peer firmware sharing now; None where it must not.

    Only while an upgrade is attempted (``upgrading``) there is something to share, and only with
    Peer_Firmware_Sharing and Upgrade_Enable both Yes does the phone take part at all (68xx
    Administration Guide: its ports are open when both are).
    """
    if not upgrading or not parameters.flag("Upgrade_Enable"):
        return None
    if not parameters.flag("Peer_Firmware_Sharing"):
        return None
    return parse_log_server(parameters.raw("Peer_Firmware_Sharing_Log_Server"))


def message(kind: LogKind, table: MacroTable, err: str = "") -> LogMessage | None:
    """What the log server is told besides Syslog_Server, or None where it is told nothing (I35)."""
    if kind not in UPGRADE_KINDS:
        return None
    if table.interpretations.peer_sharing_log != "upgrade-messages":
        return None
    server = log_server(table.parameters, upgrading=True)
    if server is None:
        return None
    return addressed(kind, table, err, server.host, server.port)
