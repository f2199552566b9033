"""Who tests what: groups of tests given to handsets as they ask, and taken back from those that fail.

A group is the tests between two baseline exchanges, which is a module of the suite. It is given as a
whole and counts only as a whole: where a handset fails in the middle of one, all of its tests are given
to another handset, because what was seen without the closing baseline exchange rests on nothing. Two
handsets that are lost in the same group prove that it is the group; it is given to nobody again.

A handset whose budget is spent leaves its group to those that have time, and gets none any more; what
is left when nobody has time was not begun.

With ``each`` every handset takes every group. What a handset that failed leaves then is its own, and
nobody else's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hil.errors import UsageError

MOST_LOSSES = 2
"""In how many handsets' hands a group may be lost."""


@dataclass(frozen=True)
class Group:
    """Tests that are run one after the other on one handset: their node ids, in the suite's order."""

    name: str
    tests: tuple[str, ...]


@dataclass
class _Share:
    waiting: deque[int]
    current: int | None = None
    done: list[int] = field(default_factory=list)
    left: str = ""
    spent: str = ""


class Portions:
    """The groups of a run and the handsets that share them."""

    def __init__(
        self, groups: Sequence[Group], handsets: Sequence[str], *, each: bool = False
    ) -> None:
        if not handsets or len(set(handsets)) != len(handsets):
            raise UsageError("no handset, or one twice", remedy="handsets of different names")
        self.groups = tuple(groups)
        # The longest first: a long group that is begun last keeps all others waiting.
        order = sorted(range(len(groups)), key=lambda index: -len(groups[index].tests))
        shared = deque(order)
        self._each = each
        self._shares = {name: _Share(deque(order) if each else shared) for name in handsets}
        self._losses: dict[int, int] = {}
        self._given_up: list[tuple[int, str]] = []

    @property
    def planned(self) -> int:
        """How many verdicts there are to be."""
        tests = sum(len(group.tests) for group in self.groups)
        return tests * (len(self._shares) if self._each else 1)

    @property
    def over(self) -> bool:
        """Whether nothing is being tested and nothing waits for a handset that could."""
        return all(
            share.current is None and (share.left or share.spent or not share.waiting)
            for share in self._shares.values()
        )

    def finished(self, handset: str) -> bool:
        """Whether a handset gets no group any more, whatever becomes of the others."""
        share = self._shares[handset]
        return self.over or bool(share.spent) or (self._each and not share.waiting)

    def next_for(self, handset: str) -> int | None:
        """Give a handset its next group; None if there is none for it now.

        There may be one later, when another handset fails (see `over`).
        """
        share = self._shares[handset]
        if share.current is not None or share.left:
            raise UsageError(f"{handset} has a group, or is out of the run")
        if share.spent or not share.waiting:
            return None
        share.current = share.waiting.popleft()
        return share.current

    def concluded(self, handset: str) -> None:
        """A handset is through with its group."""
        share = self._shares[handset]
        if share.current is not None:
            share.done.append(share.current)
            share.current = None

    def give_back(self, handset: str) -> None:
        """A handset could not begin its group: it goes to the end of the queue, for whoever is next."""
        share = self._shares[handset]
        if share.current is not None:
            share.waiting.append(share.current)
            share.current = None

    def rest(self, handset: str, reason: str) -> None:
        """A handset has no time left for its group, which goes to another; it gets no more."""
        share = self._shares[handset]
        share.spent = reason or "its budget is spent"
        if share.current is not None:
            share.waiting.appendleft(share.current)
            share.current = None

    def lose(self, handset: str, reason: str, *, held_against: bool = True) -> int | None:
        """A handset is out of the run; returns the group that it leaves unfinished, if any.

        That is ``held_against`` the group unless what lost the handset is known to be another thing.
        """
        share = self._shares[handset]
        share.left = reason or "it is out of the run"
        unfinished, share.current = share.current, None
        if unfinished is None:
            return None
        self._losses[unfinished] = self._losses.get(unfinished, 0) + held_against
        if self._each:
            share.waiting.appendleft(unfinished)
        elif self._losses[unfinished] >= MOST_LOSSES:
            what = f"{self._losses[unfinished]} handsets were lost in it"
            self._given_up.append((unfinished, what))
        else:
            share.waiting.appendleft(unfinished)
        return unfinished

    def untested(self) -> list[tuple[str, int, str]]:
        """What nobody tested: handset (empty for any), group and why; complete once `over` holds."""
        if self._each:
            return [
                (name, index, share.left)
                for name, share in self._shares.items()
                if share.left and not share.spent
                for index in share.waiting
            ]
        waiting = next(iter(self._shares.values())).waiting
        given_up = [("", index, why) for index, why in self._given_up]
        if any(share.spent for share in self._shares.values()):
            return given_up
        why = f"no handset is left ({self._reasons()})"
        return [*given_up, *(("", index, why) for index in waiting)]

    def unbegun(self) -> list[tuple[str, int, str]]:
        """What nobody had time for, as `untested` has the rest; complete once `over` holds."""
        if self._each:
            return [
                (name, index, share.spent)
                for name, share in self._shares.items()
                if share.spent
                for index in share.waiting
            ]
        if not any(share.spent for share in self._shares.values()):
            return []
        waiting = next(iter(self._shares.values())).waiting
        why = f"no handset has time left ({self._reasons()})"
        return [("", index, why) for index in waiting]

    def _reasons(self) -> str:
        """Why each handset tests no more."""
        told = {name: share.left or share.spent for name, share in self._shares.items()}
        return "; ".join(f"{name}: {why}" for name, why in told.items() if why)

    def done_by(self) -> Mapping[str, tuple[str, ...]]:
        """The groups that each handset concluded."""
        return {
            name: tuple(self.groups[index].name for index in share.done)
            for name, share in self._shares.items()
        }

    def lost(self) -> Mapping[str, str]:
        """The handsets that are out of the run, and why."""
        return {name: share.left for name, share in self._shares.items() if share.left}
