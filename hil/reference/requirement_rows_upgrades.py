"""The clauses of firmware upgrades: when one begins, what it fetches, and what it tells.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

UPGRADES = (
    row(
        "upgrade.enable",
        "Upgrade_Enable allows firmware upgrades, independently of Provision_Enable.",
        sources.UPGRADE + "Upgrade Enable",
        "a request for the load, or none",
        Witness.REQUEST,
        Witness.ABSENCE,
    ),
    row(
        "upgrade.rule",
        "Upgrade_Rule names the load, under conditions as in Profile_Rule; an empty rule, or "
        "one whose conditions do not hold, asks for none.",
        sources.UPGRADE + "Upgrade Rule",
        "which load is asked for, or that none is",
        Witness.REQUEST,
        Witness.ABSENCE,
    ),
    row(
        "upgrade.url",
        "Upgrade_Rule names protocol, server, port and path; without a protocol TFTP is used.",
        sources.UPGRADE + "Upgrade Rule",
        "protocol and host of the request",
        Witness.REQUEST,
    ),
    row(
        "upgrade.url.port",
        "Without a port in Upgrade_Rule that of its protocol is used, 69, 80 or 443; else "
        "the one that it names.",
        sources.UPGRADE + "Upgrade Rule",
        "the port of the request",
        Witness.REQUEST,
    ),
    row(
        "upgrade.url.server",
        "An Upgrade_Rule without a server is no rule of the phone's own: only a web command "
        "has a host to stand in for it.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", Upgrade Rule",
        "no request, or one to the host that gave the command",
        Witness.ABSENCE,
        Witness.WEB,
    ),
    row(
        "upgrade.load",
        "A load that differs from the running one is fetched and installed; one that runs "
        "already is not fetched, one in the other partition is started without being fetched.",
        sources.FORMATS + ", Upgrade Rule",
        "the files that are asked for",
        Witness.REQUEST,
        Witness.REBOOT,
    ),
    row(
        "upgrade.corrupt_load",
        "A load that is missing, truncated, damaged or made for another model is not installed.",
        sources.UPGRADE + "Upgrade Error Retry Delay; " + sources.FORMATS + ", Upgrade Rule",
        "no reboot, and the version on the status page",
        Witness.REBOOT,
        Witness.WEB,
    ),
    row(
        "upgrade.error_retry_delay",
        "After a failed upgrade the next attempt begins after Upgrade_Error_Retry_Delay.",
        sources.UPGRADE + "Upgrade Error Retry Delay",
        "the time from a failed upgrade to the next attempt",
        Witness.TIMING,
    ),
    row(
        "upgrade.settled",
        "What has been upgraded is not attempted again until the rule or its URL changes.",
        sources.FORMATS + ", Upgrade Rule",
        "no request for the load",
        Witness.ABSENCE,
    ),
    row(
        "upgrade.idle",
        "An upgrade begins only while no line is active.",
        sources.FORMATS + ", Upgrade Rule",
        "no request for the load while a call lasts",
        Witness.ABSENCE,
        Witness.SIP,
    ),
    row(
        "upgrade.install",
        "After a successful upgrade the phone reboots and runs the new load; a loss of power "
        "before that leaves a phone that boots.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", Upgrade Rule",
        "the reboot, and the version on the status page",
        Witness.REBOOT,
        Witness.WEB,
    ),
    row(
        "log.upgrade_request",
        "Log_Upgrade_Request_Msg is sent at the start of an upgrade attempt.",
        sources.UPGRADE + "Log Upgrade Request Msg",
        "the message, before the first request of the attempt",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "log.upgrade_success",
        "Log_Upgrade_Success_Msg is sent after an upgrade attempt completes successfully.",
        sources.UPGRADE + "Log Upgrade Success Msg",
        "the message, after the transfers",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "log.upgrade_failure",
        "Log_Upgrade_Failure_Msg is sent after a failed upgrade attempt.",
        sources.UPGRADE + "Log Upgrade Failure Msg",
        "the message, after the transfer that failed",
        Witness.SYSLOG,
        Witness.TIMING,
    ),
    row(
        "upgrade.peer_sharing_log",
        "Peer_Firmware_Sharing_Log_Server is where the phone's UDP messages about an upgrade "
        "go, and nothing else goes there.",
        sources.UPGRADE + "Peer Firmware Sharing Log Server",
        "messages at that address and port, or none",
        Witness.SYSLOG,
        Witness.ABSENCE,
    ),
    row(
        "upgrade.peer_sharing",
        "With Peer_Firmware_Sharing No the phone tells no log server of an upgrade.",
        sources.UPGRADE + "Peer Firmware Sharing",
        "no message at Peer_Firmware_Sharing_Log_Server in an upgrade",
        Witness.ABSENCE,
    ),
)
"""Firmware upgrades."""
