"""The virtual phone's screen and keys, as far as provisioning and calls need them.

A user can have the phone resync by a softkey, with the phone's own rules or with one typed in the form
``protocol://server[:port]/profile_pathname``; the softkey is there only if User_Configurable_Resync is
Yes (Administration Guide 11.3, Provisioning; the chapter, User Configurable Resync). A user can dial,
hang up and reboot. What cannot be pressed is not offered, and nothing happens.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from hil.reference.parameters import Parameters
from hil.virtual.inside import enter

_KEYPAD = frozenset("0123456789*#+")


def resync_offered(parameters: Parameters) -> bool:
    """User_Configurable_Resync: "Allows a user to resync the phone from the IP phone screen"."""
    return parameters.flag("User_Configurable_Resync")


@dataclass(frozen=True)
class ScreenConfig:
    """What the screen offers; the default is the specification."""

    resync_offered: Callable[[Parameters], bool] = resync_offered


REFERENCE_SCREEN = ScreenConfig()


@dataclass(frozen=True)
class Keys:
    """What pressing leads to: a resync by a rule (or "" for the phone's own), a call, its end.

    A call is dialed with its number and its line; hanging up ends the calls of all lines.
    """

    resync: Callable[[str], None]
    dial: Callable[[str, int], None]
    hang_up: Callable[[], None]
    reboot: Callable[[], None]


class Screen:
    """The screen of a phone that is on and has booted while ``lit`` tells so.

    Its methods belong to the loop's thread and return whether the phone let the user do it. What
    follows begins in a later turn of the loop, so that whoever pressed can take note before.
    """

    def __init__(
        self,
        lit: Callable[[], bool],
        parameters: Callable[[], Parameters],
        keys: Keys,
        config: ScreenConfig = REFERENCE_SCREEN,
    ) -> None:
        self._lit = lit
        self._parameters = parameters
        self._keys = keys
        self._config = config

    def press_resync(self, rule: str = "") -> bool:
        """Press the resync softkey, after typing ``rule`` if it is not empty."""
        if not self._lit() or not self._offers_resync():
            return False
        _soon(self._keys.resync, rule)
        return True

    def _offers_resync(self) -> bool:
        return enter(self._config.resync_offered, self._parameters())

    def dial(self, number: str, line: int = 1) -> bool:
        """Dial what a keypad can dial, after pressing the key of a line."""
        if not self._lit() or not number or not _KEYPAD.issuperset(number):
            return False
        _soon(self._keys.dial, number, line)
        return True

    def hang_up(self) -> bool:
        """Put the handset down."""
        if not self._lit():
            return False
        _soon(self._keys.hang_up)
        return True

    def reboot(self) -> bool:
        """Restart by the menu."""
        if not self._lit():
            return False
        _soon(self._keys.reboot)
        return True


def _soon(action: Callable[..., None], *arguments: str | int) -> None:
    enter(asyncio.get_running_loop().call_soon, action, *arguments)
