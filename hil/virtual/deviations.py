"""Ways to deviate from the specification in one place, for the defects to use.

A phone reads rules, expands macros, picks a DHCP option, decodes a file. Each function here makes
one of these decisions out of the reference's own and a change: to what goes in, or to what comes out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeAlias

from hil.errors import SpecificationError
from hil.reference import decisions as spec
from hil.reference import expressions
from hil.reference.expressions import Expression
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.responses import Document
from hil.reference.rules import Outcome
from hil.virtual.defect import decision
from hil.virtual.firmware import Firmware

Change: TypeAlias = Callable[[Firmware], Firmware]
Options: TypeAlias = Mapping[int, bytes]
Resolver: TypeAlias = Callable[
    [str, MacroTable, ProvisioningSource | None, Interpretations], Outcome
]
Chooser: TypeAlias = Callable[[Options, Parameters, Interpretations], ProvisioningSource | None]
Reader: TypeAlias = Callable[[Document, Mapping[str, str], Parameters, Interpretations], Profile]
LookUp: TypeAlias = Callable[[MacroTable, str, bool], str | None]

_CONDITION = re.compile(r"\(([^()]*)\)\s*\?")

# -- rules --------------------------------------------------------------------------------------------


def following(change: Callable[[str, MacroTable], str]) -> Resolver:
    """Follow another rule than the one that is written."""

    def resolve(
        name: str,
        table: MacroTable,
        source: ProvisioningSource | None,
        interpretations: Interpretations,
    ) -> Outcome:
        table = _with_template(table, name, lambda written: change(written, table))
        return spec.resolve_rule(name, table, source, interpretations)

    return resolve


def concluding(change: Callable[[Outcome, str], Outcome]) -> Resolver:
    """Draw another conclusion from a rule; ``change`` gets the right one and the rule's text."""

    def resolve(
        name: str,
        table: MacroTable,
        source: ProvisioningSource | None,
        interpretations: Interpretations,
    ) -> Outcome:
        outcome = spec.resolve_rule(name, table, source, interpretations)
        return change(outcome, table.parameters.raw(name))

    return resolve


def judging(change: Callable[[Expression], Expression]) -> Resolver:
    """Judge other conditions than those that are written."""

    def decided(rule: str, table: MacroTable) -> str:
        def verdict(condition: re.Match[str]) -> str:
            try:
                written = expressions.parse(table.expand(condition[1]), swver=table.lookup("SWVER"))
                holds = expressions.evaluate(change(written), table.interpretations)
            except SpecificationError:
                return condition[0]
            return "(true)?" if holds else '("" ne "")?'

        return _CONDITION.sub(verdict, rule)

    return following(decided)


# -- macros -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _DeviantTable(MacroTable):
    """A macro table that looks names up in its own way."""

    look_up: LookUp = MacroTable.lookup

    def lookup(self, name: str, secrets: bool = False) -> str | None:
        """What ``look_up`` says."""
        return self.look_up(self, name, secrets)


def looking_up(look_up: LookUp) -> Change:
    """Look every macro up by ``look_up``, which gets the table, the name and whether keys show."""
    return decision(macro_table=partial(_DeviantTable, look_up=look_up))


def expanding(*names: str, to: Callable[[MacroTable, str], str]) -> Change:
    """Expand the macros of these names to something else; ``to`` gets the right text."""

    def look_up(table: MacroTable, name: str, secrets: bool) -> str | None:
        value = MacroTable.lookup(table, name, secrets)
        return value if value is None or name not in names else to(table, value)

    return looking_up(look_up)


def reading_templates(change: Callable[[str], str]) -> Change:
    """Read another text where macros expand, in rules and in log messages."""

    def compose(kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        return spec.compose_log(kind, _with_template(table, kind.value, change), err)

    return decision(resolve_rule=following(lambda rule, _: change(rule)), compose_log=compose)


def _with_template(table: MacroTable, name: str, change: Callable[[str], str]) -> MacroTable:
    written = table.parameters.raw(name)
    changed = change(written)
    if changed == written:
        # A rule that nobody has set must remain so: DHCP may give another in its place.
        return table
    return replace(table, parameters=table.parameters.updated({name: changed}))


# -- DHCP options -------------------------------------------------------------------------------------


def offered(change: Callable[[Options], Options]) -> Chooser:
    """See other DHCP options than those that were sent."""
    return lambda options, parameters, reading: spec.provisioning_from_dhcp(
        change(options), parameters, reading
    )


def listed(change: Callable[[Parameters], str]) -> Chooser:
    """Go by another list than DHCP_Option_To_Use."""
    return lambda options, parameters, reading: spec.provisioning_from_dhcp(
        options, parameters.updated({"DHCP_Option_To_Use": change(parameters)}), reading
    )


def interpreting(**readings: str) -> Chooser:
    """Interpret DHCP options in another way."""
    return lambda options, parameters, reading: spec.provisioning_from_dhcp(
        options, parameters, reading.choose(**readings)
    )


# -- files --------------------------------------------------------------------------------------------


def decoding(change: Callable[[Document], Document]) -> Reader:
    """Decode another file than the one that came."""
    return lambda document, options, parameters, reading: spec.read_profile(
        change(document), options, parameters, reading
    )


def decoded(change: Callable[[Profile, Document], Profile]) -> Reader:
    """Make something else of a file; ``change`` gets what it sets, and the file."""
    return lambda document, options, parameters, reading: change(
        spec.read_profile(document, options, parameters, reading), document
    )
