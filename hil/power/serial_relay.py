"""Relays that are switched over a serial line.

`hil.power.relay_dialects` has what the boards understand. The line is whatever pyserial can open by
URL: a device, ``rfc2217://host:port`` (``?ign_set_control`` where the server has no modem lines) or
``socket://host:port``. It is opened for one call and closed after it, a device for ourselves alone, so
that nobody else's bytes come between.

Proven against boards that are simulated after their vendors' published commands: real bytes on a
pseudo-terminal, and through socat and ser2net. No board was at hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from hil.errors import PowerDeviceError, PowerError, StateUnknown, UsageError
from hil.history.events import PowerAction
from hil.hosts import no_serial_line
from hil.power.blocking import Errand, in_thread
from hil.power.evidence import WITNESS, shown
from hil.power.relay_dialects import LCUS, MOST_ANSWER, RelayDialect

if TYPE_CHECKING:
    import serial

T = TypeVar("T")


@dataclass(frozen=True)
class SerialRelayConfig:
    """Where a board is: pyserial's URL, and the line's speed where it differs from the board's own.

    ``timeout_s`` is the deadline of one call in seconds. `UsageError` for what cannot work.
    """

    url: str
    board: RelayDialect = LCUS
    baud: int | None = None
    timeout_s: float = 5.0

    def __post_init__(self) -> None:
        if problem := no_serial_line(self.url):
            remedy = "such as /dev/ttyUSB0, rfc2217://host:port or socket://host:port"
            raise UsageError(f"no serial relay's URL: {problem}", remedy=remedy)
        if self.timeout_s <= 0:
            raise UsageError("timeout_s is the deadline of a call", remedy="more than 0 s")


class SerialRelay:
    """The `hil.power.driver.PowerDriver` of a relay board on a serial line."""

    def __init__(self, config: SerialRelayConfig) -> None:
        self._config = config
        self._board = config.board
        self.queue = asyncio.Lock()

    @property
    def name(self) -> str:
        """Kind of board and its URL."""
        return f"{self._board.name} relays at {self._config.url}"

    async def on(self, outlet: str) -> None:
        """Close a relay; returns when the bytes are sent, or the board has taken the command."""
        await self._switch(outlet, on=True)

    async def off(self, outlet: str) -> None:
        """Open a relay; returns when the bytes are sent, or the board has taken the command."""
        await self._switch(outlet, on=False)

    async def state(self, outlet: str) -> PowerAction:
        """What the board says of the relay; `StateUnknown` where it has no read-back."""
        self._check(outlet)
        ask, reading = self._board.ask, self._board.reading
        if ask is None or reading is None:
            raise StateUnknown("the board has no read-back", next_step=WITNESS, concerns=self.name)
        return await self._exchange(ask(outlet), lambda received: reading(received, outlet))

    async def _switch(self, outlet: str, *, on: bool) -> None:
        self._check(outlet)
        taken = self._board.taken

        def done(received: bytes) -> bool | None:
            return taken is None or taken(received, outlet) or None

        await self._exchange(self._board.switch(outlet, on), done)

    async def _exchange(self, message: bytes, done: Callable[[bytes], T | None]) -> T:
        received = bytearray()
        within = self._config.timeout_s
        try:
            return await in_thread(
                lambda errand: _said(self._config, message, done, received, errand), within=within
            )
        except TimeoutError:
            what = f"no answer that makes sense within {within:g} s"
            raise self._failed(
                what if received else f"no answer within {within:g} s",
                evidence=f"sent {message.hex(' ')}, got {_bytes(received)}",
                next_step="check the board's power, its cable, its kind and the line's speed",
            ) from None
        except PowerError:
            raise
        except Exception as error:
            # pyserial has errors of its own, of termios, of sockets, and of a port that is closed.
            raise self._failed(
                "the line cannot be used",
                evidence=shown(f"{type(error).__name__}: {error}"),
                next_step="check the URL, the rights on the device and whether another has it open",
            ) from error

    def _check(self, outlet: str) -> None:
        outlets = self._board.outlets
        if outlet not in outlets:
            raise self._error(
                "the board has no such relay",
                evidence=repr(outlet[:60]),
                next_step=f"{outlets[0]} to {outlets[-1]}",
            )

    def _failed(self, what: str, *, evidence: str, next_step: str) -> PowerDeviceError:
        return PowerDeviceError(what, evidence=evidence, next_step=next_step, concerns=self.name)

    def _error(self, what: str, *, evidence: str, next_step: str) -> PowerError:
        return PowerError(what, evidence=evidence, next_step=next_step, concerns=self.name)


def _said(
    config: SerialRelayConfig,
    message: bytes,
    done: Callable[[bytes], T | None],
    received: bytearray,
    errand: Errand,
) -> T:
    """Send, and read until ``done`` makes something of what was ``received``."""
    import serial

    port = serial.serial_for_url(
        config.url,
        baudrate=config.baud or config.board.baud,
        timeout=config.timeout_s,
        exclusive=True,
    )
    with contextlib.ExitStack() as closing:
        closing.callback(_close, port)
        closing.enter_context(errand.interrupted_by(lambda: _cancel(port)))
        port.reset_input_buffer()
        port.write(config.board.wake + message)
        while (outcome := done(bytes(received))) is None:
            errand.left()
            received += port.read(max(1, min(port.in_waiting, MOST_ANSWER)))
            if len(received) > MOST_ANSWER:
                raise PowerDeviceError(
                    "the board sends without end",
                    evidence=f"sent {message.hex(' ')}, got {_bytes(received)}",
                    next_step="check the kind of board and the line's speed",
                    concerns=f"{config.board.name} relays at {config.url}",
                )
        return outcome


def _close(port: serial.SerialBase) -> None:
    # pyserial forgets to close a socket whose other side has ended.
    with contextlib.closing(getattr(port, "_socket", None) or io.BytesIO()):
        port.close()


def _cancel(port: serial.SerialBase) -> None:
    # Only ports with a descriptor have these; reads of the others end by their own timeout.
    for name in ("cancel_read", "cancel_write"):
        getattr(port, name, lambda: None)()


def _bytes(received: bytearray) -> str:
    return received[:32].hex(" ") or "nothing"
