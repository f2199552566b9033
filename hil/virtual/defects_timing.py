"""Defects of when a phone resyncs, and of whether it does at all."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

from hil.reference import decisions as spec
from hil.reference.decisions import Reason
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Due
from hil.reference.profiles import Profile
from hil.reference.windows import Window
from hil.virtual.defect import Defect, decision, firmware
from hil.virtual.deviant_delays import (
    both_ways,
    cycled,
    doubled,
    empty_is_an_hour,
    every_minute,
    first_only,
    never,
    twice_the_range,
    zero_is_a_minute,
)

_MINUTE_NS = 60_000_000_000

# -- schedules ----------------------------------------------------------------------------------------


def _as_periodic(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    del index
    return spec.periodic_delay(parameters, 0, reading)


def _periodic_for_zero(
    parameters: Parameters, index: int, reading: Interpretations
) -> Window | None:
    due = spec.retry_delay(parameters, index, reading)
    return spec.periodic_delay(parameters, 0, reading) if due is None else due


def _random_delay_on_top(
    parameters: Parameters, index: int, reading: Interpretations
) -> Window | None:
    due = spec.periodic_delay(parameters, index, reading)
    extra = spec.random_delay(parameters, reading).latest
    return None if due is None else Window(due.earliest, due.latest + extra)


# -- the resync after boot-up ------------------------------------------------------------------------


def _minutes(parameters: Parameters, reading: Interpretations) -> Window:
    return Window(0, spec.random_delay(parameters, reading).latest * 60)


def _whole(parameters: Parameters, reading: Interpretations) -> Window:
    due = spec.random_delay(parameters, reading)
    return Window(due.latest, due.latest)


def _two_seconds_for_zero(parameters: Parameters, reading: Interpretations) -> Window:
    due = spec.random_delay(parameters, reading)
    return Window(2, 2) if due.latest == 0 else due


# -- instants and switches ---------------------------------------------------------------------------


def _a_minute_late(reason: Reason) -> Callable[[Due, random.Random], int]:
    """Begin resyncs for this reason a minute after their window, where it is one and no instant."""

    def instant(due: Due, chance: random.Random) -> int:
        if due.reason is reason and due.latest > due.earliest:
            return due.latest + _MINUTE_NS
        return chance.randint(due.earliest, due.latest)

    return instant


def _switch_not_applied(parameters: Parameters, profile: Profile) -> Parameters:
    rest = {name: v for name, v in profile.parameters.items() if name != "Provision_Enable"}
    return spec.apply_profile(parameters, replace(profile, parameters=rest))


DEFECTS = (
    Defect(
        "ignores-provision-enable",
        "provision.enable",
        "resyncs although Provision_Enable is No",
        decision(resync_enabled=lambda parameters: True),
    ),
    Defect(
        "provision-enable-not-from-profile",
        "provision.enable",
        "goes on with its resyncs after a profile has set Provision_Enable to No",
        decision(apply_profile=_switch_not_applied),
    ),
    Defect(
        "ignores-resync-on-reset",
        "resync.on_reset",
        "resyncs after a reboot although Resync_On_Reset is No",
        decision(resync_on_reset=lambda parameters: True),
    ),
    Defect(
        "never-resyncs-on-reset",
        "resync.on_reset",
        "does not resync after a reboot although Resync_On_Reset is Yes",
        decision(resync_on_reset=lambda parameters: False),
    ),
    Defect(
        "random-delay-in-minutes",
        "resync.random_delay",
        "takes Resync_Random_Delay for minutes",
        decision(random_delay=_minutes),
    ),
    Defect(
        "random-delay-overrun",
        "resync.random_delay",
        "begins the resync after boot-up a minute after Resync_Random_Delay is over",
        firmware(instant=_a_minute_late(Reason.POWER_UP)),
    ),
    Defect(
        "random-delay-fixed",
        "resync.random_delay",
        "always waits the whole Resync_Random_Delay, so all phones resync at one moment",
        decision(random_delay=_whole),
    ),
    Defect(
        "random-delay-zero-ignored",
        "resync.random_delay",
        "waits two seconds after boot-up although Resync_Random_Delay is 0",
        decision(random_delay=_two_seconds_for_zero),
    ),
    Defect(
        "random-delay-on-every-resync",
        "resync.periodic",
        "adds a random delay to periodic resyncs, too",
        decision(periodic_delay=_random_delay_on_top),
    ),
    Defect(
        "periodic-doubled",
        "resync.periodic",
        "waits twice Resync_Periodic",
        decision(periodic_delay=doubled(spec.periodic_delay)),
    ),
    Defect(
        "periodic-never",
        "resync.periodic",
        "never resyncs periodically",
        decision(periodic_delay=never),
    ),
    Defect(
        "periodic-default-for-empty",
        "resync.periodic",
        "resyncs every hour although Resync_Periodic is empty",
        decision(periodic_delay=empty_is_an_hour(spec.periodic_delay)),
    ),
    Defect(
        "periodic-list-first-only",
        "resync.periodic.list",
        "repeats the first element of a list in Resync_Periodic",
        decision(periodic_delay=first_only(spec.periodic_delay)),
    ),
    Defect(
        "periodic-list-cycled",
        "resync.periodic.list",
        "starts a list in Resync_Periodic over instead of repeating its last element",
        decision(periodic_delay=cycled(spec.periodic_delay)),
    ),
    Defect(
        "periodic-zero-ignored",
        "resync.periodic.zero",
        "resyncs every minute although Resync_Periodic is 0",
        decision(periodic_delay=zero_is_a_minute(spec.periodic_delay)),
    ),
    Defect(
        "periodic-range-overrun",
        "resync.periodic.range",
        "resyncs a minute after the range of Resync_Periodic is over",
        firmware(instant=_a_minute_late(Reason.PERIODIC)),
    ),
    Defect(
        "periodic-range-both-ways",
        "resync.periodic.range",
        "takes 2400+30 in Resync_Periodic for 2400 s more or less 30 s",
        decision(periodic_delay=both_ways(spec.periodic_delay)),
    ),
    Defect(
        "periodic-before-first-success",
        "resync.periodic.first_success",
        "starts the timer of Resync_Periodic at boot, before any successful resync",
        decision(periodic_before_first_success=True),
    ),
    Defect(
        "periodic-after-first-failure",
        "resync.periodic.first_success",
        "resyncs after Resync_Periodic if no resync succeeded and none is to be tried again",
        decision(retry_delay=_periodic_for_zero),
    ),
    Defect(
        "retry-never",
        "resync.error_retry_delay",
        "does not try again after a failed resync",
        decision(retry_delay=never),
    ),
    Defect(
        "retry-every-minute",
        "resync.error_retry_delay",
        "tries again after 60 s whatever Resync_Error_Retry_Delay says",
        decision(retry_delay=every_minute),
    ),
    Defect(
        "retry-list-first-only",
        "resync.error_retry_delay.list",
        "repeats the first element of a list in Resync_Error_Retry_Delay",
        decision(retry_delay=first_only(spec.retry_delay)),
    ),
    Defect(
        "retry-list-cycled",
        "resync.error_retry_delay.list",
        "starts a list in Resync_Error_Retry_Delay over instead of repeating its last element",
        decision(retry_delay=cycled(spec.retry_delay)),
    ),
    Defect(
        "retry-zero-ignored",
        "resync.error_retry_delay.zero",
        "tries again although Resync_Error_Retry_Delay is 0",
        decision(retry_delay=zero_is_a_minute(spec.retry_delay)),
    ),
    Defect(
        "retry-range-doubled",
        "resync.error_retry_delay.range",
        "waits twice as long as the range of Resync_Error_Retry_Delay allows",
        decision(retry_delay=twice_the_range(spec.retry_delay)),
    ),
    Defect(
        "retry-range-both-ways",
        "resync.error_retry_delay.range",
        "takes 2400+30 in Resync_Error_Retry_Delay for 2400 s more or less 30 s",
        decision(retry_delay=both_ways(spec.retry_delay)),
    ),
    Defect(
        "retry-index-kept",
        "resync.error_retry_delay",
        "goes on in the list of Resync_Error_Retry_Delay after a success",
        decision(retry_index_restarts=False),
    ),
    Defect(
        "retry-as-periodic",
        "resync.error_retry_delay",
        "waits Resync_Periodic after a failure",
        decision(retry_delay=_as_periodic),
    ),
)
