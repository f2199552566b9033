"""The decisions of a firmware upgrade, each a pure function of what the phone knows."""

from __future__ import annotations

from typing import TypeAlias

from hil.errors import RuleError
from hil.reference import loads, rules
from hil.reference.due import Due, Lines
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.responses import Document
from hil.reference.schedules import element_at
from hil.reference.urls import DefaultServer
from hil.reference.windows import Window

Upgrade: TypeAlias = tuple[str, str]
"""A rule as it is written, and the URL that it resolves to; empty if none."""


def upgrade_enabled(parameters: Parameters) -> bool:
    """Upgrade_Enable "enables firmware upgrade operations independently of resync actions"."""
    return parameters.flag("Upgrade_Enable")


def resync_after_upgrade(parameters: Parameters) -> bool:
    """Resync_After_Upgrade_Attempt: "if Yes is selected, sync is triggered"."""
    return parameters.flag("Resync_After_Upgrade_Attempt")


def upgrade_retry_delay(
    parameters: Parameters, index: int, interpretations: Interpretations
) -> Window | None:
    """Upgrade_Error_Retry_Delay: the delay before the next attempt after ``index`` retries (I25)."""
    if interpretations.upgrade_reattempt == "on-change-only":
        return None
    return element_at(parameters.schedule("Upgrade_Error_Retry_Delay"), index, interpretations)


def resolve_upgrade(
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    requester: str,
    interpretations: Interpretations,
) -> rules.Outcome:
    """Upgrade_Rule, or the rule of an /admin/upgrade command: what it asks for (I13, I14).

    "If no server-name is specified, the host that requests the URL is used as the server name":
    that is ``requester``, which a rule in the configuration has not.
    """
    server = None
    if requester:
        interpretations = interpretations.choose(upgrade_missing_server="dhcp")
        try:
            server = DefaultServer(requester)
        except RuleError as error:
            return rules.RuleFailure(str(error))
    elif source is not None and source.host is not None:
        try:
            server = DefaultServer(source.host, source.scheme or "tftp", source.port)
        except RuleError as error:
            return rules.RuleFailure(f"DHCP option {source.option}: {error}")
    return rules.resolve(
        text,
        lookup=table.lookup,
        server=server,
        upgrade=True,
        interpretations=interpretations,
    )


def is_running(load: str | None, identity: Identity) -> bool:
    """Whether the load is the one that runs.

    Only one that is "different from the current load" is fetched and applied (Administration Guide
    11.3, Provisioning Formats).
    """
    return load is not None and load == identity.swver


def is_settled(upgrade: Upgrade, settled: Upgrade | None) -> bool:
    """Whether the rule and its URL are those that have come to an end.

    What was evaluated is not attempted again "until the rule is modified or the effective" URL changes
    (Administration Guide 11.3, Provisioning Formats).
    """
    return upgrade == settled


def held_back(due: Due, lines: Lines) -> Due | None:
    """When an upgrade that is due may begin: once no line is active (same place)."""
    return None if lines.active else due.postponed(*lines.idle_after(0))


def read_load(document: Document, identity: Identity) -> loads.Load:
    """What a .loads file says; raises LoadError."""
    return loads.read_load(document.body, model=identity.model)


def check_member(member: loads.Member, document: Document) -> None:
    """Hold a downloaded member against what the load says of it; raises LoadError."""
    loads.check_member(member, *document.measured())
