"""The clauses of firmware upgrades: when one begins, what it fetches, and what it tells.

Rows of `hil.reference.requirements`: id, our words, source.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources

UPGRADES = (
    (
        "upgrade.enable",
        "Upgrade_Enable allows firmware upgrades, independently of Provision_Enable.",
        sources.UPGRADE + "Upgrade Enable",
    ),
    (
        "upgrade.rule",
        "Upgrade_Rule names the load, under conditions as in Profile_Rule; "
        "an empty rule, or one whose conditions do not hold, asks for none.",
        sources.UPGRADE + "Upgrade Rule",
    ),
    (
        "upgrade.url",
        "Without a protocol in Upgrade_Rule TFTP is used, without a port 69, 80 or 443.",
        sources.UPGRADE + "Upgrade Rule",
    ),
    (
        "upgrade.load",
        "A load that differs from the running one is fetched and installed; one that runs "
        "already is not fetched, one in the other partition is started without being fetched.",
        sources.FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.corrupt_load",
        "A load that is missing, truncated, damaged or made for another model is not installed.",
        sources.UPGRADE + "Upgrade Error Retry Delay; " + sources.FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.error_retry_delay",
        "After a failed upgrade the next attempt begins after Upgrade_Error_Retry_Delay.",
        sources.UPGRADE + "Upgrade Error Retry Delay",
    ),
    (
        "upgrade.settled",
        "What has been upgraded is not attempted again until the rule or its URL changes.",
        sources.FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.idle",
        "An upgrade begins only while no line is active.",
        sources.FORMATS + ", Upgrade Rule",
    ),
    (
        "upgrade.install",
        "After a successful upgrade the phone reboots and runs the new load; "
        "a loss of power before that leaves a phone that boots.",
        sources.UPGRADE + "Upgrade Rule; " + sources.FORMATS + ", Upgrade Rule",
    ),
    (
        "log.upgrade_request",
        "Log_Upgrade_Request_Msg is sent at the start of an upgrade attempt.",
        sources.UPGRADE + "Log Upgrade Request Msg",
    ),
    (
        "log.upgrade_success",
        "Log_Upgrade_Success_Msg is sent after an upgrade attempt completes successfully.",
        sources.UPGRADE + "Log Upgrade Success Msg",
    ),
    (
        "log.upgrade_failure",
        "Log_Upgrade_Failure_Msg is sent after a failed upgrade attempt.",
        sources.UPGRADE + "Log Upgrade Failure Msg",
    ),
    (
        "upgrade.peer_sharing_log",
        "With Peer_Firmware_Sharing Yes, Peer_Firmware_Sharing_Log_Server is where its UDP "
        "messages go; with No there are none.",
        sources.UPGRADE + "Peer Firmware Sharing Log Server",
    ),
)
