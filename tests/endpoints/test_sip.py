"""The SIP endpoint registers, notifies and answers a handset, over UDP in virtual time."""

from __future__ import annotations

import pytest
from sip_phone import OFFER, SipPhone, challenging, ok

from hil.digest import expected_response
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_call import CallState
from hil.endpoints.sip_inquiry import Final
from hil.endpoints.sip_settings import Settings, Shown
from hil.errors import UsageError
from hil.history import events as ev
from hil.history.event import Direction
from hil.wire.sip_build import cancel, respond_to
from hil.wire.sip_codec import encode
from hil.wire.sip_digest import Algorithm, parse_challenge, parse_credentials
from hil.wire.sip_message import with_header, without_header

SECOND = 1_000_000_000


@pytest.fixture
def sip(bench) -> SipEndpoint:
    started = bench.start(SipEndpoint)
    bench.configure_phone()
    return started


@pytest.fixture
def phone(bench, sip) -> SipPhone:
    return SipPhone(bench)


@pytest.fixture
def registered(phone) -> SipPhone:
    assert phone.register().status == 200
    return phone


def messages(bench, **wanted):
    found = bench.history.all(ev.SipMessage)
    return [m for m in found if all(getattr(m, name) == value for name, value in wanted.items())]


class TestRegistration:
    def test_a_line_registers_with_its_password(self, bench, sip, phone):
        first = phone.request("REGISTER", ("Expires", "600"))
        challenged = phone.ask(first)
        assert challenged.status == 401
        assert parse_challenge(challenged.header("WWW-Authenticate")).algorithm is Algorithm.MD5
        assert not sip.registered(1)

        accepted = phone.ask(phone.with_credentials(first, challenged, "password1"))
        assert accepted.status == 200
        assert accepted.contacts[0].uri == "sip:line1@192.0.2.16:5060"
        assert accepted.contacts[0].expires == 600
        assert sip.registered(1)
        assert not sip.registered(2)

    def test_every_message_is_an_event(self, bench, registered):
        first, challenge, second, final = bench.history.all(ev.SipMessage)
        assert [m.direction for m in (first, challenge, second, final)] == [
            Direction.RECEIVED,
            Direction.SENT,
            Direction.RECEIVED,
            Direction.SENT,
        ]
        assert [m.status for m in (first, challenge, second, final)] == [0, 401, 0, 200]
        assert {m.method for m in (first, challenge, second, final)} == {"REGISTER"}
        assert (first.transport, first.peer, first.port) == ("UDP", "192.0.2.16:5060", 5060)
        assert (first.from_user, first.to_user, first.expires) == ("line1", "line1", 3600)
        assert (second.cseq, final.expires, final.reason) == (2, 3600, "OK")
        assert first.data.startswith(b"REGISTER sip:192.0.2.1 SIP/2.0\r\n")
        assert final.data.startswith(b"SIP/2.0 200 OK\r\n")

    @pytest.mark.parametrize("algorithm", [Algorithm.MD5, Algorithm.SHA_256])
    @pytest.mark.parametrize("qop", [True, False])
    def test_digest_is_selectable(self, sip, phone, algorithm, qop):
        sip.authenticate(algorithm, qop=qop)
        assert phone.register().status == 200
        assert sip.registered(1)

    def test_a_session_algorithm_needs_qop(self, sip, phone):
        sip.authenticate(Algorithm.MD5_SESS)
        assert phone.register().status == 200
        with pytest.raises(UsageError, match="without qop"):
            sip.authenticate(Algorithm.MD5_SESS, qop=False)

    def test_nobody_is_challenged_where_a_test_says_so(self, sip, phone):
        sip.authenticate(None)
        assert phone.ask(phone.request("REGISTER")).status == 200

    def test_a_wrong_password_is_challenged_again(self, sip, phone):
        assert phone.register(password="wrong").status == 401
        assert not sip.registered(1)

    def test_a_line_does_not_register_another(self, sip, phone):
        first = phone.request("REGISTER", callee="line2")
        challenged = phone.ask(first)
        assert phone.ask(phone.with_credentials(first, challenged, "password1")).status == 401

    def test_an_old_nonce_is_stale(self, bench, sip, phone):
        sip.authenticate(nonce_s=10)
        first = phone.request("REGISTER")
        challenged = phone.ask(first)
        bench.let_pass(11)
        again = phone.ask(phone.with_credentials(first, challenged, "password1"))
        assert again.status == 401
        assert parse_challenge(again.header("WWW-Authenticate")).stale

    def test_users_and_passwords_are_the_tests(self, sip, bench):
        sip.account(2, "4711", "secret")
        phone = SipPhone(bench, user="4711")
        assert phone.register(password="secret").status == 200
        assert sip.registered(2)

    def test_an_unknown_user_does_not_exist(self, sip, bench):
        sip.authenticate(None)
        phone = SipPhone(bench, user="nobody")
        assert phone.ask(phone.request("REGISTER")).status == 404

    def test_a_registration_ends(self, bench, sip, phone):
        sip.grant(60)
        assert phone.register(expires=3600).contacts[0].expires == 60
        bench.let_pass(58)
        assert sip.registered(1)
        bench.let_pass(2)
        assert not sip.registered(1)

    def test_too_brief_an_interval_is_refused(self, sip, phone):
        sip.grant(3600, least=300)
        refused = phone.register(expires=60)
        assert (refused.status, refused.header("Min-Expires")) == (423, "300")

    @pytest.mark.parametrize("headers", [(("Expires", "0"),), (("Contact", "*"), ("Expires", "0"))])
    def test_a_line_deregisters(self, sip, registered, headers):
        sip.authenticate(None)
        assert registered.ask(registered.request("REGISTER", *headers)).status == 200
        assert not sip.registered(1)

    def test_a_stale_register_changes_nothing(self, sip, phone):
        sip.authenticate(None)
        assert phone.ask(phone.request("REGISTER", call_id="c", number=5)).status == 200
        late = phone.request("REGISTER", ("Expires", "0"), call_id="c", number=4)
        assert phone.ask(late).status == 500
        assert sip.registered(1)


class TestNotify:
    def test_a_challenge_is_answered_with_the_accounts_credentials(self, sip, registered):
        registered.on_request = challenging()
        assert sip.notify("resync") == Final(200, "OK", challenged=True)
        plain, shown = registered.requests
        assert plain.header("Authorization") is None
        credentials = parse_credentials(shown.header("Authorization"))
        assert credentials.username == "line1"
        assert credentials.response == expected_response(credentials.scheme, "password1", "NOTIFY")
        assert (plain.call_id, plain.cseq.number) == (shown.call_id, shown.cseq.number - 1)
        assert shown.header("Subscription-State") == "terminated"

    @pytest.mark.parametrize(
        "event", ["resync", "resync;profile=http://192.0.2.1/a/b.xml?x=1", "check-sync", "report"]
    )
    def test_the_event_goes_out_as_it_stands(self, bench, sip, registered, event):
        assert sip.notify(event) == Final(200, "OK", challenged=False)
        assert registered.requests[-1].header("Event") == event
        (sent,) = messages(bench, method="NOTIFY", direction=Direction.SENT)
        assert sent.event_package == event.partition(";")[0]

    def test_wrong_credentials_are_wrong(self, sip, registered):
        registered.on_request = lambda request: respond_to(
            request,
            401,
            to_tag="p",
            headers=(("WWW-Authenticate", 'Digest realm="phone", nonce="n"'),),
        )
        assert sip.notify("resync", credentials=Shown.WRONG) == Final(401, "Unauthorized", True)
        credentials = parse_credentials(registered.requests[1].header("Authorization"))
        assert credentials.response != expected_response(credentials.scheme, "password1", "NOTIFY")

    def test_no_credentials_are_none(self, sip, registered):
        registered.on_request = challenging()
        assert sip.notify("resync", credentials=Shown.NONE) == Final(401, "Unauthorized", True)
        assert len(registered.requests) == 1

    def test_a_refusal_is_told(self, sip, registered):
        registered.on_request = lambda request: respond_to(request, 489, to_tag="p")
        assert sip.notify("unheard-of") == Final(489, "Bad Event", False)

    def test_silence_is_told_after_32_s(self, bench, sip, registered):
        registered.on_request = lambda request: None
        before = bench.clock.now()
        assert sip.notify("resync") == Final(0, "timeout", False)
        assert bench.clock.now() - before == pytest.approx(32 * SECOND, abs=SECOND // 100)
        sent = messages(bench, method="NOTIFY", direction=Direction.SENT)
        assert [round((m.at - sent[0].at) / SECOND, 1) for m in sent[:5]] == [
            0.0,
            0.5,
            1.5,
            3.5,
            7.5,
        ]

    def test_a_body_and_headers(self, sip, registered):
        sip.notify("x", body=b"<a/>", content_type="text/xml", headers=(("X-A", "1"),))
        request = registered.requests[-1]
        assert (request.body, request.content_type, request.header("X-A")) == (
            b"<a/>",
            "text/xml",
            "1",
        )

    def test_who_is_not_registered_cannot_be_notified(self, sip, phone):
        with pytest.raises(UsageError, match="line 1 is not registered"):
            sip.notify("resync")
        with pytest.raises(UsageError, match="no line 3"):
            sip.notify("resync", line=3)

    def test_parts_of_calls_are_no_requests_of_their_own(self, sip, registered):
        with pytest.raises(UsageError):
            sip.request("CANCEL")

    def test_a_contact_elsewhere_is_not_followed(self, bench, sip, phone):
        sip.authenticate(None)
        elsewhere = ("Contact", "<sip:line1@192.0.2.99:5060>")
        assert phone.ask(phone.request("REGISTER", elsewhere)).status == 200
        assert sip.notify("resync").status == 200
        (sent,) = messages(bench, method="NOTIFY", direction=Direction.SENT)
        assert sent.peer == "192.0.2.16:5060"


class TestRequests:
    def test_options(self, registered):
        answer = registered.ask(registered.request("OPTIONS"))
        assert answer.status == 200
        assert "INVITE" in answer.header("Allow")

    def test_an_unknown_method_is_not_allowed(self, registered):
        answer = registered.ask(registered.request("PUBLISH"))
        assert (answer.status, "NOTIFY" in answer.header("Allow")) == (405, True)

    def test_an_extension_that_nobody_knows_is_refused(self, registered):
        answer = registered.ask(registered.request("OPTIONS", ("Require", "path, gruu")))
        assert (answer.status, answer.header("Unsupported")) == (420, "path, gruu")

    @pytest.mark.parametrize("method", ["BYE", "INFO"])
    def test_a_dialog_that_nobody_knows_does_not_exist(self, registered, method):
        assert registered.ask(registered.request(method)).status == 481

    def test_a_cancel_of_nothing_does_not_exist(self, registered):
        invite = registered.request("INVITE", callee="200")
        assert registered.ask(cancel(invite)).status == 481

    def test_an_invite_may_be_challenged_too(self, sip, registered):
        sip.authenticate(methods=("REGISTER", "INVITE"))
        invite = registered.request("INVITE", callee="200", body=OFFER)
        challenged = registered.ask(invite)
        assert challenged.status == 401
        again = registered.with_credentials(invite, challenged, "password1")
        assert registered.ask(again).status == 200

    def test_bytes_that_are_no_sip_are_refused_and_not_answered(self, bench, sip, phone):
        phone.udp.send(b"hello\r\n\r\n", 5060)
        phone.udp.send(b"\r\n\r\n", 5060)
        bad = encode(without_header(phone.request("OPTIONS"), "Call-ID"))
        phone.udp.send(bad, 5060)
        bench.let_pass(1)
        assert [r.reason for r in bench.history.all(ev.Refused)] == [
            "no request line: 'hello'",
            "no Call-ID",
        ]
        assert phone.udp.received == []

    def test_what_makes_no_sense_further_in_is_a_bad_request(self, bench, registered):
        asked = registered.request("SUBSCRIBE", ("Event", "a b"), ("Expires", "60"))
        assert registered.ask(asked).status == 400
        assert bench.history.all(ev.Refused)

    def test_a_stranger_gets_no_answer(self, bench, sip, phone):
        bench.stranger.configure()
        client = bench.stranger.udp()
        client.send(encode(phone.request("OPTIONS")), 5060)
        bench.let_pass(1)
        assert client.received == []
        assert bench.history.all(ev.Stranger)
        assert messages(bench) == []


class TestSubscriptions:
    def subscribe(self, phone, expires=300, package="message-summary"):
        return phone.request("SUBSCRIBE", ("Event", package), ("Expires", str(expires)))

    def test_a_subscriber_is_notified_at_once(self, registered):
        asked = self.subscribe(registered)
        answer = registered.ask(asked)
        assert (answer.status, answer.expires) == (200, 300)
        (notify,) = registered.requests
        assert notify.header("Event") == "message-summary"
        assert notify.header("Subscription-State") == "active;expires=300"
        assert notify.body == b"Messages-Waiting: no\r\n"
        assert notify.content_type == "application/simple-message-summary"
        assert notify.call_id == asked.call_id
        assert notify.to.tag == "phone"
        assert notify.from_.tag == answer.to.tag

    def test_news_go_to_the_lines_subscribers(self, bench, sip, registered):
        registered.ask(self.subscribe(registered))
        bench.let_pass(100)
        assert sip.publish("message-summary", b"Messages-Waiting: yes\r\n", line=1) == 1
        assert sip.publish("message-summary", b"", line=2) == 0
        bench.let_pass(1)
        first, second = registered.requests
        assert second.cseq.number == first.cseq.number + 1
        assert second.header("Subscription-State") == "active;expires=199"
        assert second.body == b"Messages-Waiting: yes\r\n"

    def test_a_subscription_is_ended(self, bench, sip, registered):
        answer = registered.ask(self.subscribe(registered))
        ending = registered.request(
            "SUBSCRIBE",
            ("Event", "message-summary"),
            ("Expires", "0"),
            call_id=answer.call_id,
            number=2,
        )
        assert registered.ask(with_header(ending, "To", str(answer.to))).status == 200
        assert registered.requests[-1].header("Subscription-State") == "terminated;reason=timeout"
        assert sip.publish("message-summary", b"x") == 0

    def test_an_unknown_package_is_a_bad_event(self, sip, registered):
        answer = registered.ask(self.subscribe(registered, package="dialog"))
        assert (answer.status, answer.header("Allow-Events")) == (489, "message-summary")
        sip.serve_package("dialog", b"<dialog-info/>", "application/dialog-info+xml")
        assert registered.ask(self.subscribe(registered, package="dialog")).status == 200

    def test_who_refuses_a_notify_is_no_subscriber(self, sip, registered):
        registered.on_request = lambda request: respond_to(request, 481, to_tag="p")
        registered.ask(self.subscribe(registered))
        assert sip.publish("message-summary", b"x") == 0


class TestReset:
    def test_goes_back_to_the_defaults(self, bench, sip, registered):
        sip.authenticate(None)
        registered.on_request = lambda request: ok(request, OFFER)
        call = sip.call(1)
        assert call.wait(CallState.ESTABLISHED, within=1)
        sip.account(1, "other", "x")
        sip.reset()
        assert (call.state, call.reason) == (CallState.ENDED, "reset")
        assert sip.settings == Settings()
        assert not sip.registered(1)
        assert sip.calls == ()
        assert registered.register().status == 200

    def test_two_endpoints_are_two_servers(self, bench, sip, phone):
        backup = bench.start(SipEndpoint, port=5070, name="sip-backup")
        assert (sip.port, backup.port) == (5060, 5070)
        phone.server_port = 5070
        assert phone.register().status == 200
        assert backup.registered(1)
        assert not sip.registered(1)
        assert {m.source for m in messages(bench)} == {"sip-backup"}
        assert {m.port for m in messages(bench)} == {5070}
