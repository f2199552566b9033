"""The imagined bench itself: its time, what is to come, the phone, and the history so far."""

from __future__ import annotations

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass

from histories import IDENTITY, NANOSECONDS, Story

from hil.history import events as ev
from hil.reference import machine
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Apply,
    BootCause,
    Due,
    Duty,
    Happening,
    Phone,
    Purpose,
    Reboot,
)

Action = Callable[[], None]

_SIGNS = (ev.DnsQuery, ev.Connected, ev.ProvisioningRequest, ev.SyslogMessage)


class CutError(Exception):
    """The power went."""


class RestartError(Exception):
    """The phone reboots by itself, for ``cause``."""

    def __init__(self, cause: BootCause) -> None:
        super().__init__(cause)
        self.cause = cause


@dataclass(frozen=True)
class Features:
    """What a scenario has beside resyncs."""

    lines: bool = False
    web: bool = False
    screen: bool = False
    clock: bool = False
    triggers: bool = False
    firmware: bool = False
    reports: bool = False


ALL = Features(True, True, True, True, True, True, True)


@dataclass
class Attempted:
    """An attempt of the phone's: what made it due, and where its events begin and end."""

    purpose: Purpose
    due: Due | None
    first: int
    end: int = 0


class World:
    """One phone on one bench; times are seconds of lab time.

    Where ``calm``, servers answer at once and nobody touches the power, so that nothing about the
    phone is hidden.
    """

    def __init__(self, chance: random.Random, features: Features, *, calm: bool) -> None:
        self.chance = chance
        self.calm = calm
        self.features = features
        self.story = Story()
        self.now = 0.0
        self.cut_at = float("inf")
        self.phone = Phone(IDENTITY, Parameters())
        self.flash = Parameters()
        self.attempts: list[Attempted] = []
        self.utc0 = 1_790_000_000 * NANOSECONDS + chance.randrange(86_400 * NANOSECONDS)
        self._agenda: list[tuple[float, int, bool, Action]] = []
        self._numbers = itertools.count(1)
        self._changed = False

    @property
    def ns(self) -> int:
        return round(self.now * NANOSECONDS)

    @property
    def is_quiet(self) -> bool:
        """Whether nothing is on record yet of the present attempt."""
        since = self.story.events[self.attempts[-1].first :]
        return not any(isinstance(event, _SIGNS) for event in since)

    def number(self) -> int:
        """A number that nothing else has."""
        return next(self._numbers)

    def tell(self, event: ev.Event) -> None:
        self.story.tell(self.now, event)

    # -- the phone ---------------------------------------------------------------------------------

    def happens(self, happening: Happening) -> tuple[Duty, ...]:
        self.phone, duties = machine.advance(self.phone, happening)
        self._changed = True
        return duties

    def beside(self, happening: Happening) -> None:
        """Something happens that no attempt waits for."""
        for duty in self.happens(happening):
            match duty:
                case Apply(parameters):
                    self.flash = parameters
                case Reboot(cause=cause):
                    raise RestartError(cause)

    # -- time --------------------------------------------------------------------------------------

    def later(self, seconds: float, action: Action, *, outlasts: bool = False) -> None:
        """Have something happen in a while; only what ``outlasts`` it does so after a boot."""
        entry = (self.now + seconds, next(self._numbers), outlasts, action)
        heapq.heappush(self._agenda, entry)

    def forget(self) -> None:
        """The phone boots: what it and others were about to do does not come."""
        self._agenda = [entry for entry in self._agenda if entry[2]]
        heapq.heapify(self._agenda)

    def wait(self, seconds: float) -> None:
        """Let time pass, and whatever happens in it."""
        end = self.now + seconds
        while self._next_before(end):
            self._one()
        self._go_to(end)

    def idle(self, until: float) -> bool:
        """Let time pass until the phone has news, if there are any before ``until``."""
        self._changed = False
        while self._next_before(until):
            self._one()
            if self._changed:
                return True
        self._go_to(until)
        return False

    def _next_before(self, end: float) -> bool:
        return bool(self._agenda) and self._agenda[0][0] <= end

    def _one(self) -> None:
        at, _, _, action = heapq.heappop(self._agenda)
        self._go_to(at)
        action()

    def _go_to(self, at: float) -> None:
        if at >= self.cut_at:
            raise CutError
        self.now = max(self.now, at)
