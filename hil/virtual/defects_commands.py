"""Defects of what the phone does when its web page is asked to: resync, upgrade, reboot."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from urllib.parse import unquote

from hil.reference import decisions as spec
from hil.reference import direct_actions, idleness, rules
from hil.reference.direct_actions import Command, WebPaths
from hil.reference.due import Action, Asker, BootCause, Due, Lines, Reason
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import Asked
from hil.reference.provisioning_source import ProvisioningSource
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.face_deviations import deciding, deciding_as_if, letting, serving, taking, together
from hil.virtual.firmware import anywhere

_TEN_MINUTES_NS = 600 * 1_000_000_000


def _without_options(asked: Asked) -> Asked:
    return replace(asked, rule=re.sub(r"\[[^\]]*\]", "", asked.rule))


def _with_macros_literal(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    requester: str,
    interpretations: Interpretations,
) -> rules.Outcome:
    return spec.resolve_asked(text.replace("$", "$$"), table, source, requester, interpretations)


def _not_decoded(target: str, paths: WebPaths) -> Command | None:
    command = direct_actions.parse_command(target, paths)
    if command is None:
        return None
    return replace(command, rule=direct_actions.parse_target(target).argument)


def _plus_kept(target: str, paths: WebPaths) -> Command | None:
    command = _not_decoded(target, paths)
    return None if command is None else replace(command, rule=unquote(command.rule))


def _later(due: Due, chance: random.Random) -> int:
    instant = anywhere(due, chance)
    return instant + _TEN_MINUTES_NS if due.clause == "web.resync" else instant


def _gated(
    due: Due, lines: Lines, parameters: Parameters, interpretations: Interpretations
) -> Due | None:
    used = any(parameters.raw(f"Resync_Trigger_{number}").strip() for number in (1, 2))
    if due.reason is Reason.EXPLICIT and used:
        return None
    return idleness.held_back(due, lines, parameters, interpretations)


def _as_provisioning_is(command: Command, parameters: Parameters) -> Parameters:
    if command.action is not Action.UPGRADE:
        return parameters
    return parameters.updated({"Upgrade_Enable": parameters["Provision_Enable"]})


DEFECTS = (
    Defect(
        "web-resync-ignored",
        "web.resync",
        "answers /admin/resync? and does nothing",
        taking(Asker.WEB, Action.RESYNC, lambda asked: None),
    ),
    Defect(
        "web-resync-by-own-rules",
        "web.resync",
        "follows its own rules whatever rule /admin/resync? names",
        taking(Asker.WEB, Action.RESYNC, lambda asked: replace(asked, rule="")),
    ),
    Defect(
        "web-resync-server-from-dhcp",
        "web.resync",
        "asks DHCP's server where the rule of /admin/resync? names none",
        taking(Asker.WEB, Action.RESYNC, lambda asked: replace(asked, requester="")),
    ),
    Defect(
        "web-resync-options-dropped",
        "web.resync",
        "passes over the options of the rule of /admin/resync?",
        taking(Asker.WEB, Action.RESYNC, _without_options),
    ),
    Defect(
        "web-resync-macros-literal",
        "web.resync",
        "expands no macros in the rule of /admin/resync?",
        decision(resolve_asked=_with_macros_literal),
    ),
    Defect(
        "web-resync-not-decoded",
        "web.resync",
        "takes the rule of /admin/resync? as it stands, percent signs and all",
        serving(parse=_not_decoded),
    ),
    Defect(
        "web-resync-plus-kept",
        "web.resync",
        "takes a plus sign in the rule of /admin/resync? for itself",
        serving(parse=_plus_kept),
    ),
    Defect(
        "web-resync-put-off",
        "web.resync",
        "obeys /admin/resync? ten minutes later",
        firmware(instant=_later),
    ),
    Defect(
        "web-resync-gated",
        "web.resync",
        "lets triggers stand in the way of /admin/resync?",
        decision(held_back=_gated),
    ),
    Defect(
        "web-resync-though-disabled",
        "web.resync",
        "obeys /admin/resync? although Provision_Enable is No",
        together(deciding_as_if(Provision_Enable="Yes"), letting(Asker.WEB)),
    ),
    Defect(
        "web-upgrade-ignored",
        "web.upgrade",
        "answers /admin/upgrade? and does nothing",
        taking(Asker.WEB, Action.UPGRADE, lambda asked: None),
    ),
    Defect(
        "web-upgrade-by-own-rule",
        "web.upgrade",
        "follows Upgrade_Rule whatever rule /admin/upgrade? names",
        taking(Asker.WEB, Action.UPGRADE, lambda asked: replace(asked, rule="")),
    ),
    Defect(
        "web-upgrade-needs-a-server",
        "web.upgrade",
        "fails where the rule of /admin/upgrade? names no server",
        taking(Asker.WEB, Action.UPGRADE, lambda asked: replace(asked, requester="")),
    ),
    Defect(
        "web-upgrade-though-disabled",
        "web.upgrade",
        "obeys /admin/upgrade? although Upgrade_Enable is No",
        together(
            deciding_as_if(Upgrade_Enable="Yes"),
            letting(Asker.WEB),
            decision(upgrade_enabled=lambda parameters: True),
        ),
    ),
    Defect(
        "web-upgrade-needs-provisioning",
        "web.upgrade",
        "refuses /admin/upgrade? where Provision_Enable is No",
        deciding(_as_provisioning_is),
    ),
    Defect(
        "web-reboot-ignored",
        "web.reboot",
        "answers /admin/reboot and does nothing",
        taking(Asker.WEB, Action.REBOOT, lambda asked: None),
    ),
    Defect(
        "web-reboot-during-calls",
        "web.reboot",
        "reboots at once although a line is active",
        decision(may_reboot=lambda lines: True),
    ),
    Defect(
        "web-reboot-is-an-update",
        "web.reboot",
        "takes a reboot that was asked for for one of a parameter update, without a resync",
        firmware(restarted=lambda cause: BootCause.UPDATE if cause is BootCause.RESTART else cause),
    ),
)
