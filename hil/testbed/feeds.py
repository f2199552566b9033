"""Which outlet feeds which handset, as far as an inventory tells that may be wrong in any way.

An outlet is written as it is printed: a number, a number after its unit, the name of a port. Here it is
told whether the device has it, and whether two handsets hang on one however each of them writes it. Of
a device whose driver or model is misspelt it is told by what was meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from hil.errors import PowerError
from hil.power.http_dialects import DIALECTS as HTTP_DIALECTS
from hil.power.relay_dialects import DIALECTS as RELAY_DIALECTS
from hil.power.snmp_models import MODELS, PduModel
from hil.testbed.blanks import OUTLET, has_blank
from hil.testbed.checks import DEFAULT_OUTLETS, Wrong, closest, nearest, outlet_number
from hil.testbed.pdus import DRIVERS
from hil.testbed.plain import Listed

_BOARDS = {board.name: board.outlets for board in RELAY_DIALECTS}
_WEB = {web.name: web for web in HTTP_DIALECTS}
_SNMP = {model.name: model for model in MODELS}


@dataclass(frozen=True)
class _Port:
    """An outlet as its device tells it from the others.

    ``number`` is that in its unit, None for a port that has a name; ``name`` is unique on the device.
    """

    number: int | None
    name: str

    def is_also(self, other: _Port) -> bool:
        """Whether both are one: Gi1/0/7 is GigabitEthernet1/0/7, as switches abbreviate."""
        if self.number is not None or other.number is not None:
            return self.name == other.name
        (word, number), (other_word, other_number) = _parts(self.name), _parts(other.name)
        alike = word.startswith(other_word) or other_word.startswith(word)
        return (alike and number == other_number) if number else self.name == other.name


@dataclass(frozen=True)
class _Device:
    """What switches power, by what its entry says of its outlets.

    ``first`` and ``last`` are the lowest and the highest number, the latter None where it is not
    known; ``numbered``: its outlets have no names. ``names`` are all outlets of a device that has
    these and no others. ``units`` is the model of a PDU whose outlets may be given with a unit.
    ``one_for_all``: whatever outlet is given, it is told the same.
    """

    name: str
    first: int = 0
    last: int | None = None
    numbered: bool = False
    names: tuple[str, ...] = ()
    units: PduModel | None = None
    one_for_all: bool = False

    def port(self, written: object) -> _Port | None:
        """The outlet that a handset's entry names; None for what can be none."""
        number = outlet_number(written)
        if number is not None:
            return _Port(number, str(number))
        if not isinstance(written, str):
            return None
        if self.numbered or self.names:
            return self._of_a_unit(written) or _Port(None, written)
        return _of_a_group(written) or _Port(None, written)

    def lacks(self, port: _Port) -> tuple[str, str] | None:
        """The problem and its remedy, if the device has no such outlet."""
        problem = f"PDU {self.name!r} has no outlet {port.name}"
        if self.names:
            remedy = f"{self.names[0]} to {self.names[-1]}"
            return None if port.name in self.names else (problem, remedy)
        if port.number is None:
            problem = f"the outlets of PDU {self.name!r} have numbers, not {port.name!r}"
            remedy = f"{self.first} to {self.last}" if self.last is not None else "a number, from 1"
            return (problem, remedy) if self.numbered else None
        if self.first <= port.number and (self.last is None or port.number <= self.last):
            return None
        return problem, f"{self.first} to {'more' if self.last is None else self.last}"

    def _of_a_unit(self, written: str) -> _Port | None:
        """An outlet that is given with its unit; of the first unit, it is its number alone."""
        if self.units is None:
            return None
        try:
            *unit, number = map(int, self.units.instance(written).split("."))
        except PowerError:
            return None
        if tuple(unit) == self.units.first:
            return _Port(number, str(number))
        return _Port(number, ".".join(map(str, (*unit, number))))


def miswired(
    pdus: Sequence[Listed], handsets: Sequence[Listed], *, virtual: bool
) -> Iterator[Wrong]:
    """Find handsets on PDUs or outlets that are not there, or that feed another handset."""
    devices = {d.name: d for pdu in pdus if (d := _device(pdu, virtual=virtual)) is not None}
    # A PDU whose name cannot be told is wrong itself; it may be the one that is meant.
    all_named = all(pdu.text("name") is not None for pdu in pdus)
    fed: dict[str, list[tuple[_Port, str]]] = {name: [] for name in devices}
    for handset in handsets:
        name = handset.text("power", "pdu")
        if name is None:
            continue
        if name in devices:
            yield from _at_outlet(handset, devices[name], fed[name])
        elif all_named:
            remedy = nearest(name, devices) if devices else "describe it under pdus"
            yield handset.wrong(("power", "pdu"), f"there is no PDU {name!r}", remedy)


def _at_outlet(handset: Listed, device: _Device, fed: list[tuple[_Port, str]]) -> Iterator[Wrong]:
    """Find what is wrong with a handset's outlet, and note that it feeds the handset."""
    keys = ("power", "outlet")
    port = device.port(handset.value(*keys))
    if port is None:
        return
    if (lacking := device.lacks(port)) is not None:
        yield handset.wrong(keys, *lacking)
    owner = next((owner for other, owner in fed if port.is_also(other)), None)
    if owner is not None:
        problem = f"outlet {port.name} of {device.name!r} feeds {owner} already"
        yield handset.wrong(keys, problem, "another outlet")
        return
    if device.one_for_all and fed:
        problem = f"{device.name!r} is not told which outlet, and feeds {fed[0][1]} already"
        yield handset.wrong(keys, problem, f"{OUTLET} in what it is told, or one handset on it")
    fed.append((port, handset.called))


def _device(pdu: Listed, *, virtual: bool) -> _Device | None:
    """What an entry says of its outlets; None without a name that a handset could give."""
    name = pdu.text("name")
    if name is None:
        return None
    driver, model = _nearly(pdu.meant("driver"), DRIVERS), pdu.meant("model")
    device = _Device(name, last=_count(pdu), numbered=virtual)
    if driver == "snmp":
        # Of a PDU that is of no known make nobody can tell how its outlets are written.
        make = _SNMP.get(_nearly(model, _SNMP))
        return replace(
            device,
            first=1,
            last=_count(pdu, DEFAULT_OUTLETS),
            numbered=virtual or make is not None,
            units=make if make is not None and make.first else None,
        )
    if driver == "poe":
        return replace(device, first=1)
    if driver == "serial":
        return replace(device, names=_BOARDS.get(_nearly(model, _BOARDS), ()))
    if driver == "command":
        return replace(device, one_for_all=not _told_to_programs(pdu))
    web = _WEB.get(_nearly(model, _WEB)) if driver == "http" else None
    if web is not None and web.first is not None:
        return replace(device, first=web.first, last=web.last, numbered=True)
    return replace(device, one_for_all=driver == "http" and not _told_by_requests(pdu))


def _count(pdu: Listed, unsaid: int | None = None) -> int | None:
    """How many outlets an entry says that it has; ``unsaid`` if it says nothing."""
    written = pdu.meant("outlets")
    if written is None and "outlets" not in pdu.values:
        return unsaid
    return outlet_number(written)


def _nearly(written: object, known: Sequence[str] | Mapping[str, object]) -> str:
    """The known name that is written, or probably meant; empty if there is none."""
    if not isinstance(written, str):
        return ""
    return written if written in known else closest(written, known) or ""


def _told_to_programs(pdu: Listed) -> bool:
    """Whether all programs of an entry are told the outlet, as far as it has any."""
    programs = (pdu.texts(key) for key in ("on", "off", "state"))
    return all(has_blank(arguments) for arguments in programs if arguments)


def _told_by_requests(pdu: Listed) -> bool:
    """Whether all requests of an entry name the outlet, as far as it has any."""
    requests = [
        [text for key in keys if (text := pdu.text(request, key)) is not None]
        for request, keys in (("switch", ("path", "body")), ("state", ("path", "pointer")))
    ]
    return all(has_blank(texts) for texts in requests if texts)


def _of_a_group(written: str) -> _Port | None:
    """A port of the first group, which is what a switch alone has, is its number there."""
    grouped = re.fullmatch(r"([0-9]{1,9})[./]([0-9]{1,9})", written)
    if grouped is None or int(grouped[1]) != 1:
        return None
    return _Port(int(grouped[2]), str(int(grouped[2])))


def _parts(name: str) -> tuple[str, str]:
    """The word that a port's name begins with, and what comes after it."""
    found = re.fullmatch(r"([A-Za-z]*)[ -]?(.*)", name)
    return (found[1].lower(), found[2]) if found else ("", name)
