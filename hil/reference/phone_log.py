"""Which of its messages a phone sends to the syslog server, and under what name.

Debug_Level is the least severe level that is sent, one of the eight of RFC 5424 (configuration dumps;
older guides number four levels 0 to 3). Syslog_Identifier chooses what stands "after the time stamp"
(conference phone Administration Guide, Optional Network Configuration). In a message of RFC 3164 that
is the place of the host name, and so it is read here: the identifier stands in for the phone's
address, and the text of the message is the same with any of them.
"""

from __future__ import annotations

from hil.reference.face_parameters import SEVERITIES
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters

NOTICE = SEVERITIES.index("NOTICE")
"""The severity that the virtual phone's Log_* messages have; theirs is not published."""


def is_sent(severity: int, parameters: Parameters) -> bool:
    """Whether a message of this severity (0 EMERGENCY to 7 DEBUG) is sent at all."""
    return severity <= SEVERITIES.index(parameters.choice("Debug_Level"))


def sender_name(table: MacroTable, address: str) -> str:
    """Return what stands after the time stamp: the phone's ``address``, or its Syslog_Identifier."""
    chosen = table.parameters.choice("Syslog_Identifier")
    return address if chosen == "None" else table.expand(chosen)
