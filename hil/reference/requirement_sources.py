"""The chapters that requirements quote, as their sources name them."""

from __future__ import annotations

PROFILE = "Configuration Profile Parameters, "
UPGRADE = "Firmware Upgrade Parameters, "
GENERAL = "General Purpose Parameters, "
MACROS = "Macro Expansion Variables, "
CODES = "Internal Error Codes, "
FORMATS = "Administration Guide 11.3, Provisioning Formats"
