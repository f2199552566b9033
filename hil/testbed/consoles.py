"""The serial consoles of an inventory."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field, StringConstraints

from hil.console.config import FASTEST, SLOWEST, URL_IS, ConsoleConfig, locate
from hil.testbed.checks import attempt
from hil.testbed.entry import Entry

if TYPE_CHECKING:
    from hil.clock import Clock
    from hil.console import Console
    from hil.console.ports import SocketFactory
    from hil.history import History


def _located(url: str) -> str:
    attempt(lambda: locate(url))
    return url


class ConsoleEntry(Entry):
    """Where a handset's serial console is; 8 data bits, no parity, 1 stop bit, no flow control."""

    url: Annotated[str, AfterValidator(_located)] = Field(description=URL_IS)
    baud: int = Field(
        default=ConsoleConfig.baud,
        ge=SLOWEST,
        le=FASTEST,
        description=f"bits a second, {SLOWEST} to {FASTEST}",
    )
    factory_reset: Annotated[str, StringConstraints(pattern=r"^[ -~]{1,200}$")] | None = Field(
        default=None,
        description="the line that, typed at the console, takes the phone back to factory settings, "
        "where its capability factory_reset is console",
    )

    def config(self) -> ConsoleConfig:
        """The same for `hil.console`."""
        return ConsoleConfig(self.url, self.baud)

    def make(
        self,
        clock: Clock,
        history: History,
        *,
        handset: str,
        log: Path | None = None,
        connect: SocketFactory = socket.socket,
    ) -> Console:
        """The console of the handset of this name, not yet opened; see `hil.console.Console`."""
        from hil.console import Console

        return Console(self.config(), clock, history, handset=handset, log=log, connect=connect)
