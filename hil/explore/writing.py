"""Writes a finding down as a certification test of its own, which anybody can read and run.

The scenario becomes the body of the test, call by call. The last line has the monitor look at what it
has seen, so the test passes on a phone that keeps the clause and does not merely end.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from enum import Enum
from typing import Any

from hil.endpoints import faults as fl
from hil.endpoints import sip_faults
from hil.explore.player import SALT
from hil.explore.scenario import LAB, Call, Codes, Fixture, Profile, Scenario, Utc
from hil.explore.search import Found

WIDTH = 100
_TYPES = {
    "handset": ("hil.testbed.control", "HandsetControl"),
    "history": ("hil.history", "History"),
    "reference": ("hil.reference.phone", "Phone"),
    "dhcp": ("hil.endpoints.dhcp", "DhcpEndpoint"),
    "dns": ("hil.endpoints.dns", "DnsEndpoint"),
    "tftp": ("hil.endpoints.tftp", "TftpEndpoint"),
    "http": ("hil.endpoints.http", "HttpEndpoint"),
    "https": ("hil.endpoints.http", "HttpEndpoint"),
    "ntp": ("hil.endpoints.ntp", "NtpEndpoint"),
    "sip": ("hil.endpoints.sip", "SipEndpoint"),
    "web": ("hil.clients.web", "PhoneWeb"),
    "screen": ("hil.clients.screen", "Operator"),
}
"""Each fixture that a scenario may name, with the module and the name of its type."""

_SALT = f"bytes(range({len(SALT)}))"


def module_text(found: Found, *, command: str, options: str = "") -> str:
    """The text of a test module that reproduces a finding.

    ``command`` is how it was found, ``options`` are those that tell pytest which phone it was.
    """
    scenario, finding = found.played.scenario, found.finding
    imports = _Imports()
    body = [*_statements(scenario, imports)]
    check = imports.use("hil.testing.monitor", "expect_nothing_broken")
    body.append(f'{check}(history, handset, reference, requirement="{found.requirement}")')
    used = [name for name in _TYPES if re.search(rf"\b{name}\b", "\n".join(body))]
    parameters = [f"{name}: {imports.use(*_TYPES[name])}" for name in used]
    mark = imports.use("hil.marks", "requirement")
    name = re.sub(r"\W+", "_", found.requirement)
    lines = [
        f'@{mark}("{found.requirement}")',
        *_wrapped(f"def test_{name}(", parameters, ") -> None:"),
        *textwrap.indent("\n".join(body), "    ").split("\n"),
    ]
    return "\n".join(
        [*_head(found, finding.what, str(finding), command, options), *imports, "", "", *lines, ""]
    )


def file_name(requirement: str) -> str:
    """The name of the module for a finding of this requirement."""
    return f"test_found_{re.sub(r'[^a-z0-9]+', '_', requirement.lower())}.py"


def _head(found: Found, what: str, evidence: str, command: str, options: str) -> list[str]:
    told = [
        f"{what[:1].upper()}{what[1:]}.",
        "",
        f"Found by `{command}`, seed {found.seed}; run it with",
        "",
        " ".join(filter(None, ["    python -m pytest -p hil.pytest_plugin THIS_FILE", options])),
        "",
    ]
    if found.trouble:
        why = found.trouble.splitlines()[0]
        told += textwrap.wrap(f"Not made as short as can be, nor seen again: {why}.", WIDTH)
        told += [""]
    if found.is_flaky:
        told += [
            f"It came again in {found.again} of {Found.AGAIN} further runs: it depends on what the",
            "scenario does not say.",
            "",
        ]
    wrapped = [
        line
        for each in evidence.split("\n")
        for line in textwrap.wrap(each, WIDTH, subsequent_indent="        ", break_long_words=False)
    ]
    text = "\n".join([*told, *wrapped]).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return [f'"""{text}', '"""', "", "from __future__ import annotations", ""]


class _Imports:
    """The names that a module uses, by the modules that have them."""

    def __init__(self) -> None:
        self._names: dict[str, set[str]] = {}

    def use(self, module: str, name: str) -> str:
        """Import a name; returns it as the text refers to it."""
        self._names.setdefault(module, set()).add(name)
        return name

    def __iter__(self) -> Iterator[str]:
        for standard in (True, False):
            chosen = {m: n for m, n in self._names.items() if m.startswith("hil") is not standard}
            for module in sorted(chosen):
                yield f"from {module} import {', '.join(sorted(chosen[module]))}"
            if standard and chosen:
                yield ""


def _statements(scenario: Scenario, imports: _Imports) -> Iterator[str]:
    if LAB in repr(scenario):
        yield "lab = tftp.address"
    for call in scenario.before:
        yield from _statement(call, imports)
    parameters = [f"{name}={_value(text, imports)}" for name, text in scenario.parameters]
    if all(name.isidentifier() for name, _ in scenario.parameters):
        yield from _wrapped("handset.boot(", parameters, ")")
    else:
        yield from _wrapped("handset.boot(", [_keywords(scenario.parameters, imports)], ")")
    for call in scenario.after:
        yield from _statement(call, imports)


def _statement(call: Call, imports: _Imports) -> Iterator[str]:
    name = f"{call.on}.{call.does}" if call.on else _function(call, imports)
    arguments = [_value(value, imports) for value in call.args]
    if all(key.isidentifier() for key, _ in call.named):
        arguments += [f"{key}={_value(value, imports)}" for key, value in call.named]
    else:
        arguments.append(_keywords(call.named, imports))
    lines = [*_wrapped(f"{name}(", arguments, ")")]
    if call.if_registered:
        yield f"if sip.registered({call.if_registered}):"
        lines = ["    " + line for line in lines]
    yield from lines


def _function(call: Call, imports: _Imports) -> str:
    return imports.use("hil.testing.upgrades", call.does)


def _keywords(named: tuple[tuple[str, Any], ...], imports: _Imports) -> str:
    pairs = ", ".join(f'"{name}": {_value(value, imports)}' for name, value in named)
    return "**{" + pairs + "}"


def _wrapped(head: str, parts: list[str], tail: str) -> Iterator[str]:
    whole = head + ", ".join(parts) + tail
    if len(whole) <= WIDTH - 4 and "\n" not in whole:
        yield whole
        return
    yield head
    for part in parts:
        yield f"    {part},"
    yield tail


def _value(value: Any, imports: _Imports) -> str:
    """An argument as Python writes it."""
    match value:
        case Enum():
            kind = type(value)
            return f"{imports.use(kind.__module__, kind.__name__)}.{value.name}"
        case str():
            return _text(value)
        case Profile():
            return _profile(value, imports)
        case Codes(texts, vendor):
            inner = ", ".join(f"{code}: {_text(text)}" for code, text in texts)
            return f"{{{vendor}: {{{inner}}}}}" if vendor else f"{{{inner}}}"
        case Fixture(name):
            return name
        case Utc(text):
            return f'{imports.use("hil.testing.clock", "utc")}("{text}")'
        case tuple():
            inner = ", ".join(_value(each, imports) for each in value)
            return f"({inner},)" if len(value) == 1 else f"({inner})"
        case _ if type(value).__module__ in (fl.__name__, sip_faults.__name__):
            imports.use(type(value).__module__, type(value).__name__)
            return repr(value)
        case _:
            return repr(value)


def _text(text: str) -> str:
    if text == LAB:
        return "lab"
    quoted = repr(text)
    if '"' not in text and "\\" not in text and "'" not in text:
        quoted = f'"{text}"'
    return f"f{quoted.replace(LAB, '{lab}')}" if LAB in text else quoted


def _profile(profile: Profile, imports: _Imports) -> str:
    builder = "hil.reference.profile_builder"
    parameters = profile.parameters
    if all(name.isidentifier() for name, _ in parameters):
        inner = ", ".join(f"{name}={_value(text, imports)}" for name, text in parameters)
    else:
        inner = _keywords(parameters, imports)
    text = f"{imports.use(builder, 'flat_profile')}({inner})"
    if profile.gzip:
        text = f"{imports.use(builder, 'compress')}({text})"
    if profile.key:
        text = f'{imports.use(builder, "encrypt")}({text}, "{profile.key}", salt={_SALT})'
    return f"{text}[:-{profile.cut}]" if profile.cut else text
