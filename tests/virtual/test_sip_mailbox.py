"""How the virtual phone subscribes to a mailbox, and what it makes of the server's NOTIFYs."""

from __future__ import annotations

import pytest
from sip_peer import ok

from hil.net.virtual import LAB_ADDRESS
from hil.wire.sip_build import respond_to
from hil.wire.sip_dialog import Dialog, dialog_of_callee
from hil.wire.sip_headers import Via
from hil.wire.sip_message import Request, Response

MAILBOX = {"Voice_Mail_Server_1_": str(LAB_ADDRESS), "Voice_Mail_Subscribe_Interval_1_": "100"}
PACKAGE = "message-summary"
BODY = b"Messages-Waiting: yes\r\n"
TYPE = ("Content-Type", "application/simple-message-summary")


class MailServer:
    """Registers everybody and answers each SUBSCRIBE with ``status``, granted for ``seconds``."""

    def __init__(self, seconds: int = 100, status: int = 200) -> None:
        self.seconds, self.status = seconds, status
        self.dialogs: list[Dialog] = []
        self._numbers = iter(range(1, 100))

    def __call__(self, request: Request) -> Response:
        if request.method != "SUBSCRIBE":
            return ok(request)
        headers = (("Expires", str(self.seconds)), ("Contact", f"<sip:mail@{LAB_ADDRESS}>"))
        response = respond_to(request, self.status, to_tag="mail", headers=headers)
        if request.to.tag is None:
            self.dialogs.append(dialog_of_callee(request, response))
        return response

    def notify(self, server, state: str = "active;expires=100", event: str = PACKAGE) -> None:
        """Tell the newest subscriber of two messages."""
        via = Via("UDP", str(LAB_ADDRESS), 5060, (("branch", f"z9hG4bKn{next(self._numbers)}"),))
        headers = (("Event", event), ("Subscription-State", state), TYPE)
        dialog, request = self.dialogs[-1].request("NOTIFY", via, headers=headers, body=BODY)
        self.dialogs[-1] = dialog
        server.send(request)


def test_it_subscribes_once_it_is_registered(phone, peer):
    server = peer(MailServer())
    phone(**MAILBOX).start().wait("registered", 1)
    subscribe = server.expect("SUBSCRIBE")
    assert subscribe.uri == f"sip:1001@{LAB_ADDRESS}"
    assert subscribe.header("Event") == "message-summary"
    assert subscribe.expires == 100
    assert server.methods() == ["REGISTER", "SUBSCRIBE"]


def test_it_renews_in_the_same_dialog_before_the_time_is_over(phone, peer):
    server = peer(MailServer(60))
    phone(**MAILBOX).start()
    first = server.expect("SUBSCRIBE")
    second = server.expect("SUBSCRIBE", 2, within=60)
    assert second.call_id == first.call_id
    assert second.to.tag == "mail"
    assert second.cseq.number == first.cseq.number + 1
    assert second.uri == f"sip:mail@{LAB_ADDRESS}"


@pytest.mark.parametrize("status", [403, 489, 503])
def test_a_refusal_ends_it_with_its_code(phone, peer, status):
    server = peer(MailServer(status=status))
    ours = phone(**MAILBOX).start().wait("failed", 1, "SUBSCRIBE", str(status))
    server.pass_time(3000)
    assert server.methods().count("SUBSCRIBE") == 1
    assert ours.phone.registered(1)


def test_a_mailbox_that_is_taken_away_is_not_renewed(phone, peer):
    server = peer(MailServer(60))
    ours = phone(**MAILBOX).start()
    server.expect("SUBSCRIBE")
    ours.configure(Voice_Mail_Enable_1_="No")
    server.pass_time(600)
    assert server.methods().count("SUBSCRIBE") == 1


def test_another_mailbox_is_subscribed_to_in_a_dialog_of_its_own(phone, peer):
    server = peer(MailServer(60))
    ours = phone(**MAILBOX).start()
    first = server.expect("SUBSCRIBE")
    ours.configure(Voice_Mail_Subscribe_Interval_1_="50")
    second = server.expect("SUBSCRIBE", 2)
    assert second.call_id != first.call_id
    assert second.expires == 50


def test_news_is_answered_and_shown(phone, peer):
    mail = MailServer()
    server = peer(mail)
    ours = phone(**MAILBOX).start()
    server.expect("SUBSCRIBE")
    server.pass_time(1)
    mail.notify(server)
    server.answered(200)
    ours.logged("line 1: mailbox: Messages-Waiting: yes")
    assert not [event for event in ours.told.events if event[0] == "asked"]


def test_another_event_in_its_dialog_is_refused(phone, peer):
    mail = MailServer()
    server = peer(mail)
    phone(**MAILBOX).start()
    server.expect("SUBSCRIBE")
    server.pass_time(1)
    mail.notify(server, event="resync")
    server.answered(489)


def test_a_subscription_that_the_server_ends_is_begun_anew(phone, peer):
    mail = MailServer(3600)
    server = peer(mail)
    phone(**MAILBOX).start()
    server.expect("SUBSCRIBE")
    server.pass_time(1)
    mail.notify(server, state="terminated;reason=deactivated")
    again = server.expect("SUBSCRIBE", 2)
    assert again.to.tag is None


def test_news_of_a_subscription_that_is_not_its_own_is_none(phone, peer):
    mail = MailServer()
    server = peer(mail)
    ours = phone(**MAILBOX).start()
    server.expect("SUBSCRIBE")
    server.pass_time(1)
    ours.configure(Voice_Mail_Enable_1_="No")
    mail.notify(server)
    server.answered(401)
