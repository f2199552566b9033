"""The part that resyncs, upgrades and reports share: find the server, ask it, understand its answer.

An attempt is at one rule at a time. What the rule resolves to is located and retrieved; redirects and
demands for credentials are followed here. What comes of it is for the attempt's purpose to say
(`hil.reference.resync`, `hil.reference.upgrade`, `hil.reference.reporting`).
"""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address
from typing import TypeAlias

from hil.lab_time import NANOSECONDS
from hil.reference.decisions import Decisions, Purpose, Reason
from hil.reference.interpretations import Interpretations
from hil.reference.log_messages import LogKind
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import (
    Destination,
    Duty,
    Locate,
    Located,
    Log,
    Phone,
    Retrieve,
)
from hil.reference.responses import (
    Answer,
    AskAgain,
    Challenge,
    Document,
    Missing,
    NoAnswer,
    Unusable,
)
from hil.reference.rules import Fetch

Step: TypeAlias = tuple[Phone, tuple[Duty, ...]]
"""The phone after something, and what it has to do now."""

_ANNOUNCED_BY = {Purpose.RESYNC: LogKind.REQUEST, Purpose.UPGRADE: LogKind.UPGRADE_REQUEST}


def locate(
    phone: Phone, fetch: Fetch, decisions: Decisions, challenge: Challenge | None = None
) -> Step:
    """Find the server of ``fetch``, and ask it if its address needs no look-up.

    ``challenge`` is what the server wants to see, if it has said so.
    """
    if phone.attempt is None:
        return phone, ()
    attempt = replace(phone.attempt, fetch=fetch, server=None, others=(), challenge=challenge)
    phone = replace(phone, attempt=attempt)
    try:
        return retrieve(phone, Destination(str(ip_address(fetch.host))), decisions)
    except ValueError:
        return phone, (look_up(fetch, phone.interpretations),)


def look_up(fetch: Fetch, interpretations: Interpretations) -> Locate:
    """The look-up that finds the server: by the host's name, with --srv by its SRV records."""
    if "srv" not in fetch.options:
        return Locate(fetch.host)
    service = f"_{fetch.scheme}._tcp.{fetch.host}"
    return Locate(fetch.host, service, interpretations.srv_missing == "address")


def found(phone: Phone, located: Located, decisions: Decisions) -> Step | Unusable:
    """The look-up for the attempt ended; further addresses may come while the first is asked."""
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return phone, ()
    if located.address is None:
        if attempt.server is not None:
            return phone, ()
        return Unusable(f"{attempt.fetch.host} has no address")
    known = (Destination(located.address, located.port), *located.others)
    if attempt.server is not None:
        return replace(phone, attempt=replace(attempt, others=(*attempt.others, *known))), ()
    phone = replace(phone, attempt=replace(attempt, others=known[1:]))
    return retrieve(phone, known[0], decisions)


def retrieve(phone: Phone, destination: Destination, decisions: Decisions) -> Step:
    """Ask the server there for what the attempt is at."""
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return phone, ()
    fetch, announced = attempt.fetch, attempt.requested
    attempt = replace(attempt, server=destination.address, port=destination.port, requested=True)
    phone = replace(phone, attempt=attempt)
    table = macros(phone, attempt.began, decisions)
    duties: list[Duty] = list(
        announcement(phone, attempt.began, decisions) if not announced else ()
    )
    register = fetch.options.get("post") if fetch.scheme != "tftp" else None
    reporting = attempt.purpose is Purpose.REPORT
    method, body = ("GET", "") if register is None else ("POST", "")
    if reporting:
        method = decisions.report_method(phone.parameters)
    elif register is not None:
        body = decisions.request_body(f"GPP_{register.upper()}", table)
    duties.append(
        Retrieve(
            "Report_Rule" if reporting else attempt.rules[attempt.rule],
            fetch,
            destination.address,
            method,
            body,
            attempt.challenge,
            destination.port,
        )
    )
    return phone, tuple(duties)


def announcement(phone: Phone, at: int, decisions: Decisions) -> tuple[Log, ...]:
    """The message "at the start of a resync attempt", or of an upgrade: one an attempt."""
    kind = _ANNOUNCED_BY.get(phone.attempt.purpose) if phone.attempt is not None else None
    return result_log(phone, at, kind, "", decisions) if kind is not None else ()


def understood(
    phone: Phone, answer: Answer, decisions: Decisions
) -> Document | Missing | Unusable | Step:
    """What an answer means; the next step if that is to ask again."""
    attempt = phone.attempt
    if attempt is None or attempt.fetch is None:
        return phone, ()
    if isinstance(answer, NoAnswer) and answer.unreachable and attempt.others:
        # "Tried one after another until one answers" (Phone Security, DNS).
        following, *rest = attempt.others
        phone = replace(phone, attempt=replace(attempt, others=tuple(rest)))
        return retrieve(phone, following, decisions)
    meaning = decisions.meaning(
        answer,
        attempt.fetch,
        redirects=attempt.redirects,
        authorizations=attempt.authorizations,
        interpretations=phone.interpretations,
        expand=macros(phone, attempt.began, decisions).expand,
    )
    if not isinstance(meaning, AskAgain):
        return meaning
    again = replace(
        attempt,
        redirects=attempt.redirects + meaning.redirected,
        authorizations=attempt.authorizations + (not meaning.redirected),
    )
    return locate(replace(phone, attempt=again), meaning.fetch, decisions, meaning.challenge)


def result_log(
    phone: Phone, at: int, kind: LogKind, err: str, decisions: Decisions
) -> tuple[Log, ...]:
    """The message of this kind about the attempt to each server that is to have one."""
    table = macros(phone, at, decisions)
    composed = (
        decisions.compose_log(kind, table, err),
        decisions.compose_peer_log(kind, table, err),
    )
    return tuple(Log(message) for message in composed if message is not None)


def macros(phone: Phone, at: int, decisions: Decisions) -> MacroTable:
    """What each macro stands for on this phone at this moment."""
    return decisions.macro_table(
        phone.identity, phone.parameters, context(phone, at), phone.interpretations
    )


def context(phone: Phone, at: int) -> MacroContext:
    """What the phone is doing, as its macros tell it."""
    attempt, upgrades = phone.attempt, phone.upgrades
    fetch = (attempt.manifest or attempt.fetch) if attempt is not None else None
    reason = phone.last_reason
    retry: bool | None = None if upgrades.last_attempt is None else upgrades.failures > 0
    if attempt is not None and attempt.purpose is Purpose.RESYNC:
        reason = attempt.reason
    if attempt is not None and attempt.purpose is Purpose.UPGRADE:
        retry = attempt.reason is Reason.RETRY
    lost = dict(phone.lines.lost)
    return MacroContext(
        ip=phone.address,
        extip=_external_address(phone.parameters),
        prvst=reason.value if reason is not None else None,
        upgst=None if retry is None else "2" if retry else "1",
        upgerr=upgrades.error or None,
        prvtmr=_seconds_since(phone.last_attempt, at),
        upgtmr=_seconds_since(upgrades.last_attempt, at),
        regtmr1=_seconds_since(lost.get(1), at),
        regtmr2=_seconds_since(lost.get(2), at),
        scheme=fetch.scheme if fetch is not None else None,
        serv=fetch.host if fetch is not None else None,
        servip=attempt.server if attempt is not None else None,
        port=str(fetch.port) if fetch is not None else None,
        path=fetch.path if fetch is not None else None,
    )


def _external_address(parameters: Parameters) -> str | None:
    """EXT_IP, "if 0.0.0.0 is specified" none (7800 Administration Guide, NAT Support Parameters)."""
    configured = parameters.raw("EXT_IP").strip()
    return None if configured in ("", "0.0.0.0") else configured


def _seconds_since(instant: int | None, at: int) -> str | None:
    return None if instant is None else str((at - instant) // NANOSECONDS)
