"""What a device said, made fit for an error: one short printable line, and no secret in it."""

from __future__ import annotations

from collections.abc import Iterable

WITNESS = "look at the handset's link, which is the only witness of its power"
"""What is left where a device has no read-back."""

_MOST = 240
_HIDDEN = "***"
# A shorter one hides nothing, and would blot out ordinary words.
_LEAST_SECRET = 4


def shown(said: bytes | str, secrets: Iterable[str] = ()) -> str:
    """The beginning of what a device said; bytes that are no text are escaped.

    A device may echo what it was told, so each of ``secrets`` of 4 characters or more is replaced.
    """
    text = said.decode("utf-8", "backslashreplace") if isinstance(said, bytes) else said
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= _LEAST_SECRET:
            text = text.replace(secret, _HIDDEN)
    words = " ".join(text.split())
    printable = "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in words[: _MOST + 1]
    )
    return printable if len(printable) <= _MOST else printable[: _MOST - 1] + "…"
