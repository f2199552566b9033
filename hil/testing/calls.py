"""A phone with lines, for certification tests of what calls have to do with resyncs."""

from __future__ import annotations

from dataclasses import dataclass

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import Call
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history import events as ev
from hil.history.events import Direction
from hil.testbed.control import HandsetControl
from hil.testing import expect_resyncs, first_resync, provision, soon
from hil.testing.sip import account, registered


@dataclass(frozen=True)
class Telephone:
    """The handset under test with what it needs to be provisioned and to be called."""

    history: History
    handset: HandsetControl
    dhcp: DhcpEndpoint
    tftp: TftpEndpoint
    sip: SipEndpoint

    def boot(
        self, lines: tuple[int, ...] = (1,), **parameters: str
    ) -> tuple[ev.PowerSwitched, ev.SipMessage]:
        """Boot with accounts for these lines and no random delay, a profile being there for it.

        Returns the power-on and the 200 with which the last line has its registration.
        """
        provision(self.dhcp, self.tftp)
        accounts: dict[str, str] = {}
        for line in lines:
            accounts |= account(self.sip, line)
        up = self.handset.boot(**{"Resync_Random_Delay": "0"} | accounts | parameters)
        granted = [registered(self.history, self.handset, up, line) for line in lines]
        return up, granted[-1]

    def synced(self, lines: tuple[int, ...] = (1,), **parameters: str) -> ev.TransferEnded:
        """Boot as `boot` does; the end of the first resync, a precondition."""
        up, _ = self.boot(lines, **parameters)
        return first_resync(self.history, self.handset, up)

    def talk(self, line: int = 1) -> Call:
        """Call a line, which answers, a precondition."""
        mark = self.history.mark()
        call = self.sip.call(line)
        self._wait(mark, Direction.RECEIVED, "INVITE", 200)
        return call

    def hang_up(self, call: Call) -> ev.SipMessage:
        """End a call of the bench's; returns the BYE, with which the line becomes idle."""
        mark = self.history.mark()
        call.hang_up()
        return self._wait(mark, Direction.SENT, "BYE", 0)

    def expect_none(self, seconds: float, after: Moment | None = None) -> None:
        """Expect that no resync begins in so many seconds from now, or from ``after``."""
        self.history.expect_none(
            ev.ProvisioningRequest, after=after or self.history.mark(), within=seconds
        )

    def expect(self, after: Moment, *delays: int | tuple[int, int]) -> Moment:
        """Expect one resync after another, each so many seconds after the one before it."""
        return expect_resyncs(self.history, self.handset, after, *delays)

    def expect_soon(self, after: Moment) -> ev.ProvisioningRequest:
        """Expect a resync that nothing holds back any more."""
        return self.history.expect(ev.ProvisioningRequest, after=after, within=soon(self.handset))

    def _wait(self, after: Moment, direction: Direction, method: str, status: int) -> ev.SipMessage:
        return self.history.wait(
            ev.SipMessage,
            after=after,
            within=soon(self.handset),
            direction=direction,
            method=method,
            status=status,
        )
