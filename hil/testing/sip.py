"""Steps that tests of SIP share: lines with an account, and what they are seen to send.

The bench's SIP servers know the users line1 and line2 (`hil.endpoints.sip_settings`).
"""

from __future__ import annotations

import re
from typing import Any

from hil.endpoints.sip import SipEndpoint
from hil.history import History, Moment
from hil.history import events as ev
from hil.history.events import Direction
from hil.lab_time import NANOSECONDS
from hil.testbed.bench import BACKUP_SIP_PORT
from hil.testbed.control import HandsetControl
from hil.testing import IDLE, soon
from hil.wire import sip_codec


def account(sip: SipEndpoint, line: int = 1) -> dict[str, str]:
    """The parameters with which a line registers with this server."""
    known = sip.settings.account(line)
    return {
        f"Proxy_{line}_": f"{sip.address}:{sip.port}" if sip.port != 5060 else sip.address,
        f"User_ID_{line}_": known.user,
        f"Password_{line}_": known.password,
    }


def backup(sip: SipEndpoint, line: int = 1) -> dict[str, str]:
    """The parameters with which a line has the bench's second server as its backup."""
    return {
        f"Alternate_Proxy_{line}_": f"{sip.address}:{BACKUP_SIP_PORT}",
        f"Dual_Registration_{line}_": "Yes",
    }


def boot(
    history: History, handset: HandsetControl, sip: SipEndpoint, **parameters: str
) -> ev.PowerSwitched:
    """Boot with line 1's account and without resyncs, to see what comes; returns the power-on."""
    return handset.boot(**IDLE | account(sip) | parameters)


def boot_registered(
    history: History, handset: HandsetControl, sip: SipEndpoint, **parameters: str
) -> ev.SipMessage:
    """Boot as `boot` does and wait, as a precondition, for line 1's registration: the 200."""
    up = boot(history, handset, sip, **parameters)
    return registered(history, handset, up)


def registered(
    history: History, handset: HandsetControl, after: Moment, line: int = 1, source: str = "sip"
) -> ev.SipMessage:
    """Wait, as a precondition, for the 200 that grants a line its registration after boot-up."""
    return _register(
        history,
        handset,
        after,
        source=source,
        direction=Direction.SENT,
        status=200,
        to_user=f"line{line}",
    )


def first_register(
    history: History, handset: HandsetControl, after: Moment, line: int = 1
) -> ev.SipMessage:
    """Wait, as a precondition, for a line's first REGISTER to its proxy after boot-up."""
    return _register(
        history,
        handset,
        after,
        source="sip",
        direction=Direction.RECEIVED,
        status=0,
        to_user=f"line{line}",
    )


def _register(
    history: History,
    handset: HandsetControl,
    after: Moment,
    *,
    within: float = 0.0,
    **fields: Any,
) -> ev.SipMessage:
    """Wait, as a precondition, for a REGISTER or its answer, within a boot-up or so many seconds."""
    return history.wait(
        ev.SipMessage,
        after=after,
        within=within or handset.boot_limit + handset.timing.boot,
        method="REGISTER",
        **fields,
    )


def expect_register(
    history: History,
    handset: HandsetControl,
    after: Moment,
    earliest: float,
    latest: float,
    *,
    source: str = "sip",
    requirement: str = "",
) -> ev.SipMessage:
    """Expect line 1's next new REGISTER so many seconds after ``after``.

    Repetitions of one that came before do not count. The window is widened by what the handset's
    timing allows.
    """
    earlier = {(e.call_id, e.cseq) for e in history.all(ev.SipMessage) if e.seq <= after.seq}
    elapsed = round(latest * NANOSECONDS)

    def is_new(event: ev.SipMessage) -> bool:
        return (event.call_id, event.cseq) not in earlier

    return history.expect(
        ev.SipMessage,
        after=after,
        not_before=max(0.0, earliest - handset.timing.slack_early(elapsed) / NANOSECONDS),
        within=latest + handset.timing.slack_late(elapsed) / NANOSECONDS,
        requirement=requirement,
        where=is_new,
        source=source,
        direction=Direction.RECEIVED,
        method="REGISTER",
        status=0,
    )


def expect_request(
    history: History,
    handset: HandsetControl,
    after: Moment,
    method: str,
    *,
    within: float = 0.0,
    requirement: str = "",
    **fields: Any,
) -> ev.SipMessage:
    """Expect a request of the phone's, soon or ``within`` so many seconds."""
    return _expect(
        history,
        handset,
        after,
        within=within,
        requirement=requirement,
        method=method,
        status=0,
        **fields,
    )


def expect_answer(
    history: History,
    handset: HandsetControl,
    after: Moment,
    method: str,
    status: int,
    *,
    within: float = 0.0,
    requirement: str = "",
) -> ev.SipMessage:
    """Expect the phone's answer to a request of the bench's, soon or ``within`` so many seconds."""
    return _expect(
        history,
        handset,
        after,
        within=within,
        requirement=requirement,
        method=method,
        status=status,
    )


def _expect(
    history: History,
    handset: HandsetControl,
    after: Moment,
    *,
    within: float,
    requirement: str,
    **fields: Any,
) -> ev.SipMessage:
    """Expect a message of the phone's with these fields, soon or ``within`` so many seconds."""
    return history.expect(
        ev.SipMessage,
        after=after,
        within=within or soon(handset),
        requirement=requirement,
        direction=Direction.RECEIVED,
        **fields,
    )


def expect_code(
    history: History,
    handset: HandsetControl,
    after: Moment,
    code: str,
    *,
    within: float,
    requirement: str = "",
) -> ev.SyslogMessage:
    """Expect an internal error code in the phone's log, with whatever words around it."""
    return history.expect(
        ev.SyslogMessage,
        after=after,
        within=within + handset.timing.message,
        requirement=requirement,
        text=re.compile(rf"\b{code}\b"),
    )


def expect_times(
    history: History,
    handset: HandsetControl,
    first: ev.SipMessage,
    seconds: tuple[float, ...],
    *,
    until: float,
) -> None:
    """Check that a message came again so many seconds after its ``first`` time, and not besides.

    Looked at is the time up to ``until`` seconds after the first; each may be early or late by
    what the handset's timing allows.
    """
    history.sleep(max(0.0, until - (history.now() - first.at) / NANOSECONDS))
    end = first.at + round(until * NANOSECONDS)
    again = [
        (each.at - first.at) / NANOSECONDS
        for each in history.all(
            ev.SipMessage,
            after=first,
            direction=Direction.RECEIVED,
            method=first.method,
            status=first.status,
            call_id=first.call_id,
            cseq=first.cseq,
        )
        if each.at <= end
    ]
    early, late = handset.timing.early, handset.timing.late
    good = len(again) == len(seconds) and all(
        due - early <= seen <= due + late for due, seen in zip(seconds, again, strict=False)
    )
    history.check(
        f"repetitions of the {first.method or first.status}",
        seen=[round(each, 3) for each in again],
        due=list(seconds),
        passed=good,
    )


def header(message: ev.SipMessage, name: str) -> str:
    """The value of a header field of a message, empty if it has none or was spoiled by a fault."""
    return "" if message.malformed else sip_codec.parse(message.data).header(name) or ""


def refusal(
    history: History,
    handset: HandsetControl,
    after: Moment,
    status: int,
    *,
    source: str = "sip",
    within: float = 0.0,
) -> ev.SipMessage:
    """Wait, as a precondition, until the bench has refused a REGISTER with this status."""
    return _register(
        history,
        handset,
        after,
        within=within,
        source=source,
        direction=Direction.SENT,
        status=status,
    )


def expect_retries(
    history: History,
    handset: HandsetControl,
    refused: ev.SipMessage,
    *delays: float | tuple[float, float],
) -> ev.SipMessage:
    """Expect one REGISTER after another, each so many seconds after the refusal before it.

    Each is refused with the same status again; returns the last refusal.
    """
    for delay in delays:
        earliest, latest = delay if isinstance(delay, tuple) else (delay, delay)
        asked = expect_register(history, handset, refused, earliest, latest)
        refused = refusal(history, handset, asked, refused.status, within=soon(handset))
    return refused
