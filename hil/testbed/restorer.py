"""How a handset is brought into a known state: what stands in its memory when a test powers it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, Protocol, TypeAlias

from hil.clock import Clock
from hil.errors import LabError
from hil.history import History, Moment
from hil.judge.timing import Timing
from hil.net.interface import Place
from hil.reference.parameters import Parameters

if TYPE_CHECKING:
    from hil.clients.web import PhoneWeb
    from hil.console.console import Console
    from hil.endpoints.sip import SipEndpoint
    from hil.power.outlet import Outlet
    from hil.testbed.inventory import HandsetEntry, Testbed


class Power(Protocol):
    """The handset's power, for whoever has to let it run meanwhile."""

    def power_on(self) -> object:
        """Switch it on; `LabError` if the outlet or the link disagree."""

    def power_off(self) -> object:
        """Cut it; `LabError` if the outlet or the link disagree."""

    def power_cycle(self, within: float) -> object:
        """Cut it and give it back, which is attempted whatever the cut came to.

        In ``within`` seconds at the most; `LabError` if the outlet or the link disagree.
        """


class Restorer(Protocol):
    """Puts exactly the given parameters, and defaults besides, into a handset's memory.

    ``lazy`` tells that this takes so long that it is left until a test really powers the handset:
    many tests say first what it is to hold.
    """

    @property
    def lazy(self) -> bool:
        """Whether to wait until it is needed."""

    def restore(self, power: Power, parameters: Mapping[str, str]) -> str | None:
        """Bring it about; the handset is off, and off again afterwards. In the test's thread.

        ``parameters`` are those that are not at their default. Returns the load that its other
        firmware partition holds then (empty: none, None: nobody knows); `LabError` where the handset
        cannot be brought into that state.
        """

    def recover(self, power: Power, parameters: Mapping[str, str], why: LabError) -> None:
        """Bring back a handset that does not do what it has to, which ``why`` says; it has power then.

        Nothing to do where its memory is written from outside. `LabError` where nothing helps.
        """


# -- where a handset does not let itself be restored ------------------------------------------------


@dataclass(frozen=True)
class Reach:
    """All by which a run reaches one handset of a rack.

    ``sip`` is the server that its lines find while it is being prepared. ``address`` tells where it is.
    ``search`` looks for what all handsets share and which would be blamed on this one: a foreign DHCP
    server on the wire, a lab's link that is down (`SharedFault`), a power device that fails as a whole
    (`PowerDeviceError`); `LabError` where it cannot look.
    ``look_elsewhere`` sees whether another phone boots by the handset's outlet; `LabError` if one does.
    """

    testbed: Testbed
    entry: HandsetEntry
    clock: Clock
    history: History
    place: Place
    address: Callable[[], IPv4Address | None]
    timing: Timing
    outlet: Outlet
    web: PhoneWeb
    sip: SipEndpoint
    console: Console | None
    search: Callable[[], None]
    look_elsewhere: Callable[[Power], None] = lambda _: None


@dataclass(frozen=True)
class Case:
    """A handset that cannot be restored, and ``why``.

    ``accounts`` are the parameters that it may hold, the likeliest first, for the passwords in them.
    ``resynced`` tells why the handset does not take a profile to its end after a moment, within so many
    seconds; empty if it does.
    """

    why: LabError
    power: Power
    accounts: Sequence[Parameters]
    resynced: Callable[[Moment, float], str]


class Ladder(Protocol):
    """Ways back for such a handset, from the gentlest on; in the test's thread."""

    def climb(self, case: Case) -> None:
        """Bring it back; it has power then, and a lease. `LabError` where nothing helps."""

    def lost(self, why: LabError) -> None:
        """It came back, and cannot be restored all the same."""


LadderMaker: TypeAlias = Callable[[Reach], Ladder]


class NoLadder:
    """Nothing else is known to be done."""

    def climb(self, case: Case) -> None:
        """There is no way back."""
        raise case.why

    def lost(self, why: LabError) -> None:
        """Nobody is told."""
