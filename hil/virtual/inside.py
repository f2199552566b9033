"""What runs inside the virtual phone, told apart from the laboratory around it.

Phone, endpoints and bench share a process, a loop and the functions of `hil.reference`. Whoever
changes the phone's copy of such a function has to know for whom it is called. The phone is entered at
few places, which belong to `hil.virtual.handset`: its power and its screen. From there on the mark is
inherited by whatever the loop runs for it, since tasks, timers and readers of sockets keep the context
that they were made in; and nothing of the phone calls back into the laboratory but by the network.
"""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_INSIDE: ContextVar[bool] = ContextVar("hil_inside_the_phone", default=False)

inside: Callable[[], bool] = _INSIDE.get
"""Whether the caller runs inside the phone."""


def enter(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call ``work`` inside the phone, and whatever it sets going."""

    def entered() -> T:
        _INSIDE.set(True)
        return work(*args, **kwargs)

    return copy_context().run(entered)
