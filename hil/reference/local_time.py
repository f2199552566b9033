"""The wall clock that a phone shows: its offset from UTC, daylight saving time, and back to instants.

A `TimeZone` is a standard offset and perhaps a rule for daylight saving time. Its arithmetic is on
seconds since 1970 as if there were no leap seconds, local ones and those of UTC. Where clocks go
forward some local times do not exist, where they go back some exist twice; `next_showing` says what
becomes of these.

The notations are published for this family (7800 MPP Administration Guide, Regional, Time; the same
text in the conference AG and the SPA guides)::

    Time Zone     GMT-12:00 ... GMT-08:00 ... GMT ... GMT+13:00
    Time Offset   [+|-]HH/mm
    DST Rule      start=<change>;end=<change>;save=[+|-]HH[:mm[:ss]]
    <change>      month/[+|-]day/weekday[/HH[:mm[:ss]]]

Inferred, where the text is silent: both changes are told in the time that the clock shows until then,
as the law of the published example for the United States tells them; a sign before the offset; blanks
around ``=`` and ``;``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from hil.errors import SpecificationError
from hil.lab_time import NANOSECONDS

MINUTE_S = 60
HOUR_S = 60 * MINUTE_S
DAY_S = 24 * HOUR_S

Gap = Literal["at-change", "skipped"]
"""What becomes of a local time that a change jumps over: it is due at that change, or not that day."""
Overlap = Literal["first", "both"]
"""Whether a local time that a change brings twice counts once."""

_BLANKS = " \t\r\n"
_ZONE = re.compile(
    r"GMT(?:\+(?:0?[0-9]|1[0-2]):[0-5][0-9]|\+13:00|-(?:0?[0-9]|1[01]):[0-5][0-9]|-12:00)?"
)
_OFFSET = re.compile(r"(?:[+-]?(?:[01]?[0-9]|2[0-3])/[0-5]?[0-9])?")
_CLOCK = r"(?:[01]?[0-9]|2[0-3])(?::[0-5]?[0-9](?::[0-5]?[0-9])?)?"
_DAY = r"(?:0?[1-9]|[12][0-9]|3[01])"
_CHANGE = rf"(?:0?[1-9]|1[0-2])/(?:\+?{_DAY}/[0-7]|-{_DAY}/[1-7])(?:/{_CLOCK})?"
_RULE = re.compile(
    rf"start *= *({_CHANGE}) *; *end *= *({_CHANGE}) *; *save *= *([+-]?{_CLOCK}) *;?",
    re.IGNORECASE,
)
_EPOCH = date(1970, 1, 1).toordinal()
_YEARS = (1900, 9000)


@dataclass(frozen=True, slots=True)
class Change:
    """When daylight saving time starts or ends in any year.

    ``day`` is 1 to 31 or -1 to -31, ``weekday`` 1 (Monday) to 7 (Sunday) or 0 for exactly that date,
    ``seconds`` counts from midnight.
    """

    month: int
    day: int
    weekday: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> Change:
        """Read ``month/day/weekday[/HH[:mm[:ss]]]``; what is left out counts as 0."""
        if not re.fullmatch(_CHANGE, text):
            raise SpecificationError(f"{text!r} says no date")
        month, day, weekday, *clock = text.split("/")
        return cls(int(month), int(day), int(weekday), _seconds(clock[0]) if clock else 0)

    def local(self, year: int) -> int:
        """Local seconds since 1970 of the change in ``year``.

        With a weekday, it is the first such day on or after the date, for a negative day the last
        one on or before it, where -1 means the end of the month. The published text says "If <day>
        is 1" of that, but its example for the last Sunday of October is ``10/-1/7``. A day that the
        month does not have counts on into the next one; a negative one is the month's last.
        """
        first = date(year, self.month, 1).toordinal()
        length = date(year + self.month // 12, self.month % 12 + 1, 1).toordinal() - first
        if self.day > 0:
            ordinal = first + self.day - 1
            # Ordinal 1 is a Monday.
            ordinal += (self.weekday - ordinal) % 7 if self.weekday else 0
        else:
            ordinal = first + (length if self.day == -1 else min(-self.day, length)) - 1
            ordinal -= (ordinal - self.weekday) % 7
        return (ordinal - _EPOCH) * DAY_S + self.seconds


@dataclass(frozen=True, slots=True)
class DaylightSaving:
    """The rule: from ``start`` to ``end`` of each year ``save`` seconds are added, perhaps negative."""

    start: Change
    end: Change
    save: int

    @classmethod
    def parse(cls, text: str) -> DaylightSaving | None:
        """Read a rule; None for the empty text. `SpecificationError` if it is none."""
        rule = text.strip(_BLANKS)
        if not rule:
            return None
        match = _RULE.fullmatch(rule)
        if match is None:
            raise SpecificationError(f"{text!r} is no rule for daylight saving time")
        return cls(Change.parse(match[1]), Change.parse(match[2]), _signed_seconds(match[3]))


@dataclass(frozen=True, slots=True)
class TimeZone:
    """``offset`` seconds east of UTC in standard time, and perhaps daylight saving time."""

    offset: int
    daylight: DaylightSaving | None = None

    def utc_offset(self, utc_s: int) -> int:
        """Seconds that the wall clock is ahead of UTC at an instant, in seconds since 1970."""
        offset = self.offset
        for at, into in self.changes(_year(utc_s)):
            if at <= utc_s:
                offset = into
        return offset

    def changes(self, year: int) -> list[tuple[int, int]]:
        """Every change from the year before to the year after: its instant, the offset from then on."""
        if self.daylight is None:
            return []
        saving = self.offset + self.daylight.save
        found = []
        for each in range(year - 1, year + 2):
            found.append((self.daylight.start.local(each) - self.offset, saving))
            found.append((self.daylight.end.local(each) - saving, self.offset))
        return sorted(found, key=lambda change: change[0])

    def showing(self, local_s: int) -> tuple[int, ...]:
        """The instants at which the wall clock shows ``local_s``: none, one or two of them."""
        offsets = {self.offset} | {into for _, into in self.changes(_year(local_s))}
        instants = sorted(local_s - offset for offset in offsets)
        return tuple(at for at in instants if at + self.utc_offset(at) == local_s)


def next_showing(
    zone: TimeZone, minutes: int, utc_ns: int, *, gap: Gap = "at-change", overlap: Overlap = "first"
) -> int:
    """The next instant, later than ``utc_ns``, at which the wall clock turns ``minutes`` past midnight.

    Both instants are nanoseconds since 1970. Raises `SpecificationError` unless 0 <= minutes < 1440
    and the year is one from 1900 to 9000.
    """
    if not 0 <= minutes < DAY_S // MINUTE_S:
        raise SpecificationError(f"no day has a minute {minutes}")
    now = utc_ns // NANOSECONDS
    today = (now + zone.utc_offset(now)) // DAY_S
    # Yesterday may come back yet: a clock put back at half past midnight shows its end again.
    day = today - 1
    while True:
        for at in _turns(zone, day * DAY_S + minutes * MINUTE_S, gap, overlap):
            if at > now:
                return at * NANOSECONDS
        day += 1


def _turns(zone: TimeZone, local_s: int, gap: Gap, overlap: Overlap) -> tuple[int, ...]:
    instants = zone.showing(local_s)
    if instants:
        return instants if overlap == "both" else instants[:1]
    if gap == "skipped":
        return ()
    before = zone.offset
    for at, into in zone.changes(_year(local_s)):
        if at + before <= local_s < at + into:
            return (at,)
        before = into
    return ()


def parse_time_zone(text: str) -> int:
    """Seconds east of UTC of a Time_Zone such as ``GMT-08:00``; `SpecificationError` if it is none."""
    zone = text.strip(_BLANKS)
    if not _ZONE.fullmatch(zone):
        raise SpecificationError(f"{text!r} is no time zone")
    return _signed_seconds(zone.removeprefix("GMT") or "0")


def parse_time_offset(text: str) -> int:
    """Seconds of a Time_Offset__HH_mm_ such as ``01/30``, 0 for the empty text.

    `SpecificationError` if it is none.
    """
    offset = text.strip(_BLANKS)
    if not _OFFSET.fullmatch(offset):
        raise SpecificationError(f"{text!r} is no time offset")
    return _signed_seconds(offset.replace("/", ":") or "0")


def _signed_seconds(text: str) -> int:
    seconds = _seconds(text.lstrip("+-"))
    return -seconds if text.startswith("-") else seconds


def _seconds(text: str) -> int:
    hours, minutes, seconds = (*map(int, text.split(":")), 0, 0)[:3]
    return hours * HOUR_S + minutes * MINUTE_S + seconds


def _year(seconds: int) -> int:
    """The year of an instant, near enough that a change is never two years away."""
    # 400 years of the Gregorian calendar are 146097 days.
    year = 1970 + seconds * 400 // (146_097 * DAY_S)
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise SpecificationError(f"the year {year} is none that a phone knows")
    return year
