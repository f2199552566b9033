"""The clock that Resync_At goes by: its time zone, its changes, and what a time server does to it."""

from __future__ import annotations

import pytest

from hil.endpoints import faults
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, TransferEnded
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import DEFAULT_PATH, expect_resyncs, first_resync
from hil.testing.clock import (
    GMT,
    expect_no_resync_until,
    expect_resync_at,
    serve_at,
    synced,
    told,
    utc,
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


# -- time servers ------------------------------------------------------------------------------------


@requirement("resync.at.clock")
@pytest.mark.parametrize("shift", [HOUR // 2, -HOUR // 2])
def test_the_time_is_that_of_the_clock_as_it_was_set_last(
    shift: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    ntp.shift(shift)
    told(history, handset, history.mark(), within=4 * HOUR)
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@requirement("resync.at.clock")
def test_a_clock_that_is_put_back_over_the_time_shows_it_twice_and_it_counts_once(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    ntp.shift(-3 * HOUR)
    told(history, handset, last, within=2 * HOUR)
    if reference.interpretations.resync_at_overlap == "both":
        last = expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30")
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_a_clock_that_is_put_forward_over_the_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    mark = history.mark()
    ntp.shift(8 * HOUR)
    changed = told(history, handset, mark, within=2 * HOUR)
    if reference.interpretations.resync_at_gap == "at-change":
        last = expect_resyncs(history, handset, changed, (0, 600))
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_a_clock_that_is_set_within_the_range_counts_from_then_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay="65535")
    tftp.serve(DEFAULT_PATH, flat_profile(Resync_At_Random_Delay="600"))
    expect_no_resync_until(history, ntp, last, "2026-03-02 07:30")
    ntp.shift(HOUR // 2)
    told(history, handset, history.mark(), within=2 * HOUR)
    ntp.silent()
    last = expect_resync_at(history, handset, ntp, last, "2026-03-02 08:00", within=18.5 * HOUR)
    for day in ("03", "04"):
        last = expect_resync_at(history, handset, ntp, last, f"2026-03-{day} 07:30")


@requirement("resync.at", "resync.at.clock")
def test_a_clock_that_was_set_runs_on_when_the_server_falls_silent(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00")
    last = synced(history, handset, Resync_At__HHmm_="0730")
    ntp.silent()
    for day in ("02", "03"):
        last = expect_resync_at(history, handset, ntp, last, f"2026-03-{day} 07:30")


@requirement("resync.at.clock", "resync.at")
def test_a_phone_that_was_never_told_the_time_waits_for_it(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="4000")
    ntp.inject(faults.Silence())
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    last = first_resync(history, handset, up)
    if reference.interpretations.resync_at_no_clock == "periodic":
        expect_resyncs(history, handset, last, 4000, 4000, 4000)
    else:
        expect_no_resync_until(history, ntp, last, "2026-03-03 12:00")


@requirement("resync.at.clock")
def test_a_phone_that_is_told_the_time_late_goes_by_it_from_then_on(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:00", Resync_Periodic="0")
    ntp.unsynchronized()
    up = handset.boot(**GMT, Resync_Random_Delay="0", Resync_At__HHmm_="0730")
    last = first_resync(history, handset, up)
    expect_no_resync_until(history, ntp, last, "2026-03-02 09:00")
    ntp.reset()
    ntp.set(utc("2026-03-02 09:00"))
    tftp.serve(DEFAULT_PATH, flat_profile())
    told(history, handset, history.mark(), within=2 * HOUR)
    expect_resync_at(history, handset, ntp, last, "2026-03-03 07:30")


# -- a lease -----------------------------------------------------------------------------------------


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock", "dhcp.renewal")
@pytest.mark.parametrize(("hours", "due"), [(2, "2026-03-02 05:30"), (-2, "2026-03-02 09:30")])
def test_the_time_offset_of_a_renewed_lease_counts(
    hours: int,
    due: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last = renewed(history, handset, dhcp, tftp, ntp, hours)[0]
    expect_resync_at(history, handset, ntp, last, due)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock", "dhcp.renewal")
def test_a_time_offset_that_lets_the_clock_jump_over_the_time(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 02:00")
    last, changed = renewed(history, handset, dhcp, tftp, ntp, 8)
    if reference.interpretations.resync_at_gap == "at-change":
        last = expect_resyncs(history, handset, changed, (0, 600))
    expect_resync_at(history, handset, ntp, last, "2026-03-02 23:30")


def renewed(
    history: History,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    hours: int,
) -> tuple[TransferEnded, DhcpMessage]:
    """Resync_At is 07:30, and a renewal brings another offset from UTC than the lease before it."""
    times = {"lease_time": 48 * HOUR, "t2": 40 * HOUR}
    servers = {"option_66": tftp.address, "ntp": ntp.address}
    dhcp.offer(**servers, **times, t1=HOUR, time_offset=0)
    last = synced(history, handset, Resync_At__HHmm_="0730", Ignore_DHCP_Time_Offset="No")
    dhcp.offer(**servers, **times, t1=36 * HOUR, time_offset=hours * HOUR)
    ack = history.wait(DhcpMessage, after=last, kind="ACK", within=2 * HOUR)
    return last, ack
