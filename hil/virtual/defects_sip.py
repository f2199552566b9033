"""Defects of how lines register, and of how they repeat what they sent."""

from __future__ import annotations

import random
from dataclasses import replace

from hil.lab_time import NANOSECONDS
from hil.reference import line_decisions as spec
from hil.reference.line_decisions import Server
from hil.reference.parameters import Parameters
from hil.reference.registration import RegisterDue
from hil.reference.windows import Window
from hil.virtual.defect import Defect, line_decision, sip_config
from hil.virtual.sip_account import Account
from hil.virtual.sip_config import in_time, timers
from hil.wire.sip_build import Hop
from hil.wire.sip_digest import Algorithm
from hil.wire.sip_message import Message, Request, Response, with_header
from hil.wire.sip_timers import Timers

_HALF_A_MINUTE_NS = 30_000_000_000
_MOST_REPEATED = 6
_DEFAULT_SHORT, _DEFAULT_LONG = 30, 1200

# -- registration ------------------------------------------------------------------------------------


def _late(due: RegisterDue, chance: random.Random) -> int:
    at = in_time(due, chance)
    return due.latest + _HALF_A_MINUTE_NS if due.clause == "registration.refresh" else at


def _any_line(parameters: Parameters, line: int) -> bool:
    return bool(parameters.raw(f"User_ID_{line}_") and spec.servers(parameters, line))


def _first_line_only(parameters: Parameters, line: int) -> bool:
    return line == 1 and spec.registers(parameters, line)


def _without_outbound(parameters: Parameters, line: int) -> tuple[Server, ...]:
    return spec.servers(parameters.updated({f"Outbound_Proxy_{line}_": ""}), line)


def _with_user_id(account: Account) -> Account:
    return replace(account, auth_user=account.user)


def _over_udp(account: Account) -> Account:
    return replace(account, transport="UDP")


def _always_stale(message: Message) -> Message | None:
    """Take every rejection for one of the nonce, up to a number that does not flood anybody."""
    if not isinstance(message, Response) or message.status != 401:
        return message
    challenge = message.header("WWW-Authenticate") or ""
    if message.cseq.number >= _MOST_REPEATED:
        return message
    return with_header(message, "WWW-Authenticate", f"{challenge}, stale=true")


# -- transactions ------------------------------------------------------------------------------------


def _slow(parameters: Parameters) -> Timers:
    return replace(timers(parameters), t1=2 * NANOSECONDS)


def _uncapped(parameters: Parameters) -> Timers:
    return replace(timers(parameters), t2=64 * NANOSECONDS)


def _default_timers(parameters: Parameters) -> Timers:
    del parameters
    return Timers()


def _as_datagrams(hop: Hop) -> Hop:
    return replace(hop, transport="UDP")


def _without_provisional(message: Message) -> Message | None:
    return None if isinstance(message, Response) and message.status < 200 else message


def _without_ack(message: Message) -> Message | None:
    return None if isinstance(message, Request) and message.method == "ACK" else message


# -- the backup --------------------------------------------------------------------------------------


def _backup_anyway(parameters: Parameters, line: int) -> tuple[Server, ...]:
    return spec.servers(parameters.updated({f"Dual_Registration_{line}_": "Yes"}), line)


def _without_alternate_outbound(parameters: Parameters, line: int) -> tuple[Server, ...]:
    return spec.servers(parameters.updated({f"Alternate_Outbound_Proxy_{line}_": ""}), line)


def _never_back(parameters: Parameters, line: int, expires: int) -> Window:
    del parameters, line
    return spec.refresh(expires)


# -- retries -----------------------------------------------------------------------------------------


def _default_short(parameters: Parameters, failures: int) -> Window:
    fixed = parameters.updated({"Reg_Retry_Intvl": str(_DEFAULT_SHORT)})
    return spec.short_delay(fixed, failures)


def _default_long(parameters: Parameters, failures: int) -> Window | None:
    interval = parameters.integer("Reg_Retry_Long_Intvl") and _DEFAULT_LONG
    return spec.long_delay(parameters.updated({"Reg_Retry_Long_Intvl": str(interval)}), failures)


def _long_for_zero(parameters: Parameters, failures: int) -> Window | None:
    due = spec.long_delay(parameters, failures)
    return Window(_DEFAULT_LONG, _DEFAULT_LONG) if due is None else due


def _twice_the_range(parameters: Parameters, failures: int) -> Window:
    due = spec.short_delay(parameters, failures)
    late = 2 * due.latest - due.earliest
    return Window(late, late)


def _twice_the_long_range(parameters: Parameters, failures: int) -> Window | None:
    due = spec.long_delay(parameters, failures)
    if due is None:
        return None
    late = 2 * due.latest - due.earliest
    return Window(late, late)


def _never_longer(parameters: Parameters, failures: int) -> Window:
    del failures
    return spec.short_delay(parameters, 0)


DEFECTS = (
    Defect(
        "register-never-authenticates",
        "sip.registration",
        "does not answer the proxy's challenge",
        sip_config(algorithms=()),
    ),
    Defect(
        "register-knows-only-md5",
        "sip.registration",
        "does not answer a challenge with SHA-256",
        sip_config(algorithms=(Algorithm.MD5,)),
    ),
    Defect(
        "register-ignores-auth-id",
        "sip.registration",
        "shows User_ID in its credentials although there is an Auth_ID",
        sip_config(account=_with_user_id),
    ),
    Defect(
        "register-repeats-rejected-credentials",
        "sip.registration",
        "shows the same account again when its credentials are rejected",
        sip_config(incoming=_always_stale),
    ),
    Defect(
        "register-asks-for-an-hour",
        "sip.registration",
        "asks for 3600 s whatever Register_Expires says",
        line_decision(expires_asked=lambda parameters, line: 3600),
    ),
    Defect(
        "register-refreshes-late",
        "sip.registration",
        "registers again half a minute after its registration has expired",
        sip_config(instant=_late),
    ),
    Defect(
        "register-ignores-granted-lifetime",
        "sip.registration",
        "takes every registration for one of an hour",
        line_decision(expires_granted=lambda parameters, granted: 3600),
    ),
    Defect(
        "register-gives-up-at-423",
        "sip.registration",
        "takes a 423 for a failure and does not ask for longer",
        line_decision(longer_expires=lambda parameters, asked, minimum: None),
    ),
    Defect(
        "register-always-over-udp",
        "sip.registration",
        "registers over UDP whatever SIP_Transport says",
        sip_config(account=_over_udp),
    ),
    Defect(
        "register-ignores-switches",
        "sip.registration",
        "registers a line although Line_Enable or Register is No",
        line_decision(registers=_any_line, enabled=lambda parameters, line: True),
    ),
    Defect(
        "register-first-line-only",
        "sip.registration",
        "never registers its second line",
        line_decision(registers=_first_line_only),
    ),
    Defect(
        "register-ignores-outbound-proxy",
        "sip.registration",
        "asks the proxy although there is an Outbound_Proxy",
        line_decision(servers=_without_outbound),
    ),
    Defect(
        "sip-repeats-slowly",
        "sip.transactions",
        "repeats what is not answered as if T1 were two seconds",
        sip_config(timers=_slow),
    ),
    Defect(
        "sip-repeats-without-t2",
        "sip.transactions",
        "doubles the pauses between repetitions beyond T2",
        sip_config(timers=_uncapped),
    ),
    Defect(
        "sip-ignores-t1",
        "sip.transactions",
        "takes the standard's timers whatever SIP_T1 and SIP_T2 say",
        sip_config(timers=_default_timers),
    ),
    Defect(
        "sip-repeats-over-streams",
        "sip.transactions",
        "repeats requests over TCP and TLS, too",
        sip_config(hop=_as_datagrams),
    ),
    Defect(
        "sip-ignores-provisional-responses",
        "sip.transactions",
        "goes on repeating an INVITE that has a provisional response",
        sip_config(incoming=_without_provisional),
    ),
    Defect(
        "sip-ignores-acks",
        "sip.transactions",
        "goes on repeating a 200 that is acknowledged",
        sip_config(incoming=_without_ack),
    ),
    Defect(
        "sip-never-acknowledges",
        "sip.transactions",
        "sends no ACK",
        sip_config(transmit=_without_ack),
    ),
    Defect(
        "backup-never-tried",
        "sip.backup",
        "does not try the backup whatever Try_Backup_RSC says",
        line_decision(tries_backup=lambda code, parameters: False),
    ),
    Defect(
        "backup-always-tried",
        "sip.backup",
        "tries the backup whatever the code",
        line_decision(tries_backup=lambda code, parameters: True),
    ),
    Defect(
        "backup-without-dual-registration",
        "sip.backup",
        "tries the backup although Dual_Registration is No",
        line_decision(servers=_backup_anyway),
    ),
    Defect(
        "backup-kept",
        "sip.backup",
        "does not go back to its proxy after Proxy_Fallback_Intvl",
        line_decision(fallback=_never_back),
    ),
    Defect(
        "backup-ignores-outbound-proxy",
        "sip.backup",
        "asks the alternate proxy although there is an Alternate_Outbound_Proxy",
        line_decision(servers=_without_alternate_outbound),
    ),
    Defect(
        "register-retries-late-only",
        "sip.register_retry",
        "waits Reg_Retry_Long_Intvl after every failure",
        line_decision(retries_soon=lambda code, parameters: False),
    ),
    Defect(
        "register-retries-soon-only",
        "sip.register_retry",
        "waits Reg_Retry_Intvl after every failure",
        line_decision(retries_soon=lambda code, parameters: True),
    ),
    Defect(
        "register-retry-intervals-fixed",
        "sip.register_retry",
        "waits 30 s or 1200 s whatever the intervals say",
        line_decision(short_delay=_default_short, long_delay=_default_long),
    ),
    Defect(
        "register-never-gives-up",
        "sip.register_retry",
        "tries again after 1200 s although Reg_Retry_Long_Intvl is 0",
        line_decision(long_delay=_long_for_zero),
    ),
    Defect(
        "register-retry-range-doubled",
        "sip.register_retry",
        "waits longer than Reg_Retry_Random_Delay and Reg_Retry_Long_Random_Delay allow",
        line_decision(short_delay=_twice_the_range, long_delay=_twice_the_long_range),
    ),
    Defect(
        "register-retry-never-doubles",
        "sip.register_retry",
        "waits the same Reg_Retry_Intvl each time although there is a cap",
        line_decision(short_delay=_never_longer),
    ),
    Defect(
        "register-ignores-retry-after",
        "sip.register_retry",
        "waits its own interval after a 503 with a Retry-After",
        line_decision(retry_after=lambda code, seconds: None),
    ),
)
