"""A testbed as a person or a program reads it: plain data and tables, with every secret hidden."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any

from pydantic import BaseModel

from hil.testbed.entry import is_secret, only_for
from hil.testbed.models import HandsetEntry, Testbed

HIDDEN = "(hidden)"
"""What stands where a secret is."""

_INDENT = "  "


def as_data(testbed: Testbed) -> dict[str, Any]:
    """The whole testbed as mappings, lists and scalars; what means nothing for its kind is left out."""
    return _entry(testbed, testbed.kind)


def handset_as_data(testbed: Testbed, handset: HandsetEntry) -> dict[str, Any]:
    """One handset, with the device that gives it power instead of that device's name."""
    shown = _entry(handset, testbed.kind)
    device = next(pdu for pdu in testbed.pdus if pdu.name == handset.power.pdu)
    return shown | {"power": {"outlet": handset.power.outlet, "pdu": _entry(device, testbed.kind)}}


def tables(testbed: Testbed) -> list[str]:
    """Lines that show the testbed at a glance."""
    lines = [f"{testbed.name}: {testbed.kind}, {testbed.file}"]
    network = _entry(testbed.network, testbed.kind)
    said = ", ".join(f"{key} {value}" for key, value in network.items() if value not in (None, []))
    lines += [f"network: {said}"] if said else []
    lines += [f"state: {testbed.state}"] if testbed.state is not None else []
    signs = testbed.authority
    lines += [f"authority: {signs.certificate}"] if signs is not None else []
    devices = [
        _device(pdu.model_dump(include={"name", "driver", "model", "host", "outlets"}))
        for pdu in testbed.pdus
    ]
    lines += ["", *table(("POWER", "DRIVER", "MODEL", "HOST", "OUTLETS"), devices), ""]
    rows = [_row(handset) for handset in testbed.handsets]
    heads = ("HANDSET", "MODEL", "MAC", "SERIAL", "POWER", "VLAN", "ADDRESS", "CONSOLE")
    return lines + table(heads, rows)


def tree(value: object, depth: int = 0) -> list[str]:
    """Lines that show plain data, a key a line."""
    indent = _INDENT * depth
    if isinstance(value, Mapping):
        lines: list[str] = []
        for key, inner in value.items():
            if isinstance(inner, Mapping | list) and inner:
                lines += [f"{indent}{key}:", *tree(inner, depth + 1)]
            else:
                lines.append(f"{indent}{key}: {_scalar(inner)}")
        return lines
    if isinstance(value, list):
        return [f"{indent}- {_scalar(inner)}" for inner in value]
    return [f"{indent}{_scalar(value)}"]


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns that are as wide as their content; those that nobody fills are left out."""
    every = [tuple(heads), *map(tuple, rows)]
    used = [at for at in range(len(heads)) if len(every) == 1 or any(row[at] for row in every[1:])]
    widths = {at: max(len(row[at]) for row in every) for at in used}
    return ["  ".join(row[at].ljust(widths[at]) for at in used).rstrip() for row in every]


def _device(pdu: Mapping[str, Any]) -> tuple[str, ...]:
    keys = ("name", "driver", "model", "host", "outlets")
    return tuple("" if pdu.get(key) is None else str(pdu[key]) for key in keys)


def _row(handset: HandsetEntry) -> tuple[str, ...]:
    return (
        handset.name,
        handset.model,
        handset.mac,
        handset.serial,
        f"{handset.power.pdu} {handset.power.outlet}",
        "" if handset.vlan is None else str(handset.vlan),
        "" if handset.address is None else str(handset.address),
        "" if handset.console is None else handset.console.url,
    )


def _entry(entry: BaseModel, kind: str) -> dict[str, Any]:
    shown = {}
    for name, field in type(entry).model_fields.items():
        value = getattr(entry, name)
        if only_for(field) not in ("", kind):
            continue
        shown[name] = (HIDDEN if value else value) if is_secret(field) else _plain(value, kind)
    return shown


def _plain(value: object, kind: str) -> Any:
    if isinstance(value, BaseModel):
        return _entry(value, kind)
    if isinstance(value, Mapping):
        return {str(key): _plain(inner, kind) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner, kind) for inner in value]
    if isinstance(value, Enum):
        return value.value
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _scalar(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None or value in ({}, []):
        return "-"
    return str(value)
