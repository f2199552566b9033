"""The bench as a browser, at the virtual phone's pages and at servers whose octets a test writes."""

import datetime
import ssl

import pytest
import trustme

from hil.errors import UsageError
from hil.history import Unmet
from hil.history import events as ev
from hil.net.stream import Listener
from hil.net.tls import TlsStream
from hil.reference.direct_actions import Accept, WebPaths
from hil.reference.due import Action
from hil.reference.status import FAILED, Product, Status, StatusLine

SECOND = 1_000_000_000
LAB = "192.0.2.1"
RULE = '("$A" eq "1&2")? [--key "a+b" --uid $SA] http://h/p?x=1&y=ü | tftp://h/[z]%41'
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


# -- commands ----------------------------------------------------------------------------------------


def test_a_command_is_two_events_and_returns_the_second(bench, phone):
    answered = bench.web().resync("/basic.txt")
    assert (answered.status, answered.detail) == (200, "")
    assert answered.body == b"resync requested\n"
    asked, seen = bench.history
    assert (asked.method, asked.target) == ("GET", "/admin/resync?/basic.txt")
    assert (asked.scheme, asked.exchange) == ("http", seen.exchange)
    assert seen == answered
    assert phone.told == [Accept(Action.RESYNC, "/basic.txt", LAB)]
    assert bench.clock.now() == 0


@pytest.mark.parametrize("password", ["", "s3cret", "a&b?c=d+e %ü"])
def test_any_rule_and_any_password_arrive_as_they_are(bench, phone, password):
    phone.set(bench, Admin_Password=password)
    web = bench.web(password=password)
    assert [web.resync(RULE).status, web.upgrade("/x.loads").status, web.reboot().status] == [
        200
    ] * 3
    assert phone.told == [
        Accept(Action.RESYNC, RULE, LAB),
        Accept(Action.UPGRADE, "/x.loads", LAB),
        Accept(Action.REBOOT, "", LAB),
    ]


def test_a_command_without_a_rule_is_for_the_configured_ones(bench, phone):
    web = bench.web()
    web.resync()
    web.upgrade()
    assert [told.rule for told in phone.told] == ["", ""]


def test_what_the_phone_does_after_a_command_comes_after_its_answer(bench, phone):
    phone.server._asked = lambda accepted: bench.history.append(ev.Note(source="phone", text="now"))
    bench.web().reboot()
    assert [type(event) for event in bench.history] == [ev.WebRequested, ev.WebAnswered, ev.Note]


def test_a_refusal_is_an_answer(bench, phone):
    phone.set(bench, Enable_Direct_Action_Url="No")
    assert bench.web().reboot().status == 403
    assert phone.told == []


def test_a_wrong_password_is_an_answer(bench, phone):
    phone.set(bench, Admin_Password="s3cret")
    web = bench.web(password="wrong")
    assert (web.resync().status, web.get("/admin/cfg.xml").status) == (401, 401)
    assert len(bench.history.all(ev.WebRequested)) == 3, (
        "a page is asked for once more, not for ever"
    )


def test_submitting_parameters_uploads_a_configuration(bench, phone):
    assert bench.web().submit(GPP_A="<1>", Resync_Periodic="60").status == 200
    assert phone.told == [{"GPP_A": "<1>", "Resync_Periodic": "60"}]
    asked = bench.history.last(ev.WebRequested)
    assert (asked.method, asked.target) == ("POST", "/admin/config.xml")
    assert b"<GPP_A>&lt;1&gt;</GPP_A>" in asked.body


# -- pages -------------------------------------------------------------------------------------------


def test_the_parameters_are_read_without_secrets(bench, phone):
    phone.set(bench, GPP_A=" a  b", GPP_SA="k3y")
    values = bench.web().parameters()
    assert values["GPP_A"] == "a  b"
    assert values["Profile_Rule"] == "/$PSN.xml"
    assert "GPP_SA" not in values


def test_the_status_is_read(bench, phone):
    phone.status = Status(
        Product("CP-7832-3PCC"),
        (StatusLine(FAILED, datetime.datetime(2026, 1, 2, 3, 4, 5), "no file"),),
    )
    assert bench.web().status() == phone.status


def test_a_page_behind_a_password_is_read_with_digest(bench, phone):
    phone.set(bench, Admin_Password="s3cret", User_Password="look")
    web = bench.web(user="user", password="look")
    assert web.status() == Status()
    with pytest.raises(Unmet, match="status 401"):
        web.parameters()
    web.log_in("admin", "s3cret")
    assert web.parameters()["GPP_A"] == ""
    web.reset()
    with pytest.raises(Unmet):
        web.parameters()


def test_another_port_and_other_paths(bench, phone):
    phone.set(bench, Web_Server_Port="8080")
    web = bench.web(paths=WebPaths(status="/spastatus.xml"))
    assert web.get("/admin/status.xml").status == 0
    web.reach("http", 8080)
    assert web.get("/admin/status.xml").status == 200
    with pytest.raises(Unmet, match=r"/spastatus\.xml\nseen: status 404"):
        web.status()


def test_https_takes_whatever_certificate_the_phone_shows(bench):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("000e08aabbcc").configure_cert(context)

    async def saying(raw):
        stream = TlsStream(raw, context, server_side=True)
        await stream.handshake(within=5)
        await stream.read(within=5)
        await stream.write(EMPTY, within=5)
        await stream.finish(within=5)

    tasks = []

    def accepted(stream):
        tasks.append(bench.clock.loop.create_task(saying(stream)))

    listener = bench.call(lambda: Listener(bench.phone_place, 443, accepted))
    bench.closers.append(listener.close)
    assert bench.web(scheme="https").get("/").status == 200
    assert bench.history.last(ev.WebRequested).scheme == "https"


# -- no answer ---------------------------------------------------------------------------------------


def test_without_an_address_there_is_nobody_to_ask(bench):
    bench.address = None
    answered = bench.web().reboot()
    assert (answered.status, answered.detail) == (0, "the phone has no address")


def test_a_phone_without_a_web_server_refuses(bench):
    assert bench.web().reboot().detail == "the connection: refused"


def test_a_phone_without_power_does_not_answer_in_time(bench):
    bench.port.far.down()
    assert bench.web(deadline_s=7).reboot().detail == "no answer in 7 s"
    assert bench.clock.now() == 7 * SECOND


@pytest.mark.parametrize(
    ("parts", "detail"),
    [
        ((), "no HTTP: "),
        ((b"SSH-2.0-dropbear\r\n",), "no HTTP: "),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1234",), "no HTTP: "),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",), "no HTTP: "),
        ((b"HTTP/1.1 101 Switching\r\n\r\n",), "no HTTP: "),
        ((b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 5_000_000,), "no HTTP: a body of more than 4194304"),
        ((None,), "no answer in 10 s"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n1", None), "no answer in 10 s"),
    ],
)
def test_what_is_no_answer_is_told_in_words(bench, parts, detail):
    bench.speak(*parts)
    web = bench.web()
    answered = web.get("/admin/cfg.xml")
    assert (answered.status, answered.body) == (0, b"")
    assert answered.detail.startswith(detail)
    with pytest.raises(Unmet, match=r"cfg\.xml") as unmet:
        web.parameters()
    assert unmet.value.precondition


def test_a_reset_is_told(bench):
    bench.speak(abort=True)
    assert bench.web().reboot().detail == "the connection: reset"


def test_no_tls_where_https_is_expected_is_told(bench):
    bench.speak(b"HTTP/1.1 400 Bad Request\r\n\r\n", port=443)
    assert bench.web(scheme="https").reboot().detail.startswith("TLS: ")


def test_a_page_that_is_no_xml_is_an_unmet_precondition(bench):
    bench.speak(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>")
    for read in (bench.web().parameters, bench.web().status):
        with pytest.raises(Unmet, match="not-xml"):
            read()


def test_a_challenge_that_nobody_knows_is_the_answer(bench):
    bench.speak(b"HTTP/1.1 401 No\r\nWWW-Authenticate: Bearer x\r\nContent-Length: 0\r\n\r\n")
    assert bench.web(password="p").get("/").status == 401
    assert len(bench.history.all(ev.WebRequested)) == 1


def test_a_scheme_that_no_page_has_is_the_tests_error(bench):
    with pytest.raises(UsageError, match="http or https"):
        bench.web().reach("ftp")


@pytest.mark.parametrize("target", ["", "admin", "/a b", "/ü", "/x\r\nA: b"])
def test_a_target_that_no_request_can_have_is_the_tests_error(bench, target):
    with pytest.raises(UsageError):
        bench.web().get(target)
    assert len(bench.history) == 0


# -- what the history says ---------------------------------------------------------------------------


def test_a_request_says_who_asks(bench, phone):
    bench.web().resync()
    assert bench.history.last(ev.WebRequested).requester == LAB


def test_an_answer_tells_whether_the_phone_can_have_read_the_request(bench, phone):
    assert not bench.web().resync().unsent
    assert bench.web(port=81).resync().unsent
    bench.speak(None, port=82)
    silent = bench.web(port=82, deadline_s=5.0).resync()
    assert (silent.status, silent.unsent) == (0, False)
    bench.address = None
    assert bench.web().resync().unsent
