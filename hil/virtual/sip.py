"""The handset's SIP user agent: its lines, and what the handset is told of them.

It has one user agent a line (`hil.virtual.sip_line`), begins when the phone has an address and ends
with it. Its end is that of a power cut: nothing is unregistered, no call is ended, no connection is
closed in order; the server finds out by itself.
"""

from __future__ import annotations

import asyncio
import random
import ssl
from collections.abc import Callable, Coroutine
from typing import Any

from hil.clock import Clock
from hil.errors import UsageError
from hil.net.interface import Place
from hil.reference.identity import Identity
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.line_parameters import LINES
from hil.reference.parameters import Parameters
from hil.virtual.sip_config import NOBODY, REFERENCE_SIP, Dialing, SipCallbacks, SipConfig
from hil.virtual.sip_line import LineAgent
from hil.virtual.sip_setting import LineSetting, Locate

__all__ = ["Dialing", "SipCallbacks", "SipConfig", "SipPhone"]


class SipPhone:
    """The lines of a phone at ``place``; all methods belong to the loop's thread.

    ``locate`` finds the address of a host that a parameter names (a dotted quad is its own), or None.
    ``tls`` makes the context with which a server is verified. Identifiers, instants in a window and
    nonces come from ``chance``. ``crashed`` is told of what a phone could not do to itself.
    """

    def __init__(
        self,
        place: Place,
        clock: Clock,
        chance: random.Random,
        identity: Identity,
        parameters: Parameters,
        *,
        locate: Locate,
        tls: Callable[[], ssl.SSLContext],
        crashed: Callable[[str], None],
        callbacks: SipCallbacks = NOBODY,
        config: SipConfig = REFERENCE_SIP,
        interpretations: Interpretations = DEFAULT,
    ) -> None:
        self._clock = clock
        self._crashed = crashed
        around = LineSetting(
            place=place,
            clock=clock,
            chance=chance,
            identity=identity,
            interpretations=interpretations,
            locate=locate,
            tls=tls,
            config=config,
            callbacks=callbacks,
            spawn=self._spawn,
        )
        self._lines = {number: LineAgent(number, parameters, around) for number in LINES}

    def start(self) -> None:
        """Begin: each enabled line opens its port and registers."""
        for line in self._lines.values():
            line.start()

    def stop(self) -> None:
        """End at once and in silence, as when the power or the address is gone; nobody is told."""
        for line in self._lines.values():
            line.stop()

    def configure(self, parameters: Parameters) -> None:
        """Go by these parameters from now on, after a profile changed some."""
        for line in self._lines.values():
            line.configure(parameters)

    def dial(self, line: int, number: str) -> Dialing:
        """Call ``number`` from ``line``; how the call goes on is told to the callbacks."""
        return self._line(line).dial(number)

    def hang_up(self, line: int) -> bool:
        """End the line's call; False if there is none."""
        return self._line(line).hang_up()

    def registered(self, line: int) -> bool:
        """Whether a server holds a binding of the line."""
        return self._line(line).registered

    def active(self, line: int) -> bool:
        """Whether the line has a call, be it only ringing or dialing."""
        return self._line(line).active

    def _line(self, number: int) -> LineAgent:
        if number not in self._lines:
            raise UsageError(f"a phone has no line {number}", remedy="1 or 2")
        return self._lines[number]

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._clock.loop.create_task(self._guarded(work))
        # One that is cancelled before its first step would leave the work unbegun and unclosed.
        task.add_done_callback(lambda _: work.close())
        return task

    async def _guarded(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001
            # Told, not raised: nobody awaits a phone, and its crash is our bug, not a verdict.
            self._crashed(f"the virtual handset's user agent crashed: {error!r}")
