"""Endpoints that die in the middle of it: one is gone at once, another hangs and is deaf.

One that is gone has closed its sockets, as when its process ends: whoever asks is refused by the
kernel. One that hangs keeps them, and takes nothing from them any more, so that everything seems to
be lost on the way; it strikes with the first message that it does not take.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from hil.chaos.fault import LabFaultKind, Remedy, Scene

_KINDS = (
    ("dhcp", "DHCP server"),
    ("tftp", "TFTP server"),
    ("http", "HTTP server"),
    ("https", "HTTPS server"),
    ("dns", "DNS server"),
    ("sip", "SIP server"),
    ("syslog", "syslog server"),
    ("ntp", "NTP server"),
)


def _gone(name: str) -> Callable[[Scene], Remedy]:
    def arm(scene: Scene) -> Remedy:
        loop = scene.bench.clock.loop
        dying = loop.create_task(scene.bench.endpoint(name).close())
        scene.struck(f"{name} is gone", lasting=True)
        return lambda: _end(dying)

    return arm


def _deaf(name: str) -> Callable[[Scene], Remedy]:
    def arm(scene: Scene) -> Remedy:
        loop = scene.bench.clock.loop

        def unheard(descriptor: int) -> None:
            loop.remove_reader(descriptor)
            scene.struck(f"{name} does not take what has arrived", lasting=True)

        for descriptor in scene.bench.endpoint(name).descriptors:
            # In the place of the endpoint's own reader.
            loop.add_reader(descriptor, unheard, descriptor)
        return _nothing

    return arm


def _end(dying: asyncio.Task[None]) -> None:
    dying.cancel()


def _nothing() -> None:
    """A deaf endpoint can be closed like any other."""


ENDPOINT_FAULTS = (
    *(
        LabFaultKind(
            f"{name}-gone",
            f"the {words} is gone",
            "the bench looks whether its endpoints listen",
            _gone(name),
        )
        for name, words in _KINDS
    ),
    *(
        LabFaultKind(
            f"{name}-hangs",
            f"the {words} hangs: it takes nothing from its sockets",
            "the bench looks what waits at its endpoints' sockets",
            _deaf(name),
            needs=name,
        )
        for name, words in _KINDS
    ),
)
"""The rows of this field."""
