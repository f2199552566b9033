"""Resync_At_Random_Delay: within how many minutes of Resync_At the resync begins."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.lab_time import NANOSECONDS
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force
from hil.testing.clock import expect_resync_at, seconds_until, serve_at, synced

DAYS = ("02", "03", "04", "05", "06")


def delays(
    history: History, handset: HandsetControl, ntp: NtpEndpoint, within: float, **parameters: str
) -> list[float]:
    """How many seconds after 07:30 the resyncs of five days began."""
    last = synced(history, handset, Resync_At__HHmm_="0730", **parameters)
    found = []
    for day in DAYS:
        due = f"2026-03-{day} 07:30"
        mark = history.mark()
        start = seconds_until(history, ntp, due, mark)
        last = expect_resync_at(history, handset, ntp, last, due, within=within)
        found.append((last.at - mark.at) / NANOSECONDS - start)
    return found


def check_spread(history: History, seconds: list[float], least: float) -> None:
    """Check that the latest of five moments is later than ``least``."""
    history.check(
        "the moments of five days are spread over the range",
        seen=", ".join(f"{each:.1f} s" for each in seconds),
        due=f"one of them later than {least:g} s",
        passed=max(seconds) > least,
    )


@requirement("resync.at.random_delay")
@pytest.mark.parametrize(
    ("value", "most"),
    [
        # (600 + 30) / 60 = 10 minutes, the default
        ("600", 600),
        # "If the value is less than 600, the random delay interval is between 0 and 600."
        ("0", 600),
        ("599", 600),
        # Ten minutes by the formula (601 + 30) / 60, eleven by the words "rounding up".
        ("601", 660),
        ("660", 660),
        # (65535 + 30) / 60 = 1092 minutes; rounded up they are 1093.
        ("65535", 65_580),
    ],
)
def test_the_resync_begins_within_the_delay_in_whole_minutes(
    value: str,
    most: int,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30")
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay=value)
    expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30", within=most)


@requirement("resync.at.delay_default", "resync.at.random_delay")
def test_the_default_is_ten_minutes(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30")
    # Five moments of a uniform choice lie within one minute of ten once in a hundred thousand times.
    check_spread(history, delays(history, handset, ntp, 600), 60)


@reading(resync_at_zero_delay="ten-minutes")
@requirement("resync.at.delay_minimum", "resync.at.random_delay")
@pytest.mark.parametrize("value", ["0", "60"])
def test_a_value_below_600_spreads_the_resyncs_over_ten_minutes_all_the_same(
    value: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30", Resync_At_Random_Delay=value)
    check_spread(history, delays(history, handset, ntp, 600, Resync_At_Random_Delay="36000"), 60)


@reading(resync_at_rounding="nearest-minute")
@requirement("resync.at.random_delay")
def test_on_none_of_many_days_it_begins_after_the_minutes_of_the_formula(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    """(629 + 30) / 60 = 10 minutes; a phone that takes eleven is late on one of eleven days."""
    serve_at(dhcp, tftp, ntp, "2026-03-01 06:30")
    dhcp.offer(option_66=tftp.address, ntp=ntp.address, lease_time=100 * 86_400)
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay="629")
    ntp.silent()
    for month, days in ((3, 31), (4, 14)):
        for day in range(1, days + 1):
            due = f"2026-{month:02}-{day:02} 07:30"
            last = expect_resync_at(history, handset, ntp, last, due, within=600)


@requirement("resync.at.random_delay")
def test_a_longer_delay_spreads_them_over_more_than_ten_minutes(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30")
    seconds = delays(history, handset, ntp, 36_000, Resync_At_Random_Delay="36000")
    # Five moments of a uniform choice lie within ten minutes of ten hours less than once in a million.
    check_spread(history, seconds, 600)


@requirement("resync.at.random_delay")
def test_the_moments_of_several_days_differ(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30")
    seconds = delays(history, handset, ntp, 3600, Resync_At_Random_Delay="3600")
    history.check(
        "the moments of five days differ",
        seen=", ".join(f"{each:.1f} s" for each in seconds),
        due="moments spread over 3600 s",
        passed=max(seconds) - min(seconds) > 36,
    )


@requirement("resync.at.delay_range", "resync.at.random_delay")
@pytest.mark.parametrize("value", ["65536", "soon"])
def test_a_value_out_of_its_range_is_not_taken(
    value: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    web: PhoneWeb,
    history: History,
    reference: Phone,
) -> None:
    """The chapter does not say what becomes of one: `invalid_value`."""
    serve_at(dhcp, tftp, ntp, "2026-03-02 06:30", Resync_At_Random_Delay=value)
    last = synced(history, handset, Resync_At__HHmm_="0730", Resync_At_Random_Delay="1200")
    kept = reference.interpretations.invalid_value == "keep-previous"
    check_in_force(history, handset, web, Resync_At_Random_Delay="1200" if kept else "600")
    expect_resync_at(history, handset, ntp, last, "2026-03-02 07:30", within=1200)
