"""The two ends of a TFTP read, and what their events have in them."""

from __future__ import annotations

from typing import Any

from hil.wire.tftp import Packet, Request, decode
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_server import Limits, ReadSession
from hil.wire.tftp_terms import Event, Send

FILE = bytes(at % 251 for at in range(2000))


def packets(events: list[Event]) -> list[Packet]:
    return [decode(event.data) for event in events if isinstance(event, Send)]


def session(content: bytes = FILE, *options: tuple[str, str], **limits: Any) -> ReadSession:
    return ReadSession(Request("f", options=options), content, Limits(**limits))


def transfer(*options: tuple[str, str], **patience: Any) -> ReadTransfer:
    client = ReadTransfer("f", options=options, patience=Patience(**patience))
    client.start(0)
    return client
