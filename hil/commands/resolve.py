"""``hil resolve``: which file a rule asks for, from where, and what it sets before."""

from __future__ import annotations

import re

import click

from hil.commands.phone_options import (
    json_option,
    macro_table,
    print_exactly,
    print_json,
    printable,
    split_pair,
    values_option,
)
from hil.reference.decisions import resolve_rule
from hil.reference.interpretations import DEFAULT
from hil.reference.macros import MacroTable
from hil.reference.provisioning_source import survey
from hil.reference.rules import Fetch, Outcome, RuleFailure, resolve

_CODE = re.compile(r"[0-9]{1,3}")
_HEX = re.compile(r"(?:0x|hex:)(?P<digits>.*)", re.IGNORECASE | re.DOTALL)


def _dhcp_options(
    _ctx: click.Context, _parameter: click.Parameter, given: tuple[str, ...]
) -> dict[int, bytes]:
    return dict(_dhcp_option(text) for text in given)


def _dhcp_option(text: str) -> tuple[int, bytes]:
    code, value = split_pair(text, "CODE")
    if not _CODE.fullmatch(code) or not 1 <= int(code) <= 254:
        raise click.BadParameter(f"{printable(code[:40])!r} is no DHCP option code: 1 to 254")
    return int(code), _content(value)


def _content(value: str) -> bytes:
    written = _HEX.fullmatch(value)
    if written is None:
        return value.encode("utf-8", "surrogateescape")
    try:
        return bytes.fromhex(written["digits"].replace(":", ""))
    except ValueError:
        raise click.BadParameter(
            f"{printable(value[:40])!r} is not hexadecimal, two digits an octet"
        ) from None


@click.command(name="resolve")
@click.argument("rule")
@values_option
@click.option(
    "--dhcp",
    "options",
    metavar="CODE=VALUE",
    multiple=True,
    callback=_dhcp_options,
    help="A DHCP option that the phone was given: text, or octets in hex after 0x or hex:. "
    "May be repeated; DHCP_Option_To_Use says which one counts.",
)
@click.option(
    "--upgrade", is_flag=True, help="RULE is an Upgrade_Rule: no options, no DHCP server."
)
@json_option
def command(
    rule: str,
    values: tuple[tuple[str, str], ...],
    options: dict[int, bytes],
    upgrade: bool,
    as_json: bool,
) -> None:
    """Say what a profile rule or upgrade rule asks for.

    The outcome is fetch (an alternative applies and has a URL), skip (the rule is empty or no
    alternative applies) or error (the rule cannot be followed). Exits 0 for fetch and skip, 1 for
    error. A rule without a server needs the one that DHCP names.

    \b
    hil resolve 'http://192.0.2.1:8080/$MA.cfg'
    hil resolve '/$PSN.xml' --dhcp 66=192.0.2.1
    hil resolve '/$PSN.xml' --dhcp 150=0xc0000201 -p DHCP_Option_To_Use=150
    hil resolve '[--key $SA] https://host/a.xml' -p SA=secret --json
    hil resolve '($SWVER ne sip7832.11-3-2MPP0001-609)? http://host/new.loads' --upgrade
    """
    outcome = _outcome(rule, macro_table(values), options, upgrade)
    if as_json:
        print_json(outcome.as_json())
    else:
        _print(outcome)
    if isinstance(outcome, RuleFailure):
        click.get_current_context().exit(1)


def _outcome(rule: str, table: MacroTable, options: dict[int, bytes], upgrade: bool) -> Outcome:
    source, passed_over = survey(options, table.parameters.raw("DHCP_Option_To_Use"))
    for entry, reason in passed_over:
        click.echo(f"DHCP_Option_To_Use: {printable(entry)} {printable(reason)}", err=True)
    if upgrade:
        return resolve(rule, lookup=table.lookup, upgrade=True)
    # As the phone does it: the rule is what somebody set Profile_Rule to.
    parameters = table.parameters.updated({"Profile_Rule": rule})
    phone = MacroTable(table.identity, parameters, table.context)
    return resolve_rule("Profile_Rule", phone, source, DEFAULT)


def _print(outcome: Outcome) -> None:
    """Print the outcome for a person, one fact a line."""
    if isinstance(outcome, RuleFailure):
        print_exactly(f"error: {printable(outcome.reason)}")
        return
    if isinstance(outcome, Fetch):
        print_exactly(f"fetch {outcome.url} (alternative {outcome.alternative})")
    else:
        print_exactly(f"skip: {printable(outcome.reason)}")
    for name, value in outcome.assignments.items():
        print_exactly(f"  sets {name} = {printable(value)}")
    if isinstance(outcome, Fetch):
        for name, value in outcome.options.items():
            print_exactly(f"  with --{name} {printable(value)}".rstrip())
