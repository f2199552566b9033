"""SUBSCRIBE to the mailbox at Voice_Mail_Server_n_, and what comes of it (RFC 3842, RFC 6665)."""

from __future__ import annotations

import pytest

from hil.endpoints.sip import SipEndpoint
from hil.history import History
from hil.history.events import Direction, SipMessage
from hil.marks import quick, requirement
from hil.testbed.control import HandsetControl
from hil.testing import soon
from hil.testing.sip import (
    account,
    boot,
    boot_registered,
    expect_answer,
    expect_request,
    header,
    registered,
)

PACKAGE = "message-summary"
WAITING = b"Messages-Waiting: yes\r\nVoice-Message: 2/8\r\n"


def mailbox(sip: SipEndpoint, line: int = 1, seconds: int = 600) -> dict[str, str]:
    """A mailbox at the SIP server."""
    return {
        f"Voice_Mail_Server_{line}_": sip.address,
        f"Voice_Mail_Subscribe_Interval_{line}_": str(seconds),
    }


@requirement("sip.message_waiting")
def test_a_line_with_a_mailbox_subscribes_to_its_messages(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip, **mailbox(sip))
    asked = expect_request(history, handset, granted, "SUBSCRIBE", within=handset.timing.boot)
    history.check("the event package", seen=asked.event_package, due=PACKAGE)
    history.check("whose mailbox it is", seen=asked.to_user, due="line1")
    history.check("for how many seconds", seen=asked.expires, due=600)
    expect_answer(history, handset, asked, "NOTIFY", 200)


@requirement("sip.message_waiting")
def test_an_interval_of_zero_is_the_default_of_a_day(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip, **mailbox(sip, seconds=0))
    asked = expect_request(history, handset, granted, "SUBSCRIBE", within=handset.timing.boot)
    history.check("for how many seconds", seen=asked.expires, due=86_400)


@quick
@requirement("sip.message_waiting")
def test_each_line_has_its_own_mailbox(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    up = boot(history, handset, sip, **account(sip, 2), **mailbox(sip, 2))
    granted = registered(history, handset, up, line=2)
    expect_request(
        history, handset, granted, "SUBSCRIBE", within=handset.timing.boot, from_user="line2"
    )
    other = history.all(SipMessage, after=up, method="SUBSCRIBE", from_user="line1")
    history.check("SUBSCRIBEs of line 1", seen=len(other), due=0)


@requirement("sip.message_waiting")
def test_the_subscription_is_renewed_before_it_ends(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip, **mailbox(sip, seconds=300))
    asked = expect_request(history, handset, granted, "SUBSCRIBE", within=handset.timing.boot)
    for _ in range(3):
        again = expect_request(history, handset, asked, "SUBSCRIBE", within=300)
        history.check("its dialog", seen=again.call_id, due=asked.call_id)
        asked = again


@requirement("sip.message_waiting")
def test_the_credentials_of_the_line_answer_the_servers_challenge(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    sip.authenticate(methods=("REGISTER", "SUBSCRIBE"))
    granted = boot_registered(history, handset, sip, **mailbox(sip))
    asked = history.expect(
        SipMessage,
        after=granted,
        within=handset.timing.boot,
        direction=Direction.SENT,
        method="SUBSCRIBE",
        status=200,
    )
    expect_answer(history, handset, asked, "NOTIFY", 200)


@requirement("sip.message_waiting")
def test_news_of_the_mailbox_is_taken(
    handset: HandsetControl, sip: SipEndpoint, history: History
) -> None:
    granted = boot_registered(history, handset, sip, **mailbox(sip))
    asked = expect_request(history, handset, granted, "SUBSCRIBE", within=handset.timing.boot)
    history.sleep(soon(handset))
    for body in (WAITING, b"Messages-Waiting: no\r\n"):
        marked = history.mark()
        told = sip.publish(PACKAGE, body, content_type="application/simple-message-summary")
        history.check("who is told", seen=told, due=1)
        expect_answer(history, handset, marked, "NOTIFY", 200)
    history.check("its Accept", seen="simple-message-summary" in header(asked, "Accept"), due=True)


@requirement("sip.message_waiting")
@pytest.mark.parametrize(
    "without", [{"Voice_Mail_Server_1_": ""}, {"Voice_Mail_Enable_1_": "No"}], ids=str
)
def test_without_a_mailbox_there_is_no_subscription(
    handset: HandsetControl, sip: SipEndpoint, history: History, without: dict[str, str]
) -> None:
    granted = boot_registered(history, handset, sip, **mailbox(sip) | without)
    history.expect_none(SipMessage, after=granted, within=3600, method="SUBSCRIBE")
