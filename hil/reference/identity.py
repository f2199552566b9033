"""Who a phone is: what its label, its hardware and its firmware say, and no profile can change."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from hil.errors import SpecificationError

_MAC = re.compile(r"[0-9A-Fa-f]{12}|[0-9A-Fa-f]{2}(?:([:-])[0-9A-Fa-f]{2})(?:\1[0-9A-Fa-f]{2}){4}")

_RELEASE = re.compile(r"\.([0-9]{1,3})[-.]([0-9]{1,3})[-.]([0-9]{1,3})")


@dataclass(frozen=True, slots=True)
class Identity:
    """One phone; the defaults are a 7832 with the firmware that the chapter names.

    ``mac`` may be written in any case, bare or with colons or hyphens, and is kept as $MAC shows it.
    ``version`` is the marketing form of ``swver``, as the User-Agent header has it. ``psn`` is
    what $PSN shows where that is known of this phone; empty, it is as `Interpretations.psn` has it.
    Raises `SpecificationError` for a ``mac`` that no interface can have.
    """

    mac: str
    serial: str = "88012BA01234"
    pn: str = "CP-7832-3PCC"
    psn: str = ""
    swver: str = "sip7832.11-3-2MPP0001-609"
    version: str = "11.3.2"
    hwver: str = "2.0.1"
    ccert_installed: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "mac", normalise_mac(self.mac))

    @property
    def ma(self) -> str:
        """$MA, lower case without colons: ``000e08aabbcc``."""
        return self.mac.replace(":", "")

    @property
    def mau(self) -> str:
        """$MAU, upper case without colons: ``000E08AABBCC``."""
        return self.ma.upper()

    @property
    def model(self) -> str:
        """The model number in ``pn``, which a load is made for: ``7832``."""
        digits = re.search(r"[0-9]{4}", self.pn)
        return digits[0] if digits else self.pn

    def running(self, load: str) -> Identity:
        """The same phone with another load, ``sip7832.11-3-2MPP0001-609``."""
        match = _RELEASE.search(load)
        version = ".".join(match.groups()) if match else self.version
        return replace(self, swver=load, version=version)

    @property
    def ccert(self) -> str:
        """$CCERT, the status of the client certificate: ``Installed`` or ``Not Installed``."""
        return "Installed" if self.ccert_installed else "Not Installed"


def normalise_mac(text: str) -> str:
    """Return a MAC address in lower case with colons: ``00:0e:08:aa:bb:cc``.

    Raises `SpecificationError` unless ``text`` is six octets, bare or with colons or hyphens, and
    the address of one interface: not a group address and not all zero (IEEE 802, section 8.2).
    """
    if not _MAC.fullmatch(text):
        raise SpecificationError(f"{text[:40]!r} is no MAC address such as 00:0e:08:aa:bb:cc")
    octets = bytes.fromhex(text.replace(":", "").replace("-", ""))
    if octets[0] & 1 or not any(octets):
        raise SpecificationError(f"{text!r} is not the address of one interface")
    return octets.hex(":")
