"""The clauses of defaults: what a phone does that nobody has configured.

Rows of `hil.reference.requirements`.
"""

from __future__ import annotations

from hil.reference import requirement_sources as sources
from hil.reference.requirement import Witness, row

DEFAULTS = (
    row(
        "provision.enable.default",
        "Without configuration the phone resyncs: Provision_Enable is Yes.",
        sources.PROFILE + "Provision Enable",
        "a resync of a phone without configuration",
        Witness.REQUEST,
    ),
    row(
        "resync.on_reset.default",
        "Without configuration a reboot triggers a resync: Resync_On_Reset is Yes.",
        sources.PROFILE + "Resync On Reset",
        "a resync after the boot of a phone without configuration",
        Witness.REQUEST,
    ),
    row(
        "resync.random_delay.default",
        "Without configuration the resync after boot-up begins within 2 seconds.",
        sources.PROFILE + "Resync Random Delay",
        "the time from the lease to the first request, over several boots",
        Witness.TIMING,
    ),
    row(
        "resync.at.default",
        "Without configuration there is no resync at a time of the day: Resync_At is empty.",
        sources.PROFILE + "Resync At (HHmm)",
        "periods that go on although the phone knows the time",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.at.delay_default",
        "Without configuration the resync of Resync_At begins within 600 seconds after it.",
        sources.PROFILE + "Resync At Random Delay",
        "how far after the time the requests of several days come",
        Witness.TIMING,
        Witness.NTP,
    ),
    row(
        "resync.periodic.default",
        "Without configuration the next resync begins 3600 seconds after a successful one.",
        sources.PROFILE + "Resync Periodic",
        "the time from one resync to the next",
        Witness.TIMING,
    ),
    row(
        "resync.error_retry_delay.default",
        "Without configuration the delays between failed resyncs double from 60 seconds up "
        "to a day.",
        "Conference phone Administration Guide, Provisioning Methods; the chapter prints none",
        "the times between failed attempts",
        Witness.TIMING,
    ),
    row(
        "resync.forced_delay.default",
        "Without configuration a resync waits 14400 seconds after a call.",
        sources.PROFILE + "Forced Resync Delay",
        "the time from the end of the last call to the request",
        Witness.TIMING,
        Witness.SIP,
    ),
    row(
        "resync.from_sip.default",
        "Without configuration a NOTIFY triggers a resync: Resync_From_SIP is Yes.",
        sources.PROFILE + "Resync From SIP",
        "a request after a NOTIFY",
        Witness.REQUEST,
        Witness.SIP,
    ),
    row(
        "resync.after_upgrade.default",
        "Without configuration a resync follows an upgrade: Resync_After_Upgrade_Attempt is Yes.",
        sources.PROFILE + "Resync After Upgrade Attempt",
        "a request after the reboot of an upgrade",
        Witness.REQUEST,
        Witness.REBOOT,
    ),
    row(
        "resync.trigger.default",
        "Without configuration nothing but its time triggers a resync: Resync_Trigger_1 and "
        "_2 are empty.",
        sources.PROFILE + "Resync Trigger 1, Resync Trigger 2",
        "no request between two periods",
        Witness.ABSENCE,
    ),
    row(
        "resync.fails_on_fnf.default",
        "Without configuration a file that is not found fails the resync: "
        "Resync_Fails_On_FNF is Yes.",
        sources.PROFILE + "Resync Fails On FNF",
        "a retry after a missing file",
        Witness.TIMING,
    ),
    row(
        "dhcp.option_to_use.default",
        "Without configuration the DHCP options are 66, 160, 159, 150, 60, 43 and 125, in "
        "this order.",
        sources.PROFILE + "DHCP Option To Use",
        "which of the offered servers is asked",
        Witness.DHCP,
        Witness.REQUEST,
    ),
    row(
        "log.request.default",
        "By default Log_Request_Msg tells product, MAC address and the URL that is requested.",
        sources.PROFILE + "Log Request Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "log.success.default",
        "By default Log_Success_Msg tells product, MAC address, the URL of the successful "
        "resync and $ERR.",
        sources.PROFILE + "Log Success Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "log.failure.default",
        "By default Log_Failure_Msg tells product, MAC address and why the resync failed.",
        sources.PROFILE + "Log Failure Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "resync.user_configurable.default",
        "Without configuration a user can resync the phone from its screen.",
        sources.PROFILE + "User Configurable Resync",
        "the key, and a request after it is pressed",
        Witness.SCREEN,
        Witness.REQUEST,
    ),
    row(
        "upgrade.enable.default",
        "Without configuration the phone follows its upgrade rule: Upgrade_Enable is Yes.",
        sources.UPGRADE + "Upgrade Enable",
        "a request for the load",
        Witness.REQUEST,
    ),
    row(
        "upgrade.error_retry_delay.default",
        "Without configuration a failed upgrade is attempted again after 3600 seconds.",
        sources.UPGRADE + "Upgrade Error Retry Delay",
        "the time from a failed upgrade to the next attempt",
        Witness.TIMING,
    ),
    row(
        "upgrade.rule.default",
        "Without configuration no load is asked for: Upgrade_Rule is blank.",
        sources.UPGRADE + "Upgrade Rule",
        "no request but those of profile rules",
        Witness.ABSENCE,
    ),
    row(
        "log.upgrade_request.default",
        "By default Log_Upgrade_Request_Msg tells product, MAC address and the URL of the load.",
        sources.UPGRADE + "Log Upgrade Request Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "log.upgrade_success.default",
        "By default Log_Upgrade_Success_Msg tells product, MAC address, the URL of the load "
        "and $ERR.",
        sources.UPGRADE + "Log Upgrade Success Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "log.upgrade_failure.default",
        "By default Log_Upgrade_Failure_Msg tells product, MAC address and why the upgrade failed.",
        sources.UPGRADE + "Log Upgrade Failure Msg",
        "the text of the message",
        Witness.SYSLOG,
    ),
    row(
        "upgrade.peer_sharing.default",
        "Without configuration Peer_Firmware_Sharing is Yes.",
        sources.UPGRADE + "Peer Firmware Sharing",
        "the value on the configuration page; sharing itself needs a second phone",
        Witness.WEB,
    ),
    row(
        "general.default",
        "Without configuration GPP_A to GPP_P are blank.",
        sources.GENERAL + "GPP A - GPP P",
        "the path of a rule with the macros",
        Witness.REQUEST,
    ),
)
"""What a phone is that nobody has configured."""
