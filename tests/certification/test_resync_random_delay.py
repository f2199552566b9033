"""Resync_Random_Delay: the resync after boot-up begins at a random moment, in seconds."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, TftpRequest
from hil.lab_time import NANOSECONDS
from hil.marks import quick, reading, requirement
from hil.pace.timers import Pace
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force, expect_resyncs, first_resync, provision


@reading(random_delay_unit="seconds")
@quick
@requirement("resync.random_delay")
def test_the_resync_after_boot_up_begins_within_the_random_delay(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="40")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, after=lease, within=40 + handset.timing.late)


@quick
@requirement("resync.random_delay")
def test_a_random_delay_of_zero_resyncs_at_once(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="0")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, after=lease, within=handset.timing.late)


@reading(random_delay_unit="seconds")
@requirement("resync.random_delay", "resync.random_delay.range")
def test_the_largest_random_delay_is_65535_seconds(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    provision(dhcp, tftp)
    up = handset.boot(Resync_Random_Delay="65535")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    history.expect(TftpRequest, after=lease, within=65535 + handset.timing.late)


@reading(random_delay_unit="seconds")
@requirement("resync.random_delay")
def test_boot_ups_are_spread_over_the_random_delay(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    most = pace.timer("Resync_Random_Delay", 600, quick=120)
    provision(dhcp, tftp)
    handset.prepare(Resync_Random_Delay=str(most))
    delays = []
    for _ in range(5):
        up = handset.power_cycle()
        lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
        request = history.expect(TftpRequest, after=lease, within=most + handset.timing.late)
        delays.append((request.at - lease.at) / NANOSECONDS)
    spread = max(delays) - min(delays)
    # Five moments of a uniform choice lie within one per cent of it once in ten million times.
    history.check(
        "the moments of five boot-ups differ",
        seen=", ".join(f"{delay:.1f} s" for delay in delays),
        due=f"moments spread over {most} s",
        passed=spread > max(most / 100, handset.timing.late),
        margin=f"they span {spread:.1f} s",
    )


@requirement("resync.random_delay", "resync.periodic")
def test_the_random_delay_follows_the_boot_up_and_no_periodic_resync(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, history: History, pace: Pace
) -> None:
    period = pace.timer("Resync_Periodic", 600, quick=6)
    most = pace.timer("Resync_Random_Delay", 300, quick=60)
    provision(dhcp, tftp, Resync_Periodic=str(period), Resync_Random_Delay=str(most))
    synced = first_resync(history, handset, handset.boot(Resync_Random_Delay="0"))
    expect_resyncs(history, handset, synced, period, period, period)


@reading(random_delay_unit="seconds")
@requirement("resync.random_delay.range", "resync.random_delay")
@pytest.mark.parametrize("value", ["65536", "-1", "soon"])
def test_a_value_out_of_its_range_is_not_taken(
    value: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    web: PhoneWeb,
    history: History,
    reference: Phone,
) -> None:
    """The chapter does not say what becomes of one: `invalid_value`."""
    provision(dhcp, tftp, Resync_Random_Delay=value)
    first_resync(history, handset, handset.boot(Resync_Random_Delay="40"))
    kept = reference.interpretations.invalid_value == "keep-previous"
    check_in_force(history, handset, web, Resync_Random_Delay="40" if kept else "2")
    lease = history.wait(
        DhcpMessage, after=handset.power_cycle(), kind="ACK", within=handset.boot_limit
    )
    history.expect(TftpRequest, after=lease, within=40 + handset.timing.late)
