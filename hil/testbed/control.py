"""A handset as a test holds it: power, a known state to start from, and a look whether it lives."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv4Address

from hil.clock import Clock
from hil.errors import LabError, PowerDeviceError, UsageError
from hil.history import History, Mark
from hil.history import events as ev
from hil.judge import Timing
from hil.lab_time import NANOSECONDS
from hil.net.interface import Place
from hil.net.ping import ping
from hil.power.outlet import Outlet
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters, is_valid, lookup_parameter
from hil.testbed.link import Link
from hil.testbed.restorer import Power, Restorer

_POWER_S = 120.0


async def _nobody_looks() -> None:
    """Nothing is to be seen of a handset without power."""


class HandsetControl:
    """What the ``handset`` fixture is.

    ``restorer`` puts what a test starts from into the handset's memory. ``address`` tells the address
    that it was leased. ``link`` is the second witness of its power; it counts how often the link came
    or went, so that power which is lost behind the bench's back does not pass for the phone's doing.

    Where outlet and link disagree, a stuck relay, a plug in another outlet and a dead phone look alike
    from here: it is a fault of the lab until somebody has looked. A phone that has its link and does
    nothing is the judge's.
    ``standing`` are the parameters of its testbed entry, set where a test does not say otherwise.
    ``dark`` is awaited before it gets its power, while it is known to have none.
    """

    def __init__(
        self,
        name: str,
        identity: Identity,
        timing: Timing,
        clock: Clock,
        history: History,
        outlet: Outlet,
        place: Place,
        *,
        link: Link,
        restorer: Restorer,
        address: Callable[[], IPv4Address | None],
        standing: Mapping[str, str],
        dark: Callable[[], Awaitable[None]] = _nobody_looks,
    ) -> None:
        self.name = name
        self.identity = identity
        self.timing = timing
        self._clock = clock
        self._history = history
        self._outlet = outlet
        self._place = place
        self._link = link
        self._restorer = restorer
        self._address = address
        self._standing = standing
        self._dark = dark
        self._changes = link.changes
        self._expected_changes = 0
        self._on: bool | None = None
        self._owed: Mapping[str, str] | None = None

    @property
    def powered(self) -> bool | None:
        """Whether it has power by the last command; None where that failed."""
        return self._on

    @property
    def device_fault(self) -> PowerDeviceError | None:
        """How its power device failed as a whole, since the last command that it took."""
        return self._outlet.device_fault

    @property
    def boot_limit(self) -> float:
        """Seconds that this handset may take from power-on to its lease."""
        return self.timing.boot + self.timing.lease

    # -- power -------------------------------------------------------------------------------------

    def power_on(self) -> ev.PowerSwitched:
        """Switch its power on; LabError if the outlet or the link disagree."""
        self._settle_debt()
        return self._switch_on()

    def power_off(self) -> ev.PowerSwitched:
        """Cut its power; LabError if the outlet or the link disagree."""
        self._on = None
        self._expected_changes += self._link.up is True
        switched = self._clock.run(self._outlet.off(), timeout=_POWER_S)
        self._witness(up=False)
        self._on = False
        return switched

    def power_cycle(self) -> ev.PowerSwitched:
        """Cut its power and give it back; returns the moment of power-on.

        Power-on is attempted whatever power-off said. LabError if the outlet fails, or if the link
        did not go down in between.
        """
        if self._on is False:
            return self.power_on()
        return self._cycle(2 * _POWER_S)

    def _cycle(self, within: float) -> ev.PowerSwitched:
        before = self._history.mark()
        self._on = None
        self._expected_changes += 2 if self._link.up else 1
        # Cancelled when the time is over, the outlet attempts power-on at once.
        switched = self._clock.run(self._outlet.cycle(), timeout=within)
        if not self._wait(lambda: self._went_down(before), up=False):
            what = "the outlet says it was off, but the handset's link never went down"
            self._disagree(what, up=False)
        self._witness(up=True)
        self._on = True
        return switched

    def boot(self, **parameters: str) -> ev.PowerSwitched:
        """Start from a known state: these parameters set, everything else as its testbed has it.

        Where the testbed says nothing of a parameter, that is its default.
        """
        self.prepare(**parameters)
        return self.power_on()

    def prepare(self, **parameters: str) -> None:
        """Cut its power and put exactly these parameters, by XML name, into its memory.

        Where that takes long it is done as soon as the handset is to get its power.
        """
        for name, value in parameters.items():
            if not is_valid(lookup_parameter(name), value):
                raise UsageError(
                    f"{name} cannot be {value!r}",
                    remedy="serve a profile with that value to see what the phone makes of it",
                )
        if self._on is not False:
            try:
                self.power_off()
            except LabError:
                # A phone must not stay dark because switching it off went wrong.
                with contextlib.suppress(LabError):
                    self._switch_on()
                raise
        self._owed = {**self._standing, **parameters}
        if not self._restorer.lazy:
            self._settle_debt()

    def cord(self) -> Power:
        """Cut its power, and give it away to who brings it into a known state to learn something.

        What it was to hold when it gets its power for a test is owed to it as before.
        """
        if self._on is not False:
            self.power_off()
        return _Cord(self)

    def recover(self, why: LabError) -> None:
        """Bring it back by whatever helps, since it does not do what it has to, as ``why`` says.

        Nothing that it does meanwhile is a test. `LabError` where nothing helps.
        """
        self._owed = None
        self._restorer.recover(_Cord(self), Parameters(self._standing).items_set(), why)

    def _settle_debt(self) -> None:
        """Bring it into the state that was asked for, if that was put off."""
        if self._owed is None:
            return
        standby = self._restorer.restore(_Cord(self), Parameters(self._owed).items_set())
        self._history.append(
            ev.HandsetPrepared(
                source="bench",
                parameters=dict(self._owed),
                software=self.identity.swver,
                standby=standby,
            )
        )
        self._owed = None

    def _switch_on(self) -> ev.PowerSwitched:
        if self._on is False:
            self._clock.run(self._looked_at_dark(), timeout=_POWER_S)
        self._on = None
        self._expected_changes += self._link.up is False
        switched = self._clock.run(self._outlet.on(), timeout=_POWER_S)
        self._witness(up=True)
        self._on = True
        return switched

    async def _looked_at_dark(self) -> None:
        await self._dark()

    # -- life --------------------------------------------------------------------------------------

    def is_alive(self) -> bool:
        """Look whether it answers on the network; the answer goes into the history."""
        address = self._address()
        if self._on is not True:
            alive, detail = False, "the handset was left without power"
        elif address is None:
            alive, detail = False, "it has no address"
        else:
            silence = self._clock.run(ping(self._place, self._clock, address))
            alive, detail = not silence, silence or f"{address} answers"
        self._history.append(ev.Alive(source="bench", alive=alive, method="icmp", detail=detail))
        return alive

    def watch_link(self) -> None:
        """Begin to count what happens to the link."""
        self._changes = self._link.changes
        self._expected_changes = 0

    def link_trouble(self) -> str:
        """What happened to the link that no power command of ours explains; empty if nothing."""
        try:
            self._clock.run(self._link.look())
        except LabError as error:
            return str(error)
        up, changes = self._link.up, self._link.changes
        if self._on is not None and up not in (None, self._on):
            return f"its link is {'up' if up else 'down'}, its power {self._on_word()}"
        if self._on is None or changes is None or self._changes is None:
            return ""
        if changes - self._changes != self._expected_changes:
            due = self._expected_changes
            return f"its link changed {changes - self._changes} times, our power commands explain {due}"
        return ""

    def _on_word(self) -> str:
        return "on" if self._on else "off"

    def mark(self) -> Mark:
        """The present place in the history."""
        return self._history.mark()

    def _went_down(self, before: Mark) -> bool:
        if self._link.up is None:
            return True
        return bool(self._history.all(ev.LinkChanged, after=before, up=False))

    def _witness(self, *, up: bool) -> None:
        self._clock.run(self._link.look())
        if not self._wait(lambda: self._link.up in (None, up), up=up):
            word = "on" if up else "off"
            link = "down" if up else "up"
            self._disagree(f"the outlet says {word}, but the handset's link is {link}", up=up)

    def _wait(self, condition: Callable[[], bool], *, up: bool) -> bool:
        patience = round(self._link.patience_s(up=up) * NANOSECONDS)
        return self._clock.wait(condition, self._clock.now() + patience)

    def _disagree(self, what: str, *, up: bool) -> None:
        within = self._link.patience_s(up=up)
        fault = LabError(
            what,
            evidence=f"{self._outlet.name} against {self._link.name}, within {within:g} s",
            next_step="compare the outlet with the inventory; hil believes neither of the two",
            concerns=self.name,
        )
        self._history.append(
            ev.LabFault(
                source="power",
                what=fault.what,
                evidence=fault.evidence,
                next_step=fault.next_step,
                concerns=fault.concerns,
            )
        )
        raise fault


class _Cord:
    """The handset's power while it is brought into a known state: no debt to settle."""

    def __init__(self, control: HandsetControl) -> None:
        self._control = control

    def power_on(self) -> ev.PowerSwitched:
        return self._control._switch_on()

    def power_off(self) -> ev.PowerSwitched:
        return self._control.power_off()

    def power_cycle(self, within: float) -> ev.PowerSwitched:
        return self._control._cycle(within)
