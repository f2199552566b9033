"""Defects of when a phone upgrades, by which rule, from where, and to which load."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hil.reference import decisions as spec
from hil.reference import upgrade_rules
from hil.reference.due import Due, Lines
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.loads import Load
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.responses import Document
from hil.reference.rules import Fetch, Outcome, Skip
from hil.reference.upgrade_rules import Upgrade
from hil.reference.urls import DEFAULT_PORTS
from hil.reference.versions import Version
from hil.reference.windows import Window
from hil.virtual.defect import Defect, decision
from hil.virtual.deviant_delays import (
    both_ways,
    cycled,
    every_minute,
    first_only,
    never,
    zero_is_a_minute,
)
from hil.virtual.deviations import Change, deviating

_ENABLE = "Upgrade_Enable"
_CONDITION = re.compile(r"\([^()]*\)\s*\?")

# -- whether ------------------------------------------------------------------------------------------


def _both_enabled(parameters: Parameters) -> bool:
    return spec.resync_enabled(parameters) and upgrade_rules.upgrade_enabled(parameters)


def _enabled_if_set(parameters: Parameters) -> bool:
    return _ENABLE in parameters.items_set() and upgrade_rules.upgrade_enabled(parameters)


def _switch_not_applied(parameters: Parameters, profile: Profile) -> Parameters:
    rest = {name: value for name, value in profile.parameters.items() if name != _ENABLE}
    return spec.apply_profile(parameters, replace(profile, parameters=rest))


def _in_calls_too(due: Due, lines: Lines) -> Due | None:
    del lines
    return due


# -- the rule -----------------------------------------------------------------------------------------


def _following(change: Callable[[str], str]) -> Change:
    """Follow another Upgrade_Rule than the one that is written."""

    def resolve(right: Callable[..., Outcome], text: str, *rest: Any) -> Outcome:
        return right(change(text), *rest)

    return deviating(resolve_upgrade=resolve)


def _concluding(change: Callable[[Fetch], Outcome]) -> Change:
    """Fetch something else than what Upgrade_Rule asks for."""

    def resolve(right: Callable[..., Outcome], text: str, *rest: Any) -> Outcome:
        outcome = right(text, *rest)
        return change(outcome) if isinstance(outcome, Fetch) else outcome

    return deviating(resolve_upgrade=resolve)


def _never_followed(*_arguments: Any) -> Outcome:
    return Skip("the rule is not looked at")


def _default_for_empty(
    right: Callable[..., Outcome],
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    requester: str,
    reading: Interpretations,
) -> Outcome:
    if text.strip():
        return right(text, table, source, requester, reading)
    named = replace(reading, upgrade_missing_server="dhcp")
    return right("/$PSN.loads", table, source, requester, named)


def _later_loads_only(outcome: Fetch) -> Outcome:
    found = re.search(r"(?P<load>sip7832[^/]*)\.loads$", outcome.path)
    load = Version.parse(found["load"]) if found is not None else None
    running = Version.parse("sip7832.11-3-2MPP0001-609")
    if load is not None and running is not None and load.key < running.key:
        return Skip("the load is older")
    return outcome


# -- where it comes from ------------------------------------------------------------------------------


def _http_by_default(text: str) -> str:
    return text if "://" in text or not text.strip() else f"http://{text}"


def _default_port(outcome: Fetch) -> Outcome:
    return replace(outcome, port=DEFAULT_PORTS[outcome.scheme])


def _port_69(outcome: Fetch) -> Outcome:
    return replace(outcome, port=69)


def _server_of_dhcp(
    right: Callable[..., Outcome],
    text: str,
    table: MacroTable,
    source: ProvisioningSource | None,
    requester: str,
    reading: Interpretations,
) -> Outcome:
    named = replace(reading, upgrade_missing_server="dhcp")
    return right(text, table, source, requester, named)


# -- which load, and how often ------------------------------------------------------------------------


def _nothing_runs(load: str | None, identity: Identity) -> bool:
    del load, identity
    return False


def _nothing_named(document: Document, identity: Identity) -> Load:
    return replace(upgrade_rules.read_load(document, identity), members=())


def _never_settled(upgrade: Upgrade, settled: Upgrade | None) -> bool:
    del upgrade, settled
    return False


def _settled_for_good(upgrade: Upgrade, settled: Upgrade | None) -> bool:
    del upgrade
    return settled is not None


def _settled_by_text(upgrade: Upgrade, settled: Upgrade | None) -> bool:
    return settled is not None and upgrade[0] == settled[0]


def _as_resync(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    return spec.retry_delay(parameters, index, reading)


DEFECTS = (
    Defect(
        "ignores-upgrade-enable",
        "upgrade.enable",
        "upgrades although Upgrade_Enable is No",
        decision(upgrade_enabled=lambda parameters: True),
    ),
    Defect(
        "upgrade-needs-provision-enable",
        "upgrade.enable",
        "does not upgrade where Provision_Enable is No",
        decision(upgrade_enabled=_both_enabled),
    ),
    Defect(
        "upgrade-disabled-by-default",
        "upgrade.enable.default",
        "upgrades only once Upgrade_Enable has been set to Yes",
        decision(upgrade_enabled=_enabled_if_set),
    ),
    Defect(
        "upgrade-enable-not-from-profile",
        "upgrade.enable",
        "does not take Upgrade_Enable from a profile",
        decision(apply_profile=_switch_not_applied),
    ),
    Defect(
        "upgrade-enable-stops-resyncs",
        "upgrade.enable",
        "does not resync where Upgrade_Enable is No",
        decision(resync_enabled=_both_enabled),
    ),
    Defect(
        "upgrade-rule-not-followed",
        "upgrade.rule",
        "never looks at Upgrade_Rule",
        decision(resolve_upgrade=_never_followed),
    ),
    Defect(
        "upgrade-conditions-ignored",
        "upgrade.rule",
        "follows the first URL of Upgrade_Rule whatever its condition says",
        _following(lambda text: _CONDITION.sub("(true)?", text)),
    ),
    Defect(
        "upgrade-comment-followed",
        "upgrade.rule",
        "follows an Upgrade_Rule that is commented out",
        _following(lambda text: text.removeprefix("#")),
    ),
    Defect(
        "upgrade-rule-default",
        "upgrade.rule.default",
        "asks the server of DHCP for /$PSN.loads where Upgrade_Rule is empty",
        deviating(resolve_upgrade=_default_for_empty),
    ),
    Defect(
        "upgrade-by-http",
        "upgrade.url",
        "takes an Upgrade_Rule without a protocol for HTTP",
        _following(_http_by_default),
    ),
    Defect(
        "upgrade-port-ignored",
        "upgrade.url.port",
        "does not use the port that Upgrade_Rule names",
        _concluding(_default_port),
    ),
    Defect(
        "upgrade-port-69",
        "upgrade.url.port",
        "asks at port 69, whatever the protocol of Upgrade_Rule",
        _concluding(_port_69),
    ),
    Defect(
        "upgrade-server-of-dhcp",
        "upgrade.url.server",
        "takes the server of DHCP where Upgrade_Rule names none",
        deviating(resolve_upgrade=_server_of_dhcp),
    ),
    Defect(
        "upgrade-to-the-same-load",
        "upgrade.load",
        "fetches and installs the load that it runs already",
        decision(is_running=_nothing_runs),
    ),
    Defect(
        "upgrade-never-to-an-older-load",
        "upgrade.load",
        "does not install a load that is older than the one that it left the factory with",
        _concluding(_later_loads_only),
    ),
    Defect(
        "upgrade-without-members",
        "upgrade.load",
        "fetches the .loads file and nothing of what it names",
        decision(read_load=_nothing_named),
    ),
    Defect(
        "upgrade-always-fetched",
        "upgrade.load",
        "fetches a load that is in its other partition",
        decision(starts_standby=False),
    ),
    Defect(
        "upgrade-attempted-again",
        "upgrade.settled",
        "looks for its load again after every resync",
        decision(is_settled=_never_settled),
    ),
    Defect(
        "upgrade-once-and-for-all",
        "upgrade.settled",
        "never upgrades again until it is without power",
        decision(is_settled=_settled_for_good),
    ),
    Defect(
        "upgrade-url-not-compared",
        "upgrade.settled",
        "does not notice that the URL of the same Upgrade_Rule has changed",
        decision(is_settled=_settled_by_text),
    ),
    Defect(
        "upgrade-in-a-call",
        "upgrade.idle",
        "upgrades while a line is active",
        decision(upgrade_held_back=_in_calls_too),
    ),
    Defect(
        "upgrade-retry-never",
        "upgrade.error_retry_delay",
        "does not try again after a failed upgrade",
        decision(upgrade_retry_delay=never),
    ),
    Defect(
        "upgrade-retry-every-minute",
        "upgrade.error_retry_delay",
        "tries an upgrade again after 60 s whatever Upgrade_Error_Retry_Delay says",
        decision(upgrade_retry_delay=every_minute),
    ),
    Defect(
        "upgrade-retry-list-first-only",
        "upgrade.error_retry_delay",
        "repeats the first element of a list in Upgrade_Error_Retry_Delay",
        decision(upgrade_retry_delay=first_only(upgrade_rules.upgrade_retry_delay)),
    ),
    Defect(
        "upgrade-retry-list-cycled",
        "upgrade.error_retry_delay",
        "starts a list in Upgrade_Error_Retry_Delay over instead of repeating its last element",
        decision(upgrade_retry_delay=cycled(upgrade_rules.upgrade_retry_delay)),
    ),
    Defect(
        "upgrade-retry-range-both-ways",
        "upgrade.error_retry_delay",
        "takes 2400+30 in Upgrade_Error_Retry_Delay for 2400 s more or less 30 s",
        decision(upgrade_retry_delay=both_ways(upgrade_rules.upgrade_retry_delay)),
    ),
    Defect(
        "upgrade-retry-zero-ignored",
        "upgrade.error_retry_delay",
        "tries an upgrade again although Upgrade_Error_Retry_Delay is 0",
        decision(upgrade_retry_delay=zero_is_a_minute(upgrade_rules.upgrade_retry_delay)),
    ),
    Defect(
        "upgrade-retry-as-resync",
        "upgrade.error_retry_delay",
        "waits Resync_Error_Retry_Delay after a failed upgrade",
        decision(upgrade_retry_delay=_as_resync),
    ),
    Defect(
        "upgrade-retry-by-resync",
        "upgrade.error_retry_delay",
        "tries an upgrade again after every resync",
        decision(retries_wait=False),
    ),
)
