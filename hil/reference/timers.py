"""Which parameters are timers, and which of their values are shorter than a firmware allows.

A timer is a time that the phone lets pass before it resyncs, upgrades, reports or registers by itself.
Bounds of a random draw are none, since that begins at 0 whatever they are (Resync_Random_Delay and its
like), nor limits of what is asked for (Reg_Min_Expires), the timers of SIP's transactions, which are
fractions of a second (RFC 3261, appendix A), and the network's delay at boot-up. A trigger compares
times and sets none.
"""

from __future__ import annotations

from collections.abc import Mapping

from hil.errors import SpecificationError
from hil.reference.line_parameters import LINES
from hil.reference.parameter_row import Kind
from hil.reference.parameter_table import TABLE
from hil.reference.parameters import Parameters

TIMERS = frozenset(
    {
        "Resync_Periodic",
        "Resync_Error_Retry_Delay",
        "Forced_Resync_Delay",
        "Upgrade_Error_Retry_Delay",
        "Periodic_Upload_To_Server",
        "Upload_Delay_On_Local_Change",
        "Reg_Retry_Intvl",
        "Reg_Retry_Long_Intvl",
        *(
            f"{name}_{line}_"
            for line in LINES
            for name in (
                "Register_Expires",
                "Proxy_Fallback_Intvl",
                "Voice_Mail_Subscribe_Interval",
            )
        ),
    }
)


def seconds_of(parameters: Parameters, name: str) -> tuple[int, ...]:
    """The times that a timer has, in seconds, the earliest of each range.

    A zero means never, or at once, and is no time; a value that is none has no times either.
    """
    try:
        if TABLE[name].kind is Kind.SCHEDULE:
            return tuple(window.earliest for window in parameters.schedule(name).elements)
        seconds = parameters.integer(name)
    except SpecificationError:
        return ()
    return (seconds,) if seconds else ()


def shorter_than(
    minimum_s: float, parameters: Parameters, accepted: Mapping[str, str]
) -> dict[str, str]:
    """The timers, with their values, that have a time below ``minimum_s``, in seconds.

    Times that the parameter has by default are the firmware's own, and those of ``accepted`` are
    known to be taken.
    """
    own, known = Parameters({}, parameters.interpretations), Parameters(accepted)
    return {
        name: parameters[name]
        for name in sorted(TIMERS)
        if {each for each in seconds_of(parameters, name) if each < minimum_s}
        - {*seconds_of(own, name), *seconds_of(known, name)}
    }
