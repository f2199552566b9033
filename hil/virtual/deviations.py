"""Ways to deviate from the specification in one decision, for the defects to use.

A phone reads rules, expands macros, picks a DHCP option, decodes a file. A deviation is such a
decision made out of the right one, which it gets as its first argument, and a change: to what goes
in or to what comes out. What it gets is what the firmware has so far, so several defects of one
decision add up.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeAlias

from hil.errors import SpecificationError
from hil.reference import expressions, notify
from hil.reference.expressions import Expression
from hil.reference.identity import Identity
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind, LogMessage
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.profiles import Profile
from hil.reference.provisioning_source import ProvisioningSource
from hil.reference.responses import Document
from hil.reference.resync_at import DailyWindow
from hil.reference.rules import Outcome
from hil.virtual.firmware import Firmware

Change: TypeAlias = Callable[[Firmware], Firmware]
Source: TypeAlias = ProvisioningSource | None
Options: TypeAlias = Mapping[int, bytes]
Resolve: TypeAlias = Callable[[str, MacroTable, Source, Interpretations], Outcome]
Compose: TypeAlias = Callable[[LogKind, MacroTable, str], LogMessage | None]
LookUp: TypeAlias = Callable[[MacroTable, str, bool], str | None]
MakeTable: TypeAlias = Callable[[Identity, Parameters, MacroContext, Interpretations], MacroTable]
Choose: TypeAlias = Callable[[Options, Parameters, Interpretations], Source]
Read: TypeAlias = Callable[[Document, Mapping[str, str], Parameters, Interpretations], Profile]
Apply: TypeAlias = Callable[[Parameters, Profile], Parameters]
Daily: TypeAlias = Callable[
    [Parameters, Options, int, int | None, Interpretations], DailyWindow | None
]
Notify: TypeAlias = Callable[[str, Parameters, int, bool, Interpretations], notify.Outcome]

_CONDITION = re.compile(r"\(([^()]*)\)\s*\?")


def deviating(**deviations: Callable[..., Any]) -> Change:
    """Make decisions by functions that get the right decision before its arguments."""

    def apply(base: Firmware) -> Firmware:
        changed: dict[str, Any] = {
            name: partial(deviate, getattr(base.decisions, name))
            for name, deviate in deviations.items()
        }
        return replace(base, decisions=replace(base.decisions, **changed))

    return apply


# -- rules --------------------------------------------------------------------------------------------


def following(change: Callable[[str, MacroTable], str]) -> Change:
    """Follow another rule than the one that is written."""

    def resolve(
        right: Resolve, name: str, table: MacroTable, source: Source, reading: Interpretations
    ) -> Outcome:
        table = _with_template(table, name, lambda written: change(written, table))
        return right(name, table, source, reading)

    return deviating(resolve_rule=resolve)


def concluding(change: Callable[[Outcome, str], Outcome]) -> Change:
    """Draw another conclusion from a rule; ``change`` gets the right one and the rule's text."""

    def resolve(
        right: Resolve, name: str, table: MacroTable, source: Source, reading: Interpretations
    ) -> Outcome:
        return change(right(name, table, source, reading), table.parameters.raw(name))

    return deviating(resolve_rule=resolve)


def judging(change: Callable[[Expression], Expression]) -> Change:
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


def looking_up(change: Callable[[LookUp, MacroTable, str, bool], str | None]) -> Change:
    """Look every macro up by ``change``: its arguments after the first are those of `LookUp`."""

    def table(
        right: MakeTable,
        identity: Identity,
        parameters: Parameters,
        context: MacroContext,
        reading: Interpretations,
    ) -> MacroTable:
        known = right(identity, parameters, context, reading)
        so_far = known.look_up if isinstance(known, _DeviantTable) else MacroTable.lookup
        return _DeviantTable(identity, parameters, context, reading, partial(change, so_far))

    return deviating(macro_table=table)


def expanding(*names: str, to: Callable[[MacroTable, str], str]) -> Change:
    """Expand the macros of these names to something else; ``to`` gets the right text."""

    def look_up(right: LookUp, table: MacroTable, name: str, secrets: bool) -> str | None:
        value = right(table, name, secrets)
        return value if value is None or name not in names else to(table, value)

    return looking_up(look_up)


def reading_templates(change: Callable[[str], str]) -> Change:
    """Read another text where macros expand, in rules and in log messages."""

    def resolve(
        right: Resolve, name: str, table: MacroTable, source: Source, reading: Interpretations
    ) -> Outcome:
        return right(name, _with_template(table, name, change), source, reading)

    def compose(right: Compose, kind: LogKind, table: MacroTable, err: str) -> LogMessage | None:
        return right(kind, _with_template(table, kind.value, change), err)

    return deviating(resolve_rule=resolve, compose_log=compose)


def _with_template(table: MacroTable, name: str, change: Callable[[str], str]) -> MacroTable:
    written = table.parameters.raw(name)
    changed = change(written)
    if changed == written:
        # A rule that nobody has set must remain so: DHCP may give another in its place.
        return table
    return replace(table, parameters=table.parameters.updated({name: changed}))


# -- DHCP options -------------------------------------------------------------------------------------


def seeing(change: Callable[[Options], Options]) -> Change:
    """See other DHCP options than those that were sent."""

    def choose(
        right: Choose, options: Options, parameters: Parameters, reading: Interpretations
    ) -> Source:
        return right(change(options), parameters, reading)

    return deviating(provisioning_from_dhcp=choose)


def going_by(change: Callable[[Parameters], str]) -> Change:
    """Go by another list than DHCP_Option_To_Use."""

    def choose(
        right: Choose, options: Options, parameters: Parameters, reading: Interpretations
    ) -> Source:
        listed = {"DHCP_Option_To_Use": change(parameters)}
        return right(options, parameters.updated(listed), reading)

    return deviating(provisioning_from_dhcp=choose)


def interpreting_options(**readings: str) -> Change:
    """Interpret DHCP options in another way."""

    def choose(
        right: Choose, options: Options, parameters: Parameters, reading: Interpretations
    ) -> Source:
        return right(options, parameters, reading.choose(**readings))

    return deviating(provisioning_from_dhcp=choose)


# -- files --------------------------------------------------------------------------------------------


def decoding(change: Callable[[Document], Document]) -> Change:
    """Decode another file than the one that came."""

    def read(
        right: Read,
        document: Document,
        options: Mapping[str, str],
        parameters: Parameters,
        reading: Interpretations,
    ) -> Profile:
        return right(change(document), options, parameters, reading)

    return deviating(read_profile=read)


def finding(change: Callable[[Profile, Document], Profile]) -> Change:
    """Find something else in a file; ``change`` gets what it sets, and the file."""

    def read(
        right: Read,
        document: Document,
        options: Mapping[str, str],
        parameters: Parameters,
        reading: Interpretations,
    ) -> Profile:
        return change(right(document, options, parameters, reading), document)

    return deviating(read_profile=read)


# -- the daily resync ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DailyQuestion:
    """What the daily window is looked for by: the arguments of the decision after the first."""

    parameters: Parameters
    options: Options
    utc_ns: int
    last: int | None
    reading: Interpretations

    def answered_by(self, decide: Daily) -> DailyWindow | None:
        """What ``decide`` says."""
        return decide(self.parameters, self.options, self.utc_ns, self.last, self.reading)


def daily_window(change: Callable[[Daily, DailyQuestion], DailyWindow | None]) -> Change:
    """Resync in another window of the day; ``change`` gets the right decision before the question."""

    def daily(
        right: Daily,
        parameters: Parameters,
        options: Options,
        utc_ns: int,
        last: int | None,
        reading: Interpretations,
    ) -> DailyWindow | None:
        return change(right, DailyQuestion(parameters, options, utc_ns, last, reading))

    return deviating(daily_window=daily)


# -- NOTIFY -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NotifyQuestion:
    """What a NOTIFY is answered by: the arguments of the lines' decision."""

    event: str
    parameters: Parameters
    line: int
    authenticated: bool
    reading: Interpretations

    def answered_by(self, decide: Notify) -> notify.Outcome:
        """What ``decide`` says."""
        return decide(self.event, self.parameters, self.line, self.authenticated, self.reading)


def answering(change: Callable[[Notify, NotifyQuestion], notify.Outcome]) -> Change:
    """Answer a NOTIFY in another way; ``change`` gets the right decision before the question."""

    def apply(base: Firmware) -> Firmware:
        right = base.sip.decisions.notify

        def answer(
            event: str,
            parameters: Parameters,
            line: int,
            authenticated: bool,
            reading: Interpretations,
        ) -> notify.Outcome:
            return change(right, NotifyQuestion(event, parameters, line, authenticated, reading))

        decisions = replace(base.sip.decisions, notify=answer)
        return replace(base, sip=replace(base.sip, decisions=decisions))

    return apply
