"""What a requirement is: its id, its force, what it says, where that is written, and how it shows.

The specification knows no keywords such as MUST and SHOULD; it says what the phone does. A `Level` has
the meaning of RFC 2119 and is chosen by who says so, not by how:

MUST
    The chapter says it, or a document of this phone does (the 7832 Administration Guide, the guides of
    the conference phones and the 7800 series' Provisioning Guide, which are the 7832's too), or a
    standard whose protocol the phone speaks. A permission for whoever configures a phone ("the key may
    be enclosed in double quotes") is a MUST for the phone that is configured so.
SHOULD
    Only documents of its relatives say it (the 7800 and 8800 phones, the SPA phones from which the
    provisioning engine descends), or configurations seen in the field. A phone that does otherwise is
    reported like any other; whoever certifies it may accept a reason.
MAY
    The phone is free to know the thing or not; what is required is what follows if it does.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """The force of a requirement, in the words of RFC 2119; the module says how it is chosen."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Witness(StrEnum):
    """Where a bench sees what a phone does. All but `SCREEN` are on the phone's one wire."""

    REQUEST = "request"
    """What the phone asks the provisioning servers for, by TFTP, HTTP or HTTPS: path, method, body."""
    TRANSFER = "transfer"
    """How that goes: packets and octets, certificates, redirections, credentials."""
    TIMING = "timing"
    """When: the lab time between two things that are seen."""
    ABSENCE = "absence"
    """That something does not come for as long as it must not."""
    DHCP = "dhcp"
    DNS = "dns"
    NTP = "ntp"
    SIP = "sip"
    """Requests and responses of the lines, media descriptions included."""
    SYSLOG = "syslog"
    """The messages at the syslog server, their text and their severity."""
    WEB = "web"
    """What the phone's pages show and accept."""
    REPORT = "report"
    """What the phone tells a server of itself."""
    REBOOT = "reboot"
    """A boot of the phone's own: DHCP from the start, without a loss of power."""
    NEIGHBOURS = "neighbours"
    """Announcements by CDP and LLDP."""
    SCREEN = "screen"
    """The keys and the screen, through whatever operates them."""


@dataclass(frozen=True, slots=True)
class Observable:
    """How a bench can see whether a requirement holds: by which witnesses, and by what of them."""

    by: tuple[Witness, ...]
    what: str

    def __str__(self) -> str:
        return f"{self.what} ({', '.join(self.by)})"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One clause: what a phone must do, where that is written, with what force, and how it shows.

    ``id`` is the section's word and the parameter's. ``text`` and ``observable`` are in our own words;
    the authority is ``source``.
    """

    id: str
    text: str
    source: str
    level: Level
    observable: Observable


def row(
    name: str, text: str, source: str, what: str, *by: Witness, level: Level = Level.MUST
) -> Requirement:
    """One row of the catalogue; ``what`` is seen ``by`` these witnesses if the requirement holds."""
    return Requirement(name, text, source, level, Observable(by, what))
