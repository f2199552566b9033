"""Defects of the phone's other faces: screen, log, announcements to the switch, name."""

from __future__ import annotations

from dataclasses import replace

from hil.reference import phone_log
from hil.reference.due import Action, Asker
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone_log import NOTICE
from hil.reference.user_agent import user_agent
from hil.virtual.defect import Defect, firmware
from hil.virtual.face_deviations import announcing, letting, offering, taking, together


def _never_beyond_notice(severity: int, parameters: Parameters) -> bool:
    return severity <= NOTICE and phone_log.is_sent(severity, parameters)


def _literal(table: MacroTable) -> str:
    return table.parameters.raw("HTTP_User_Agent_Name")


def _default_name(table: MacroTable) -> str:
    return user_agent(replace(table, parameters=table.parameters.without("HTTP_User_Agent_Name")))


DEFECTS = (
    Defect(
        "screen-resync-always",
        "resync.user_configurable",
        "offers the resync key although User_Configurable_Resync is No",
        together(
            offering(lambda parameters: True),
            letting(Asker.SCREEN),
        ),
    ),
    Defect(
        "screen-resync-never",
        "resync.user_configurable",
        "never offers the resync key",
        offering(lambda parameters: False),
    ),
    Defect(
        "screen-resync-by-own-rules",
        "resync.user_configurable",
        "follows its own rules whatever rule a user types",
        taking(Asker.SCREEN, Action.RESYNC, lambda asked: replace(asked, rule="")),
    ),
    Defect(
        "screen-resync-ignored",
        "resync.user_configurable",
        "lets a user press the resync key and does nothing",
        taking(Asker.SCREEN, Action.RESYNC, lambda asked: None),
    ),
    Defect(
        "screen-resync-though-disabled",
        "resync.user_configurable",
        "lets a user resync it although Provision_Enable is No",
        letting(Asker.SCREEN),
    ),
    Defect(
        "debug-level-ignored",
        "syslog.level",
        "sends every message whatever Debug_Level is",
        firmware(is_sent=lambda severity, parameters: True),
    ),
    Defect(
        "debug-level-one-too-many",
        "syslog.level",
        "sends messages that are one level less severe than Debug_Level",
        firmware(is_sent=lambda severity, parameters: phone_log.is_sent(severity - 1, parameters)),
    ),
    Defect(
        "debug-level-never-beyond-notice",
        "syslog.level",
        "sends nothing less severe than NOTICE whatever Debug_Level is",
        firmware(is_sent=_never_beyond_notice),
    ),
    Defect(
        "syslog-identifier-ignored",
        "syslog.level",
        "marks its messages with its address whatever Syslog_Identifier is",
        firmware(sender_name=lambda table, address: address),
    ),
    Defect(
        "syslog-identifier-always-mac",
        "syslog.level",
        "marks its messages with its MAC address whatever Syslog_Identifier is",
        firmware(sender_name=lambda table, address: table.identity.mac),
    ),
    Defect(
        "cdp-never",
        "neighbours.announced",
        "does not announce itself by CDP",
        announcing(speaks_cdp=lambda parameters: False),
    ),
    Defect(
        "cdp-always",
        "neighbours.announced",
        "announces itself by CDP although Enable_CDP is No",
        announcing(speaks_cdp=lambda parameters: True),
    ),
    Defect(
        "lldp-never",
        "neighbours.announced",
        "does not announce itself by LLDP-MED",
        announcing(speaks_lldp=lambda parameters: False),
    ),
    Defect(
        "lldp-always",
        "neighbours.announced",
        "announces itself by LLDP-MED although Enable_LLDP-MED is No",
        announcing(speaks_lldp=lambda parameters: True),
    ),
    Defect(
        "network-startup-delay-ignored",
        "neighbours.announced",
        "sends its first LLDP-MED frame at once whatever Network_Startup_Delay is",
        announcing(startup_delay=lambda parameters: 0),
    ),
    Defect(
        "announced-after-dhcp",
        "neighbours.announced",
        "asks for an address before it has announced itself",
        announcing(before_dhcp=False),
    ),
    Defect(
        "announced-without-its-name",
        "neighbours.announced",
        "announces itself by its model, as all of its kind",
        announcing(name=lambda identity: identity.pn),
    ),
    Defect(
        "announced-for-two-minutes",
        "neighbours.announced",
        "has its announcements kept for 120 seconds",
        announcing(cdp_hold_s=120, lldp_hold_s=120),
    ),
    Defect(
        "user-agent-fixed",
        "transfer.user_agent",
        "names itself by the default whatever HTTP_User_Agent_Name is",
        firmware(user_agent=_default_name),
    ),
    Defect(
        "user-agent-literal",
        "transfer.user_agent",
        "does not expand HTTP_User_Agent_Name",
        firmware(user_agent=_literal),
    ),
)
