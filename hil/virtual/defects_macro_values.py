"""Defects of what a phone says of its lines, addresses and hardware, its target and its results."""

from __future__ import annotations

from hil.reference.macros import MacroTable
from hil.virtual.defect import Defect
from hil.virtual.deviations import LookUp, expanding, looking_up

_LINES = {"REGTMR1": "REGTMR2", "REGTMR2": "REGTMR1"}
_DEFAULT_PORTS = {"tftp": "69", "http": "80", "https": "443"}


def _lines_swapped(right: LookUp, table: MacroTable, name: str, secrets: bool) -> str | None:
    return right(table, _LINES.get(name, name), secrets)


def _in_minutes(_table: MacroTable, value: str) -> str:
    return str(int(value) // 60)


def _default_port(table: MacroTable, value: str) -> str:
    return _DEFAULT_PORTS.get(table.context.scheme or "", value)


DEFECTS = (
    Defect(
        "prvst-asked-as-periodic",
        "macros.prvst",
        "says 1 in $PRVST for a resync that was asked for",
        expanding("PRVST", to=lambda table, value: value.replace("-1", "1")),
    ),
    Defect(
        "prvst-power-up-as-periodic",
        "macros.prvst",
        "says 1 in $PRVST for the resync after boot-up",
        expanding("PRVST", to=lambda table, value: value.replace("0", "1")),
    ),
    Defect(
        "prvtmr-in-minutes",
        "macros.prvtmr",
        "counts minutes in $PRVTMR",
        expanding("PRVTMR", to=_in_minutes),
    ),
    Defect(
        "regtmr-always-zero",
        "macros.registration",
        "says 0 in $REGTMR1 and $REGTMR2 however long ago the line lost its registration",
        expanding(*_LINES, to=lambda table, value: "0"),
    ),
    Defect(
        "regtmr-in-minutes",
        "macros.registration",
        "counts minutes in $REGTMR1 and $REGTMR2",
        expanding(*_LINES, to=_in_minutes),
    ),
    Defect(
        "regtmr-of-the-other-line",
        "macros.registration",
        "says the seconds of line 2 in $REGTMR1, and those of line 1 in $REGTMR2",
        looking_up(_lines_swapped),
    ),
    Defect(
        "regtmr-empty-while-registered",
        "macros.registration",
        "says nothing in $REGTMR1 and $REGTMR2 while the line is registered",
        expanding(*_LINES, to=lambda table, value: value.lstrip("0")),
    ),
    Defect(
        "extip-is-local",
        "macros.external_address",
        "says its address within the subnet in $EXTIP",
        expanding("EXTIP", to=lambda table, value: table.context.ip or value),
    ),
    Defect(
        "extip-always-empty",
        "macros.external_address",
        "says nothing in $EXTIP although it has an external address",
        expanding("EXTIP", to=lambda table, value: ""),
    ),
    Defect(
        "extip-zero-where-unknown",
        "macros.external_address",
        "says 0.0.0.0 in $EXTIP where it has no external address",
        expanding("EXTIP", to=lambda table, value: value or "0.0.0.0"),
    ),
    Defect(
        "hwver-is-software",
        "macros.hardware",
        "says the load in $HWVER",
        expanding("HWVER", to=lambda table, value: table.identity.swver),
    ),
    Defect(
        "hwver-in-words",
        "macros.hardware",
        "says 'revision' before the version in $HWVER",
        expanding("HWVER", to=lambda table, value: f"revision {value}"),
    ),
    Defect(
        "upgcond-is-no-condition",
        "macros.hardware",
        "expands $UPGCOND to nothing",
        expanding("UPGCOND", to=lambda table, value: ""),
    ),
    Defect(
        "upgcond-never-true",
        "macros.hardware",
        "takes $UPGCOND for a comparison that does not hold",
        expanding("UPGCOND", to=lambda table, value: "0 ne 0"),
    ),
    Defect(
        "err-empty",
        "macros.err",
        "says nothing in $ERR",
        expanding("ERR", to=lambda table, value: ""),
    ),
    Defect(
        "err-unexpanded",
        "macros.err",
        "leaves $ERR as it is written",
        looking_up(
            lambda right, table, name, secrets: (
                None if name == "ERR" else right(table, name, secrets)
            )
        ),
    ),
    Defect(
        "err-always-done",
        "macros.err",
        "says 'done' in $ERR after a success and after a failure",
        expanding("ERR", to=lambda table, value: "done"),
    ),
    Defect(
        "upgerr-in-its-own-words",
        "macros.err",
        "says something else in $UPGERR than it said in $ERR",
        expanding("UPGERR", to=lambda table, value: value and f"upgrade: {value}"),
    ),
    Defect(
        "https-is-http",
        "macros.target",
        "says http in $SCHEME for https",
        expanding("SCHEME", to=lambda table, value: value.replace("https", "http")),
    ),
    Defect(
        "port-of-url-ignored",
        "macros.target",
        "says the scheme's default in $PORT although the URL names a port",
        expanding("PORT", to=_default_port),
    ),
    Defect(
        "path-without-query",
        "macros.target",
        "leaves the query out of $PATH",
        expanding("PATH", to=lambda table, value: value.partition("?")[0]),
    ),
)
