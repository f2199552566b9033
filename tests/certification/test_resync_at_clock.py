"""The clock that Resync_At goes by: its time zone, its changes, and midnight."""

from __future__ import annotations

import pytest

from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import first_resync
from hil.testing.clock import (
    expect_resync_at,
    serve_at,
    synced,
)

HOUR = 3600
NEW_YORK = {
    "Time_Zone": "GMT-05:00",
    "Daylight_Saving_Time_Enable": "Yes",
    "Daylight_Saving_Time_Rule": "start=3/8/7/2;end=11/1/7/2;save=1",
}
"""From the second Sunday of March at 2 to the first Sunday of November at 2 an hour is added."""

# -- time zone ---------------------------------------------------------------------------------------


@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("GMT-08:00", "2026-03-02 14:00", "2026-03-02 15:30"),
        ("GMT+05:30", "2026-03-02 00:30", "2026-03-02 02:00"),
        ("GMT+13:00", "2026-03-01 17:00", "2026-03-01 18:30"),
    ],
)
def test_the_time_is_that_of_the_time_zone(
    zone: str,
    now: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, now)
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Zone=zone)
    expect_resync_at(history, handset, ntp, last, due)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_the_default_time_zone_is_eight_hours_behind_with_summer_time_from_the_end_of_march(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-28 14:00")
    up = handset.boot(Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    last = first_resync(history, handset, up)
    last = expect_resync_at(history, handset, ntp, last, "2026-03-28 15:30")
    # 2026-03-29 is the last Sunday of March.
    expect_resync_at(history, handset, ntp, last, "2026-03-29 14:30")


@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("offset", "due"), [("01/30", "2026-03-02 06:00"), ("-00/30", "2026-03-02 08:00")]
)
def test_time_offset_is_added_to_the_time_zone(
    offset: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 05:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Offset__HH_mm_=offset)
    expect_resync_at(history, handset, ntp, last, due)


@requirement("resync.at.clock")
def test_the_time_offset_of_dhcp_counts_if_it_is_not_ignored(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 05:00")
    dhcp.offer(option_66=tftp.address, ntp=ntp.address, time_offset=2 * HOUR)
    last = synced(history, handset, Resync_At__HHmm_="0730", Ignore_DHCP_Time_Offset="No")
    expect_resync_at(history, handset, ntp, last, "2026-03-02 05:30")


@reading(dhcp_offset_daylight="applied")
@requirement("resync.at.clock")
def test_daylight_saving_time_is_added_to_the_time_offset_of_dhcp(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-07-01 11:00")
    dhcp.offer(option_66=tftp.address, ntp=ntp.address, time_offset=-5 * HOUR)
    values = NEW_YORK | {"Time_Zone": "GMT+03:00", "Ignore_DHCP_Time_Offset": "No"}
    last = synced(history, handset, Resync_At__HHmm_="0730", **values)
    expect_resync_at(history, handset, ntp, last, "2026-07-01 11:30")


@requirement("resync.at.clock")
def test_the_time_offset_of_dhcp_is_ignored_by_default(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 05:00")
    dhcp.offer(option_66=tftp.address, ntp=ntp.address, time_offset=2 * HOUR)
    last = synced(history, handset, Resync_At__HHmm_="0730")
    expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")


# -- daylight saving time ----------------------------------------------------------------------------


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("now", "first", "second"),
    [
        # The clock is put forward on Sunday, 2026-03-08, and back on Sunday, 2026-11-01.
        ("2026-03-07 11:00", "2026-03-07 12:30", "2026-03-08 11:30"),
        ("2026-10-31 10:00", "2026-10-31 11:30", "2026-11-01 12:30"),
    ],
)
def test_the_time_follows_a_change_of_daylight_saving_time(
    now: str,
    first: str,
    second: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, now)
    last = synced(history, handset, Resync_At__HHmm_="0730", **NEW_YORK)
    last = expect_resync_at(history, handset, ntp, last, first)
    expect_resync_at(history, handset, ntp, last, second)


@requirement("resync.at.clock")
def test_without_daylight_saving_time_there_is_no_change(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-07 11:00")
    zone = NEW_YORK | {"Daylight_Saving_Time_Enable": "No"}
    last = synced(history, handset, Resync_At__HHmm_="0730", **zone)
    last = expect_resync_at(history, handset, ntp, last, "2026-03-07 12:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-08 12:30")


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_a_time_that_the_clock_shows_twice_counts_once(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-11-01 04:00")
    last = synced(history, handset, Resync_At__HHmm_="0130", **NEW_YORK)
    # 01:30 of summer time, and an hour later 01:30 of standard time.
    last = expect_resync_at(history, handset, ntp, last, "2026-11-01 05:30")
    if reference.interpretations.resync_at_overlap == "both":
        last = expect_resync_at(history, handset, ntp, last, "2026-11-01 06:30")
    expect_resync_at(history, handset, ntp, last, "2026-11-02 06:30")


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("value", "next_day"),
    [
        ("0200", "2026-03-09 06:00"),
        ("0230", "2026-03-09 06:30"),
        ("0259", "2026-03-09 06:59"),
    ],
)
def test_a_time_that_the_clock_jumps_over(
    value: str,
    next_day: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-08 06:00")
    last = synced(history, handset, Resync_At__HHmm_=value, **NEW_YORK)
    # At 02:00 of standard time, 07:00 UTC, it is 03:00 of summer time.
    if reference.interpretations.resync_at_gap == "at-change":
        last = expect_resync_at(history, handset, ntp, last, "2026-03-08 07:00")
    expect_resync_at(history, handset, ntp, last, next_day)


@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("value", "due"), [("0159", "2026-03-08 06:59"), ("0300", "2026-03-08 07:00")]
)
def test_a_time_beside_those_that_the_clock_jumps_over(
    value: str,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-08 06:00")
    last = synced(history, handset, Resync_At__HHmm_=value, **NEW_YORK)
    expect_resync_at(history, handset, ntp, last, due)


# -- midnight ----------------------------------------------------------------------------------------


@reading(resync_at_2400="midnight")
@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("value", "now", "due"),
    [
        ("0000", "2026-12-31 22:30", "2027-01-01 00:00"),
        ("2400", "2026-12-31 22:30", "2027-01-01 00:00"),
        ("0000", "2028-02-28 23:00", "2028-02-29 00:00"),
        ("0000", "2027-02-28 23:00", "2027-03-01 00:00"),
    ],
)
def test_midnight_is_the_next_one(
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
    last = synced(history, handset, Resync_At__HHmm_=value)
    expect_resync_at(history, handset, ntp, last, due)
