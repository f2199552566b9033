"""What the switch port at the phone counted is held against what passed the bench's own interface.

A wire that drops one protocol between the two makes a sound phone look silent. Where a switch tells by
SNMP what the phone's port counted there is a meter at the far end of the wire as well:

- from the phone: what the port received less what arrived here. What grows was lost on the way, or was
  for another host, which the bench cannot see. So it is no proof, and this witness is asked only where
  the phone would be blamed.
- to the phone: what the port sent less what was sent here. What shrinks was lost on the way. Others'
  frames and flooding only make it larger.

Switches refresh these counters late, by up to `REFRESH_S`. A late counter is too small, in both
directions, and that decides how they are read:

- the base is read while the phone has no power and nothing passes. Both differences are too small
  there if it is late; from the phone that would accuse the wire, so the base is the largest that was
  ever read in the dark, and counts only once it was read twice, with traffic in between, or after a
  whole refresh.
- at the end nothing is said of frames from the phone before all that arrived here are counted there,
  and frames to the phone are missing only if they are still missing a refresh later. A switch that by
  then has not even counted what arrived here is later than that, and nothing is said at all.

A frame to a phone without a link is sent and never counted. So frames to the phone count from its
first DHCP message after power-on, before which nobody has an answer for it, until its power is cut;
and not at all if its link goes in between. A counter that began anew, or jumps by more than a gigabit
port carries, says nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from hil.errors import LabError
from hil.history import History
from hil.history import events as ev
from hil.net.closing import close_together
from hil.witness.crossing import Meter

REFRESH_S = 12.0
"""Seconds by which a switch's counters may be late; the usual ones refresh each 1 to 10 s."""

_POLL_S = 1.0
_ASKING_S = 10.0
_MOST_A_SECOND = 1_500_000


class Counts(Protocol):
    """What a port says at one moment; `hil.power.port_counts.PortCounts`."""

    @property
    def received(self) -> tuple[int, ...]:
        """Frames from the phone: to one address, and broadcasts if it counts them apart."""

    @property
    def sent(self) -> int:
        """Frames to the phone, with one address."""

    @property
    def bits(self) -> int:
        """How wide the counters are."""

    @property
    def broadcasts(self) -> bool:
        """Whether broadcasts are among what was received."""

    @property
    def since(self) -> int:
        """Another number when the counters began anew."""


class Port(Protocol):
    """Whoever can be asked what the phone's port counted; `LabError` and nothing else."""

    @property
    def name(self) -> str:
        """What it is and where."""

    async def read(self) -> Counts:
        """What it counted so far."""


@dataclass(frozen=True)
class Meters:
    """What passes the bench's interface: from the phone to one address, by broadcast, to the phone.

    ``joined`` counts TCP from the phone where the kernel joins segments before anybody can count them
    (generic receive offload); None where it does not.
    """

    unicasts: Meter
    broadcasts: Meter
    sent: Meter
    joined: Meter | None = None


@dataclass(frozen=True)
class _Base:
    """Where a test began: both differences, and the numbers that they are of."""

    ahead: int
    received: int
    sent_more: int
    sent: int


class PortCounters:
    """A witness of the wire by the counters of the phone's ``port``; all but making it in the loop.

    `dark` is to be awaited before each power-on, `doubts` where the phone would be blamed.
    """

    def __init__(
        self, port: Port, meters: Meters, history: History, *, refresh_s: float = REFRESH_S
    ) -> None:
        self._port = port
        self._meters = meters
        self._refresh_s = refresh_s
        self._unicasts = self._broadcasts = self._sent = 0
        self._told: Counts | None = None
        self._told_at = 0.0
        self._received = self._delivered = 0
        self._known: tuple[int, int] | None = None
        self._trusted = False
        self._base: _Base | None = None
        self._why = ""
        self._due = True
        self._powered = self._sending = self._interrupted = False
        self._off_at = 0.0
        history.follow(self._follow)

    def begin(self) -> None:
        """A test begins: the next base is its own."""
        self._due = True
        self._base = None
        self._why = ""

    async def dark(self) -> None:
        """The phone has no power, and is about to get it: take the base if it is due."""
        if not self._due:
            return
        self._due = False
        self._base = None
        try:
            async with asyncio.timeout(self._refresh_s + _ASKING_S):
                self._base = await self._settled()
        except TimeoutError:
            self._why = f"{self._port.name}: its counters were not read in time"
        except LabError as error:
            self._why = _in_words(error)
        if self._meters.joined is not None:
            self._meters.joined.counted()
        self._interrupted = False

    async def doubts(self) -> Sequence[ev.Event]:
        """Whether frames were lost since the base: a `WireDoubt`, or a `WireUncounted`, or nothing."""
        base, self._base = self._base, None
        if base is None:
            return [self._uncounted(self._why)] if self._why else []
        try:
            async with asyncio.timeout(self._refresh_s + _ASKING_S):
                return await self._compared(base)
        except TimeoutError:
            return [self._uncounted(f"{self._port.name}: its counters were not read in time")]
        except LabError as error:
            return [self._uncounted(_in_words(error))]

    def close(self) -> None:
        """Stop counting."""
        meters = self._meters
        opened = (meters.unicasts, meters.broadcasts, meters.sent, meters.joined)
        close_together(each for each in opened if each is not None)

    # -- inside ------------------------------------------------------------------------------------

    async def _settled(self) -> _Base:
        """The base, once it is known to be none of a late counter."""
        ahead = await self._ahead()
        first = self._known is None
        while not first and not self._trusts(ahead):
            left = self._off_at + self._refresh_s - asyncio.get_running_loop().time()
            if left <= 0:
                self._trusted = True
                break
            await asyncio.sleep(min(_POLL_S, left))
            ahead = await self._ahead()
        # The largest so far: what a late counter hides is not taken for lost in this test.
        most = ahead if self._known is None else max(ahead, self._known[1])
        self._known = (self._received, most)
        sent = self._sent_so_far()
        return _Base(most, self._received, self._delivered - sent, self._delivered)

    def _trusts(self, ahead: int) -> bool:
        """Whether the same difference was read before, and traffic was counted since."""
        if self._known is not None and not self._trusted:
            received, known = self._known
            self._trusted = ahead == known and self._received != received
        return self._trusted

    async def _compared(self, base: _Base) -> Sequence[ev.Event]:
        """Read until both ends agree, frames are known to be lost, or a refresh has passed."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._refresh_s
        sent = self._sent_so_far()
        while True:
            lost = await self._ahead() - base.ahead
            missing = base.sent_more - (self._delivered - sent)
            left = until - loop.time()
            if lost > 0 or (lost == 0 and missing <= 0) or left <= 0:
                break
            await asyncio.sleep(min(_POLL_S, left))
        return self._said(base, lost, missing)

    def _said(self, base: _Base, lost: int, missing: int) -> Sequence[ev.Event]:
        joined = self._meters.joined
        if lost > 0 and joined is not None and joined.counted():
            why = (
                "the kernel joins TCP segments before they can be counted (ethtool -K ... gro off)"
            )
            return [self._uncounted(why)]
        if not self._trusted:
            return [self._uncounted(f"{self._port.name}: its counters were not at rest before")]
        if lost > 0:
            counted = self._received - base.received
            return [self._doubt("from the phone", counted, max(0, counted - lost))]
        if lost < 0:
            return [self._uncounted(f"{self._port.name} counts less than arrived: it is late")]
        counted = self._delivered - base.sent
        if missing <= 0 or not counted:
            return []
        if self._interrupted:
            return [self._uncounted("the phone's link went while frames were counted")]
        return [self._doubt("to the phone", counted + missing, counted)]

    def _doubt(self, way: str, sent: int, arrived: int) -> ev.WireDoubt:
        name = self._port.name
        evidence = f"{sent} were sent here, {name} sent {arrived}"
        if way == "from the phone":
            evidence = f"{name} received {sent}, {arrived} arrived here"
        return ev.WireDoubt(
            source="witness",
            what=f"the wire loses frames {way}",
            evidence=evidence,
            next_step="look what is between that port and the bench and what it filters",
            concerns=self._port.name,
        )

    def _uncounted(self, why: str) -> ev.WireUncounted:
        return ev.WireUncounted(source="witness", why=why)

    # -- counting ----------------------------------------------------------------------------------

    async def _ahead(self) -> int:
        """What the port received less what arrived here, which is read later so as not to accuse."""
        counts = await self._port.read()
        self._take(counts, asyncio.get_running_loop().time())
        self._unicasts += self._meters.unicasts.counted()
        self._broadcasts += self._meters.broadcasts.counted()
        return self._received - self._unicasts - (self._broadcasts if counts.broadcasts else 0)

    def _take(self, counts: Counts, now: float) -> None:
        """Add what was counted since the last time; `LabError` for what no counter does."""
        before, elapsed = self._told, now - self._told_at
        self._told, self._told_at = counts, now
        if before is None:
            return
        most = (elapsed + self._refresh_s) * _MOST_A_SECOND
        if _kind(before) != _kind(counts):
            raise self._anew(f"{_kind(before)} before, now {_kind(counts)}")
        steps = [
            (new - old) % 2**counts.bits
            for old, new in zip(
                (*before.received, before.sent), (*counts.received, counts.sent), strict=True
            )
        ]
        if max(steps) > most:
            raise self._anew(f"a step of {max(steps)} frames in {elapsed:.1f} s")
        self._received += sum(steps[:-1])
        self._delivered += steps[-1]

    def _anew(self, evidence: str) -> LabError:
        self._known, self._trusted, self._base = None, False, None
        return LabError(
            "the port's counters began anew",
            evidence=evidence,
            next_step="see whether the switch was restarted",
            concerns=self._port.name,
        )

    def _sent_so_far(self) -> int:
        passed = self._meters.sent.counted()
        if self._sending:
            self._sent += passed
        return self._sent

    def _follow(self, event: ev.Event) -> None:
        match event:
            case ev.HandsetPreparing() | ev.HandsetPrepared():
                self._due = True
            case ev.PowerRequested(action=ev.PowerAction.OFF):
                self._sent_so_far()
                self._powered = self._sending = False
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._off_at = asyncio.get_running_loop().time()
            case ev.PowerRequested(action=ev.PowerAction.ON):
                self._powered = True
            case ev.DhcpMessage(direction=ev.Direction.RECEIVED) if (
                self._powered and not self._sending
            ):
                # What was sent until now met no link.
                self._sent_so_far()
                self._sending = True
            case ev.LinkChanged(up=False) if self._sending:
                self._interrupted = True


def _kind(counts: Counts) -> tuple[int, int, bool, int]:
    return counts.since, counts.bits, counts.broadcasts, len(counts.received)


def _in_words(error: LabError) -> str:
    return ": ".join(filter(None, (error.concerns, error.what, error.evidence)))
