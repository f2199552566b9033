"""What a server delivers: where it comes from, and how much of it a history keeps.

A file is read when it is configured, so what a test serves is what was there when it said so, and
nothing that happens to the file later can disturb a transfer.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from hil.errors import UsageError
from hil.history.traffic import KEPT_OCTETS

Content = bytes | str | Path
"""What can be served: octets, text (as UTF-8), or the contents of a file."""


@dataclass(frozen=True)
class Kept:
    """The fields ``body``, ``size`` and ``sha256`` of `hil.history.events.TransferEnded`."""

    body: bytes = b""
    size: int = 0
    sha256: str = ""


def keep(body: bytes) -> Kept:
    """What the history keeps of a body that was delivered whole: itself, or its digest."""
    if len(body) <= KEPT_OCTETS:
        return Kept(body)
    return Kept(b"", len(body), hashlib.sha256(body).hexdigest())


def octets(content: Content) -> bytes:
    """The octets to serve; UsageError for a file that cannot be read."""
    if isinstance(content, str):
        return content.encode()
    if isinstance(content, Path):
        try:
            return content.read_bytes()
        except OSError as error:
            reason = error.strerror or str(error)
            raise UsageError(f"cannot read {content}: {reason}") from error
    return content
