"""Defects of Resync_At and of its random delay; of its clock they are in `defects_clock`."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference import decisions as spec
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Due
from hil.reference.profiles import Profile
from hil.reference.resync_at import DailyWindow
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviations import Change, Daily, DailyQuestion, daily_window, deviating
from hil.virtual.firmware import anywhere

_NAME = "Resync_At__HHmm_"
_DELAY = "Resync_At_Random_Delay"
_MINUTE = 60 * NANOSECONDS


# -- which time --------------------------------------------------------------------------------------


def _at_another_time(change: Callable[[str], str]) -> Change:
    """Take Resync_At for what ``change`` makes of it."""

    def is_set(right: Callable[[Parameters], bool], parameters: Parameters) -> bool:
        return right(_timed(parameters, change))

    def daily(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
        known = _timed(asked.parameters, change)
        return replace(asked, parameters=known).answered_by(right)

    def replaces(
        right: Callable[[Parameters, Interpretations, bool], bool],
        parameters: Parameters,
        reading: Interpretations,
        known: bool,
    ) -> bool:
        return right(_timed(parameters, change), reading, known)

    others = deviating(resync_at_is_set=is_set, replaces_periodic=replaces)
    return lambda base: others(daily_window(daily)(base))


def _timed(parameters: Parameters, change: Callable[[str], str]) -> Parameters:
    written = parameters.raw(_NAME)
    return parameters.updated({_NAME: change(written)})


def _once(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
    return asked.answered_by(right) if asked.last is None else None


def _kept_when_emptied(parameters: Parameters, profile: Profile) -> Parameters:
    rest = {name: v for name, v in profile.parameters.items() if name != _NAME or v.strip()}
    return spec.apply_profile(parameters, replace(profile, parameters=rest))


def _not_from_profile(parameters: Parameters, profile: Profile) -> Parameters:
    rest = {name: v for name, v in profile.parameters.items() if name != _NAME}
    return spec.apply_profile(parameters, replace(profile, parameters=rest))


def _any_text_replaces_periodic(
    parameters: Parameters, reading: Interpretations, known: bool
) -> bool:
    del reading, known
    return bool(parameters.raw(_NAME).strip())


def _hours_alone(text: str) -> str:
    return text[:2] + "00" if text.strip() else text


# -- the random delay --------------------------------------------------------------------------------


def _delayed(change: Callable[[int, DailyWindow], int]) -> Change:
    """Wait for another range; ``change`` gets the delay as it is written, and the right window."""

    def daily(right: Daily, asked: DailyQuestion) -> DailyWindow | None:
        window = asked.answered_by(right)
        if window is None:
            return None
        length = change(int(asked.parameters.raw(_DELAY)), window)
        return replace(window, latest_ns=window.earliest_ns + length)

    return daily_window(daily)


def _right_length(window: DailyWindow) -> int:
    return window.latest_ns - window.earliest_ns


def _a_minute_after_the_range(due: Due, chance: random.Random) -> int:
    if due.clause == "resync.at":
        return due.latest + _MINUTE
    return anywhere(due, chance)


def _at_the_end_of_the_range(due: Due, chance: random.Random) -> int:
    return due.latest if due.clause == "resync.at" else anywhere(due, chance)


DEFECTS = (
    Defect(
        "resync-at-never",
        "resync.at",
        "never resyncs at the time of Resync_At",
        _at_another_time(lambda text: ""),
    ),
    Defect(
        "resync-at-besides-periodic",
        "resync.at.overrides_periodic",
        "goes on with Resync_Periodic although Resync_At is set",
        decision(replaces_periodic=lambda parameters, reading, known: False),
    ),
    Defect(
        "resync-at-invalid-counts",
        "resync.at.format",
        "ignores Resync_Periodic for an invalid Resync_At, too",
        decision(replaces_periodic=_any_text_replaces_periodic),
    ),
    Defect(
        "resync-at-empty-is-midnight",
        "resync.at.default",
        "resyncs at midnight if Resync_At is empty",
        _at_another_time(lambda text: text if text.strip() else "0000"),
    ),
    Defect(
        "resync-at-once",
        "resync.at",
        "resyncs at the time of Resync_At on the first day only",
        daily_window(_once),
    ),
    Defect(
        "resync-at-2400-invalid",
        "resync.at.format",
        "does not take 2400 for a time",
        _at_another_time(lambda text: "" if text.strip() == "2400" else text),
    ),
    Defect(
        "resync-at-leading-zeros-dropped",
        "resync.at.format",
        "takes Resync_At for a number, so that one with a zero in front has too few digits",
        _at_another_time(lambda text: "" if text.strip().startswith("0") else text),
    ),
    Defect(
        "resync-at-hours-alone",
        "resync.at.format",
        "does not look at the minutes of Resync_At",
        _at_another_time(_hours_alone),
    ),
    Defect(
        "resync-at-kept",
        "resync.at",
        "keeps a Resync_At that a profile empties",
        decision(apply_profile=_kept_when_emptied),
    ),
    Defect(
        "resync-at-not-from-profile",
        "resync.at",
        "does not take Resync_At from a profile",
        decision(apply_profile=_not_from_profile),
    ),
    Defect(
        "resync-at-delay-none",
        "resync.at.random_delay",
        "resyncs exactly at the time of Resync_At, as all phones do then",
        _delayed(lambda seconds, window: 0),
    ),
    Defect(
        "resync-at-delay-short",
        "resync.at.delay_minimum",
        "waits at most as long as a Resync_At_Random_Delay below 600 says",
        _delayed(
            lambda seconds, window: (
                seconds * NANOSECONDS if seconds < 600 else _right_length(window)
            )
        ),
    ),
    Defect(
        "resync-at-delay-ten-minutes",
        "resync.at.random_delay",
        "waits at most ten minutes whatever Resync_At_Random_Delay says",
        _delayed(lambda seconds, window: min(600 * NANOSECONDS, _right_length(window))),
    ),
    Defect(
        "resync-at-delay-fixed",
        "resync.at.random_delay",
        "always waits the whole Resync_At_Random_Delay",
        firmware(instant=_at_the_end_of_the_range),
    ),
    Defect(
        "resync-at-delay-overrun",
        "resync.at.random_delay",
        "resyncs a minute after the range of Resync_At_Random_Delay is over",
        firmware(instant=_a_minute_after_the_range),
    ),
)
