"""The base of all events, and which way a message went."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="event", tag=True):
    """The base of all events."""

    source: str = ""
    handset: str = ""
    at: int = -1
    seq: int = -1
    kernel_ns: int = 0


class Direction(StrEnum):
    """Which way a message went, seen from the bench."""

    RECEIVED = "received"
    SENT = "sent"
