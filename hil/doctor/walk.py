"""The walk: each outlet is dropped in turn, and exactly the handset of the inventory must vanish.

A check of an inventory cannot see that two plugs are in each other's outlet. This can: it drops one
outlet, watches every handset meanwhile, gives the power back, waits until the handset is there again,
and goes on to the next. Power-on is attempted whatever happened before, a cancelled walk included.

The links are asked again and again, since a switch tells nothing by itself. Which phone it was only
its own frames tell: silent while the outlet is off, asking for a lease after power-on. But phones that
get no lease ask all the time. Where they do, the outlet stays off until each of them has asked once
more, or would have: who is heard meanwhile has its power. Where a first short look turns out to rest on
such a phone there is a second, long one. Where everybody was heard nobody is waited for: none can boot
that never was dark. What was seen is judged by `hil.doctor.observed`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from hil.doctor.bounds import Pace, announced, boot_bound
from hil.doctor.observed import Observed, conclude
from hil.doctor.signs import Subject, Voice, link_is_up
from hil.errors import LabError
from hil.history.events import PowerAction

Progress = Callable[[str], None]
"""Told what the walk is doing, one line each."""


async def walk(
    subjects: Sequence[Subject],
    *,
    drop: Iterable[str] | None = None,
    pace: Pace | None = None,
    progress: Progress = lambda _: None,
) -> tuple[Observed, ...]:
    """Drop the outlets of these handsets, all by default, and watch all of ``subjects`` each time."""
    names = {each.name for each in subjects} if drop is None else set(drop)
    chosen = [each for each in subjects if each.name in names]
    pace = pace or Pace()
    if chosen:
        for line in announced(chosen, subjects, pace):
            progress(line)
    walker = _Walker(subjects, pace, progress)
    await walker.wake()
    seen: list[Observed] = []
    for number, each in enumerate(chosen, 1):
        walker.at = f"{number} of {len(chosen)}: {each.name}, {each.outlet.name}"
        seen.append(await walker.visit(each))
    return tuple(seen)


_Kind = Callable[[Subject], Voice | None]


class _Walker:
    def __init__(self, subjects: Sequence[Subject], pace: Pace, progress: Progress) -> None:
        self._subjects = subjects
        self._pace = pace
        self._progress = progress
        self._loop = asyncio.get_running_loop()
        self.at = ""
        """Where the walk is, as its progress says it."""

    async def wake(self) -> None:
        """Give power to the handsets whose outlets are off, and time to get their links."""
        dark = [each for each in self._subjects if await _is_off(each)]
        if not dark:
            return
        self._progress(f"switching on {', '.join(each.name for each in dark)}")
        await asyncio.gather(*map(self._on, dark))
        until = self._loop.time() + max(self._pace.link_s, *(each.boot_s for each in dark))
        while self._loop.time() < until:
            links = await self._links()
            if all(each.link is not None and links[each.name] for each in dark):
                return
            await asyncio.sleep(self._pace.poll_s)

    async def visit(self, subject: Subject) -> Observed:
        """Drop one outlet and give it back; twice, where the first time proves nothing."""
        waiting = self._waiting()
        # Who asks more rarely than an outlet is off proves nothing by it, whenever it asks again.
        longest = self._loop.time() - self._pace.asking_s
        rare = frozenset(name for name, asked in waiting.items() if asked < longest)
        seen = await self._look(subject, patient=bool(waiting), rare=rare)
        if seen.undecided and (not waiting or seen.unproven - rare):
            self._tell("looking again, more than one phone may have booted")
            seen = await self._look(subject, patient=True, rare=rare)
        # What the other outlets do may put it in another light: two that are swapped, say.
        (finding,) = conclude([seen])
        self._tell(f"{finding.state.value}, {finding.what}")
        return seen

    def _tell(self, what: str, until: float | None = None) -> None:
        """One line of progress; ``until`` is a time of the loop."""
        if until is not None:
            end = datetime.now() + timedelta(seconds=until - self._loop.time())
            what = f"{what} until {end:%H:%M:%S}"
        self._progress(f"{self.at}: {what}")

    async def _look(self, subject: Subject, *, patient: bool, rare: frozenset[str]) -> Observed:
        seen = Observed(subject.name, subject.outlet.name)
        if not subject.shows:
            return seen
        before = await self._links()
        seen = replace(
            seen,
            links=frozenset(name for name, up in before.items() if up),
            wires=frozenset(self._voices(_wire)),
            consoles=frozenset(self._voices(_console)),
        )
        if subject.link is not None and before[subject.name] is not True:
            return replace(seen, absent=f"{subject.link.name} is not up")
        began = self._loop.time()
        try:
            asking = frozenset(self._waiting()) - rare if patient else frozenset()
            seen = await self._drop(subject, seen, asking)
        finally:
            wires, consoles = self._voices(_wire), self._voices(_console)
            dark = await self._power_back(subject)
        if dark or seen.failed:
            return replace(seen, dark=dark)
        if not self._nobody_was_dark(seen):
            seen = await self._await_return(subject, seen, wires, consoles)
        waiting = frozenset(self._waiting())
        return replace(seen, waiting=waiting, seconds=self._loop.time() - began)

    def _nobody_was_dark(self, seen: Observed) -> bool:
        """Whether each handset of the walk was heard while the outlet was off: then none will boot."""
        return not seen.fell and {each.name for each in self._subjects} <= seen.heard

    async def _drop(self, subject: Subject, seen: Observed, asking: frozenset[str]) -> Observed:
        self._tell("switching it off")
        try:
            async with asyncio.timeout(self._pace.power_s):
                await subject.outlet.off()
        except (LabError, TimeoutError) as error:
            return replace(seen, failed=_why(error, self._pace.power_s))
        await asyncio.sleep(self._pace.silence_s)
        frames, consoles = self._frames(), self._voices(_console)
        began = self._loop.time()
        last = self._waiting()
        due = {name: last[name] + self._pace.asking_s for name in asking if name in last}
        fell = await self._fallen(subject, seen.links, due, frames)
        return replace(
            seen,
            fell=fell,
            steady=frozenset(due),
            heard=self._heard(frames),
            talked=self._louder(_console, consoles),
            off_s=self._loop.time() - began,
        )

    def _waiting(self) -> dict[str, float]:
        """Who wants a lease that nobody gives, and when it last asked for it."""
        asked = {each.name: each.wire.unanswered() for each in self._subjects if each.wire}
        return {name: at for name, at in asked.items() if at is not None}

    def _frames(self) -> dict[str, int]:
        return {each.name: each.wire.frames() for each in self._subjects if each.wire}

    def _heard(self, before: Mapping[str, int]) -> frozenset[str]:
        """Of whom there was a frame since then."""
        now = self._frames()
        return frozenset(name for name, count in now.items() if count > before[name])

    async def _fallen(
        self,
        subject: Subject,
        links: frozenset[str],
        due: Mapping[str, float],
        frames: Mapping[str, int],
    ) -> frozenset[str]:
        """Whose link went down: until the handset's own did, or would have, and a while longer.

        And until each handset that is ``due`` to ask for a lease was heard, or would have been by that
        time if it had power.
        """
        fell: frozenset[str] = frozenset()
        until = self._loop.time() + (self._pace.link_s if links else self._pace.dark_s)
        if due:
            what = "off, listening who goes on asking for a lease,"
            self._tell(what, max(until, *due.values()))
        else:
            self._tell("off, watching", until)
        while True:
            now = await self._links()
            fresh = {name for name in links if now[name] is False} - fell
            if subject.name in fresh:
                until = min(until, self._loop.time() + self._pace.dark_s)
            fell |= fresh
            heard = self._heard(frames)
            heard_by = max((at for name, at in due.items() if name not in heard), default=0.0)
            if self._loop.time() >= max(until, heard_by):
                return fell
            await asyncio.sleep(self._pace.poll_s)

    async def _power_back(self, subject: Subject) -> str:
        """Give the outlet its power, also where the walk is cancelled; why that failed, or nothing."""
        switching = asyncio.ensure_future(self._on(subject))
        try:
            return await asyncio.shield(switching)
        except asyncio.CancelledError:
            await asyncio.wait([switching])
            raise

    async def _on(self, subject: Subject) -> str:
        try:
            async with asyncio.timeout(self._pace.power_s):
                await subject.outlet.on()
        except (LabError, TimeoutError) as error:
            return _why(error, self._pace.power_s)
        return ""

    async def _await_return(
        self,
        subject: Subject,
        seen: Observed,
        wires: Mapping[str, int],
        consoles: Mapping[str, int],
    ) -> Observed:
        """Until all that fell is up and the handset was heard, or would have been, and a while longer.

        Whoever hangs on the same outlet boots at nearly the same time.
        """
        until = self._loop.time() + boot_bound(self._subjects, self._pace)
        self._tell("on again, waiting for it to boot", until)
        while True:
            links = await self._links()
            seen = replace(
                seen,
                rose=seen.rose | {name for name in seen.fell if links[name]},
                booted=self._louder(_wire, wires),
                spoke=self._louder(_console, consoles),
            )
            if _complete(subject, seen):
                until = min(until, self._loop.time() + self._pace.straggle_s)
            if self._loop.time() >= until:
                return seen
            await asyncio.sleep(self._pace.poll_s)

    async def _links(self) -> dict[str, bool | None]:
        states = await asyncio.gather(*map(link_is_up, self._subjects))
        return {each.name: up for each, up in zip(self._subjects, states, strict=True)}

    def _voices(self, kind: _Kind) -> dict[str, int]:
        voices = {each.name: kind(each) for each in self._subjects}
        return {name: voice.said() for name, voice in voices.items() if voice is not None}

    def _louder(self, kind: _Kind, before: Mapping[str, int]) -> frozenset[str]:
        now = self._voices(kind)
        return frozenset(name for name, said in now.items() if said > before[name])


async def _is_off(subject: Subject) -> bool:
    try:
        return await subject.outlet.state() is PowerAction.OFF
    except LabError:
        # The walk itself will say what is wrong with it.
        return False


def _wire(subject: Subject) -> Voice | None:
    return subject.wire


def _console(subject: Subject) -> Voice | None:
    return subject.console


def _complete(subject: Subject, seen: Observed) -> bool:
    """Whether all that was to be seen of the handset itself was seen."""
    name = subject.name
    return (
        seen.rose == seen.fell
        and (subject.link is None or name in seen.fell)
        and (subject.wire is None or name in seen.booted - seen.heard)
        and (subject.console is None or name in seen.spoke)
    )


def _why(error: Exception, seconds: float) -> str:
    return str(error) or f"not within {seconds:g} s"
