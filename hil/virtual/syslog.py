"""The handset's syslog client: one RFC 3164 datagram a message, sent and forgotten.

Nobody acknowledges a syslog message, so nothing is waited for and nothing is tried again: that a
server is not there must not keep a phone from its work.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address

from hil.errors import LocalProtocolError
from hil.net.interface import Interface
from hil.virtual.datagrams import open_datagram
from hil.wire.syslog import SERVER_PORT, Severity, format_3164


@dataclass(frozen=True, slots=True)
class SyslogConfig:
    """How messages look: ``facility`` (0 to 23), ``tag`` of RFC 3164 or None for a message bare."""

    facility: int = 16
    tag: str | None = None


def send_syslog(
    interface: Interface,
    address: IPv4Address,
    message: str,
    *,
    hostname: str,
    timestamp: datetime,
    severity: Severity = Severity.NOTICE,
    port: int = SERVER_PORT,
    config: SyslogConfig = SyslogConfig(),
) -> bool:
    """Send one message out of ``interface``; False if it could not be written or sent."""
    try:
        datagram = format_3164(
            message,
            facility=config.facility,
            severity=severity,
            timestamp=timestamp,
            hostname=hostname,
            tag=config.tag,
        )
        with open_datagram(interface) as sender:
            sent: int = sender.sendto(datagram, socket.MSG_DONTWAIT, (str(address), port))
    except (LocalProtocolError, OSError, OverflowError):
        return False
    return sent == len(datagram)
