"""A handset that this process has to itself for a while: the lease, the bench, the way back, the end.

For what uses a handset without being a run of tests. On a rack the handset is leased before anything
else is done, so before a bench is built around it; a phone that cannot be restored is brought back by
the ladder (`hil.recovery.rack`); and one with which the laboratory fails again and again, or that the
ladder does not bring back, goes into quarantine. At the end it has power, and the lease is given back.
A virtual handset needs none of that, but the rights to make its network.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from hil.errors import LabError
from hil.history import History
from hil.history.events import Cause
from hil.history.record import Mark
from hil.judge import Word
from hil.leases.fitness import Fitness, is_shared
from hil.leases.holding import Hold, hold, taken_by_mac, unleased
from hil.net.namespace import enter
from hil.recovery.rack import rack_ladder
from hil.testbed.bench import Bench, Site
from hil.testbed.inventory import HandsetEntry, Testbed
from hil.testbed.opening import open_bench
from hil.testbed.other_phone import Others


class Tenancy:
    """What whoever has a handset does with it; made by `tenancy`."""

    def __init__(self, testbed: Testbed, entry: HandsetEntry, held: Hold | None) -> None:
        self.testbed = testbed
        self.entry = entry
        self._held = held
        self._fitness = Fitness()
        self._history: History | None = None
        self._mark: Mark | None = None
        self._given_up = ""

    @contextmanager
    def bench(
        self, *, defects: Sequence[str] = (), wall_clock: bool = False
    ) -> Iterator[Bench[Site]]:
        """The handset's bench for the time of the block.

        ``defects`` and ``wall_clock`` are a virtual handset's. `LabError` where it cannot be built, or
        where a rack's wire has a foreign DHCP server.
        """
        bench = open_bench(
            self.testbed,
            self.entry,
            defects=defects,
            wall_clock=wall_clock,
            leased=self._held.leased if self._held is not None else unleased,
            ladder=rack_ladder(self._put_aside),
            others=Others(taken_by_mac(self.testbed), self._leave),
        )
        try:
            if self._held is not None:
                bench.witnesses.survey()
            self._history, self._mark = bench.history, bench.history.mark()
            yield bench
        finally:
            bench.close()

    def unfit(self, word: Word, cause: Cause) -> str:
        """Why the handset must not be used any more after this verdict; empty while it may."""
        if self._held is None:
            return ""
        if self._given_up:
            return self._given_up
        if trouble := self._held.trouble():
            return trouble
        reason = "" if self._was_shared() else self._fitness.note(word, cause)
        if reason:
            self._put_aside(reason)
        return self._given_up

    def _was_shared(self) -> bool:
        """Whether what broke since the last call is what all handsets share."""
        if self._history is None or self._mark is None:
            return False
        events = self._history.since(self._mark)
        self._mark = self._history.mark()
        return is_shared(events)

    def _leave(self, reason: str) -> None:
        """Use the handset no more, whose place is not what the inventory says."""
        self._given_up = f"{self.entry.name} is not used any more: {reason}"

    def _put_aside(self, reason: str) -> None:
        self._given_up = f"{self.entry.name} is in quarantine: {reason}"
        if self._held is not None:
            self._held.quarantine(reason)


@contextmanager
def tenancy(testbed: Testbed, entry: HandsetEntry, *, within_s: float = 0.0) -> Iterator[Tenancy]:
    """Have this handset for the time of the block; of a rack, wait up to ``within_s`` seconds for it.

    Call it before the process starts a thread. Raises `LabError` where the handset cannot be had, or
    not be left with power.
    """
    if testbed.kind != "rack":
        enter()
        yield Tenancy(testbed, entry, None)
        return
    held = hold(testbed, [entry.name], within_s=within_s)
    try:
        yield Tenancy(testbed, entry, held)
    except BaseException as error:
        try:
            held.close()
        except LabError as other:
            error.add_note(str(other))
        raise
    held.close()
