"""How long the phone waits for SIP responses, by the timers that its parameters set."""

from __future__ import annotations

from hil.lab_time import NANOSECONDS
from hil.reference.parameters import Parameters


def patience(parameters: Parameters) -> int:
    """64*T1, nanoseconds: how long a phone with this SIP_T1 waits for any response.

    Timer B for an INVITE, timer F for every other request (RFC 3261 section 17.1).
    """
    return 64 * max(1, parameters.milliseconds("SIP_T1")) * NANOSECONDS // 1000
