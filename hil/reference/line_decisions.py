"""The decisions of a phone line, each a pure function of its parameters and of what it met.

`LineDecisions()` is the published behaviour. As with `hil.reference.decisions`, a defect replaces one
of these functions and the judge keeps all of them in place.

Sources: *guides* are the administration guides of the multiplatform phones, chapters SIP and Ext (n).
The response templates that steer fail-over and retries name status codes and the chapter's internal
error codes alike (`hil.reference.response_templates`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from hil.reference import dial_plan, error_codes, notify
from hil.reference.dial_plan import Verdict
from hil.reference.error_codes import Trouble
from hil.reference.interpretations import Interpretations
from hil.reference.line_parameters import VOICE_MAIL_INTERVAL
from hil.reference.parameters import Parameters
from hil.reference.windows import Window

SERVICE_UNAVAILABLE = "503"
LONGEST_DELAY = 2**31 - 1
"""Seconds that a server can have a phone wait: its numbers have 32 bits."""

_BITS = 31
"""Doublings after which any interval is beyond the largest cap."""

_ADDRESS = re.compile(r"([A-Za-z0-9](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9.])?)(?::([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class Server:
    """Where requests go: ``host`` and ``port`` (None: the transport's own).

    ``domain`` is the host part of the line's address of record there.
    """

    host: str
    port: int | None
    domain: str


@dataclass(frozen=True, slots=True)
class VoiceMail:
    """A line's mailbox: the ``server`` that tells of it, and for how many seconds a time."""

    server: Server
    interval: int


def enabled(parameters: Parameters, line: int) -> bool:
    """Line_Enable_n_: whether the line exists at all; without, its port is closed."""
    return parameters.flag(f"Line_Enable_{line}_")


def registers(parameters: Parameters, line: int) -> bool:
    """Line_Enable_n_ and Register_n_; without a user or a server there is nothing to register."""
    if not (enabled(parameters, line) and parameters.flag(f"Register_{line}_")):
        return False
    return bool(parameters.raw(f"User_ID_{line}_").strip()) and bool(servers(parameters, line))


def servers(parameters: Parameters, line: int) -> tuple[Server, ...]:
    """Proxy_n_ or Outbound_Proxy_n_ first, then the backup: Alternate_Proxy_n_ or its outbound one.

    "When the Dual Register parameter is set to No, Alternate Proxy is ignored" (guides). Empty where
    Proxy_n_ names no host.
    """
    goes_by = parameters.flag(f"Use_Outbound_Proxy_{line}_")
    outbound = parameters.raw(f"Outbound_Proxy_{line}_") if goes_by else ""
    first = _server(parameters.raw(f"Proxy_{line}_"), outbound)
    if first is None:
        return ()
    backup = _backup(parameters, line) if parameters.flag(f"Dual_Registration_{line}_") else None
    return (first,) if backup is None else (first, backup)


def expires_asked(parameters: Parameters, line: int) -> int:
    """Register_Expires_n_, seconds."""
    return parameters.integer(f"Register_Expires_{line}_")


def expires_granted(parameters: Parameters, granted: int) -> int:
    """Reg_Min_Expires: of a smaller value from the proxy "the minimum value is used" (guides)."""
    return max(granted, parameters.integer("Reg_Min_Expires"))


def longer_expires(parameters: Parameters, asked: int, minimum: int) -> int | None:
    """What to ask for after a 423: its Min-Expires (RFC 3261 section 10.2.8).

    At most Reg_Max_Expires; None where that is not more than was asked for.
    """
    longer = min(minimum, parameters.integer("Reg_Max_Expires"))
    return longer if longer > asked else None


def refresh(expires: int) -> Window:
    """Before the binding ends (RFC 3261 section 10.2.4); how long before is unpublished."""
    return Window(0, expires)


def fallback(parameters: Parameters, line: int, expires: int) -> Window:
    """Back to the primary server: after Proxy_Fallback_Intvl_n_, if the binding lasts so long.

    "The fallback occurs when the current registration expires or Proxy Fallback Intvl fires"
    (guides). An interval of 0, which no document explains, is taken for none.
    """
    interval = parameters.integer(f"Proxy_Fallback_Intvl_{line}_")
    return Window(interval, interval) if 0 < interval < expires else refresh(expires)


def tries_backup(code: str, parameters: Parameters) -> bool:
    """Try_Backup_RSC: "may be set to invoke failover upon receiving specified response codes"."""
    return parameters.response_codes("Try_Backup_RSC").match(code) is not None


def retries_soon(code: str, parameters: Parameters) -> bool:
    """Retry_Reg_RSC: whether Reg_Retry_Intvl applies rather than Reg_Retry_Long_Intvl.

    "When registration fails with a SIP response code that does not match Retry Reg RSC, the phone
    waits for [Reg Retry Long Intvl]" (guides). Taken to the letter an empty template, which is the
    default, matches nothing, so that every failure waits long.
    """
    return parameters.response_codes("Retry_Reg_RSC").match(code) is not None


def short_delay(parameters: Parameters, failures: int) -> Window:
    """Reg_Retry_Intvl after ``failures`` earlier ones, with Reg_Retry_Random_Delay on top.

    With a Reg_Retry_Intvl_Cap it "doubles every retry" up to that; 0 is none.
    """
    delay = parameters.integer("Reg_Retry_Intvl")
    cap = parameters.integer("Reg_Retry_Intvl_Cap")
    delay = max(delay, min(cap, delay << min(failures, _BITS)))
    return Window(delay, delay + parameters.integer("Reg_Retry_Random_Delay"))


def long_delay(parameters: Parameters, failures: int) -> Window | None:
    """Reg_Retry_Long_Intvl with Reg_Retry_Long_Random_Delay on top.

    "If this interval is 0, the phone stops trying", which is None.
    """
    del failures
    delay = parameters.integer("Reg_Retry_Long_Intvl")
    if not delay:
        return None
    return Window(delay, delay + parameters.integer("Reg_Retry_Long_Random_Delay"))


def retry_after(code: str, seconds: int | None) -> Window | None:
    """The Retry-After of a 503: "the phone waits for the specified length of time" (guides).

    One of 0 specifies no length; then, as without the header, the intervals apply.
    """
    if code != SERVICE_UNAVAILABLE or not seconds:
        return None
    seconds = min(seconds, LONGEST_DELAY)
    return Window(seconds, seconds)


def may_call(parameters: Parameters, line: int, registered: bool) -> bool:
    """Make_Call_Without_Reg_n_: whether the line may call now; a disabled line never."""
    return parameters.flag(f"Line_Enable_{line}_") and (
        registered or parameters.flag(f"Make_Call_Without_Reg_{line}_")
    )


def may_be_called(parameters: Parameters, line: int, registered: bool) -> bool:
    """Ans_Call_Without_Reg_n_: whether the line, whose port is open, answers calls now."""
    return registered or parameters.flag(f"Ans_Call_Without_Reg_{line}_")


def voice_mail(parameters: Parameters, line: int) -> VoiceMail | None:
    """Voice_Mail_Server_n_, Voice_Mail_Enable_n_ and Voice_Mail_Subscribe_Interval_n_.

    The server is "generally the IP address, and port number of the VM server"; without one, or where
    Voice_Mail_Enable_n_ "disables the subscription", None.
    """
    server = _server(parameters.raw(f"Voice_Mail_Server_{line}_"), "")
    if server is None or not parameters.flag(f"Voice_Mail_Enable_{line}_"):
        return None
    interval = parameters.integer(f"Voice_Mail_Subscribe_Interval_{line}_")
    return VoiceMail(server, interval or VOICE_MAIL_INTERVAL)


def dial(parameters: Parameters, line: int, number: str) -> Verdict:
    """Dial_Plan_n_: the number that is sent for ``number``, or that it is invalid (X60)."""
    return dial_plan.dial(parameters.raw(f"Dial_Plan_{line}_"), number)


def _backup(parameters: Parameters, line: int) -> Server | None:
    outbound = parameters.raw(f"Alternate_Outbound_Proxy_{line}_")
    return _server(parameters.raw(f"Alternate_Proxy_{line}_") or outbound, outbound)


def _server(proxy: str, outbound: str) -> Server | None:
    domain = _ADDRESS.fullmatch(proxy.strip())
    target = _ADDRESS.fullmatch(outbound.strip() or proxy.strip())
    if domain is None or target is None:
        return None
    port = int(target[2]) if target[2] else None
    if port is not None and not 0 < port < 65536:
        return None
    return Server(target[1], port, domain[1])


@dataclass(frozen=True)
class LineDecisions:
    """One function a decision; the defaults are what is published."""

    enabled: Callable[[Parameters, int], bool] = enabled
    registers: Callable[[Parameters, int], bool] = registers
    servers: Callable[[Parameters, int], tuple[Server, ...]] = servers
    expires_asked: Callable[[Parameters, int], int] = expires_asked
    expires_granted: Callable[[Parameters, int], int] = expires_granted
    longer_expires: Callable[[Parameters, int, int], int | None] = longer_expires
    refresh: Callable[[int], Window] = refresh
    fallback: Callable[[Parameters, int, int], Window] = fallback
    tries_backup: Callable[[str, Parameters], bool] = tries_backup
    retries_soon: Callable[[str, Parameters], bool] = retries_soon
    short_delay: Callable[[Parameters, int], Window] = short_delay
    long_delay: Callable[[Parameters, int], Window | None] = long_delay
    retry_after: Callable[[str, int | None], Window | None] = retry_after
    may_call: Callable[[Parameters, int, bool], bool] = may_call
    may_be_called: Callable[[Parameters, int, bool], bool] = may_be_called
    voice_mail: Callable[[Parameters, int], VoiceMail | None] = voice_mail
    dial: Callable[[Parameters, int, str], Verdict] = dial
    code_of: Callable[[Trouble], str] = error_codes.code_of
    notify: Callable[[str, Parameters, int, bool, Interpretations], notify.Outcome] = notify.decide


REFERENCE_LINE = LineDecisions()
