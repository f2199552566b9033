"""The monitor runs the reference along a history and finds what the phone did or did not do.

It knows nothing of tests. Power, leases, answers and ends of transfers are what happened to the
phone, and are told to the reference; requests, look-ups and log messages are what the phone did, and
are held against what the reference says is due:

*unexpected*  it asked although no resync is due;
*early*, *late*, *overdue*  it asked outside the window, or not at all;
*wrong*       it asked for something else than the rule says;
*missing*     a log message or the next step of a resync did not come.

Until the phone is prepared nothing is held against it (`hil.judge.preparation`).
After a violation the monitor goes on from what the phone really did, so one mistake is one finding.

A lab does not see everything: not when a phone gives up on a silent server, nor whether its flash
took the last profile before its power went. Where a history can be explained in more than one way
the monitor follows each, and keeps those with the fewest violations: a phone is blamed only for
what no explanation excuses.

::

    events ─▶ following   what an event says of the phone
              deadlines   what is missing by now
              outside     clock, lines and requests to the phone, as far as it agreed (perhaps)
              registrations  what its lines say to their SIP servers
              link_losses  whether its link goes away for no reason
                 └▶ shadow ─▶ hil.reference.machine
                       ├ hidden    moves that nobody sees
                       ├ beginnings  first signs of what begins
                       ├ windows   when it may begin
                       ├ requests  what is asked for
                       ├ owed      what is logged
                       ├ partitions  which loads it may have
                       ├ peer_reports  what its peers' log server is told
                       └ findings  the ledger
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hil.history import events as ev
from hil.judge.deadlines import busy_otherwise, time_is
from hil.judge.findings import Finding
from hil.judge.following import follow
from hil.judge.link_losses import LinkLoss, LinkLosses
from hil.judge.names import Names
from hil.judge.outside import Outside
from hil.judge.perhaps import told
from hil.judge.preparation import Preparation
from hil.judge.registrations import Registrations
from hil.judge.shadow import Lost, Shadow
from hil.judge.timing import Timing
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone

MOST_WAYS = 128
"""Explanations that are followed at once; with more, nobody knows what the phone is doing."""


class Monitor:
    """Feed it events in order; `findings` has what was violated, `checks` how much was checked."""

    def __init__(self, phone: Phone, timing: Timing) -> None:
        self._preparation = Preparation()
        self._names = Names()
        self._outside = Outside()
        self._ways = [Shadow(phone, timing, self._names)]
        self._registrations = Registrations(timing)
        self._link_losses = LinkLosses()

    @property
    def findings(self) -> list[Finding]:
        """What was violated, in order."""
        found = [*self._ways[0].ledger.findings, *self._registrations.ledger.findings]
        return sorted(found, key=lambda each: each.at)

    @property
    def checks(self) -> dict[str, int]:
        """How often each clause was checked and held, whichever explanation is true."""
        counts = [way.ledger.checks for way in self._ways]
        common = set(counts[0]).intersection(*counts[1:])
        held = {clause: min(each[clause] for each in counts) for clause in common}
        registered = self._registrations.ledger.checks
        clauses = sorted({*held, *registered})
        return {each: held.get(each, 0) + registered.get(each, 0) for each in clauses}

    @property
    def link_losses(self) -> tuple[LinkLoss, ...]:
        """When its link went away although nothing explains it, whichever explanation is true."""
        return self._link_losses.found

    @property
    def lost(self) -> str:
        """Why nobody can know what the phone is doing now; empty where the monitor follows it."""
        reasons = [way.out_of_sight for way in self._ways]
        if None in reasons or reasons[0] is None:
            return ""
        return f"the monitor lost sight of the phone: {reasons[0].value}"

    @property
    def followed_lines(self) -> frozenset[int]:
        """The lines whose next REGISTER is held to the reference; of others too much is unknown."""
        return self._registrations.followed

    @property
    def phone(self) -> Phone:
        """The reference's phone after what was fed, by the plainest explanation."""
        return self._ways[0].phone

    def held(self, events: Iterable[ev.Event]) -> Iterator[Parameters]:
        """Feed a whole history; what the phone is configured to do, each time that it changes."""
        before: Parameters | None = None
        for event in events:
            self.feed(event)
            now = self.phone.parameters
            if now is not before:
                yield now
            before = now

    def run(self, events: Iterable[ev.Event]) -> list[Finding]:
        """Feed a whole history; returns the findings."""
        for event in events:
            self.feed(event)
        return self.findings

    def feed(self, event: ev.Event) -> None:
        """Take the next event into account."""
        if self._preparation.feed(event):
            return
        if isinstance(event, ev.Checked | ev.Configured | ev.Note | ev.Awaited):
            return
        self._ways = [each for way in self._ways for each in busy_otherwise(way, event.at)]
        for way in self._ways:
            time_is(way, event.at)
        self._link_losses.feed(event, self._ways)
        self._registrations.feed(event, self._ways)
        self._names.feed(event)
        for news in self._outside.feed(event, *[way.phone for way in self._ways]):
            self._ways = told(self._ways, news)
        ways = [after for way in self._ways for after in follow(way, event)]
        self._ways = _best(ways) if len(ways) > 1 else ways
        for news in self._outside.learned(event.at, *[way.phone for way in self._ways]):
            self._ways = told(self._ways, news)


def _best(ways: list[Shadow]) -> list[Shadow]:
    fewest = min(len(way.ledger.findings) for way in ways)
    kept: list[Shadow] = []
    for way in ways:
        if len(way.ledger.findings) == fewest and not any(way.same_as(other) for other in kept):
            kept.append(way)
    if len(kept) > MOST_WAYS:
        kept[0].lost = Lost.PATH
        return kept[:1]
    return kept
