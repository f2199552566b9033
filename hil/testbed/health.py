"""What a bench looks at in itself at the end of each test, before anything is held against a phone.

Each look is a function that yields what it found, as (what, evidence); whatever it yields is a fault
of the lab in the part of the history that belongs to the test.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hil.endpoints.base import Endpoint
from hil.net.unread import unread

Trouble = tuple[str, str]


def endpoints_gone(endpoints: Mapping[str, Endpoint]) -> Iterator[Trouble]:
    """Endpoints that do not listen any more."""
    for name, endpoint in endpoints.items():
        if not endpoint.listening:
            yield "an endpoint of the bench is gone", name


def endpoints_deaf(endpoints: Mapping[str, Endpoint]) -> Iterator[Trouble]:
    """Endpoints that leave at their sockets what has arrived there; with the bench at rest."""
    for name, endpoint in endpoints.items():
        for descriptor in endpoint.descriptors:
            waiting = unread(descriptor)
            if waiting:
                yield "an endpoint of the bench does not take what arrives", f"{name}: {waiting}"
