"""What the phone's status pages show: who it is, how its provisioning went, when it rebooted.

The pages list, newest first, three outcomes of provisioning and three of firmware upgrades with
status, time and reason, and a history of reboots (7800 Administration Guide, the reference of the
web page; Provisioning Guide, Provisioning Examples). How a program can read them is unpublished. The
document here is a flat-profile whose elements are the page's field names, made into XML names as the
parameters' are (Administration Guide 11.3, Provisioning Formats); times are written
``mm/dd/yyyy HH:MM:SS``, as the page has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from hil.reference.identity import Identity
from hil.reference.profile_builder import flat_profile, writable
from hil.reference.profiles import decode

OUTCOMES_SHOWN = 3
"""Outcomes of provisioning, and of upgrades, that the page lists."""
REBOOTS_SHOWN = 5
"""Reboots that the page lists; how many a 7832 shows is not published."""

SUCCEEDED, FAILED = "Succeeded", "Failed"

_TIME = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_LINE = re.compile(r"Registration_State_([0-9]{1,3})_")


@dataclass(frozen=True, slots=True)
class StatusLine:
    """One outcome or reboot: what it was, when by the phone's clock (None: it had none), and why.

    ``what`` is `SUCCEEDED` or `FAILED` for an outcome, and the kind of a reboot.
    """

    what: str
    at: datetime | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Product:
    """Who the phone says it is; ``ip`` is empty without a lease."""

    pn: str = ""
    serial: str = ""
    mac: str = ""
    swver: str = ""
    hwver: str = ""
    ip: str = ""
    ccert: str = ""

    @classmethod
    def of(cls, identity: Identity, ip: str | None) -> Product:
        """What a phone with this identity and address shows."""
        return cls(
            identity.pn,
            identity.serial,
            identity.mau,
            identity.swver,
            identity.hwver,
            ip or "",
            identity.ccert,
        )


@dataclass(frozen=True, slots=True)
class Status:
    """One look at the pages.

    ``provisioning``, ``upgrades`` and ``reboots`` have the newest first; `noted` keeps them so.
    ``lines`` says by line number how its registration stands, in the page's words, for instance
    ``Registered``. ``clock`` is the phone's local time, None if it does not know it.
    """

    product: Product = Product()
    provisioning: tuple[StatusLine, ...] = ()
    upgrades: tuple[StatusLine, ...] = ()
    reboots: tuple[StatusLine, ...] = ()
    lines: Mapping[int, str] = field(default_factory=dict)
    clock: datetime | None = None


def noted(
    shown: tuple[StatusLine, ...], line: StatusLine, most: int = OUTCOMES_SHOWN
) -> tuple[StatusLine, ...]:
    """Put a line in front of those that are shown, which drops the oldest beyond ``most``."""
    return (line, *shown)[:most]


def render(status: Status) -> bytes:
    """Write the document."""
    product = status.product
    elements = {
        "Product_Name": product.pn,
        "Serial_Number": product.serial,
        "MAC_Address": product.mac,
        "Software_Version": product.swver,
        "Hardware_Version": product.hwver,
        "Current_IP": product.ip,
        "Client_Certificate": product.ccert,
        "Current_Time": _time_text(status.clock),
        **_numbered("Provisioning_Status", status.provisioning),
        **_numbered("Firmware_Upgrade_Status", status.upgrades),
        **_numbered("Reboot_Reason", status.reboots),
        **{f"Registration_State_{line}_": state for line, state in status.lines.items()},
    }
    return flat_profile(**{name: writable(text) for name, text in elements.items()})


def parse(document: bytes) -> Status:
    """Read the document; what it lacks, or has in another form, is as if it were not shown.

    Raises `ProfileError` if it is no such document at all.
    """
    return read(decode(document).parameters)


def read(shown: Mapping[str, str]) -> Status:
    """Read the elements of the document, by XML name, as `parse` does."""
    product = Product(
        pn=shown.get("Product_Name", ""),
        serial=shown.get("Serial_Number", ""),
        mac=shown.get("MAC_Address", ""),
        swver=shown.get("Software_Version", ""),
        hwver=shown.get("Hardware_Version", ""),
        ip=shown.get("Current_IP", ""),
        ccert=shown.get("Client_Certificate", ""),
    )
    matches = ((_LINE.fullmatch(name), state) for name, state in shown.items())
    return Status(
        product,
        tuple(_read(shown, "Provisioning_Status", OUTCOMES_SHOWN)),
        tuple(_read(shown, "Firmware_Upgrade_Status", OUTCOMES_SHOWN)),
        tuple(_read(shown, "Reboot_Reason", REBOOTS_SHOWN)),
        {int(match[1]): state for match, state in matches if match is not None},
        _time(shown.get("Current_Time", "")),
    )


def _numbered(name: str, lines: tuple[StatusLine, ...]) -> dict[str, str]:
    elements: dict[str, str] = {}
    for number, line in enumerate(lines, 1):
        elements[f"{name}_{number}"] = line.what
        elements[f"{name}_{number}_Time"] = _time_text(line.at)
        elements[f"{name}_{number}_Reason"] = line.reason
    return elements


def _read(shown: Mapping[str, str], name: str, most: int) -> Iterator[StatusLine]:
    for number in range(1, most + 1):
        what = shown.get(f"{name}_{number}", "")
        if not what:
            return
        at = _time(shown.get(f"{name}_{number}_Time", ""))
        yield StatusLine(what, at, shown.get(f"{name}_{number}_Reason", ""))


def _time_text(at: datetime | None) -> str:
    if at is None:
        return ""
    return f"{at.month:02}/{at.day:02}/{at.year:04} {at.hour:02}:{at.minute:02}:{at.second:02}"


def _time(text: str) -> datetime | None:
    match = _TIME.fullmatch(text)
    if match is None:
        return None
    month, day, year, hour, minute, second = map(int, match.groups())
    try:
        return datetime(year, month, day, hour, minute, second)
    except ValueError:
        return None
