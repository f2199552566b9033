"""The step that a resync is at: a host to look up, a file to ask for, an answer to wait for.

Times are nanoseconds of lab time. ``since`` is when the step fell due; ``last`` is when the phone
last asked, or must have asked where that is not seen. A phone that gives up does so somewhere
between ``since`` and `Timing.give_up` after ``last``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.reference.phone import Locate, Retrieve
from hil.reference.responses import NoAnswer


@dataclass(frozen=True)
class Looking:
    """The address of a host is due; ``asked`` once a query for it was seen.

    ``missed`` are hosts among those of a service whose address came too late for the phone.
    ``question`` tells the last question from others: an answer to one before it may be ignored.
    """

    locate: Locate
    since: int
    last: int
    asked: bool = False
    missed: tuple[str, ...] = ()
    question: str = ""


@dataclass(frozen=True)
class Asking:
    """A request is due; ``connection`` is the TCP connection that was made for it, 0 if none."""

    retrieve: Retrieve
    since: int
    last: int
    connection: int = 0


@dataclass(frozen=True)
class Pending:
    """A request was seen and has no answer yet.

    ``troubled``: the lab did something to it, so that the phone may give up while the server still
    thinks that all is well. ``ended``: the server is through with it without an answer, which over
    UDP a phone cannot know.
    """

    retrieve: Retrieve
    since: int
    last: int
    transfer: int
    peer: str
    troubled: bool = False
    ended: NoAnswer | None = None

    @property
    def scheme(self) -> str:
        """The scheme of the request."""
        return self.retrieve.fetch.scheme


Step = Looking | Asking | Pending
