"""Resync_At (HHmm): the time at which the phone resyncs, and what becomes of Resync_Periodic."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs
from hil.testing.clock import (
    GMT,
    expect_no_resync_until,
    expect_resync_at,
    serve_at,
    synced,
    told,
)


@requirement("resync.at")
def test_the_phone_resyncs_at_that_time_every_day(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    for day in ("02", "03", "04"):
        last = expect_resync_at(history, handset, ntp, last, f"2026-03-{day} 07:30")


@reading(resync_at_2400="midnight")
@requirement("resync.at.format", "resync.at")
@pytest.mark.parametrize(
    ("value", "now", "due"),
    [
        ("0000", "2026-03-02 22:00", "2026-03-03 00:00"),
        ("0959", "2026-03-02 09:00", "2026-03-02 09:59"),
        ("2359", "2026-03-02 23:00", "2026-03-02 23:59"),
        ("2400", "2026-03-02 22:00", "2026-03-03 00:00"),
    ],
)
def test_a_time_from_0000_to_2400_is_valid(
    value: str,
    now: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, now)
    expect_resync_at(history, handset, ntp, synced(history, handset, Resync_At__HHmm_=value), due)


@reading(resync_at_minutes="invalid")
@requirement("resync.at.format", "resync.at")
@pytest.mark.parametrize("value", ["2401", "0960", "730", "07:30", "later", "-730"])
def test_an_invalid_time_is_ignored(
    value: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_At__HHmm_=value)
    last = synced(history, handset, Resync_Periodic="3000")
    expect_resyncs(history, handset, last, 3000, 3000, 3000)


@requirement("resync.at.default", "resync.at")
def test_the_default_is_no_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_Periodic="0")
    expect_no_resync_until(history, ntp, last, "2026-03-04 06:00")


@requirement("resync.at.overrides_periodic", "resync.at")
def test_resync_periodic_is_ignored_beside_a_valid_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_Periodic="600")
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@reading(empty_element=("set-empty", "default"))
@requirement("resync.at")
def test_a_profile_that_empties_it_lets_resync_periodic_count_again(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_Periodic="600")
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_At__HHmm_=""))
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resyncs(history, handset, last, 600, 600)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at")
def test_a_profile_sets_the_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_At__HHmm_="0815")
    last = synced(history, handset, Resync_Periodic="600")
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_At__HHmm_="1130"))
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 08:15")
    expect_resync_at(history, handset, ntp, last, "2026-03-02 11:30")


@requirement("resync.at")
def test_it_needs_no_resync_before(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    up = handset.boot(**GMT, Resync_On_Reset="No", Resync_At__HHmm_="0730")
    lease = history.wait(DhcpMessage, after=up, kind="ACK", within=handset.boot_limit)
    told(history, handset, up)
    expect_resync_at(history, handset, ntp, lease, "2026-03-02 07:30")


@requirement("resync.at", "resync.error_retry_delay")
def test_a_resync_that_fails_is_retried_and_due_again_the_next_day(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_Error_Retry_Delay="5000,0")
    tftp.remove(DEFAULT_PATH)
    failed = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    failed = expect_resyncs(history, handset, failed, 5000)
    expect_resync_at(history, handset, ntp, failed, "2026-03-03 07:30")
