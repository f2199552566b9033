"""The firmware of a virtual handset, as its inventory entry and the defects asked for make it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hil.testbed.models import HandsetEntry
from hil.virtual.defects import firmware_with
from hil.virtual.firmware import REFERENCE_FIRMWARE, Firmware


def firmware_of(entry: HandsetEntry, defects: Iterable[str] = ()) -> Firmware:
    """The reference firmware by the readings that ``entry`` says it follows, with these defects.

    Raises `UsageError` for a name that is no defect.
    """
    return firmware_with(defects, replace(REFERENCE_FIRMWARE, interpretations=entry.own_readings()))
