"""Defects of defaults: a phone that nobody has configured and that is not what the chapter says.

Each is a row of data: a parameter that leaves the factory with another value than the published one.
"""

from __future__ import annotations

from types import MappingProxyType

from hil.virtual.defect import Defect, firmware

_ROWS = (
    ("provision.enable.default", "Provision_Enable", "No"),
    ("resync.on_reset.default", "Resync_On_Reset", "No"),
    ("resync.random_delay.default", "Resync_Random_Delay", "600"),
    ("resync.at.default", "Resync_At__HHmm_", "0100"),
    ("resync.at.delay_default", "Resync_At_Random_Delay", "7200"),
    ("resync.periodic.default", "Resync_Periodic", "86400"),
    ("resync.error_retry_delay.default", "Resync_Error_Retry_Delay", "3600"),
    ("resync.forced_delay.default", "Forced_Resync_Delay", "600"),
    ("resync.from_sip.default", "Resync_From_SIP", "No"),
    ("resync.after_upgrade.default", "Resync_After_Upgrade_Attempt", "No"),
    ("resync.trigger.default", "Resync_Trigger_1", "$PRVTMR ge 1800"),
    ("resync.trigger.default", "Resync_Trigger_2", "$PRVTMR ge 1800"),
    ("resync.fails_on_fnf.default", "Resync_Fails_On_FNF", "No"),
    ("rules.default", "Profile_Rule", "/spa$PSN.cfg"),
    ("dhcp.option_to_use.default", "DHCP_Option_To_Use", "125,43,60,150,159,160,66"),
    ("log.request.default", "Log_Request_Msg", "$PN $MAC -- requesting $PATH"),
    ("log.success.default", "Log_Success_Msg", "$PN $MAC -- resynced $PATH"),
    ("log.failure.default", "Log_Failure_Msg", "$PN $MAC -- $ERR"),
    ("resync.user_configurable.default", "User_Configurable_Resync", "No"),
    ("upgrade.enable.default", "Upgrade_Enable", "No"),
    ("upgrade.error_retry_delay.default", "Upgrade_Error_Retry_Delay", "600"),
    ("log.upgrade_request.default", "Log_Upgrade_Request_Msg", "$PN $MAC -- upgrading"),
    ("log.upgrade_success.default", "Log_Upgrade_Success_Msg", "$PN $MAC -- upgraded"),
    ("log.upgrade_failure.default", "Log_Upgrade_Failure_Msg", "$PN $MAC -- not upgraded"),
    ("upgrade.peer_sharing.default", "Peer_Firmware_Sharing", "No"),
    ("general.default", "GPP_A", "unset"),
    ("general.default", "GPP_P", "unset"),
)


def _name(parameter: str) -> str:
    return "default-" + parameter.strip("_").lower().replace("__", "_").replace("_", "-")


DEFECTS = tuple(
    Defect(
        _name(parameter),
        requirement,
        f"leaves the factory with {parameter} {value!r}",
        firmware(defaults=MappingProxyType({parameter: value})),
    )
    for requirement, parameter, value in _ROWS
)
