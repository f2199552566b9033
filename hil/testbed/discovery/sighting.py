"""What one source says of one device, and what the sources say together.

Everything in a sighting comes from outside and is text that nobody has checked. `Device` keeps of it
only what an inventory can hold: a model, a serial number, a load's name.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import ValidationError

from hil.testbed.handset_parts import FirmwareEntry

_WORD = re.compile(r"[!-~]{1,64}")
_MODEL = re.compile(r"\bCP-[0-9A-Z]+(?:-[0-9A-Z]+)*")
_LOAD = re.compile(r"\bsip[0-9]{4}\.[0-9A-Za-z-]+")
_NAMED_PHONE = re.compile(r"\bIP Phone\b|\bCP-[0-9]{4}", re.IGNORECASE)
_MOST_SHOWN = 60
_MOST_REMARKS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """One device as one source tells of it; what is None is not told.

    ``name`` is what the device calls itself, ``description`` any text about its model or load.
    ``phone`` says that the source calls it a telephone. ``interface`` is the ifIndex of the switch's
    port that it is at, ``vlan`` the VLAN that it was heard in, ``poe_class`` its class 0 to 8.
    """

    mac: str
    source: str
    name: str | None = None
    description: str | None = None
    serial: str | None = None
    hwver: str | None = None
    address: str | None = None
    poe_class: int | None = None
    phone: bool = False
    interface: int | None = None
    vlan: int | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """All sightings of one MAC address, the first of them first."""

    mac: str
    sightings: tuple[Sighting, ...]

    @property
    def sources(self) -> str:
        """Who told of it, as ``LLDP, CDP, DHCP``."""
        return ", ".join(dict.fromkeys(each.source for each in self.sightings))

    @property
    def phone(self) -> bool:
        """Whether any source takes it for a telephone."""
        texts = (text for each in self.sightings for text in (each.name, each.description))
        called = any(text and _NAMED_PHONE.search(text) for text in texts)
        return called or any(each.phone for each in self.sightings)

    @property
    def model(self) -> str | None:
        """Its product name, if a text has one (CP-7832-3PCC)."""
        return self._found(_MODEL)

    @property
    def swver(self) -> str | None:
        """The name of its load, if a text has one from which its release follows."""
        load = self._found(_LOAD)
        try:
            return None if load is None else FirmwareEntry(swver=load).swver
        except ValidationError:
            return None

    @property
    def serial(self) -> str | None:
        """Its serial number, if it is one that an inventory takes."""
        return self._word("serial")

    @property
    def hwver(self) -> str | None:
        """Its hardware version, if it is one that an inventory takes."""
        return self._word("hwver")

    @property
    def poe_class(self) -> int | None:
        """Its power class, 0 to 8."""
        classes = (each.poe_class for each in self.sightings)
        return next((each for each in classes if each is not None and 0 <= each <= 8), None)

    @property
    def vlan(self) -> int | None:
        """The VLAN that it was heard in, or that its port is in."""
        return next((each.vlan for each in self.sightings if each.vlan), None)

    @property
    def interface(self) -> int | None:
        """The ifIndex of its port: what it told the switch itself counts before what was learned."""
        return next((each.interface for each in self.sightings if each.interface), None)

    @property
    def remarks(self) -> str:
        """What else was told of it, fit for a comment: one line, printable, no longer than needed."""
        told = (
            text
            for each in self.sightings
            for text in (each.name, each.description, each.address)
            if text
        )
        return "; ".join(itertools.islice(dict.fromkeys(map(harmless, told)), _MOST_REMARKS))

    def _word(self, field: str) -> str | None:
        values = (getattr(each, field) for each in self.sightings)
        return next((v for v in values if v is not None and _WORD.fullmatch(v)), None)

    def _found(self, pattern: re.Pattern[str]) -> str | None:
        for each in self.sightings:
            found = pattern.search(each.description or "")
            if found and _WORD.fullmatch(found[0]):
                return found[0]
        return None


def devices(sightings: Iterable[Sighting]) -> list[Device]:
    """Put together what belongs to one MAC address, in its order; the same sighting counts once."""
    known: dict[str, dict[Sighting, None]] = {}
    for each in sightings:
        known.setdefault(each.mac, {})[each] = None
    return [Device(mac, tuple(known[mac])) for mac in sorted(known)]


def harmless(text: str) -> str:
    """Foreign text for a comment or a terminal: printable ASCII on one line, and not long."""
    shown = "".join(c if c.isascii() and c.isprintable() else "?" for c in text)
    return shown if len(shown) <= _MOST_SHOWN else shown[: _MOST_SHOWN - 3] + "..."
