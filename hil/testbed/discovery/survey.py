"""Looking around: what is heard on an interface of this machine, and what a switch answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable

from hil.errors import LabError
from hil.net.interface import Interface
from hil.net.namespace import Namespace
from hil.power.snmp_agent import SnmpAgent
from hil.power.snmp_session import SnmpSession
from hil.testbed.discovery.ear import listen
from hil.testbed.discovery.sighting import Sighting
from hil.testbed.discovery.switch import Switch, understand
from hil.testbed.discovery.switch_tables import read

# Who lets ever new devices announce themselves fills no memory.
_MOST_HEARD = 10_000


def ask(agent: SnmpAgent) -> Switch:
    """Read what a switch knows; LabError if it cannot be read."""
    name = f"switch {agent.host}"
    return understand(asyncio.run(read(SnmpSession(name, agent, socket.socket), name)))


def hear(interface: str, seconds: float, tell: Callable[[Sighting], None]) -> list[Sighting]:
    """Listen for so many seconds, or until Ctrl-C; ``tell`` is told of each sighting once.

    LabError if the interface is not there, is silent and without a link, or not to be listened on.
    """
    heard: dict[Sighting, None] = {}

    def note(sighting: Sighting) -> None:
        if sighting not in heard and len(heard) < _MOST_HEARD:
            heard[sighting] = None
            tell(sighting)

    with contextlib.closing(Interface(Namespace.host(), interface)) as opened:
        if opened.enabled:
            with contextlib.suppress(KeyboardInterrupt):
                asyncio.run(listen(opened, seconds, note))
        # A phone that is switched off and on takes the link with it, so only silence counts.
        if not heard and not opened.running:
            raise LabError(
                "the interface has no link",
                evidence="it is down, or nothing is plugged in",
                next_step=f"ip link set {interface} up, and look at the cable",
                concerns=interface,
            )
    return list(heard)
