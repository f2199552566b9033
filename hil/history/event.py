"""The bases of all events, which way a message went, and who is to blame."""

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


class LabEvent(Event, frozen=True, kw_only=True):
    """The base of what the laboratory does or says itself.

    Whether it comes is no doing of the handset's, so that no check of the handset may rest on it.
    What an endpoint sends, or misdoes, because the handset asked is none: it tells of the asking.
    """


class Direction(StrEnum):
    """Which way a message went, seen from the bench."""

    RECEIVED = "received"
    SENT = "sent"


class Cause(StrEnum):
    """Who is to blame when a test does not pass."""

    NONE = "none"
    DEVICE = "device"
    LAB = "lab"
    TEST = "test"
