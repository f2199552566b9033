"""A keyring of the library `keyring` that lives as long as a test."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator, Mapping

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked


class Drawer(KeyringBackend):
    """It has what it is given, or is ``locked``, or waits until somebody comes."""

    priority = 0.1

    def __init__(
        self,
        held: Mapping[tuple[str, str], str] | None = None,
        *,
        locked: bool = False,
        waiting: threading.Event | None = None,
    ) -> None:
        super().__init__()
        self._held = held or {}
        self._locked = locked
        self._waiting = waiting

    def get_password(self, service: str, username: str) -> str | None:
        if self._locked:
            raise KeyringLocked("the collection is locked")
        if self._waiting is not None:
            self._waiting.wait(60)
        return self._held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        # The library's base class demands the method.
        pytest.fail(f"hil wrote the secret of {username} to a keyring; it only reads them")


@contextlib.contextmanager
def using(drawer: Drawer) -> Iterator[None]:
    """The user's keyring is this one for the time of the block."""
    before = keyring.get_keyring()
    keyring.set_keyring(drawer)
    try:
        yield
    finally:
        keyring.set_keyring(before)
