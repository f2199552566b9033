"""Steps that certification tests share, for the suite and for tests of one's own.

They add nothing to what a test could do with its fixtures: they only say it in one word.
"""

from __future__ import annotations

import re

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Mark, Moment
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl

DEFAULT_PATH = "/7832-3PCC.xml"
"""What Profile_Rule asks for by default, ``/$PSN.xml``."""

IDLE = {"Resync_On_Reset": "No", "Resync_Periodic": "0"}
"""A phone without resyncs of its own."""


def provision(dhcp: DhcpEndpoint, tftp: TftpEndpoint, **parameters: str) -> None:
    """Name the TFTP server by DHCP option 66, with a profile of these parameters at `DEFAULT_PATH`."""
    tftp.serve(DEFAULT_PATH, flat_profile(**parameters))
    dhcp.offer(option_66=tftp.address)


def first_resync(history: History, handset: HandsetControl, up: Moment) -> ev.TransferEnded:
    """The end of the transfer after boot-up, a precondition; give the phone no long random delay."""
    within = handset.boot_limit + handset.timing.give_up
    return history.wait(ev.TransferEnded, after=up, within=within)


def failure_told(history: History, handset: HandsetControl, up: Moment) -> ev.SyslogMessage:
    """The phone's own word for when it gave up, where nothing else on the network shows the moment.

    The phone owes it, since the resync has failed; it needs a Syslog_Server and its default
    Log_Failure_Msg.
    """
    within = handset.boot_limit + handset.timing.give_up
    told = re.compile("-- Resync failed: ")
    return history.expect(
        ev.SyslogMessage, after=up, within=within, requirement="resync.failure", text=told
    )


def expect_resyncs(
    history: History,
    handset: HandsetControl,
    after: Moment,
    *delays: int | tuple[int, int],
    requirement: str = "",
) -> Moment:
    """Expect one resync after another, and return the end of the last one's transfer.

    Each asks for one file and begins so many seconds, or between so many, after ``after`` or the
    end of the transfer before it. The windows are widened by what the handset's timing allows.
    """
    ended = after
    for delay in delays:
        earliest, latest = delay if isinstance(delay, tuple) else (delay, delay)
        elapsed = latest * NANOSECONDS
        request = history.expect(
            ev.ProvisioningRequest,
            after=ended,
            not_before=earliest - handset.timing.slack_early(elapsed) / NANOSECONDS,
            within=latest + handset.timing.slack_late(elapsed) / NANOSECONDS,
            requirement=requirement,
        )
        ended = history.wait(
            ev.TransferEnded,
            after=request,
            transfer=request.transfer,
            within=handset.timing.give_up,
        )
    return ended


def boot_to_lease(history: History, handset: HandsetControl, **parameters: str) -> ev.DhcpMessage:
    """Boot with these parameters and no random delay; the DHCPACK, a precondition, is returned."""
    up = handset.boot(Resync_Random_Delay="0", **parameters)
    return history.wait(ev.DhcpMessage, kind="ACK", after=up, within=handset.boot_limit)


def idle_phone(history: History, handset: HandsetControl, **parameters: str) -> Mark:
    """Boot with these parameters, and without a resync that nobody asks for.

    Returns the moment at which the phone has its lease and has had a step's time to serve its pages.
    """
    boot_to_lease(history, handset, **IDLE | parameters)
    history.sleep(handset.timing.step)
    return history.mark()


def soon(handset: HandsetControl) -> float:
    """Seconds within which a phone has begun what it was asked for; no text says how soon that is."""
    return handset.timing.step + handset.timing.late


def next_transfer(history: History, handset: HandsetControl, after: Moment) -> ev.TransferEnded:
    """The end of the transfer that the phone begins soon after ``after``, as it owes."""
    request = history.expect(ev.ProvisioningRequest, after=after, within=soon(handset))
    return history.wait(
        ev.TransferEnded,
        after=request,
        transfer=request.transfer,
        within=handset.timing.give_up,
    )


def expect_reboot(
    history: History, handset: HandsetControl, after: Moment, *, requirement: str = ""
) -> ev.DhcpMessage:
    """Expect the phone to boot, with its power on; returns the DHCPACK, a precondition."""
    asked = history.expect(
        ev.DhcpMessage,
        after=after,
        within=handset.timing.restart,
        requirement=requirement,
        direction=ev.Direction.RECEIVED,
        kind=re.compile("DISCOVER|REQUEST"),
        ciaddr="0.0.0.0",
    )
    return history.wait(ev.DhcpMessage, kind="ACK", after=asked, within=handset.timing.lease)


def check_in_force(
    history: History,
    handset: HandsetControl,
    web: PhoneWeb,
    *,
    requirement: str = "",
    **parameters: str,
) -> None:
    """Check that these parameters have these values on the phone's own configuration page.

    It is looked at a step later, so that what came just now has been taken over.
    """
    history.sleep(handset.timing.step)
    shown = web.parameters()
    seen = {name: shown.get(name, "not shown") for name in parameters}
    history.check("the parameters in force", seen=seen, due=parameters, requirement=requirement)


def fetched(
    history: History, handset: HandsetControl, after: Moment, count: int, *, wait: float = 0.0
) -> list[str]:
    """The paths of the next ``count`` requests, which the phone owes one step after another.

    ``wait`` is how many seconds besides it may take, because a resync among them is due later.
    """
    within = wait + count * soon(handset)
    history.expect(ev.ProvisioningRequest, after=after, within=within, count=count)
    return [each.path for each in history.all(ev.ProvisioningRequest, after=after)][:count]


def logged(history: History, handset: HandsetControl, after: Moment) -> str:
    """The text of the next syslog message, which the phone owes in the resync that is due."""
    within = soon(handset) + handset.timing.message
    return history.expect(ev.SyslogMessage, after=after, within=within).text
