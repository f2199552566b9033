"""Defects of when a phone resyncs."""

from __future__ import annotations

import random
from dataclasses import replace

from hil.reference import decisions as spec
from hil.reference.decisions import Reason
from hil.reference.interpretations import Interpretations
from hil.reference.parameters import Parameters
from hil.reference.phone import Due
from hil.reference.schedules import Schedule
from hil.reference.windows import Window
from hil.virtual.defect import Defect, decision, firmware

_MARGIN_NS = 60_000_000_000


def _double(window: Window | None) -> Window | None:
    return None if window is None else Window(window.earliest * 2, window.latest * 2)


def _first_element(name: str, parameters: Parameters, index: int) -> Window | None:
    del index
    return parameters.schedule(name).window(0)


def _cycled(name: str, parameters: Parameters, index: int) -> Window | None:
    return parameters.schedule(name).window(index, "cycle")


def _zero_is_default(name: str, parameters: Parameters, index: int) -> Window | None:
    schedule = parameters.schedule(name)
    return Window(60, 60) if schedule.never else schedule.window(index)


def _beyond_range(due: Due, chance: random.Random) -> int:
    late = due.latest if due.earliest == due.latest else due.latest + _MARGIN_NS
    return chance.randint(late, late) if due.reason is not Reason.POWER_UP else due.latest


def _late_power_up(due: Due, chance: random.Random) -> int:
    if due.reason is Reason.POWER_UP:
        return due.latest + _MARGIN_NS
    return chance.randint(due.earliest, due.latest)


def _periodic(change: str) -> object:
    def delay(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
        match change:
            case "double":
                return _double(spec.periodic_delay(parameters, index, reading))
            case "first":
                return _first_element("Resync_Periodic", parameters, index)
            case "cycle":
                return _cycled("Resync_Periodic", parameters, index)
            case "zero":
                return _zero_is_default("Resync_Periodic", parameters, index)
            case _:
                return None

    return delay


def _retry(change: str) -> object:
    def delay(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
        match change:
            case "first":
                return _first_element("Resync_Error_Retry_Delay", parameters, index)
            case "cycle":
                return _cycled("Resync_Error_Retry_Delay", parameters, index)
            case "zero":
                return _zero_is_default("Resync_Error_Retry_Delay", parameters, index)
            case "periodic":
                return spec.periodic_delay(parameters, 0, reading)
            case _:
                return None

    return delay


def _default_retry(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    del parameters, reading
    return Schedule.parse("60").window(index)


def _ignores_ranges(parameters: Parameters, index: int, reading: Interpretations) -> Window | None:
    window = spec.retry_delay(parameters, index, reading)
    if window is None or window.earliest == window.latest:
        return window
    return Window(window.latest * 2, window.latest * 2)


def _disabled_only_on_reset(parameters: Parameters) -> bool:
    # The switch is honoured at boot, when nothing has been fetched yet, and forgotten afterwards.
    return parameters.flag("Provision_Enable") or "Resync_Periodic" in parameters.items_set()


def _minutes(parameters: Parameters, reading: Interpretations) -> Window:
    window = spec.random_delay(parameters, reading)
    return replace(window, latest=window.latest * 60, earliest=window.latest * 60)


DEFECTS = (
    Defect(
        "ignores-provision-enable",
        "provision.enable",
        "resyncs although Provision_Enable is No",
        decision(resync_enabled=lambda parameters: True),
    ),
    Defect(
        "provision-enable-only-at-boot",
        "provision.enable",
        "goes on with periodic resyncs after a profile set Provision_Enable to No",
        decision(resync_enabled=_disabled_only_on_reset),
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
        firmware(instant=_late_power_up),
    ),
    Defect(
        "periodic-doubled",
        "resync.periodic",
        "waits twice Resync_Periodic",
        decision(periodic_delay=_periodic("double")),
    ),
    Defect(
        "periodic-never",
        "resync.periodic",
        "never resyncs periodically",
        decision(periodic_delay=_periodic("never")),
    ),
    Defect(
        "periodic-list-first-only",
        "resync.periodic",
        "repeats the first element of a list in Resync_Periodic",
        decision(periodic_delay=_periodic("first")),
    ),
    Defect(
        "periodic-list-cycled",
        "resync.periodic",
        "starts a list in Resync_Periodic over instead of repeating its last element",
        decision(periodic_delay=_periodic("cycle")),
    ),
    Defect(
        "periodic-zero-ignored",
        "resync.periodic",
        "resyncs every minute although Resync_Periodic is 0",
        decision(periodic_delay=_periodic("zero")),
    ),
    Defect(
        "periodic-range-overrun",
        "resync.periodic",
        "resyncs a minute after the range of Resync_Periodic is over",
        firmware(instant=_beyond_range),
    ),
    Defect(
        "periodic-before-first-success",
        "resync.periodic.first_success",
        "starts the timer of Resync_Periodic at boot, before any successful resync",
        decision(periodic_before_first_success=True),
    ),
    Defect(
        "retry-never",
        "resync.error_retry_delay",
        "does not try again after a failed resync",
        decision(retry_delay=_retry("never")),
    ),
    Defect(
        "retry-every-minute",
        "resync.error_retry_delay",
        "tries again after 60 s whatever Resync_Error_Retry_Delay says",
        decision(retry_delay=_default_retry),
    ),
    Defect(
        "retry-list-first-only",
        "resync.error_retry_delay",
        "repeats the first element of a list in Resync_Error_Retry_Delay",
        decision(retry_delay=_retry("first")),
    ),
    Defect(
        "retry-list-cycled",
        "resync.error_retry_delay",
        "starts a list in Resync_Error_Retry_Delay over instead of repeating its last element",
        decision(retry_delay=_retry("cycle")),
    ),
    Defect(
        "retry-zero-ignored",
        "resync.error_retry_delay",
        "tries again although Resync_Error_Retry_Delay is 0",
        decision(retry_delay=_retry("zero")),
    ),
    Defect(
        "retry-range-ignored",
        "resync.error_retry_delay",
        "waits twice as long as the range of Resync_Error_Retry_Delay allows",
        decision(retry_delay=_ignores_ranges),
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
        decision(retry_delay=_retry("periodic")),
    ),
)
