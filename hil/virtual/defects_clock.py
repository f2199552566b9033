"""Defects of the clock that Resync_At goes by, and of where that has the time from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference import phone_clock
from hil.reference.local_time import DAY_S
from hil.reference.parameters import Parameters
from hil.reference.phone import Phone
from hil.reference.resync_at import DailyWindow
from hil.virtual.defect import Defect, firmware
from hil.virtual.deviations import Change, Daily, DailyQuestion, Options, daily_window
from hil.virtual.ntp import NtpConfig
from hil.wire import ntp

_PRIMARY = ("Primary_NTP_Server",)
_SECONDARY = ("Secondary_NTP_Server",)

# -- the phone's clock -------------------------------------------------------------------------------


def _by_another_clock(**values: str) -> Change:
    """Go by a clock that is configured otherwise, whatever the parameters say."""

    def daily(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
        known = asked.parameters.updated(values)
        return replace(asked, parameters=known).answered_by(right)

    return daily_window(daily)


def _twice_in_autumn(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
    both = asked.reading.choose(resync_at_overlap="both")
    return replace(asked, reading=both).answered_by(right)


def _every_24_hours(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
    window = replace(asked, last=None).answered_by(right)
    if window is None or asked.last is None:
        return window
    day = DAY_S * NANOSECONDS
    due = asked.last + max(1, (asked.utc_ns - asked.last) // day + 1) * day
    away = due - asked.utc_ns
    return DailyWindow(away, away + window.latest_ns - window.earliest_ns, due)


def _only_a_first_time(phone: Phone, utc_ns: int) -> bool:
    del utc_ns
    return phone.clock is None


def _midnight_of_the_next_day(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
    window = asked.answered_by(right)
    at_midnight = asked.parameters.clock_time("Resync_At__HHmm_") == 0
    if window is None or not at_midnight or asked.last is not None:
        return window
    day = DAY_S * NANOSECONDS
    return DailyWindow(window.earliest_ns + day, window.latest_ns + day, window.due_utc_ns + day)


# -- where the time comes from -----------------------------------------------------------------------


def _asking(change: Callable[[Parameters, Options], tuple[str, ...]]) -> Change:
    """Ask other time servers."""
    return firmware(ntp_servers=change)


def _without(*names: str) -> Callable[[Parameters, Options], tuple[str, ...]]:
    """The time servers of a phone that does not look at these parameters."""

    def servers(parameters: Parameters, options: Options) -> tuple[str, ...]:
        return phone_clock.ntp_servers(parameters.without(*names), options)

    return servers


def _not_from_dhcp(parameters: Parameters, options: Options) -> tuple[str, ...]:
    del options
    return phone_clock.ntp_servers(parameters, {})


def _dhcp_first(parameters: Parameters, options: Options) -> tuple[str, ...]:
    told = phone_clock.ntp_servers(parameters.without(*_PRIMARY, *_SECONDARY), options)
    return tuple(dict.fromkeys((*told, *phone_clock.ntp_servers(parameters, {}))))


def _secondary_first(parameters: Parameters, options: Options) -> tuple[str, ...]:
    named = [parameters.raw(name).strip() for name in (*_SECONDARY, *_PRIMARY)]
    rest = phone_clock.ntp_servers(parameters, options)
    return tuple(dict.fromkeys(server for server in (*named, *rest) if server))


def _the_router_besides(parameters: Parameters, options: Options) -> tuple[str, ...]:
    router = options.get(3, b"")[:4]
    known = phone_clock.ntp_servers(parameters, options)
    return known or (".".join(map(str, router)),)


def _without_check(check: Callable[[ntp.Packet], bool]) -> NtpConfig:
    """A client that does not look at one of the things that make an answer unusable."""

    def unusable(answer: ntp.Packet, asked: ntp.Packet) -> str:
        return "" if check(answer) else ntp.unusable(answer, asked)

    return NtpConfig(unusable=unusable)


DEFECTS = (
    Defect(
        "resync-at-in-utc",
        "resync.at.clock",
        "takes Resync_At for a time of UTC",
        _by_another_clock(
            Time_Zone="GMT",
            Time_Offset__HH_mm_="",
            Daylight_Saving_Time_Enable="No",
            Ignore_DHCP_Time_Offset="Yes",
        ),
    ),
    Defect(
        "resync-at-zone-without-offset",
        "resync.at.clock",
        "does not add Time_Offset to the time zone",
        _by_another_clock(Time_Offset__HH_mm_=""),
    ),
    Defect(
        "resync-at-dhcp-offset-ignored",
        "resync.at.clock",
        "ignores the time offset of DHCP although Ignore_DHCP_Time_Offset is No",
        _by_another_clock(Ignore_DHCP_Time_Offset="Yes"),
    ),
    Defect(
        "resync-at-dhcp-offset-always",
        "resync.at.clock",
        "goes by the time offset of DHCP although Ignore_DHCP_Time_Offset is Yes",
        _by_another_clock(Ignore_DHCP_Time_Offset="No"),
    ),
    Defect(
        "resync-at-standard-time",
        "resync.at.clock",
        "does not follow daylight saving time",
        _by_another_clock(Daylight_Saving_Time_Enable="No"),
    ),
    Defect(
        "resync-at-summer-time-always",
        "resync.at.clock",
        "follows daylight saving time although that is not enabled",
        _by_another_clock(Daylight_Saving_Time_Enable="Yes"),
    ),
    Defect(
        "resync-at-every-24-hours",
        "resync.at.clock",
        "resyncs every 24 hours instead of at a time of its clock",
        daily_window(_every_24_hours),
    ),
    Defect(
        "resync-at-twice-in-autumn",
        "resync.at.clock",
        "resyncs twice where the clock shows Resync_At twice",
        daily_window(_twice_in_autumn),
    ),
    Defect(
        "resync-at-first-time-kept",
        "resync.at.clock",
        "goes by the first time that it was told and ignores what it is told later",
        firmware(takes_time=_only_a_first_time),
    ),
    Defect(
        "resync-at-midnight-a-day-late",
        "resync.at.clock",
        "takes the first midnight for that of the following day",
        daily_window(_midnight_of_the_next_day),
    ),
    Defect(
        "resync-at-without-a-clock",
        "resync.at.clock",
        "takes its time since boot-up for the time of the day until it is told that",
        firmware(first_utc_ns=0),
    ),
    Defect(
        "ntp-not-from-dhcp",
        "clock.ntp",
        "does not ask the time servers of DHCP option 42",
        _asking(_not_from_dhcp),
    ),
    Defect(
        "ntp-no-primary",
        "clock.ntp",
        "does not ask Primary_NTP_Server",
        _asking(_without(*_PRIMARY)),
    ),
    Defect(
        "ntp-no-secondary",
        "clock.ntp",
        "does not ask Secondary_NTP_Server",
        _asking(_without(*_SECONDARY)),
    ),
    Defect(
        "ntp-dhcp-first",
        "clock.ntp",
        "asks the time servers of DHCP before those of its parameters",
        _asking(_dhcp_first),
    ),
    Defect(
        "ntp-secondary-first",
        "clock.ntp",
        "asks Secondary_NTP_Server before Primary_NTP_Server",
        _asking(_secondary_first),
    ),
    Defect(
        "ntp-router",
        "clock.ntp",
        "asks its router for the time if nobody named a time server",
        _asking(_the_router_besides),
    ),
    Defect(
        "ntp-once",
        "clock.ntp",
        "asks for the time once and never again",
        firmware(ntp=NtpConfig(interval=400 * DAY_S * NANOSECONDS)),
    ),
    Defect(
        "ntp-unsynchronized-taken",
        "clock.ntp",
        "takes the time of a server whose clock is not synchronized",
        firmware(ntp=_without_check(lambda answer: answer.leap is ntp.Leap.UNSYNCHRONIZED)),
    ),
    Defect(
        "ntp-another-answer-taken",
        "clock.ntp",
        "takes the time of an answer to a question that it has not asked",
        firmware(ntp=_without_check(lambda answer: answer.mode is ntp.Mode.SERVER)),
    ),
)
