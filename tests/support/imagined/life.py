"""What the phone does of itself: it boots, waits for what is due, does it, and boots again.

It picks any instant in each window, is patient or not, and takes any of the liberties that the
specification leaves it.
"""

from __future__ import annotations

import contextlib
from collections import deque

import tellings
from histories import IDENTITY, LAB, NANOSECONDS, PHONE, TIMING, packed

from hil.history import events as ev
from hil.reference import machine
from hil.reference.due import FOREVER
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Answered,
    Apply,
    Began,
    BootCause,
    Due,
    Duty,
    Finished,
    Install,
    Leased,
    Locate,
    Located,
    Log,
    Phone,
    PoweredOff,
    PoweredOn,
    Purpose,
    Reboot,
    Retrieve,
    Upgrades,
)
from imagined.configuration import configured
from imagined.faces import Faces
from imagined.files import Files
from imagined.lines import Lines
from imagined.names import Names
from imagined.world import Attempted, CutError, RestartError, World

MOST_ATTEMPTS = 12
MOST_RESTARTS = 3


class Life:
    """One phone from the story's beginning to its end."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._names = Names(world)
        self._files = Files(world)
        self._lines = Lines(world)
        self._faces = Faces(world)
        self._picked: dict[Purpose, tuple[Due, int]] = {}
        self._lease_s = 86_400
        self._options: dict[int, bytes] = {}
        self._active = IDENTITY.swver
        self._standby = ""

    def live(self) -> None:
        """Tell the whole story."""
        world, chance = self._world, self._world.chance
        parameters = configured(world, at_boot=True)
        world.flash = Parameters().updated(parameters)
        world.story.started("resync.on_reset").prepared(**parameters)
        lives = 1 if world.calm else chance.choice((1, 1, 2, 3))
        for life in range(lives):
            last = life == lives - 1
            self._plugged_in(None if last else chance.choice((5.0, 40.0, 700.0)))
        world.story.ended(world.now)

    # -- power -------------------------------------------------------------------------------------

    def _plugged_in(self, limit: float | None) -> None:
        """From power-on to a power cut after at most ``limit`` seconds, or to the story's end."""
        world = self._world
        world.now += 1
        world.cut_at = (
            float("inf") if limit is None else world.now + world.chance.uniform(0.1, limit)
        )
        on = ev.PowerRequested(source="power", outlet="1", action=ev.PowerAction.ON)
        world.tell(on)
        world.phone = Phone(
            IDENTITY.running(self._active) if self._active != IDENTITY.swver else IDENTITY,
            world.flash,
            upgrades=Upgrades(standby=self._standby),
        )
        with contextlib.suppress(CutError):
            self._until_it_is_over(limit is None)
        if limit is not None:
            self._power_off()

    def _until_it_is_over(self, last: bool) -> None:
        world = self._world
        cause, restarts = BootCause.POWER, 0
        end = world.now + world.chance.choice((100, 1000, 8000))
        while True:
            try:
                self._boot(cause)
                self._act(end if last else world.cut_at, MOST_ATTEMPTS if last else 1000)
                return
            except RestartError as restart:
                cause, restarts = restart.cause, restarts + 1
                if restarts > MOST_RESTARTS and last:
                    return

    def _power_off(self) -> None:
        """The power goes at ``cut_at``, somewhere between the request and the read-back."""
        world, cut = self._world, self._world.cut_at
        before = min(world.chance.uniform(0, 2), cut - world.story.events[-1].at / NANOSECONDS)
        seconds = before + world.chance.uniform(0, 2)
        world.story.power(cut - max(0.0, before), "off", seconds=seconds)
        world.happens(PoweredOff(round(cut * NANOSECONDS)))
        world.now = world.story.events[-1].at / NANOSECONDS
        world.cut_at = float("inf")
        self._forget()

    def _forget(self) -> None:
        self._world.forget()
        self._names.forget()
        self._lines.boots()
        self._picked.clear()

    # -- booting -----------------------------------------------------------------------------------

    def _boot(self, cause: BootCause) -> None:
        world, chance = self._world, self._world.chance
        self._forget()
        world.happens(PoweredOn(world.ns, cause))
        world.wait(chance.uniform(1, 20))
        if cause is BootCause.POWER or chance.random() < 0.7:
            for _ in range(1 if world.calm else chance.choice((1, 1, 2))):
                world.tell(tellings.dhcp("DISCOVER"))
                world.wait(chance.uniform(0, 4))
        # One that asks for the address that it had leaves the rest out (INIT-REBOOT).
        world.tell(tellings.dhcp("REQUEST"))
        self._lease_s = chance.choice((86_400, 500, 3000))
        self._options = {66: LAB.encode(), 51: self._lease_s.to_bytes(4)}
        self._lease()
        self._busy_surroundings()

    def _lease(self) -> None:
        world = self._world
        world.story.lease(world.now, self._options)
        usual = {6: packed(LAB), 54: packed(LAB)}
        world.later(self._lease_s / 2, self._renew)
        world.beside(Leased(world.ns, PHONE, {**usual, **self._options}))

    def _renew(self) -> None:
        everybody = not self._world.calm and self._world.chance.random() < 0.2
        destination = "255.255.255.255" if everybody else LAB
        self._world.tell(tellings.dhcp("REQUEST", ciaddr=PHONE, destination=destination))
        self._lease()

    def _busy_surroundings(self) -> None:
        """What goes on around the phone from its lease on."""
        world, chance, features = self._world, self._world.chance, self._world.features
        if features.clock:
            world.later(chance.uniform(0.1, 3), self._faces.tell_time)
        if features.lines:
            self._lines.leased()
        actions = [self._lines.call, self._lines.call, self._lines.notify] if features.lines else []
        actions += [self._faces.ask, self._faces.ask, self._faces.submit] if features.web else []
        actions += [self._faces.press] if features.screen else []
        for _ in range(chance.randint(1, 5) if actions else 0):
            world.later(chance.uniform(1, chance.choice((60, 900))), chance.choice(actions))

    # -- what is due -------------------------------------------------------------------------------

    def _act(self, end: float, most: int) -> None:
        """Do what is due until ``end``, or ``most`` times; the story ends before more has to begin."""
        world = self._world
        for _ in range(most):
            purpose = self._next(end)
            if purpose is None:
                return
            self._attempt(purpose)
        while world.idle(min([end, *self._earliest()])):
            pass

    def _earliest(self) -> list[float]:
        dues = [machine.due_of(self._world.phone, purpose) for purpose in Purpose]
        now = self._world.now
        return [max(now, due.earliest / NANOSECONDS) for due in dues if due is not None]

    def _next(self, end: float) -> Purpose | None:
        """Wait for what comes next; None if nothing does before ``end``."""
        world = self._world
        while True:
            self._pick()
            first = min(self._picked.items(), key=lambda item: item[1][1], default=None)
            instant = end if first is None else max(world.now, first[1][1] / NANOSECONDS)
            if instant >= end:
                # It may be due before, and the phone has not come to it yet.
                if not world.idle(min([end, *self._earliest()])):
                    return None
            elif not world.idle(instant) and first is not None:
                return first[0]

    def _pick(self) -> None:
        picked: dict[Purpose, tuple[Due, int]] = {}
        for purpose in Purpose:
            due = machine.due_of(self._world.phone, purpose)
            if due is None:
                continue
            known = self._picked.get(purpose)
            picked[purpose] = known if known and known[0] == due else (due, self._instant(due))
        self._picked = picked

    def _instant(self, due: Due) -> int:
        chance = self._world.chance
        if due.latest >= FOREVER:
            soon = due.earliest + round(chance.uniform(0, 30) * NANOSECONDS)
            return soon if chance.random() < 0.5 and not self._world.calm else FOREVER
        return chance.choice((due.earliest, due.latest, chance.randint(due.earliest, due.latest)))

    # -- doing it ----------------------------------------------------------------------------------

    def _attempt(self, purpose: Purpose) -> None:
        world = self._world
        self._picked.pop(purpose, None)
        due = machine.due_of(world.phone, purpose)
        attempted = Attempted(purpose, due, len(world.story.events))
        world.attempts.append(attempted)
        try:
            duties = deque(world.happens(Began(world.ns, purpose)))
            while duties:
                duties.extend(self._carry_out(duties.popleft()))
        finally:
            attempted.end = len(world.story.events)

    def _carry_out(self, duty: Duty) -> tuple[Duty, ...]:
        world, chance = self._world, self._world.chance
        match duty:
            case Apply(parameters):
                # What a power cut within this moment leaves is what was there before.
                most = 0.1 if world.is_quiet else 0.9 * TIMING.store
                world.wait(chance.uniform(0.003, most))
                world.flash = parameters
            case Log(message):
                world.wait(chance.uniform(0, 0.3 * TIMING.late))
                addresses = self._names.resolve(message.host, 0.5)
                if addresses[:1] == (LAB,) and message.port == 514:
                    world.story.log(world.now, message.text)
            case Locate():
                world.wait(self._step())
                found = self._names.find(duty)
                if not found:
                    return world.happens(Located(world.ns, None))
                first = found[0]
                return world.happens(Located(world.ns, first.address, first.port, found[1:]))
            case Retrieve():
                world.wait(self._step())
                answer = self._files.fetch(duty)
                return world.happens(Answered(world.ns, answer))
            case Install(name, load):
                self._install(name, downloaded=load is not None)
            case Reboot(cause=cause):
                raise RestartError(cause)
            case Finished():
                pass
        return ()

    def _install(self, name: str, *, downloaded: bool) -> None:
        # While it is written the other partition has no whole load.
        before = self._active
        self._standby = "" if downloaded else self._standby
        self._world.wait(self._world.chance.uniform(0, 20))
        self._active, self._standby = name, before

    def _step(self) -> float:
        chance = self._world.chance
        if not self._world.is_quiet:
            return chance.choice((0.005, chance.uniform(0, 0.8 * TIMING.step)))
        # What is seen of an attempt first is seen soon: nothing else tells when it began.
        return chance.uniform(0, 0.3 * TIMING.late)
