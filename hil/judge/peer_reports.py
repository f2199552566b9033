"""What comes to Peer_Firmware_Sharing_Log_Server: only in an upgrade, of a phone that takes part.

What such a datagram says is unpublished, so nothing is asked of its text (I35). Where Syslog_Server
names the same port, nobody can tell for which of the two a datagram is, and nothing is held against it.
"""

from __future__ import annotations

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding
from hil.judge.shadow import Shadow
from hil.lab_time import NANOSECONDS
from hil.reference import machine
from hil.reference.due import BootCause, Purpose
from hil.reference.parameters import Parameters
from hil.reference.peer_sharing import log_server, parse_log_server
from hil.reference.phone import Phase

CLAUSE = "upgrade.peer_sharing_log"


def judged(shadow: Shadow, event: ev.SyslogMessage) -> bool:
    """Hold a datagram against the clause, if it came to that server; whether it did."""
    parameters = shadow.phone.parameters
    server = parse_log_server(parameters.raw("Peer_Firmware_Sharing_Log_Server"))
    if server is None or server.port != event.port or _is_for_syslog(event, parameters):
        return False
    upgrading = _may_be_upgrading(shadow, event.at)
    if log_server(parameters, upgrading=upgrading) is not None:
        shadow.ledger.checked(CLAUSE)
        return True
    allowed = log_server(parameters, upgrading=True) is not None
    shadow.ledger.violated(
        Finding(
            CLAUSE,
            "a message to Peer_Firmware_Sharing_Log_Server",
            "none but in an upgrade" if allowed else "none: the phone takes no part in the sharing",
            describe(event),
            at=event.at,
        )
    )
    return True


def _is_for_syslog(event: ev.SyslogMessage, parameters: Parameters) -> bool:
    host, _, port = parameters.raw("Syslog_Server").strip().partition(":")
    return bool(host) and (port or "514") == str(event.port)


def _may_be_upgrading(shadow: Shadow, at: int) -> bool:
    phone = shadow.phone
    if phone.phase is Phase.UPGRADING or phone.phase is Phase.REBOOTING:
        return True
    if phone.boot is BootCause.UPGRADE and phone.phase is Phase.BOOTING:
        return True
    if at <= shadow.upgraded + round(shadow.timing.message * NANOSECONDS):
        return True
    return shadow.windows[Purpose.UPGRADE].allows(machine.due_of(phone, Purpose.UPGRADE), at)
