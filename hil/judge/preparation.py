"""When judging begins: with the handset in a state that is known.

A test's part of a history begins before the handset is ready for it. What still runs from the test
before is cut off, and where no memory can be written from outside the handset is switched on, told
what to hold, and switched off again. All of that is the laboratory's doing. Until the event
`HandsetPrepared` nothing that the handset does or leaves undone says anything about it.
"""

from __future__ import annotations

from hil.history import events as ev


class Preparation:
    """Whether the handset is being prepared; feed it events in order.

    A history without a `TestStarted` is judged from its beginning.
    """

    def __init__(self) -> None:
        self.lasts = False

    def feed(self, event: ev.Event) -> bool:
        """Take the next event into account; True if it belongs to the preparation."""
        match event:
            case ev.TestStarted() | ev.HandsetPreparing():
                self.lasts = True
            case ev.HandsetPrepared():
                self.lasts = False
        return self.lasts
