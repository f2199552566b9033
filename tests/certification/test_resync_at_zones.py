"""How the time zone of Resync_At is written: its offset, and the rule of daylight saving time.

The notations are those of the Administration Guide (Regional, Time): ``GMT-08:00``, ``[+|-]HH/mm``, and
``start=month/day/weekday/HH:mm:ss;end=...;save=HH:mm:ss``, where weekday 0 means that very date, a
negative day the last such weekday on or before it, and -1 the end of the month.
"""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.ntp import NtpEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.marks import reading, requirement
from hil.reference.phone import Phone
from hil.testbed.control import HandsetControl
from hil.testing import check_in_force
from hil.testing.clock import expect_resync_at, serve_at, synced

NEW_YORK, SYDNEY = "GMT-05:00", "GMT+10:00"
SOUTHERN = "start=10/1/7/2;end=4/1/7/3;save=1"
"""From the first Sunday of October at 2 to the first Sunday of April at 3 of summer time."""


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
@pytest.mark.parametrize(
    ("zone", "rule", "value", "now", "first", "second"),
    [
        pytest.param(
            NEW_YORK,
            "start=3/10/0/2;end=11/10/0/2;save=1",
            "0730",
            "2026-03-09 11:00",
            "2026-03-09 12:30",
            "2026-03-10 11:30",
            id="that very date",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/2;end=10/-15/7/2;save=1",
            "0730",
            "2026-10-10 10:00",
            "2026-10-10 11:30",
            "2026-10-11 12:30",
            id="the last Sunday until the 15th",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/2;end=12/-1/7/2;save=1",
            "0730",
            "2026-12-26 10:00",
            "2026-12-26 11:30",
            "2026-12-27 12:30",
            id="the last Sunday of December",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/2;end=11/-1/7/2;save=1",
            "0730",
            "2026-11-28 10:00",
            "2026-11-28 11:30",
            "2026-11-29 12:30",
            id="the last Sunday of November",
        ),
        pytest.param(
            NEW_YORK,
            "start=2/-1/7/2;end=11/1/7/2;save=1",
            "0730",
            "2028-02-26 11:00",
            "2028-02-26 12:30",
            "2028-02-27 11:30",
            id="the last Sunday of a leap year's February",
        ),
        pytest.param(
            NEW_YORK,
            "start=5/-1/7/2;end=11/1/7/2;save=1",
            "0730",
            "2026-05-30 11:00",
            "2026-05-30 12:30",
            "2026-05-31 11:30",
            id="the last day of May, a Sunday",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/2;end=11/-1/2/2;save=1",
            "0730",
            "2026-11-23 10:00",
            "2026-11-23 11:30",
            "2026-11-24 12:30",
            id="the last Tuesday before a December that begins with one",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7;end=11/1/7;save=1",
            "0130",
            "2026-03-07 05:00",
            "2026-03-07 06:30",
            "2026-03-08 05:30",
            id="at midnight",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/5:30:00;end=11/1/7/5:30:00;save=1",
            "0700",
            "2026-03-07 11:00",
            "2026-03-07 12:00",
            "2026-03-08 11:00",
            id="at half past",
        ),
        pytest.param(
            NEW_YORK,
            "start=3/8/7/2;end=11/1/7/2;save=0:30",
            "0730",
            "2026-03-07 11:00",
            "2026-03-07 12:30",
            "2026-03-08 12:00",
            id="half an hour",
        ),
        pytest.param(
            "GMT-04:00",
            "start=11/1/7/2;end=3/8/7/1;save=-1",
            "0730",
            "2026-10-31 10:00",
            "2026-10-31 11:30",
            "2026-11-01 12:30",
            id="put back in winter",
        ),
        pytest.param(
            SYDNEY,
            SOUTHERN,
            "0730",
            "2026-01-10 20:00",
            "2026-01-10 20:30",
            "2026-01-11 20:30",
            id="summer in January",
        ),
        pytest.param(
            SYDNEY,
            SOUTHERN,
            "0730",
            "2026-04-03 20:00",
            "2026-04-03 20:30",
            "2026-04-04 21:30",
            id="autumn in April",
        ),
    ],
)
def test_the_time_follows_the_rule(
    zone: str,
    rule: str,
    value: str,
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
    saving = {"Daylight_Saving_Time_Enable": "Yes", "Daylight_Saving_Time_Rule": rule}
    last = synced(history, handset, Resync_At__HHmm_=value, Time_Zone=zone, **saving)
    last = expect_resync_at(history, handset, ntp, last, first)
    expect_resync_at(history, handset, ntp, last, second)


@reading(resync_at_dst="wall-clock")
@requirement("resync.at.clock")
def test_the_phone_keeps_to_the_minute_on_twenty_days(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    """A clock that is wrong by a minute shows it on one day of ten, the range being ten minutes."""
    serve_at(dhcp, tftp, ntp, "2026-07-01 11:00")
    saving = {
        "Daylight_Saving_Time_Enable": "Yes",
        "Daylight_Saving_Time_Rule": "start=3/8/7/2;end=11/1/7/2;save=1",
    }
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Zone="GMT-05:45", **saving)
    for day in range(1, 21):
        last = expect_resync_at(history, handset, ntp, last, f"2026-07-{day:02} 12:15")


@requirement("resync.at.clock")
def test_an_empty_rule_saves_nothing(
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-07-01 11:00")
    saving = {"Daylight_Saving_Time_Enable": "Yes", "Daylight_Saving_Time_Rule": ""}
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Zone=NEW_YORK, **saving)
    expect_resync_at(history, handset, ntp, last, "2026-07-01 12:30")


@requirement("resync.at.clock")
@pytest.mark.parametrize("zone", ["GMT+14:00", "GMT-12:30", "GMT+05:60", "EST"])
def test_a_time_zone_that_is_none_is_not_taken(
    zone: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    web: PhoneWeb,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 00:30", Time_Zone=zone)
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Zone="GMT+05:30")
    kept = reference.interpretations.invalid_value == "keep-previous"
    check_in_force(history, handset, web, Time_Zone="GMT+05:30" if kept else "GMT-08:00")
    due = "2026-03-02 02:00" if kept else "2026-03-02 15:30"
    expect_resync_at(history, handset, ntp, last, due)


@requirement("resync.at.clock")
@pytest.mark.parametrize("offset", ["24/00", "00/60", "01:30", "1"])
def test_a_time_offset_that_is_none_is_not_taken(
    offset: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    web: PhoneWeb,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-02 04:30", Time_Offset__HH_mm_=offset)
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Offset__HH_mm_="02/15")
    kept = reference.interpretations.invalid_value == "keep-previous"
    check_in_force(history, handset, web, Time_Offset__HH_mm_="02/15" if kept else "")
    due = "2026-03-02 05:15" if kept else "2026-03-02 07:30"
    expect_resync_at(history, handset, ntp, last, due)


@requirement("resync.at.clock")
@pytest.mark.parametrize(
    "rule",
    [
        "start=13/8/7/2;end=11/1/7/2;save=1",
        "start=3/8/8/2;end=11/1/7/2;save=1",
        "start=3/8/7/2;end=11/32/7/2;save=1",
        "start=3/8/7/2;save=1",
        "summer",
    ],
)
def test_a_rule_that_is_none_is_not_taken(
    rule: str,
    handset: HandsetControl,
    dhcp: DhcpEndpoint,
    tftp: TftpEndpoint,
    ntp: NtpEndpoint,
    history: History,
    reference: Phone,
) -> None:
    serve_at(dhcp, tftp, ntp, "2026-03-20 10:00", Daylight_Saving_Time_Rule=rule)
    saving = {
        "Daylight_Saving_Time_Enable": "Yes",
        "Daylight_Saving_Time_Rule": "start=3/8/7/2;end=11/1/7/2;save=1",
    }
    last = synced(history, handset, Resync_At__HHmm_="0730", Time_Zone=NEW_YORK, **saving)
    # The default rule begins at the end of March.
    kept = reference.interpretations.invalid_value == "keep-previous"
    due = "2026-03-20 11:30" if kept else "2026-03-20 12:30"
    expect_resync_at(history, handset, ntp, last, due)
