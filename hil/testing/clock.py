"""Steps that certification tests about the time of the day share: a clock for the phone, times of it.

Times are UTC, written ``2026-03-02 07:30`` or with seconds.
"""

from __future__ import annotations

from datetime import UTC, datetime

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history import events as ev
from hil.lab_time import NANOSECONDS
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, first_resync

GMT = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No"}
"""The parameters of a phone whose clock shows UTC."""


def utc(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def serve_at(
    dhcp: DhcpEndpoint, tftp: TftpEndpoint, ntp: NtpEndpoint, now: str, **profile: str
) -> None:
    """Name the TFTP and the NTP server by DHCP; it is ``now``, the profile has these parameters."""
    ntp.set(utc(now))
    tftp.serve(DEFAULT_PATH, flat_profile(**profile))
    dhcp.offer(option_66=tftp.address, ntp=ntp.address)


def synced(history: History, handset: HandsetControl, **parameters: str) -> ev.TransferEnded:
    """Boot with these parameters and no random delay; the end of the first resync, a precondition.

    The phone's clock shows UTC unless a parameter says otherwise, and it has been set.
    """
    up = handset.boot(**GMT | {"Resync_Random_Delay": "0"} | parameters)
    ended = first_resync(history, handset, up)
    told(history, handset, up)
    return ended


def told(
    history: History, handset: HandsetControl, after: Moment, within: float = 60
) -> ev.NtpAnswer:
    """Wait until the phone has been told the time after ``after``, a precondition."""
    return history.wait(ev.NtpAnswer, after=after, within=within + handset.timing.late)


def seconds_until(history: History, ntp: NtpEndpoint, when: str, after: Moment) -> float:
    """Seconds from ``after`` to the moment at which the NTP server's clock shows ``when``."""
    ahead = round(utc(when).timestamp()) * NANOSECONDS - ntp.utc_ns
    return (history.now() + ahead - after.at) / NANOSECONDS


def expect_resync_at(
    history: History,
    handset: HandsetControl,
    ntp: NtpEndpoint,
    after: Moment,
    when: str,
    *,
    within: float = 600,
    requirement: str = "",
) -> ev.TransferEnded:
    """Expect the next resync after ``after`` in the ``within`` seconds from ``when`` on.

    Returns the end of its transfer.
    """
    start = seconds_until(history, ntp, when, after)
    elapsed = round(start * NANOSECONDS)
    request = history.expect(
        ev.ProvisioningRequest,
        after=after,
        not_before=start - handset.timing.slack_early(elapsed) / NANOSECONDS,
        within=start + within + handset.timing.slack_late(elapsed) / NANOSECONDS,
        requirement=requirement,
    )
    return history.wait(
        ev.TransferEnded, after=request, transfer=request.transfer, within=handset.timing.give_up
    )


def expect_no_resync_until(
    history: History, ntp: NtpEndpoint, after: Moment, when: str, *, requirement: str = ""
) -> None:
    """Expect that no resync begins before the NTP server's clock shows ``when``."""
    history.expect_none(
        ev.ProvisioningRequest,
        after=after,
        within=seconds_until(history, ntp, when, after),
        requirement=requirement,
    )
