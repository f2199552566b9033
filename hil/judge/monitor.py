"""The monitor runs the reference along a history and finds what the phone did or did not do.

It knows nothing of tests. Power, leases, answers and ends of transfers are what happened to the
phone, and are told to the reference; requests, look-ups and log messages are what the phone did, and
are held against what the reference says is due:

*unexpected*  it asked although no resync is due;
*early*, *late*, *overdue*  it asked outside the window, or not at all;
*wrong*       it asked for something else than the rule says;
*missing*     a log message or the next step of a resync did not come.

After a violation the monitor goes on from what the phone really did, so one mistake is one finding.

`hil.judge.shadow` runs the reference, `hil.judge.windows` judges when a resync begins,
`hil.judge.owed` what is logged, `hil.judge.requests` what is asked for; the monitor translates
events for them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from hil.history import events as ev
from hil.history.pattern import describe
from hil.judge.findings import Finding, Ledger
from hil.judge.requests import answer_of, compare, is_address, repeats
from hil.judge.shadow import Pending, Shadow
from hil.judge.timing import Timing
from hil.reference import resync
from hil.reference.decisions import REFERENCE
from hil.reference.phone import (
    Answered,
    Began,
    Duty,
    Leased,
    Locate,
    Located,
    Log,
    Phase,
    Phone,
    PoweredOff,
    PoweredOn,
    Retrieve,
)
from hil.reference.responses import NoAnswer


class Monitor:
    """Feed it events in order; `findings` has what was violated, `checks` how much was checked."""

    def __init__(self, phone: Phone, timing: Timing) -> None:
        self._ledger = Ledger()
        self._shadow = Shadow(phone, timing, self._ledger)
        self._names: dict[str, str] = {}

    @property
    def findings(self) -> list[Finding]:
        """What was violated, in order."""
        return self._ledger.findings

    @property
    def checks(self) -> dict[str, int]:
        """How often each clause was checked and held."""
        return self._ledger.checks

    @property
    def phone(self) -> Phone:
        """The reference's phone after what was fed."""
        return self._shadow.phone

    def run(self, events: Iterable[ev.Event]) -> list[Finding]:
        """Feed a whole history; returns the findings."""
        for event in events:
            self.feed(event)
        return self.findings

    def feed(self, event: ev.Event) -> None:
        """Take the next event into account."""
        if isinstance(event, ev.Checked | ev.Configured | ev.Note):
            return
        if isinstance(event, ev.PowerFailed):
            # Nobody knows now whether the phone has power, so nothing can be held against it.
            self._shadow.lost = True
        if self._shadow.lost and not isinstance(event, ev.HandsetPrepared):
            return
        self._shadow.time_is(event.at)
        match event:
            case ev.HandsetPrepared():
                self._shadow.prepared(event.parameters)
            case ev.PowerRequested(action=ev.PowerAction.ON):
                if self.phone.phase is Phase.OFF:
                    self._shadow.happens(PoweredOn(event.at))
            case ev.PowerSwitched(action=ev.PowerAction.OFF):
                self._shadow.happens(PoweredOff(event.at))
                self._shadow.forget()
            case ev.DhcpMessage(direction=ev.Direction.SENT, kind="ACK"):
                self._leased(event)
            case ev.DnsQuery():
                self._asked_name(event)
            case ev.DnsAnswer():
                self._told_address(event)
            case ev.ProvisioningRequest():
                self._requested(event)
            case ev.TransferEnded():
                self._ended(event)
            case ev.FaultInjected():
                self._faulted(event)
            case ev.TlsHandshake(succeeded=False):
                self._handshake_failed(event)
            case ev.SyslogMessage():
                self._logged(event)
            case _:
                return

    # -- what happened to the phone ----------------------------------------------------------------

    def _leased(self, event: ev.DhcpMessage) -> None:
        if event.yiaddr != "0.0.0.0" and self.phone.phase is not Phase.OFF:
            self._shadow.happens(Leased(event.at, event.yiaddr, event.options))

    def _told_address(self, event: ev.DnsAnswer) -> None:
        if event.qtype != "A":
            return
        name = _host_name(event.name)
        address = next((a for a in event.answers if is_address(a)), None)
        if address is not None:
            self._names[name] = address
        if self._shadow.locate is not None and _host_name(self._shadow.locate[0].host) == name:
            self._shadow.locate = None
            self._shadow.happens(Located(event.at, address))

    def _ended(self, event: ev.TransferEnded) -> None:
        pending = self._shadow.pending
        if pending is None or pending.transfer != event.transfer:
            return
        self._shadow.pending = None
        answer = answer_of(event)
        self._shadow.happens(Answered(event.at, answer))
        if isinstance(answer, NoAnswer):
            self._shadow.uncertain_since(event.at)

    def _faulted(self, event: ev.FaultInjected) -> None:
        pending = self._shadow.pending
        if pending is not None and event.fault in ("Silence", "Stall"):
            self._shadow.pending = replace(pending, unanswerable=True)

    def _handshake_failed(self, event: ev.TlsHandshake) -> None:
        """A handshake that failed is the failure of the request that it was for."""
        self._shadow.begins(
            event, lambda duty: isinstance(duty, Retrieve) and duty.fetch.scheme == "https"
        )
        expected = self._shadow.retrieve
        if expected is not None and expected[0].fetch.scheme != "tftp":
            self._shadow.retrieve = None
            self._shadow.failed(event.at, "TLS handshake failed")

    # -- what the phone did ------------------------------------------------------------------------

    def _asked_name(self, event: ev.DnsQuery) -> None:
        # A repeated query is the resolver's business; the answer settles it.
        name = _host_name(event.name)
        if event.qtype == "A":
            self._shadow.begins(
                event, lambda duty: isinstance(duty, Locate) and _host_name(duty.host) == name
            )

    def _requested(self, event: ev.ProvisioningRequest) -> None:
        shadow = self._shadow
        pending = shadow.pending
        if pending is not None and repeats(event, pending.retrieve):
            if pending.peer == event.peer or not shadow.gave_up(event, pending):
                shadow.pending = replace(pending, transfer=event.transfer, peer=event.peer)
                return
            shadow.abandon(pending)
        if self.phone.phase is Phase.WAITING:
            shadow.window.check(self.phone, event)
            if REFERENCE.resync_enabled(self.phone.parameters):
                shadow.happens(Began(event.at))
        if shadow.locate is not None:
            known = self._names.get(_host_name(shadow.locate[0].host), "")
            shadow.locate = None
            shadow.happens(Located(event.at, known or event.peer.rpartition(":")[0]))
        if shadow.retrieve is None:
            if self.phone.phase is Phase.BOOTING:
                self._too_soon(event)
            return
        retrieve, _ = shadow.retrieve
        shadow.retrieve = None
        self._compare(retrieve, event)
        shadow.pending = Pending(retrieve, event.at, event.transfer, event.peer)

    def _too_soon(self, event: ev.ProvisioningRequest) -> None:
        self._ledger.violated(
            Finding(
                "resync.random_delay",
                "a request before the phone has a lease",
                "no request",
                describe(event),
                at=event.at,
            )
        )

    def _compare(self, retrieve: Retrieve, event: ev.ProvisioningRequest) -> None:
        clause, finding = compare(retrieve, event, self.phone)
        if finding is None:
            self._ledger.checked(clause)
        else:
            self._ledger.violated(finding)

    def _logged(self, event: ev.SyslogMessage) -> None:
        shadow = self._shadow

        def is_this(duty: Duty) -> bool:
            return isinstance(duty, Log) and duty.message.accepts(event.text)

        if shadow.logs.settle(event, shadow.told_failure):
            return
        if self.phone.phase is Phase.WAITING and shadow.window.allows(self.phone.due, event.at):
            if shadow.begins(event, is_this):
                shadow.logs.settle(event, shadow.told_failure)
        elif shadow.pending is not None and shadow.pending.unanswerable:
            # The phone may have given up: then this is its Log_Failure_Msg.
            trial, duties = resync.advance(self.phone, Answered(event.at, NoAnswer("silence")))
            if any(map(is_this, duties)):
                shadow.pending = None
                shadow.commit(trial, duties, event.at)
                shadow.logs.settle(event, shadow.told_failure)
        else:
            shadow.logs.stray(event)


def _host_name(text: str) -> str:
    return text.rstrip(".").lower()
