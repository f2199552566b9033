"""What a switch knows: which address is at which port, what the ports are called, which give power.

`understand` makes sense of the tables of `hil.testbed.discovery.switch_tables`, whatever they say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from hil.testbed.discovery.sighting import Sighting
from hil.testbed.discovery.switch_tables import COLUMNS, Tables

_MAC_CHASSIS, _MAC_PORT = "4", "3"
_TELEPHONE = 0x04
"""LldpSystemCapabilitiesMap is BITS: telephone(5) is the third lowest of the first octet."""
_IF_INDEX = "1.3.6.1.2.1.2.2.1.1."
_DELIVERING = "3"
_ESCAPED = re.compile(rb"\\x([0-9a-f]{2})")
_PHONE_NAME = re.compile(r"SEP([0-9A-Fa-f]{12})(?![0-9A-Za-z])")


@dataclass(frozen=True, slots=True)
class SwitchPort:
    """One port: its ``index`` is the ifIndex, its ``name`` the ifName, its ``vlan`` the one it is in.

    ``poe`` is group and port of RFC 3621, and ``poe_by`` how that was found: ``if-index``, ``cisco``
    or, as a guess, ``number``. ``powered`` says that it delivers power, to a device of ``poe_class``.
    ``addresses`` is how many it has learned.
    """

    index: int
    name: str
    alias: str = ""
    vlan: int | None = None
    poe: str | None = None
    poe_by: str = ""
    powered: bool = False
    poe_class: int | None = None
    addresses: int = 0


@dataclass(frozen=True, slots=True)
class Switch:
    """What a switch told: its ports by ifIndex, and who is at them."""

    ports: Mapping[int, SwitchPort]
    sightings: tuple[Sighting, ...]


def understand(tables: Tables) -> Switch:
    """Make sense of what a switch answered; what makes none is left out."""
    whole = {name: tables.get(name, {}) for name in COLUMNS}
    base = {
        port: index
        for row, value in whole["dot1dBasePortIfIndex"].items()
        if (port := _number(row)) is not None and (index := _number(value)) is not None
    }
    learned = dict(_learned(whole, base))
    counts: dict[int, int] = {}
    for index in learned.values():
        counts[index] = counts.get(index, 0) + 1
    ports = _ports(whole, base, counts)
    seen = [*_by_lldp(whole, ports, base), *_by_cdp(whole)]
    seen += [Sighting(mac=m, source="bridge table", interface=i) for m, i in learned.items()]
    return Switch(ports, tuple(seen))


def _learned(tables: Tables, base: Mapping[int, int]) -> Iterator[tuple[str, int]]:
    """The ifIndex that each address was learned at, from the bridge's table and the VLANs'."""
    for name in ("dot1dTpFdbPort", "dot1qTpFdbPort"):
        for row, value in tables[name].items():
            # A VLAN's table has its number before the address.
            arcs, port = row.split(".")[-6:], _number(value)
            if not port or len(arcs) != 6 or not all(_is_octet(arc) for arc in arcs):
                continue
            octets = bytes(map(int, arcs))
            if not octets[0] & 1 and any(octets):
                yield octets.hex(":"), base.get(port, port)


def _ports(
    tables: Tables, base: Mapping[int, int], counts: Mapping[int, int]
) -> dict[int, SwitchPort]:
    names: dict[int, str] = {}
    for column in ("ifDescr", "ifName"):
        for row, name in tables[column].items():
            index = _number(row)
            if index is not None and name:
                names[index] = name
    power = _power(tables, names)
    vlans = {base.get(port, port): vlan for port, vlan in _numbers(tables["dot1qPvid"])}
    classes = tables["pethPsePortPowerClassifications"]
    ports = {}
    for index, name in sorted(names.items()):
        poe, by = power.get(index, (None, ""))
        powered = poe is not None and tables["pethPsePortDetectionStatus"].get(poe) == _DELIVERING
        # The MIB counts from class0(1); the class of a port without a device means nothing.
        known = _number(classes.get(poe, "")) if poe is not None and powered else None
        ports[index] = SwitchPort(
            index=index,
            name=name,
            alias=tables["ifAlias"].get(str(index), ""),
            vlan=vlans.get(index),
            poe=None if poe is None else poe.replace(".", "/"),
            poe_by=by,
            powered=powered,
            poe_class=None if not known else known - 1,
            addresses=counts.get(index, 0),
        )
    return ports


def _power(tables: Tables, names: Mapping[int, str]) -> dict[int, tuple[str, str]]:
    """By ifIndex the row of RFC 3621's table, and how it was found: no RFC says how they relate."""
    rows = [row for row in tables["pethPsePortDetectionStatus"] if row.count(".") == 1]
    by_entity: dict[str, int] = {}
    for row, pointer in tables["entAliasMappingIdentifier"].items():
        index = _number(pointer.removeprefix(_IF_INDEX))
        if index is not None:
            by_entity[row.partition(".")[0]] = index
    physical = tables["cpeExtPsePortEntPhyIndex"]
    found = {
        by_entity[p]: (r, "cisco") for r, p in physical.items() if r in rows and p in by_entity
    }
    if found:
        return found
    numbers = {row: _number(row.rpartition(".")[2]) for row in rows}
    if rows and len(set(numbers.values())) == len(rows) and set(numbers.values()) <= set(names):
        return {number: (row, "if-index") for row, number in numbers.items() if number is not None}
    return {index: (row, "number") for index, row in _guessed(rows, names)}


def _guessed(rows: Iterable[str], names: Mapping[int, str]) -> Iterator[tuple[int, str]]:
    """Match rows by number: Gi1/0/7 is most likely port 7 of group 1, if no other name says so."""
    in_slots = {index: name for index, name in names.items() if "/" in name} or names
    shapes: dict[str, list[int]] = {}
    for index, name in in_slots.items():
        if digits := re.findall(r"[0-9]{1,9}", name):
            group = digits[0] if len(digits) > 1 else "1"
            shapes.setdefault(f"{group}.{digits[-1]}", []).append(index)
    for row in rows:
        if len(shapes.get(row, ())) == 1:
            yield shapes[row][0], row


def _by_lldp(
    tables: Tables, ports: Mapping[int, SwitchPort], base: Mapping[int, int]
) -> Iterator[Sighting]:
    by_name = {port.name: port.index for port in ports.values()}
    for row, port_id in tables["lldpRemPortId"].items():
        if row.count(".") != 2:
            continue
        local = row.split(".")[1]
        number = _number(local)
        named = by_name.get(tables["lldpLocPortId"].get(local, ""))
        index = named or (number if number in ports else base.get(number or 0))

        def told(column: str, row: str = row) -> str:
            return tables[column].get(row, "")

        mac = None
        if told("lldpRemPortIdSubtype") == _MAC_PORT:
            mac = _mac(port_id)
        if mac is None and told("lldpRemChassisIdSubtype") == _MAC_CHASSIS:
            mac = _mac(told("lldpRemChassisId"))
        mac = mac or _named_mac(told("lldpRemSysName"))
        if mac is None:
            continue
        texts = map(
            told,
            (
                "lldpRemSysDesc",
                "lldpXMedRemModelName",
                "lldpXMedRemFirmwareRev",
                "lldpXMedRemSoftwareRev",
            ),
        )
        capable = _octets(told("lldpRemSysCapEnabled"))
        yield Sighting(
            mac=mac,
            source="the switch's LLDP",
            name=told("lldpRemSysName") or None,
            description=" ".join(filter(None, texts)) or None,
            serial=told("lldpXMedRemSerialNum") or None,
            hwver=told("lldpXMedRemHardwareRev") or None,
            phone=bool(capable and capable[0] & _TELEPHONE),
            interface=index,
        )


def _by_cdp(tables: Tables) -> Iterator[Sighting]:
    for row, name in tables["cdpCacheDeviceId"].items():
        mac, index = _named_mac(name), _number(row.partition(".")[0])
        if mac is not None and index is not None:
            texts = (tables["cdpCachePlatform"].get(row), tables["cdpCacheVersion"].get(row))
            yield Sighting(
                mac=mac,
                source="the switch's CDP",
                name=name,
                description=" ".join(filter(None, texts)) or None,
                phone=True,
                interface=index,
            )


def _named_mac(name: str) -> str | None:
    """The MAC address in the name that these phones give themselves."""
    found = _PHONE_NAME.match(name)
    return bytes.fromhex(found[1]).hex(":") if found else None


def _mac(text: str) -> str | None:
    octets = _octets(text)
    return octets.hex(":") if len(octets) == 6 and not octets[0] & 1 else None


def _octets(text: str) -> bytes:
    """The octets that a walk has shown as text."""
    return _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), text.encode())


def _numbers(rows: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    for row, value in rows.items():
        key, number = _number(row), _number(value)
        if key is not None and number is not None:
            yield key, number


def _is_octet(arc: str) -> bool:
    number = _number(arc)
    return number is not None and number < 256


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else None
