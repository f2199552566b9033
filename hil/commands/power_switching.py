"""What ``hil power`` does to handsets of a rack: whom it may touch, the outlets, the second witness.

A handset that a living run or another person holds is left alone. A free one is leased for as long as
it is being switched, so that no run takes it meanwhile, and its lease says while it is without power:
if this process is killed in the middle of a cycle, whoever reclaims the lease switches it on.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from hil.clock import WallClock
from hil.errors import HandsetTaken, LabError, LeaseLost, PowerError, StateUnknown
from hil.history import History
from hil.history import events as ev
from hil.leases import files
from hil.leases.device import LeasedDriver
from hil.leases.store import LeaseStore
from hil.power.driver import PowerDriver
from hil.power.outlet import Outlet
from hil.power.port_link import SwitchPortLink
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.outlets import HandsetPower, handset_power

ATTEMPTS = 3
"""How often a link is asked for; SNMP's datagrams may be lost, as commands to outlets may."""
LINK_S = 20.0
"""How long a link may take to follow the power, seconds; a phone's comes while it boots."""

_TTL_S = 120.0
_LONGEST_S = 300.0
_LONGEST_EACH_S = 60.0
_LAST_S = 60.0
_Note = Callable[[bool], object]


@dataclass(frozen=True)
class Outcome:
    """What became of one handset.

    ``state`` is what the outlet reads back: on, off, or unknown where it has no read-back; empty
    where it could not be read. ``commands`` is how many were given. ``link`` is up or down, as
    ``witness`` sees it. ``trouble`` is what went wrong; empty if nothing.
    """

    handset: str
    asked: str
    outlet: str = ""
    state: str = ""
    commands: int = 0
    link: str = ""
    witness: str = ""
    trouble: str = ""

    def as_json(self) -> dict[str, Any]:
        """Every field."""
        return asdict(self)


class Switchboard:
    """Switches handsets of ``testbed``; ``tell`` is told each event as it happens, in any thread.

    ``force`` switches what somebody else holds, too. ``link_s`` is how long a link may take.
    """

    def __init__(
        self,
        testbed: Testbed,
        store: LeaseStore,
        tell: Callable[[ev.Event], None],
        *,
        force: bool = False,
        link_s: float = LINK_S,
    ) -> None:
        self._testbed = testbed
        self._store = store
        self._tell = tell
        self._force = force
        self._link_s = link_s
        self._drivers: dict[str, PowerDriver] = {}

    def run(self, asked: str, entries: Sequence[HandsetEntry]) -> list[Outcome]:
        """Do ``on``, ``off``, ``cycle`` or ``status`` to all of them at the same time.

        Handsets on one device take turns there. When interrupted, a cycle that has begun still
        switches on.
        """
        outcomes: dict[str, Outcome] = {}
        with contextlib.ExitStack() as stack:
            clock = WallClock()
            stack.callback(clock.close)
            powers: list[tuple[HandsetEntry, HandsetPower, History]] = []
            notes: dict[str, _Note] = {}
            for entry in entries:
                history = History(clock, handset=entry.name)
                history.follow(self._tell)
                try:
                    note = stack.enter_context(self._held(asked, entry))
                    power = handset_power(self._testbed, entry, history, leased=self._queued(note))
                    powers.append((entry, power, history))
                    notes[entry.name] = note
                except LabError as error:
                    outcomes[entry.name] = Outcome(entry.name, asked, trouble=str(error))
            for outcome in _run(clock, [self._do(asked, *each) for each in powers]):
                outcomes[outcome.handset] = _noted(outcome, notes[outcome.handset])
        return [outcomes[entry.name] for entry in entries]

    # -- inside ------------------------------------------------------------------------------------

    @contextlib.contextmanager
    def _held(self, asked: str, entry: HandsetEntry) -> Iterator[_Note]:
        """Hold a handset that may be switched, and say how to note what becomes of its power."""
        if asked == "status":
            yield lambda off: None
            return
        what = f"hil power {asked}"
        try:
            claim = self._store.take(
                entry.name, entry.mac, self._testbed.name, ttl_s=_TTL_S, command=what
            )
        except HandsetTaken:
            standing = self._store.standing(entry.mac)
            if not (self._force or standing.in_our_hands):
                raise
            kept = standing.lease
            yield (lambda off: kept and self._store.note_power(kept, off=off))
            return
        try:
            yield lambda off: self._store.note_power(claim.lease, off=off)
        finally:
            with contextlib.suppress(LeaseLost):
                self._store.release(claim.lease)

    def _queued(self, note: _Note) -> Callable[[PowerDriver], PowerDriver]:
        devices = files.made(self._store.state, "devices")

        def leased(driver: PowerDriver) -> PowerDriver:
            # One driver a device, so that the handsets of this process wait without a thread each.
            return LeasedDriver(self._drivers.setdefault(driver.name, driver), devices, note)

        return leased

    async def _do(
        self, asked: str, entry: HandsetEntry, power: HandsetPower, history: History
    ) -> Outcome:
        outlet, witness = power.outlet, power.witness
        outcome = Outcome(entry.name, asked, outlet.name)
        try:
            if asked == "status":
                outcome = replace(outcome, state=await _read(outlet))
                return await self._seen(outcome, witness)
            before = await _changes(witness)
            await {"on": outlet.on, "off": outlet.off, "cycle": outlet.cycle}[asked]()
            outcome = replace(outcome, state=await _read(outlet))
            outcome = replace(outcome, commands=len(history.all(ev.PowerRequested)))
            return await self._witnessed(outcome, witness, before, history)
        except PowerError as error:
            commands = len(history.all(ev.PowerRequested))
            return replace(outcome, commands=commands, trouble=str(error))

    async def _seen(self, outcome: Outcome, witness: SwitchPortLink | None) -> Outcome:
        if witness is None:
            return outcome
        link = "up" if await asked_again(witness.up) else "down"
        return replace(outcome, link=link, witness=witness.name)

    async def _witnessed(
        self,
        outcome: Outcome,
        witness: SwitchPortLink | None,
        before: int | None,
        history: History,
    ) -> Outcome:
        """What the link says of it; a phone's power is believed when both witnesses agree."""
        if witness is None:
            return outcome
        wanted = outcome.asked != "off"
        agrees = await witness.becomes(wanted, within_s=self._link_s)
        up = wanted is agrees
        outcome = replace(outcome, link="up" if up else "down", witness=witness.name)
        history.append(ev.LinkChanged(source="power", up=up))
        if not agrees:
            said = f"the outlet is {outcome.state}, but its link is {outcome.link}"
            return replace(outcome, trouble=f"{said} after {self._link_s:g} s")
        # An agent that does not keep the time of the last change says 0 for ever.
        if outcome.asked == "cycle" and before and before == await _changes(witness):
            return replace(outcome, trouble="the outlet was off, but its link never went down")
        return outcome


def _noted(outcome: Outcome, note: _Note) -> Outcome:
    """Have the lease say that the handset has its power again, whoever switched it off before."""
    if outcome.state == "on" and outcome.asked != "status":
        try:
            note(False)
        except LabError as error:
            return replace(outcome, trouble=outcome.trouble or str(error))
    return outcome


async def _changes(witness: SwitchPortLink | None) -> int | None:
    """When the link changed last; a witness that fails must not keep a phone from its power."""
    try:
        return await witness.changes() if witness else None
    except PowerError:
        return None


async def _read(outlet: Outlet) -> str:
    try:
        return (await outlet.state()).value
    except StateUnknown:
        return "unknown"


def _run(clock: WallClock, works: list[Coroutine[Any, Any, Outcome]]) -> list[Outcome]:
    """Run all in the loop; when interrupted, let each end as it does when it is cancelled."""

    async def together() -> list[Outcome]:
        return await asyncio.gather(*works)

    async def begin() -> asyncio.Task[list[Outcome]]:
        return asyncio.ensure_future(together())

    async def result() -> list[Outcome]:
        return await asyncio.shield(task)

    async def ended() -> None:
        await asyncio.wait({task})

    task = clock.run(begin())
    try:
        return clock.run(result(), timeout=_LONGEST_S + _LONGEST_EACH_S * len(works))
    except BaseException:
        clock.loop.call_soon_threadsafe(task.cancel)
        clock.run(ended(), timeout=_LAST_S)
        raise


async def asked_again(what: Callable[[], Awaitable[bool]]) -> bool:
    """The first answer in `ATTEMPTS`; the last `PowerError` if there is none."""
    for _ in range(ATTEMPTS - 1):
        with contextlib.suppress(PowerError):
            return await what()
    return await what()
