"""Time zone and time servers from the parameters and from DHCP, as the published rows say."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import SpecificationError
from hil.reference.local_time import DaylightSaving, TimeZone
from hil.reference.parameters import Parameters
from hil.reference.phone_clock import dhcp_time_offset, ntp_servers, time_zone

HOUR = 3600
DEFAULT_RULE = DaylightSaving.parse("start=3/-1/7/2;end=10/-1/7/2;save=1")


def east(seconds):
    return {2: struct.pack("!i", seconds)}


def configured(**values):
    return Parameters().updated(values)


# -- the rows ----------------------------------------------------------------------------------------


def test_a_new_phone_has_the_printed_defaults():
    defaults = Parameters()
    assert defaults["Primary_NTP_Server"] == defaults["Secondary_NTP_Server"] == ""
    assert defaults["Time_Zone"] == "GMT-08:00"
    assert defaults["Time_Offset__HH_mm_"] == "00/00"
    assert defaults["Ignore_DHCP_Time_Offset"] == "Yes"
    assert defaults["Daylight_Saving_Time_Rule"] == "start=3/-1/7/2;end=10/-1/7/2;save=1"
    assert defaults["Daylight_Saving_Time_Enable"] == "Yes"
    assert time_zone(defaults, {}) == TimeZone(-8 * HOUR, DEFAULT_RULE)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("Time_Zone", "Europe/Berlin"),
        ("Time_Offset__HH_mm_", "1:30"),
        ("Daylight_Saving_Time_Rule", "3/-1/7/2;end=10/-1/7/2;save=1"),
    ],
)
def test_a_profile_with_an_invalid_value_changes_nothing(name, text):
    assert configured(**{name: text}) == Parameters()
    with pytest.raises(SpecificationError):
        time_zone(Parameters({name: text}), {})


# -- the time zone -----------------------------------------------------------------------------------


def test_the_zone_is_further_offset_and_the_rule_counts_while_it_is_enabled():
    values = {
        "Time_Zone": "GMT+05:00",
        "Time_Offset__HH_mm_": "-0/30",
        "Daylight_Saving_Time_Rule": "start=4/1/7;end=10/-1/7;save=0:20",
    }
    rule = DaylightSaving.parse(values["Daylight_Saving_Time_Rule"])
    assert time_zone(configured(**values), {}) == TimeZone(4 * HOUR + 1800, rule)
    disabled = configured(**values, Daylight_Saving_Time_Enable="no")
    assert time_zone(disabled, {}) == TimeZone(4 * HOUR + 1800)
    empty = configured(Time_Zone="GMT", Daylight_Saving_Time_Rule="")
    assert time_zone(empty, {}) == TimeZone(0)


def test_the_offset_of_dhcp_counts_where_the_phone_is_told_not_to_ignore_it():
    assert time_zone(Parameters(), east(HOUR)) == TimeZone(-8 * HOUR, DEFAULT_RULE)
    heeded = configured(Ignore_DHCP_Time_Offset="No", Time_Offset__HH_mm_="3/00")
    assert time_zone(heeded, east(HOUR)) == TimeZone(HOUR, DEFAULT_RULE)
    assert time_zone(heeded, east(-HOUR), dhcp_daylight="ignored") == TimeZone(-HOUR)
    assert time_zone(heeded, {}) == TimeZone(-5 * HOUR, DEFAULT_RULE)


def test_the_offset_of_dhcp_is_signed_seconds():
    assert dhcp_time_offset({2: bytes.fromhex("ffff8f80")}) == -8 * HOUR
    assert dhcp_time_offset({2: bytes.fromhex("00004d58")}) == 5 * HOUR + 1800


@pytest.mark.parametrize("data", ["", "00", "ffff8f", "ffff8f8000", "00015180", "80000000"])
def test_what_is_no_offset_is_as_if_it_were_absent(data):
    assert dhcp_time_offset({2: bytes.fromhex(data)}) is None


# -- the time servers --------------------------------------------------------------------------------


def test_servers_of_the_parameters_come_before_those_of_dhcp():
    options = {42: bytes((192, 0, 2, 5, 192, 0, 2, 6))}
    assert ntp_servers(Parameters(), {}) == ()
    assert ntp_servers(Parameters(), options) == ("192.0.2.5", "192.0.2.6")
    second = configured(Secondary_NTP_Server=" b.example ")
    assert ntp_servers(second, options) == ("b.example", "192.0.2.5", "192.0.2.6")
    both = configured(Primary_NTP_Server="192.0.2.6", Secondary_NTP_Server="b.example")
    assert ntp_servers(both, options) == ("192.0.2.6", "b.example", "192.0.2.5")


@given(st.binary(max_size=20), st.binary(max_size=8))
def test_hostile_options_are_heeded_or_ignored_and_nothing_else(servers, offset):
    options = {42: servers, 2: offset}
    assert len(ntp_servers(Parameters(), options)) <= len(servers) // 4
    heeded = configured(Ignore_DHCP_Time_Offset="No")
    assert abs(time_zone(heeded, options).offset) < 24 * HOUR
