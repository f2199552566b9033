"""Somebody at the phone itself: who presses its keys, and the event of it in the history.

A test asks an `Operator`. On the virtual rack that is a `ScreenOperator` on the virtual phone's
screen; on a real one a person or a robot would stand there, behind the same few calls. Whether the
phone let the user do it is what each call returns, and it is in the history as `ScreenUsed`: a softkey
that is not shown cannot be pressed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from hil.clock import Clock
from hil.history import History
from hil.history import events as ev

SOURCE = "screen"
_PRESS_S = 5.0


class Operator(Protocol):
    """Who stands at the phone; each call says whether the phone let it happen."""

    def press_resync(self, rule: str = "") -> bool:
        """Press the resync softkey, after typing ``rule`` if it is not empty."""

    def dial(self, number: str, line: int = 1) -> bool:
        """Dial ``number``, of the keypad's characters, on this line."""

    def hang_up(self) -> bool:
        """End the call."""

    def reboot(self) -> bool:
        """Restart the phone by its menu."""


class ScreenOperator:
    """Presses the keys of ``screen``, which lives in the lab's loop; called from the test's thread."""

    def __init__(self, clock: Clock, history: History, screen: Operator) -> None:
        self._clock = clock
        self._history = history
        self._screen = screen

    def press_resync(self, rule: str = "") -> bool:
        """Press the resync softkey, after typing ``rule`` if it is not empty."""
        return self._used("resync", lambda: self._screen.press_resync(rule), rule)

    def dial(self, number: str, line: int = 1) -> bool:
        """Dial ``number``, of the keypad's characters, on this line."""
        return self._used("dial", lambda: self._screen.dial(number, line), number)

    def hang_up(self) -> bool:
        """End the call."""
        return self._used("hang-up", self._screen.hang_up)

    def reboot(self) -> bool:
        """Restart the phone by its menu."""
        return self._used("reboot", self._screen.reboot)

    def _used(self, action: str, press: Callable[[], bool], detail: str = "") -> bool:
        async def pressed() -> bool:
            offered = press()
            # In the same turn of the loop, so that what follows comes after it.
            self._history.append(
                ev.ScreenUsed(source=SOURCE, action=action, offered=offered, detail=detail)
            )
            return offered

        return self._clock.run(pressed(), timeout=_PRESS_S)
