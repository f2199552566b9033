"""A handset as a test holds it: power, a known state to start from, and a look whether it lives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine, Mapping
from ipaddress import IPv4Address
from typing import Any

from hil.clock import Clock
from hil.errors import LabError, UsageError
from hil.history import History, Mark
from hil.history import events as ev
from hil.judge import Timing
from hil.lab_time import NANOSECONDS
from hil.net.interface import Place
from hil.net.ping import ping
from hil.power.outlet import Outlet
from hil.reference.identity import Identity
from hil.reference.parameters import Parameters, is_valid, lookup_parameter

_POWER_S = 120.0
_WITNESS_S = 5.0


class HandsetControl:
    """What the ``handset`` fixture is.

    ``restore`` puts exactly the given parameters, and defaults besides, into the handset's flash
    while it is off, and returns the load that its other firmware partition holds then (empty: none,
    None: nobody knows). ``address`` tells the address that it was leased. ``linked`` tells whether its
    network link is up, the second witness of its power; ``link_changes`` counts how often it came
    or went, so that power which is lost behind the bench's back does not pass for the phone's doing.

    Where outlet and link disagree, a stuck relay, a plug in another outlet and a dead phone look alike
    from here: it is a fault of the lab until somebody has looked. A phone that has its link and does
    nothing is the judge's.
    ``standing`` are the parameters of its testbed entry, set where a test does not say otherwise.
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
        restore: Callable[[Mapping[str, str]], Coroutine[Any, Any, str | None]],
        address: Callable[[], IPv4Address | None],
        linked: Callable[[], bool],
        link_changes: Callable[[], int],
        standing: Mapping[str, str],
    ) -> None:
        self.name = name
        self.identity = identity
        self.timing = timing
        self._clock = clock
        self._history = history
        self._outlet = outlet
        self._place = place
        self._restore = restore
        self._address = address
        self._linked = linked
        self._link_changes = link_changes
        self._standing = standing
        self._changes = link_changes()
        self._expected_changes = 0
        self._on: bool | None = None

    @property
    def boot_limit(self) -> float:
        """Seconds that this handset may take from power-on to its lease."""
        return self.timing.boot + self.timing.lease

    # -- power -------------------------------------------------------------------------------------

    def power_on(self) -> ev.PowerSwitched:
        """Switch its power on; LabError if the outlet or the link disagree."""
        self._on = None
        self._expected_changes += not self._linked()
        switched = self._clock.run(self._outlet.on(), timeout=_POWER_S)
        self._witness(up=True)
        self._on = True
        return switched

    def power_off(self) -> ev.PowerSwitched:
        """Cut its power; LabError if the outlet or the link disagree."""
        self._on = None
        self._expected_changes += self._linked()
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
        before = self._history.mark()
        self._on = None
        self._expected_changes += 2 if self._linked() else 1
        switched = self._clock.run(self._outlet.cycle(), timeout=2 * _POWER_S)
        if not self._history.all(ev.LinkChanged, after=before, up=False):
            self._disagree("the outlet says it was off, but the handset's link never went down")
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
        """Cut its power and put exactly these parameters, by XML name, into its flash."""
        for name, value in parameters.items():
            if not is_valid(lookup_parameter(name), value):
                raise UsageError(
                    f"{name} cannot be {value!r}",
                    remedy="serve a profile with that value to see what the phone makes of it",
                )
        parameters = {**self._standing, **parameters}
        if self._on is not False:
            try:
                self.power_off()
            except LabError:
                # A phone must not stay dark because switching it off went wrong.
                with contextlib.suppress(LabError):
                    self.power_on()
                raise
        standby = self._clock.run(self._restore(Parameters(parameters).items_set()))
        self._history.append(
            ev.HandsetPrepared(
                source="bench",
                parameters=parameters,
                software=self.identity.swver,
                standby=standby,
            )
        )

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
        self._changes = self._link_changes()
        self._expected_changes = 0

    def link_trouble(self) -> str:
        """What happened to the link that no power command of ours explains; empty if nothing."""
        if self._on is not None and self._linked() is not self._on:
            return f"its link is {'up' if self._linked() else 'down'}, its power {self._on_word()}"
        changes = self._link_changes() - self._changes
        if self._on is not None and changes != self._expected_changes:
            due = self._expected_changes
            return f"its link changed {changes} times, our power commands explain {due}"
        return ""

    def _on_word(self) -> str:
        return "on" if self._on else "off"

    def mark(self) -> Mark:
        """The present place in the history."""
        return self._history.mark()

    def _witness(self, *, up: bool) -> None:
        if not self._clock.wait(
            lambda: self._linked() is up, self._clock.now() + round(_WITNESS_S * NANOSECONDS)
        ):
            word = "on" if up else "off"
            self._disagree(
                f"the outlet says {word}, but the handset's link is {'down' if up else 'up'}"
            )

    def _disagree(self, what: str) -> None:
        fault = LabError(
            what,
            evidence=f"{self._outlet.name} against the link, within {_WITNESS_S:g} s",
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
