"""The one history of a bench: everything that happened, in order, to be waited on and judged.

Endpoints, power drivers and tests append; nobody alters or removes. Appending takes a lock, a list
append and, where a file keeps the history, one unbuffered write, so it is cheap and safe from any
thread. A test waits on the history instead of sleeping: it names what it awaits, from when, and for
how long, and when that does not come it is told what came instead.

Three verbs wait, and they differ in what a failure means to the judge:

``expect``       the phone owes this; not seeing it is a failed check of a requirement.
``expect_none``  the phone must not do this; seeing it is a failed check.
``wait``         a precondition of the test; not seeing it leaves the test inconclusive.

What no event can match, and for the first two what the phone has no part in, is a `UsageError`: the
test is wrong then, and not the phone.

Deadlines are inclusive and count from ``after`` (an event, a mark, or now), so a window that the
specification opens at an event is written as it stands there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from hil.errors import UsageError
from hil.history import events as ev
from hil.history.pattern import Pattern, describe
from hil.history.store import HistoryFile
from hil.lab_time import NANOSECONDS

E = TypeVar("E", bound=ev.Event)
_GRACE_S = 5.0
_LONGEST_GRACE_S = 600.0


class Waiter(Protocol):
    """What a history needs of a clock; `hil.clock` has the two that exist."""

    def now(self) -> int:
        """Lab time, nanoseconds."""

    def wait(self, condition: Callable[[], bool], until: int) -> bool:
        """Block until ``condition`` holds or lab time is past ``until``; say whether it holds."""

    def notify(self) -> None:
        """Something was appended: look at the conditions again."""


@dataclass(frozen=True)
class Mark:
    """A place in the history: after event ``seq``, at lab time ``at`` (nanoseconds)."""

    seq: int
    at: int


Moment = Mark | ev.Event


class Unmet(AssertionError):
    """An expectation that the history did not meet.

    ``precondition`` tells a `History.wait` (the test could not go on) from a failed check.
    """

    def __init__(self, message: str, *, precondition: bool) -> None:
        super().__init__(message)
        self.precondition = precondition


class History:
    """An append-only record of events. ``file`` keeps it on disk while it grows."""

    def __init__(
        self, clock: Waiter, *, handset: str = "", file: HistoryFile | None = None
    ) -> None:
        self._clock = clock
        self._handset = handset
        self._file = file
        self._events: list[ev.Event] = []
        self._lock = threading.Lock()
        self._followers: tuple[Callable[[ev.Event], None], ...] = ()
        self._unwritten = ""

    # -- writing -----------------------------------------------------------------------------------

    def append(self, event: E) -> E:
        """Add an event; returns it with its place and, where it had none, the time now."""
        with self._lock:
            at = event.at if event.at >= 0 else self._clock.now()
            placed = msgspec.structs.replace(
                event, seq=len(self._events), at=at, handset=event.handset or self._handset
            )
            self._events.append(placed)
            self._store(placed)
        self._clock.notify()
        for follower in self._followers:
            follower(placed)
        return placed

    def end(self) -> None:
        """Seal the file, if one keeps the history; what is appended from now on is not in it."""
        with self._lock:
            file, self._file = self._file, None
            if file is None:
                return
            now, seq = self._clock.now(), len(self._events)
            try:
                self._events.append(file.seal(at=now, seq=seq, handset=self._handset))
            except OSError as error:
                # Without its seal the file says by itself that it is not whole.
                self._unwritten = f"{file.path}: {error.strerror}"

    def follow(self, follower: Callable[[ev.Event], None]) -> None:
        """Tell ``follower`` each event after it was appended, in the thread that appended it."""
        self._followers = (*self._followers, follower)

    def _store(self, event: ev.Event) -> None:
        if self._file is None:
            return
        try:
            self._file.write(event)
        except OSError as error:
            # Judging goes on from memory, but evidence that is not on disk is no evidence:
            # the fault in the history keeps the run from passing.
            lost = ev.LabFault(
                source="history",
                at=event.at,
                seq=len(self._events),
                handset=self._handset,
                what="the history can no longer be written to disk",
                evidence=f"{self._file.path}: {error.strerror}",
                next_step="free space on the disk and run again",
            )
            self._file = None
            self._unwritten = lost.evidence
            self._events.append(lost)

    # -- reading -----------------------------------------------------------------------------------

    @property
    def unwritten(self) -> str:
        """Why what happens is no longer on disk; empty while it is, or was never to be."""
        return self._unwritten

    def now(self) -> int:
        """Lab time, nanoseconds."""
        return self._clock.now()

    def mark(self) -> Mark:
        """The present place, to look at what comes after it."""
        with self._lock:
            return Mark(len(self._events) - 1, self._clock.now())

    def since(self, moment: Moment) -> tuple[ev.Event, ...]:
        """Everything that was appended after a mark or an event."""
        return tuple(self._events[moment.seq + 1 :])

    def __iter__(self) -> Iterator[ev.Event]:
        return iter(tuple(self._events))

    def __len__(self) -> int:
        return len(self._events)

    def all(
        self,
        kind: type[E],
        /,
        *,
        after: Moment | None = None,
        where: Callable[[E], bool] | None = None,
        **fields: object,
    ) -> tuple[E, ...]:
        """The events of a kind (or of its subclasses) with these field values, in order."""
        wanted = Pattern.of(kind, fields, where)
        start = 0 if after is None else after.seq + 1
        return tuple(e for e in self._events[start:] if wanted.accepts(e))

    def last(
        self, kind: type[E], /, *, where: Callable[[E], bool] | None = None, **fields: object
    ) -> E | None:
        """The newest such event, or None."""
        wanted = Pattern.of(kind, fields, where)
        return next((e for e in reversed(self._events) if wanted.accepts(e)), None)

    # -- waiting -----------------------------------------------------------------------------------

    def expect(
        self,
        kind: type[E],
        /,
        *,
        within: float,
        after: Moment | None = None,
        not_before: float = 0.0,
        requirement: str = "",
        where: Callable[[E], bool] | None = None,
        count: int = 1,
        **fields: object,
    ) -> E:
        """Wait for what the phone owes: the ``count``-th such event in [``not_before``, ``within``].

        Both are seconds after ``after``. A failure is recorded as a failed check of ``requirement``
        (by default of those that the test declared) and raised as `Unmet`. Returns the event.
        """
        wanted = Pattern.of_handset(kind, fields, where)
        _require_window(not_before, within)
        start = after if after is not None else self.mark()
        grace = min(_LONGEST_GRACE_S, max(_GRACE_S, within / 10))
        # A late event is waited for a little longer, so that it can be said how late it was.
        found = self._await(wanted, start, within, count) or self._await(
            wanted, start, within + grace, count
        )
        due = f"{wanted} between {not_before:g} s and {within:g} s after {_moment(start)}"
        if found is None:
            instead = self._instead(wanted, start)
            overdue = f"more than {grace:g} s overdue"
            self._checked(str(wanted), False, requirement, due, instead, overdue)
            raise Unmet(f"due: {due}\nseen: {instead}", precondition=False)
        delay = (found.at - start.at) / NANOSECONDS
        seen = f"{describe(found)}, {delay:.3f} s after"
        if delay < not_before or delay > within:
            margin = not_before - delay if delay < not_before else delay - within
            word = "early" if delay < not_before else "late"
            self._checked(str(wanted), False, requirement, due, seen, f"{margin:.3f} s {word}")
            raise Unmet(f"due: {due}\nseen: {seen}: {margin:.3f} s too {word}", precondition=False)
        self._checked(str(wanted), True, requirement, due, seen, f"{within - delay:.3f} s to spare")
        return found

    def expect_none(
        self,
        kind: type[E],
        /,
        *,
        within: float,
        after: Moment | None = None,
        requirement: str = "",
        where: Callable[[E], bool] | None = None,
        **fields: object,
    ) -> None:
        """Wait the whole time and require that no such event came.

        That the phone was alive through the window is for the judge to see from other events.
        """
        wanted = Pattern.of_handset(kind, fields, where)
        _require_window(0, within)
        start = after if after is not None else self.mark()
        found = self._await(wanted, start, within, 1)
        due = f"no {wanted} within {within:g} s after {_moment(start)}"
        if found is not None and found.at <= start.at + round(within * NANOSECONDS):
            delay = (found.at - start.at) / NANOSECONDS
            seen = f"{describe(found)}, {delay:.3f} s after"
            margin = f"{within - delay:.3f} s before the window's end"
            self._checked(f"no {wanted}", False, requirement, due, seen, margin)
            raise Unmet(f"due: {due}\nseen: {seen}", precondition=False)
        self._checked(f"no {wanted}", True, requirement, due, "none", "", since=start.at)

    def wait(
        self,
        kind: type[E],
        /,
        *,
        within: float,
        after: Moment | None = None,
        where: Callable[[E], bool] | None = None,
        count: int = 1,
        **fields: object,
    ) -> E:
        """Wait for a precondition; `Unmet` with ``precondition`` set when it does not come."""
        wanted = Pattern.of(kind, fields, where)
        start = after if after is not None else self.mark()
        found = self._await(wanted, start, within, count)
        if found is None:
            raise Unmet(
                f"awaited: {wanted} within {within:g} s after {_moment(start)}\n"
                f"seen: {self._instead(wanted, start)}",
                precondition=True,
            )
        return found

    def check(
        self,
        what: str,
        *,
        seen: object,
        due: object,
        passed: bool | None = None,
        requirement: str = "",
        margin: str = "",
    ) -> None:
        """Record a check of something already seen: equal to what is due, or ``passed`` as told."""
        good = (seen == due) if passed is None else passed
        self._checked(what, good, requirement, str(due), str(seen), margin)
        if not good:
            raise Unmet(f"{what}\ndue: {due}\nseen: {seen}", precondition=False)

    def sleep(self, seconds: float) -> None:
        """Let lab time pass; on a virtual clock that takes no wall time."""
        self._clock.wait(lambda: False, self._clock.now() + round(seconds * NANOSECONDS))

    # -- inside ------------------------------------------------------------------------------------

    def _await(self, wanted: Pattern[E], start: Moment, within: float, count: int) -> E | None:
        if count < 1:
            raise UsageError(f"count is {count}", remedy="1 or more")
        found: list[E] = []
        position = start.seq + 1

        def enough() -> bool:
            nonlocal position
            size = len(self._events)
            found.extend(e for e in self._events[position:size] if wanted.accepts(e))
            position = size
            return len(found) >= count

        self._clock.wait(enough, start.at + round(within * NANOSECONDS))
        return found[count - 1] if len(found) >= count else None

    def _checked(
        self,
        what: str,
        passed: bool,
        requirement: str,
        due: str,
        seen: str,
        margin: str,
        *,
        since: int = -1,
    ) -> None:
        self.append(
            ev.Checked(
                source="test",
                what=what,
                passed=passed,
                requirement=requirement,
                due=due,
                seen=seen,
                margin=margin,
                absent_since=since,
            )
        )

    def _instead(self, wanted: Pattern[E], start: Moment) -> str:
        every = [e for e in self.since(start) if not isinstance(e, ev.Checked | ev.Awaited)]
        # On a wire with neighbours most of what is heard is theirs, and none of it tells of the phone.
        came = [e for e in every if not isinstance(e, ev.Stranger) or isinstance(e, wanted.kind)]
        others = len(every) - len(came)
        beside = f"and {others} message(s) of others on the wire" if others else ""
        if not came:
            return f"nothing of the phone's, {beside}" if beside else "nothing at all"
        near: list[ev.Event] = [e for e in came if isinstance(e, wanted.kind)]
        told = near or [
            e for e in came if not isinstance(e, ev.Note | ev.Configured | ev.TftpPacket)
        ]
        lines = [f"{describe(e)}, {(e.at - start.at) / NANOSECONDS:.3f} s after" for e in told[-8:]]
        head = f"{len(came)} other event(s)" + (", the last of them:" if lines else "")
        return "\n  ".join([head, *lines, *filter(None, [beside])])


def _require_window(not_before: float, within: float) -> None:
    if within <= 0 or not_before > within:
        raise UsageError(
            f"a window from {not_before:g} s to {within:g} s has nothing in it",
            remedy="within > 0, and not_before no later",
        )


def _moment(moment: Moment) -> str:
    if isinstance(moment, Mark):
        return f"{moment.at / NANOSECONDS:.3f} s of lab time"
    return f"{describe(moment)} at {moment.at / NANOSECONDS:.3f} s of lab time"
