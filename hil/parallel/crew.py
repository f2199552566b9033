"""The crew: one worker a handset, fed with groups until every group is concluded or nobody is left.

The crew runs in the process that collected the suite, and forks each worker from it, so the suite is
collected once however many handsets there are. Verdicts of a group are counted when the group is
through; those of a group that a failing handset leaves unfinished are kept apart, and its tests are
given to another handset. Whatever becomes of the workers, each planned test ends with a verdict, and
the run is over when each handset has its power and nobody has it. Where one finds broken what all of
them share the run is stopped, and no verdict is made up. Where only some share it, those leave the run.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import selectors
import signal
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import pytest

from hil.errors import LabError
from hil.evidence.results import RunResults, TestResult
from hil.leases.holding import store_of
from hil.leases.returning import see_home
from hil.parallel.messages import (
    Bye,
    Channel,
    End,
    FromWorker,
    Idle,
    Remarked,
    Reported,
    Run,
    Spent,
    Stop,
    Told,
    Unfit,
)
from hil.parallel.portions import Portions
from hil.parallel.untested import not_tested, reports_of
from hil.parallel.worker import Assignment, become
from hil.pytest_limit import not_begun

SILENCE_S = 2 * 3600.0
"""How long a worker may say nothing before it is held to hang: longer than any test on a rack takes."""
RECALL_S = 90.0
"""How long a worker of a run that was ended may take to put its handset in order."""
_LAST_WORDS = 2000
_BUILT_WITH = (
    "cryptography.hazmat.backends.openssl.backend",
    "encodings.idna",
    "logging.handlers",
    "pyroute2",
    "pysnmp.carrier.asyncio.dgram.udp",
    "pysnmp.entity.rfc3413.cmdgen",
    "pysnmp.entity.rfc3413.cmdrsp",
)
"""What a bench imports when it is built, a sixth of a second that each worker would spend again."""


class Audience(Protocol):
    """Whoever is told how the run goes."""

    def told(self, result: TestResult, *, baseline: bool) -> None:
        """A verdict fell."""

    def left(self, handset: str, reason: str, group: str) -> None:
        """A handset is out of the run; ``group`` is what it leaves unfinished, if anything."""

    def gave_back(self, handset: str, reason: str) -> None:
        """A handset could not begin a group, which waits for whoever is next."""

    def remarked(self, handset: str, text: str) -> None:
        """A handset keeps its worker waiting, for what ``text`` says."""

    def reported(self, handset: str, report: bytes) -> None:
        """One of pytest's reports of a group that is through."""

    def waits(self, handsets: Sequence[str]) -> None:
        """All is over, but these handsets of workers that died are being given back."""


@dataclass
class _Hand:
    """A worker as the crew sees it."""

    handset: str
    process: int
    channel: Channel[FromWorker]
    output: int
    heard: float
    idle: bool = False
    said_bye: bool = False
    attempt: list[Told] = field(default_factory=list)
    reports: list[bytes] = field(default_factory=list)


class Crew:
    """The workers of a run. ``groups`` are the tests of each of the portions' groups."""

    def __init__(
        self,
        session: pytest.Session,
        groups: Sequence[Sequence[pytest.Item]],
        portions: Portions,
        assignments: Sequence[Assignment],
        results: RunResults,
        audience: Audience,
        *,
        at_once: int,
    ) -> None:
        self._session = session
        self._groups = groups
        self._portions = portions
        self._waiting = list(assignments)
        self._results = results
        self._audience = audience
        self._at_once = at_once
        self._hands: dict[str, _Hand] = {}
        self._testbeds = {each.handset: each.testbed for each in assignments}
        self._died: list[str] = []
        self._selector = selectors.DefaultSelector()
        self._stopped = False

    def run(self) -> None:
        """Test until all is concluded; an exception in here ends all workers."""
        threads = len(list(Path("/proc/self/task").iterdir()))
        if threads > 1:
            raise LabError(
                "workers are forked, which a process with threads must not",
                evidence=f"{threads} threads in this process",
            )
        self._results.planned = self._portions.planned
        for name in _BUILT_WITH:
            importlib.import_module(name)
        # What is there now is never collected: the workers would copy all of it only to look.
        gc.collect()
        gc.freeze()
        try:
            self._work()
        except KeyboardInterrupt:
            self._recall()
            raise
        finally:
            for hand in self._hands.values():
                self._abandon(hand)
                self._bury(hand)
            self._selector.close()
            gc.unfreeze()
            self._see_home()
        self._account()

    # -- inside ------------------------------------------------------------------------------------

    def _work(self) -> None:
        while True:
            while self._waiting and len(self._hands) < self._at_once and not self._portions.over:
                self._start(self._waiting.pop(0))
            if not self._hands:
                return
            until = min(hand.heard for hand in self._hands.values()) + SILENCE_S
            for key, _ in self._selector.select(max(0.0, until - time.monotonic())):
                hand: _Hand = key.data
                if not self._listen(hand):
                    self._dismiss(hand)
            now = time.monotonic()
            for hand in list(self._hands.values()):
                if now - hand.heard > SILENCE_S:
                    self._lose(hand, f"its process said nothing for {SILENCE_S / 60:g} minutes")
                    self._dismiss(hand)
            self._employ()

    def _recall(self) -> None:
        """Somebody ended the run: have each worker give its handset back; what is judged counts.

        Workers are in no group of the terminal's, or Ctrl-C would come to each at a moment of its own.
        One who is asked for it again does not wait: the watchdogs bring back what the workers leave.
        """
        for hand in self._hands.values():
            self._commit(hand)
            with contextlib.suppress(ProcessLookupError):
                os.kill(hand.process, signal.SIGINT)
        until = time.monotonic() + RECALL_S
        try:
            while self._hands and (left := until - time.monotonic()) > 0:
                for key, _ in self._selector.select(left):
                    if not self._listen(key.data):
                        self._dismiss(key.data)
        except KeyboardInterrupt:
            """Whoever is still at it is ended."""
        self._results.troubles += [
            f"{name} was left to its watchdog, if it has one: its process did not end in time"
            for name in self._hands
        ]

    def _start(self, assignment: Assignment) -> None:
        mine, its = socket.socketpair()
        output = os.memfd_create("output")
        parent = os.getpid()
        process = os.fork()
        if process == 0:
            try:
                mine.close()
                become(assignment, self._groups, self._session, its, output, parent)
            finally:
                os._exit(1)
        its.close()
        with contextlib.suppress(PermissionError, ProcessLookupError):
            # Both sides do it, so that neither has to wait for the other: setpgid(2).
            os.setpgid(process, process)
        channel: Channel[FromWorker] = Channel(mine, FromWorker)
        hand = _Hand(assignment.handset, process, channel, output, time.monotonic())
        self._hands[hand.handset] = hand
        self._selector.register(mine, selectors.EVENT_READ, hand)

    def _listen(self, hand: _Hand) -> bool:
        """Take what a worker says; whether it may say more."""
        hand.heard = time.monotonic()
        try:
            for message in hand.channel.arrived():
                self._take(hand, message)
        except (EOFError, ConnectionError):
            return False
        except LabError as error:
            self._lose(hand, str(error))
            return False
        return not hand.said_bye

    def _take(self, hand: _Hand, message: FromWorker) -> None:
        gone = hand.handset in self._portions.lost()
        match message:
            case Idle() | Spent() | Stop() if gone:
                # It was called back: what it has left to say of its group counts no more.
                self._abandon(hand)
            case Idle(given_back=""):
                self._commit(hand)
                self._portions.concluded(hand.handset)
                hand.idle = True
            case Idle(reason):
                self._abandon(hand)
                self._portions.give_back(hand.handset)
                if not self._stopped:
                    self._audience.gave_back(hand.handset, reason)
                hand.idle = True
            case Spent(reason):
                self._portions.rest(hand.handset, reason)
                hand.idle = True
            case Told(result=result, baseline=baseline, spoilt=spoilt):
                if spoilt:
                    hand.attempt = [each for each in hand.attempt if not _same(each, message)]
                hand.attempt.append(message)
                self._audience.told(result, baseline=baseline)
            case Remarked(text):
                self._audience.remarked(hand.handset, text)
            case Reported(report):
                hand.reports.append(report)
            case Unfit(reason):
                self._lose(hand, reason)
            case Stop(reason, handsets) if set(self._testbeds) - set(handsets or self._testbeds):
                self._withdraw(handsets, reason)
            case Stop(reason):
                self._abandon(hand)
                self._portions.give_back(hand.handset)
                self._stop(reason)
            case Bye(troubles):
                # A baseline exchange of the whole session is held as the bench is taken down.
                if not gone:
                    self._commit(hand)
                self._results.troubles += troubles
                hand.said_bye = True

    def _employ(self) -> None:
        """Give those who have nothing to do a group, or send them home when all is over."""
        for hand in self._hands.values():
            if not hand.idle or self._stopped or hand.handset in self._portions.lost():
                continue
            group = self._portions.next_for(hand.handset)
            if group is None and not self._portions.finished(hand.handset):
                continue
            hand.idle = False
            with contextlib.suppress(OSError):
                # Whoever died meanwhile is found out when the end of its stream is read.
                hand.channel.send(End() if group is None else Run(group))

    def _stop(self, reason: str) -> None:
        """End the run on every handset; whoever finds the same fault next has nothing to add."""
        if self._stopped:
            return
        self._stopped = True
        self._results.troubles.append(reason)
        self._waiting.clear()
        for hand in self._hands.values():
            with contextlib.suppress(OSError):
                hand.channel.send(End())

    def _withdraw(self, handsets: Sequence[str], reason: str) -> None:
        """Take some handsets out of the run by what they share, and tell it once."""
        self._results.troubles.append(reason)
        self._waiting = [each for each in self._waiting if each.handset not in handsets]
        for name in sorted(set(handsets) & set(self._testbeds) - set(self._portions.lost())):
            group = self._portions.lose(name, reason, held_against=False)
            unfinished = self._portions.groups[group].name if group is not None else ""
            self._audience.left(name, reason.partition("\n")[0], unfinished)
            if hand := self._hands.get(name):
                self._abandon(hand)
                with contextlib.suppress(OSError):
                    hand.channel.send(End())

    def _commit(self, hand: _Hand) -> None:
        for told in hand.attempt:
            self._results.add(told.result, baseline=told.baseline)
        for report in hand.reports:
            self._audience.reported(hand.handset, report)
        hand.attempt, hand.reports = [], []

    def _abandon(self, hand: _Hand) -> None:
        self._results.abandoned += [each.result for each in hand.attempt if not each.baseline]
        hand.attempt, hand.reports = [], []

    def _lose(self, hand: _Hand, reason: str) -> None:
        if hand.handset in self._portions.lost():
            return
        group = self._portions.lose(hand.handset, reason)
        name = self._portions.groups[group].name if group is not None else ""
        self._abandon(hand)
        left = f", its tests of {name} are not counted" if name else ""
        self._results.troubles.append(f"{hand.handset} is out of the run{left}: {reason}")
        self._audience.left(hand.handset, reason, name)

    def _dismiss(self, hand: _Hand) -> None:
        self._selector.unregister(hand.channel.socket)
        del self._hands[hand.handset]
        words = self._bury(hand)
        if not hand.said_bye:
            self._lose(hand, f"its process died: {words}")

    def _bury(self, hand: _Hand) -> str:
        if not hand.said_bye:
            self._died.append(hand.handset)
        return _ended(hand)

    def _see_home(self) -> None:
        """Wait until the handsets of a rack whose workers died have been given back."""
        died = [name for name in self._died if self._testbeds[name].kind == "rack"]
        if not died:
            return
        testbed = self._testbeds[died[0]]
        try:
            left = see_home(store_of(testbed), testbed, died, waits=self._audience.waits)
        except LabError as error:
            left = dict.fromkeys(died, str(error))
        self._results.troubles += [
            f"{name} was not given back: {why}" for name, why in left.items()
        ]

    def _account(self) -> None:
        """Give a verdict to what nobody tested, unless the run was stopped: there it has none."""
        if self._stopped:
            return
        kinds = ((not_tested, self._portions.untested()), (not_begun, self._portions.unbegun()))
        for result_of, groups in kinds:
            for handset, index, why in groups:
                for item in self._groups[index]:
                    self._make_up(item, result_of(item, why, handset))

    def _make_up(self, item: pytest.Item, result: TestResult) -> None:
        self._results.add(result)
        self._audience.told(result, baseline=False)
        for report in reports_of(item, result, self._session.config):
            self._audience.reported(result.handset, report)


def _same(one: Told, other: Told) -> bool:
    return (one.result.id, one.baseline) == (other.result.id, other.baseline)


def _ended(hand: _Hand) -> str:
    """End a worker's process group, wait for it, and say how it ended and what it wrote last."""
    if not hand.said_bye:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(hand.process, signal.SIGKILL)
    _, status = os.waitpid(hand.process, 0)
    size = os.fstat(hand.output).st_size
    words = os.pread(hand.output, _LAST_WORDS, max(0, size - _LAST_WORDS))
    os.close(hand.output)
    hand.channel.socket.close()
    cause = (
        f"by {signal.Signals(os.WTERMSIG(status)).name}"
        if os.WIFSIGNALED(status)
        else f"exit status {os.waitstatus_to_exitcode(status)}"
    )
    return f"{cause} {words.decode(errors='replace').strip()}".strip()
