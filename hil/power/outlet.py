"""The power of one handset: what a driver is asked, how often, and what is believed.

A PDU that accepted a command has not switched anything yet, and one that refused or stayed silent
may have switched all the same. So only the state that is read back counts. A command is followed by
reading back until the state agrees; if it does not in time the command is given again, a bounded
number of times. Each command goes into the history, and so does what came of it.

A device without read-back is believed to have done what it accepted, which the history notes; whether
the phone has power then hangs on another witness alone.

A device that is silent may have lost an answer on the way; one that answers with an error and switches
all the same contradicts itself. The outlet goes on with what is read back, and the contradiction is a
fault of the lab.

Where every attempt failed by the device as a whole (`PowerDeviceError`), so does the outlet, and that
tells nothing of the handset on it. `Outlet.device_fault` keeps it until the device takes a command.

A phone must never stay dark because switching it off went wrong: `Outlet.cycle` attempts power-on
after whatever happened before it, cancellation included.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from hil.errors import PowerDeviceError, PowerError, PowerRefused, StateUnknown, UsageError
from hil.history import History
from hil.history import events as ev
from hil.history.events import PowerAction
from hil.power.driver import PowerDriver

T = TypeVar("T")
_SOURCE = "power"
_LAST_ATTEMPTS = 3


@dataclass(frozen=True)
class PowerPolicy:
    """How patient an outlet is; all times are seconds of lab time.

    ``minimum_off_s``: between a power-off and the next power-on, so that the phone really loses its
    memory. ``attempts``: how often a command is given (1 or more). ``settle_s``: how long after an
    accepted command the state may still disagree, since many a PDU staggers its relays.
    ``poll_s``: between two readings meanwhile. ``call_s``: the longest that one call of the driver
    may take, whatever deadline the driver keeps itself.
    """

    minimum_off_s: float = 5.0
    attempts: int = 3
    settle_s: float = 5.0
    poll_s: float = 0.25
    call_s: float = 10.0

    def __post_init__(self) -> None:
        if self.attempts < 1:
            raise UsageError(f"attempts is {self.attempts}", remedy="1 or more")
        if self.minimum_off_s < 0 or self.settle_s < 0:
            raise UsageError("a power policy has a negative time", remedy="0 s or more")
        if self.poll_s <= 0 or self.call_s <= 0:
            raise UsageError("poll_s and call_s are times to wait", remedy="more than 0 s")


class Outlet:
    """One outlet of a device, with the policy that makes its answers trustworthy.

    For one handset's use: calls are made one after the other. Several outlets may share a driver;
    its queue keeps their commands apart.
    """

    def __init__(
        self,
        driver: PowerDriver,
        outlet: str,
        history: History,
        policy: PowerPolicy | None = None,
    ) -> None:
        self._driver = driver
        self._outlet = outlet
        self._history = history
        self._policy = policy or PowerPolicy()
        self._off_since: float | None = None
        self._device_fault: PowerDeviceError | None = None

    @property
    def device_fault(self) -> PowerDeviceError | None:
        """How the device as a whole failed, since the last command that it took."""
        return self._device_fault

    @property
    def name(self) -> str:
        """The device and its outlet, as the history and the errors name them."""
        return f"{self._driver.name} outlet {self._outlet}"

    @property
    def policy(self) -> PowerPolicy:
        """How patient it is."""
        return self._policy

    async def on(self) -> ev.PowerSwitched:
        """Switch on, not before the minimum off time is over; `PowerError` if that fails."""
        await self._rest()
        switched = await self._switch(PowerAction.ON)
        self._off_since = None
        return switched

    async def off(self) -> ev.PowerSwitched:
        """Switch off; `PowerError` if that fails."""
        try:
            return await self._switch(PowerAction.OFF)
        finally:
            # Also where it failed: the outlet may be off all the same.
            self._off_since = asyncio.get_running_loop().time()

    async def cycle(self) -> ev.PowerSwitched:
        """Off, the minimum off time, on; returns the power-on.

        Power-on is attempted whatever power-off said; the `PowerError` of a failed power-off is
        raised after that. When cancelled, power-on is attempted at once, without the minimum off
        time, since whoever cancels (the end of a run) may not wait long, and then the cancellation
        goes on its way.
        """
        refused: PowerError | None = None
        try:
            try:
                await self.off()
            except PowerError as error:
                refused = error
            switched = await self.on()
        except PowerError as error:
            raise error from refused
        except (Exception, asyncio.CancelledError):
            await self._power_on_regardless()
            raise
        if refused is not None:
            raise refused
        return switched

    async def state(self) -> PowerAction:
        """What the device says the outlet is; `PowerError` when it does not say it.

        `StateUnknown` where it has no read-back.
        """
        failures: list[PowerError] = []
        for _ in range(self._policy.attempts):
            try:
                return await self._call(self._driver.state)
            except StateUnknown:
                raise
            except PowerError as error:
                failures.append(error)
        raise self._failed("cannot read the state of the outlet", failures)

    async def ask_device(self) -> None:
        """`PowerDeviceError` where the device as a whole fails, as known or when it is asked."""
        if self._device_fault is not None:
            raise self._device_fault
        try:
            await self.state()
        except PowerDeviceError:
            raise
        except PowerError:
            """It answers; what it says is the outlet's own."""

    # -- inside ------------------------------------------------------------------------------------

    async def _switch(self, action: PowerAction) -> ev.PowerSwitched:
        failures: list[PowerError] = []
        for attempt in range(1, self._policy.attempts + 1):
            self._history.append(ev.PowerRequested(source=_SOURCE, outlet=self.name, action=action))
            try:
                await self._attempt(action)
            except PowerError as error:
                failures.append(error)
                self._note(
                    f"switching {self.name} {action.value}, attempt {attempt}: {_brief(error)}"
                )
                continue
            return self._history.append(
                ev.PowerSwitched(source=_SOURCE, outlet=self.name, action=action, attempts=attempt)
            )
        self._history.append(
            ev.PowerFailed(source=_SOURCE, outlet=self.name, action=action, reason=_all(failures))
        )
        raise self._failed(f"the outlet could not be switched {action.value}", failures)

    async def _attempt(self, action: PowerAction) -> None:
        """One command and its read-back; `PowerError` where the state does not come to agree.

        It tells of the device where the command failed by it, or what was to be read after it.
        """
        loop = asyncio.get_running_loop()
        command = self._driver.on if action is PowerAction.ON else self._driver.off
        refusal: PowerError | None = None
        try:
            await self._call(command)
            self._device_fault = None
        except PowerError as error:
            refusal = error
        # A refused command is read back once, an accepted one for as long as a relay may take.
        deadline = loop.time() + (self._policy.settle_s if refusal is None else 0.0)
        while True:
            unread: PowerError | None = None
            try:
                if await self._call(self._driver.state) is action:
                    self._doubt(refusal)
                    return
            except StateUnknown as error:
                if refusal is None:
                    self._note(f"{self.name} was told {action.value}; it has no read-back")
                    return
                raise refusal from error
            except PowerError as error:
                unread = error
            left = deadline - loop.time()
            if left <= 0:
                break
            await asyncio.sleep(min(self._policy.poll_s, left))
        seen = _brief(unread) if unread is not None else "it still reads back the other state"
        if refusal is not None:
            raise _kind([refusal])(
                "the command was not taken"
                if isinstance(refusal, PowerDeviceError)
                else "the command was refused",
                evidence=f"{_brief(refusal)}; then {seen}",
                next_step=refusal.next_step,
            )
        raise _kind([unread] if unread is not None else [])(
            f"the command was accepted, but {self._policy.settle_s:g} s later {seen}",
            next_step=unread.next_step if unread is not None else "",
        )

    async def _call(self, call: Callable[[str], Awaitable[T]]) -> T:
        async with self._driver.queue:
            try:
                async with asyncio.timeout(self._policy.call_s):
                    return await call(self._outlet)
            except TimeoutError:
                raise PowerDeviceError(
                    f"the driver did not come back within {self._policy.call_s:g} s"
                ) from None

    async def _rest(self) -> None:
        if self._off_since is None:
            return
        rested = asyncio.get_running_loop().time() - self._off_since
        if rested < self._policy.minimum_off_s:
            await asyncio.sleep(self._policy.minimum_off_s - rested)

    async def _power_on_regardless(self) -> None:
        """Power on although this task is being cancelled, perhaps more than once."""
        for _ in range(_LAST_ATTEMPTS):
            try:
                await self._switch(PowerAction.ON)
            except asyncio.CancelledError:
                continue
            except PowerError:
                # The history has it as PowerFailed; what is on its way must not be replaced.
                return
            self._off_since = None
            return

    def _doubt(self, refusal: PowerError | None) -> None:
        """An answer that got lost proves nothing; a PDU that says no and does it cannot be trusted."""
        if isinstance(refusal, PowerRefused):
            self._history.append(
                ev.LabFault(
                    source=_SOURCE,
                    what="the outlet reads back as if a command that was refused had been obeyed",
                    evidence=_brief(refusal),
                    next_step="update or replace the PDU; what it says of its outlets is not true",
                    concerns=self.name,
                )
            )

    def _note(self, text: str) -> None:
        self._history.append(ev.Note(source=_SOURCE, text=text))

    def _failed(self, what: str, failures: list[PowerError]) -> PowerError:
        advice = failures[-1].next_step or (
            "look at the device itself and compare its outlet number with the inventory"
        )
        kind = _kind(failures)
        failed = kind(
            f"{what} in {len(failures)} attempt(s)",
            evidence=_once(failures) if kind is PowerDeviceError else _all(failures),
            next_step=f"{advice}; the handset may be without power",
            concerns=self.name,
        )
        if isinstance(failed, PowerDeviceError):
            self._device_fault = failed
        return failed


def _kind(failures: Sequence[PowerError]) -> type[PowerError]:
    """One answer about the outlet shows that the device answers: then it is not to blame as a whole."""
    of_device = failures and all(isinstance(each, PowerDeviceError) for each in failures)
    return PowerDeviceError if of_device else PowerError


def _brief(error: PowerError) -> str:
    return f"{error.what} ({error.evidence})" if error.evidence else error.what


def _all(failures: list[PowerError]) -> str:
    said = [_brief(error) for error in failures]
    return "; ".join(f"attempt {number}: {words}" for number, words in enumerate(said, 1))


def _once(failures: list[PowerError]) -> str:
    """The same, said once where it was the same each time."""
    said = {_brief(error) for error in failures}
    return f"each time: {said.pop()}" if len(said) == 1 < len(failures) else _all(failures)
