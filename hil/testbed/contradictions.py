"""What is wrong between the entries of an inventory: what two of them claim, or one relies on.

`contradictions` takes plain data, as a file has it or as the models dump it, that may be wrong in any
other way as well; what has the wrong shape takes no part. So one reading of a file finds everything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from pydantic import TypeAdapter, ValidationError

from hil.errors import PowerError, SpecificationError
from hil.power.snmp_models import APC_RPDU, MODELS
from hil.reference.identity import normalise_mac
from hil.testbed.checks import DEFAULT_OUTLETS, Place, Wrong, nearest, outlet_number
from hil.testbed.networks import Network, Wired, disagreements

_Placed = tuple[Place, Mapping[str, Any]]
# Tuples, since what stands in a file need not be hashable.
_YES = (True, "yes", "Yes", "true", "True", "on", "On", "1", "y", "t")
_OPERATED = ("menu", "keys")
_NUMBERED = ("snmp",)
"""Drivers of devices whose outlets have no names."""
_WIRED = TypeAdapter(Wired)


def contradictions(document: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find what is wrong between entries.

    No handset; names, MAC addresses, serial numbers, outlets, consoles, addresses and VLANs that are
    taken twice; PDUs that are not there or there twice, outlets that a PDU does not have, and what
    SNMP needs of a PDU's entry; what `hil.testbed.networks.disagreements` finds of addresses and
    VLANs; capabilities that the rest of the entry, or a rack without an authority, denies.
    """
    pdus = list(_entries(document, "pdus"))
    handsets = list(_entries(document, "handsets"))
    if document.get("handsets") in ([], ()):
        yield Wrong(("handsets",), "there is no handset", "a list of one handset or more")
    yield from _taken_twice(pdus, ("name",), str)
    for key, normalise in (("name", str), ("mac", normalise_mac), ("serial", str)):
        yield from _taken_twice(handsets, (key,), normalise)
    yield from _taken_twice(handsets, ("console", "url"), _line)
    yield from _described_twice(pdus)
    virtual = document.get("kind") == "virtual"
    for place, entry in pdus:
        yield from _unusable(place, entry)
        if virtual and entry.get("driver") == "snmp" and _another_model(entry.get("model")):
            yield Wrong((*place, "model"), "a virtual PDU is an apc-rpdu", APC_RPDU.name)
    yield from _miswired(pdus, handsets, virtual=virtual)
    if document.get("kind") == "rack":
        yield from _disconnected(document, handsets)
        for place, entry in handsets:
            yield from _unsigned(place, entry, document.get("authority"))
    for place, entry in handsets:
        yield from _incapable(place, entry)


def _described_twice(pdus: Sequence[_Placed]) -> Iterator[Wrong]:
    """Find a device that two entries describe: each would keep a queue of its own for it."""
    owners: dict[tuple[str, ...], str] = {}
    for place, entry in pdus:
        key = next((key for key in ("host", "url") if entry.get(key) is not None), None)
        if key is None:
            continue
        device = tuple(str(entry.get(part, "")) for part in ("driver", key, "port", "pdu"))
        owner = owners.setdefault(device, _called(place, entry))
        if owner != _called(place, entry):
            problem = f"{str(entry[key])[:60]} is described by {owner} already"
            yield Wrong((*place, key), problem, "one entry a device, its handsets name it")


def _unusable(place: Place, pdu: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find what would keep both ends of SNMP from talking to each other."""
    if pdu.get("version") == "v3" and pdu.get("user") is None:
        yield Wrong((*place, "version"), "SNMPv3 needs a user", "give user, or version v1 or v2c")
    if "read_community" not in pdu and "write_community" not in pdu:
        return
    if pdu.get("read_community", "public") == pdu.get("write_community", "private"):
        problem = "the read and the write community are the same"
        remedy = "two different ones: who may read may not switch"
        yield Wrong((*place, "write_community"), problem, remedy)


def _another_model(name: object) -> bool:
    return name != APC_RPDU.name and any(model.name == name for model in MODELS)


def _miswired(
    pdus: Sequence[_Placed], handsets: Sequence[_Placed], *, virtual: bool
) -> Iterator[Wrong]:
    """Find handsets on PDUs or outlets that are not there, or that feed another handset."""
    devices = {e["name"]: e for _, e in pdus if isinstance(e.get("name"), str)}
    # A PDU whose name cannot be told is wrong itself; it may be the one that is meant.
    all_named = all(isinstance(entry.get("name"), str) for _, entry in pdus)
    owners: dict[str, list[tuple[int | str, str]]] = {}
    for place, entry in handsets:
        power = entry.get("power")
        if not isinstance(power, Mapping) or not isinstance(power.get("pdu"), str):
            continue
        pdu, outlet = power["pdu"], power.get("outlet")
        where = (*place, "power", "outlet")
        if pdu not in devices:
            if all_named:
                remedy = nearest(pdu, devices) if devices else "describe it under pdus"
                yield Wrong((*place, "power", "pdu"), f"there is no PDU {pdu!r}", remedy)
            continue
        number, count = outlet_number(outlet), _count(devices[pdu])
        if number is None and not isinstance(outlet, str):
            continue
        named = _of_a_unit(devices[pdu], str(outlet)) if number is None else None
        number = named if isinstance(named, int) else number
        if (
            number is None
            and named is None
            and (virtual or devices[pdu].get("driver") in _NUMBERED)
        ):
            remedy = f"1 to {count}" if count is not None else "a number, from 1"
            yield Wrong(where, f"the outlets of PDU {pdu!r} have numbers, not {outlet!r}", remedy)
        elif number is not None and number < _first(devices[pdu]):
            yield Wrong(where, f"PDU {pdu!r} has no outlet {number}", f"1 to {count or 'more'}")
        elif number is not None and count is not None and number > count:
            yield Wrong(where, f"PDU {pdu!r} has no outlet {number}", f"1 to {count}")
        mine = (named or _port_number(str(outlet))) if number is None else number
        taken = owners.setdefault(pdu, [])
        owner = next((name for other, name in taken if _same_port(mine, other)), None)
        if owner is not None:
            yield Wrong(where, f"outlet {mine} of {pdu!r} feeds {owner} already", "another outlet")
        else:
            taken.append((mine, _called(place, entry)))


def _of_a_unit(pdu: Mapping[str, Any], outlet: str) -> int | str | None:
    """An outlet that is given with its unit: its number on the first unit, else its whole index."""
    model = next((m for m in MODELS if m.first and m.name == pdu.get("model")), None)
    if pdu.get("driver") != "snmp" or model is None:
        return None
    try:
        arcs = tuple(map(int, model.instance(outlet).split(".")))
    except PowerError:
        return None
    return arcs[-1] if arcs[:-1] == model.first else ".".join(map(str, arcs))


def _port_number(outlet: str) -> int | str:
    """The number of a port of the first group, which is what a switch alone has; else as it is."""
    grouped = re.fullmatch(r"([0-9]{1,9})[./]([0-9]{1,9})", outlet)
    return int(grouped[2]) if grouped and int(grouped[1]) == 1 else outlet


def _count(pdu: Mapping[str, Any]) -> int | None:
    """How many numbered outlets a PDU has, where that is known."""
    if "outlets" in pdu:
        return outlet_number(pdu["outlets"])
    return DEFAULT_OUTLETS if pdu.get("driver") == "snmp" else None


def _first(pdu: Mapping[str, Any]) -> int:
    """The lowest outlet: SNMP's tables begin at 1, some relays of the web at 0."""
    return 1 if pdu.get("driver") in ("snmp", "poe") else 0


def _same_port(one: int | str, other: int | str) -> bool:
    """Whether two outlets are one: Gi1/0/7 is GigabitEthernet1/0/7, as switches abbreviate."""
    if isinstance(one, int) or isinstance(other, int):
        return one == other
    (word, number), (other_word, other_number) = _port(one), _port(other)
    alike = word.startswith(other_word) or other_word.startswith(word)
    return (alike and number == other_number) if number else one == other


def _port(text: str) -> tuple[str, str]:
    found = re.fullmatch(r"([A-Za-z]*)[ -]?(.*)", text)
    return (found[1].lower(), found[2]) if found else ("", text)


def _disconnected(document: Mapping[str, Any], handsets: Sequence[_Placed]) -> Iterator[Wrong]:
    """Find where the network and its handsets do not go together, as far as they can be read."""
    listed = document.get("handsets")
    if not isinstance(listed, list | tuple) or not isinstance(document.get("network"), Mapping):
        return
    try:
        network = Network.model_validate(document["network"])
    except ValidationError:
        return
    wired: dict[int, Wired] = {}
    for place, entry in handsets:
        try:
            wired[int(place[1])] = _WIRED.validate_python((entry.get("vlan"), entry.get("address")))
        except ValidationError:
            continue
    # What cannot be read is wrong itself, and must not seem to be absent.
    for wrong in disagreements(network, [wired.get(i, Wired()) for i in range(len(listed))]):
        if wrong.place[0] != "handsets" or wrong.place[1] in wired:
            yield wrong


def _incapable(place: Place, handset: Mapping[str, Any]) -> Iterator[Wrong]:
    """Find capabilities that the rest of the entry denies."""
    able = handset.get("capabilities")
    if not isinstance(able, Mapping):
        return
    wired = handset.get("console") is not None
    where = (*place, "capabilities")
    reset = able.get("factory_reset")
    if able.get("console") is not None and (able["console"] in _YES) is not wired:
        problem = "console: no, and yet a console is described"
        if not wired:
            problem = "console: yes, and no console is described"
        yield Wrong((*where, "console"), problem, "console with its url, or leave this out")
    if reset in _OPERATED and able.get("screen_operator") not in _YES:
        problem = f"factory_reset: {reset} needs somebody who presses keys"
        yield Wrong((*where, "factory_reset"), problem, "screen_operator: yes, or another way")
    if reset == "console" and not wired:
        problem = "factory_reset: console needs a console"
        yield Wrong((*where, "factory_reset"), problem, "console with its url, or another way")


def _unsigned(place: Place, handset: Mapping[str, Any], authority: object) -> Iterator[Wrong]:
    """Find capabilities for which a rack has not the certificates."""
    able = handset.get("capabilities")
    if not isinstance(able, Mapping):
        return
    where = (*place, "capabilities")
    if able.get("https") in _YES and authority is None:
        problem = "https: yes, and there is no authority that the phone could trust"
        yield Wrong((*where, "https"), problem, "authority: as `hil testbed authority` makes it")
    known = isinstance(authority, Mapping) and authority.get("client_roots") is not None
    if able.get("client_certificate") in _YES and not known:
        problem = "client_certificate: yes, and nothing to verify it by"
        remedy = "authority: client_roots, the roots of the phones' manufacturer"
        yield Wrong((*where, "client_certificate"), problem, remedy)


def _entries(document: Mapping[str, Any], key: str) -> Iterator[_Placed]:
    listed = document.get(key)
    if isinstance(listed, list | tuple):
        for index, entry in enumerate(listed):
            if isinstance(entry, Mapping):
                yield (key, index), entry


def _taken_twice(
    entries: Iterable[_Placed], keys: tuple[str, ...], normalise: Callable[[str], str]
) -> Iterator[Wrong]:
    owners: dict[str, str] = {}
    for place, entry in entries:
        value: Any = entry
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if not isinstance(value, str):
            continue
        try:
            value = normalise(value)
        except SpecificationError:
            continue
        if value in owners:
            problem = f"{'.'.join(keys)} {value!r} belongs to {owners[value]} already"
            yield Wrong((*place, *keys), problem, "each has its own")
        owners.setdefault(value, _called(place, entry))


def _called(place: Place, entry: Mapping[str, Any]) -> str:
    """An entry as a person finds it; never the same for two entries."""
    number = f"{place[0]}[{place[1]}]"
    return f"{entry['name']!r} ({number})" if isinstance(entry.get("name"), str) else number


def _line(url: str) -> str:
    """A console's URL without what does not tell two lines apart."""
    address = url.strip().partition("?")[0]
    return address.lower() if "://" in address else address
