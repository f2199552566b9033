"""The HTTP endpoint serves the handset and records what it asked for."""

from __future__ import annotations

import base64

import pytest
from raw_http import PROFILE, asking_of, parse, request

from hil.endpoints.http_request import BODY_LIMIT
from hil.endpoints.http_response import Response
from hil.history import events as ev


@pytest.fixture
def ask(bench, http):
    return asking_of(bench.phone, http.port)


def test_a_profile_is_served_and_every_step_is_recorded(bench, http):
    http.serve("/p.xml", PROFILE, content_type="text/xml", headers={"ETag": '"7"'})
    start = bench.history.mark()
    client = bench.phone.tcp(80)

    status, headers, body = parse(client.ask(request("/p.xml?mac=1", **{"user-agent": "phone"})))

    assert (status, body) == (200, PROFILE)
    assert headers == {
        "content-type": "text/xml",
        "etag": '"7"',
        "content-length": str(len(PROFILE)),
        "connection": "close",
    }
    connected, asked, ended, gone = bench.history.since(start)
    assert isinstance(connected, ev.Connected)
    assert connected.port == 80
    assert isinstance(asked, ev.HttpRequest)
    assert (asked.scheme, asked.path, asked.port) == ("http", "/p.xml?mac=1", 80)
    assert (asked.method, asked.version) == ("GET", "1.1")
    assert asked.header("User-Agent") == "phone"
    assert asked.peer == connected.peer
    assert asked.peer.startswith(f"{bench.phone.address}:")
    assert asked.connection == connected.connection
    assert asked.kernel_ns > 0
    assert isinstance(ended, ev.TransferEnded)
    assert (ended.transfer, ended.path) == (asked.transfer, asked.path)
    assert (ended.outcome, ended.status) == (ev.Outcome.COMPLETE, 200)
    assert (ended.body, ended.sent) == (PROFILE, len(PROFILE))
    assert ("etag", '"7"') in ended.headers
    assert isinstance(gone, ev.Disconnected)
    assert (gone.connection, gone.reason) == (connected.connection, "closed")


def test_unknown_path_is_not_found(bench, ask):
    assert ask("/nothing")[0] == 404
    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.NOT_FOUND


def test_handler_makes_the_response_from_the_request(bench, http, ask):
    http.serve("/p", lambda request: Response(request.path.encode(), headers=(("x", "y"),)))

    status, headers, body = ask("/p?a=b")

    assert (status, headers["x"], body) == (200, "y", b"/p?a=b")


def test_failing_handler_is_a_fault_of_the_lab_and_not_of_the_phone(bench, http, ask):
    http.serve("/p", lambda request: Response(request.nothing))

    assert ask("/p")[0] == 500

    fault = bench.history.last(ev.LabFault)
    assert "handler of /p" in fault.what
    assert "nothing" in fault.evidence


def test_redirect(bench, http, ask):
    http.redirect("/old", "http://192.0.2.1/new", status=301)

    status, headers, _ = ask("/old")

    assert (status, headers["location"]) == (301, "http://192.0.2.1/new")
    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.REDIRECTED


@pytest.mark.parametrize(
    ("shown", "status"),
    [
        (None, 401),
        ("Basic " + base64.b64encode(b"phone:wrong").decode(), 401),
        ("Basic \xff\xfe", 401),
        ("Bearer x", 401),
        ("basic " + base64.b64encode(b"phone:s3cret").decode(), 200),
    ],
)
def test_basic_authentication(bench, http, ask, shown, status):
    http.serve("/p.xml", PROFILE)
    http.require_basic("/p.xml", "phone", "s3cret")

    got, headers, body = ask("/p.xml", authorization=shown)

    assert got == status
    assert (body == PROFILE) == (status == 200)
    assert headers.get("www-authenticate", "Basic").startswith("Basic")
    outcome = ev.Outcome.COMPLETE if status == 200 else ev.Outcome.UNAUTHORIZED
    assert bench.history.last(ev.TransferEnded).outcome is outcome
    assert bench.history.last(ev.LabFault) is None


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_uploads_are_recorded(bench, http, ask, method):
    http.serve("/report", b"", status=201)

    assert ask("/report", method, body=b"<report/>")[0] == 201

    assert bench.history.last(ev.HttpRequest).body == b"<report/>"
    assert bench.history.last(ev.HttpRequest).method == method


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_may_be_as_large_as_the_limit(bench, http, chunked):
    http.serve("/report", b"done")
    body = bytes(BODY_LIMIT)
    sent = request("/report", "POST", body=body)
    if chunked:
        size = b"%x\r\n" % BODY_LIMIT
        head = request("/report", "POST", **{"transfer-encoding": "chunked"})
        sent = head + size + body + b"\r\n0\r\n\r\n"

    answer = bench.phone.tcp(80).ask(sent)

    assert parse(answer)[0] == 200
    assert bench.history.last(ev.HttpRequest).body == body


def test_chunked_upload_with_expectation_of_100_continue(bench, http):
    http.serve("/report", b"done")
    client = bench.phone.tcp(80)
    head = request("/report", "POST", expect="100-continue", **{"transfer-encoding": "chunked"})

    promise = client.ask(head, within=1)
    answer = client.ask(b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")

    assert promise == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert parse(answer)[2] == b"done"
    assert bench.history.last(ev.HttpRequest).body == b"abcde"


def test_head_has_the_headers_and_no_body(bench, http, ask):
    http.serve("/p.xml", PROFILE)

    status, headers, body = ask("/p.xml", method="HEAD")

    assert (status, headers["content-length"], body) == (200, str(len(PROFILE)), b"")
    assert bench.history.last(ev.TransferEnded).sent == 0


def test_other_methods_are_not_allowed(http, ask):
    http.serve("/p.xml", PROFILE)

    status, headers, _ = ask("/p.xml", method="DELETE")

    assert (status, headers["allow"]) == (405, "GET, HEAD, POST, PUT")


def test_chunked_response_of_several_chunks(bench, http, ask):
    firmware = bytes(range(256)) * 800
    http.serve("/fw", firmware, chunked=True)

    _, headers, body = ask("/fw")

    assert headers["transfer-encoding"] == "chunked"
    assert "content-length" not in headers
    assert body == firmware
    assert bench.history.last(ev.TransferEnded).sent == len(firmware)


def test_http_1_0_gets_a_plain_body_that_ends_with_the_connection(bench, http):
    http.serve("/p", b"abc" * 9000, chunked=True)
    client = bench.phone.tcp(80)

    status, headers, body = parse(client.ask(request("/p", version="1.0", connection="")))

    assert (status, body) == (200, b"abc" * 9000)
    assert "transfer-encoding" not in headers
    assert client.ending == "fin"
    assert bench.history.last(ev.HttpRequest).version == "1.0"


@pytest.mark.parametrize(
    ("version", "connection", "kept"),
    [("1.1", "", True), ("1.1", "close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
def test_persistence_of_a_connection(bench, http, version, connection, kept):
    http.serve("/p", b"abc")
    client = bench.phone.tcp(80)

    client.ask(request("/p", version=version, connection=connection), within=1)

    assert client.ending == ("open" if kept else "fin")


def test_requests_that_come_together_are_answered_in_order(bench, http):
    http.serve("/a", b"first")
    http.serve("/b", b"second")
    client = bench.phone.tcp(80)

    answer = client.ask(request("/a", connection="") + b"\r\n" + request("/b"))

    assert answer.index(b"first") < answer.index(b"second")
    first, second = bench.history.all(ev.HttpRequest)
    assert first.connection == second.connection
    assert second.transfer > first.transfer


def test_idle_connection_is_closed_after_a_while(bench, http):
    http.serve("/p", b"abc")
    client = bench.phone.tcp(80)
    client.ask(request("/p", connection=""), within=29)
    assert client.ending == "open"

    client.receive(within=2)

    assert client.ending == "fin"
    assert bench.history.last(ev.Disconnected).reason == "timeout"


@pytest.mark.parametrize(("end", "reason"), [("finish", "fin"), ("abort", "reset")])
def test_how_the_phone_ends_a_connection_is_recorded(bench, http, end, reason):
    client = bench.phone.tcp(80)

    async def act():
        if end == "abort":
            client.stream.abort()
        else:
            await client.stream.finish(within=1)

    bench.clock.run(act())

    assert bench.history.last(ev.Disconnected).reason == reason


def test_phone_that_goes_in_the_middle_of_a_body_leaves_an_aborted_transfer(bench, http):
    http.serve("/fw", bytes(8 << 20))
    client = bench.phone.tcp(80)
    client.send(request("/fw"))

    async def read_some_and_go():
        await client.stream.read(within=1)
        client.stream.abort()

    bench.clock.run(read_some_and_go())

    ended = bench.history.last(ev.TransferEnded)
    assert ended.outcome is ev.Outcome.ABORTED
    assert ended.sent < 8 << 20
    assert ended.body == b""


def test_phone_that_takes_nothing_any_more_is_given_up(bench, http):
    http.serve("/fw", bytes(16 << 20))
    bench.phone.tcp(80).send(request("/fw"))

    ended = bench.history.wait(ev.TransferEnded, within=120)

    assert ended.outcome is ev.Outcome.TIMED_OUT
    assert bench.history.last(ev.Disconnected).reason == "timeout"


@pytest.mark.parametrize(
    "target",
    ["/dir/p.xml", "/dir/./p.xml", "/x/../dir/p.xml", "/dir/%70.xml", "http://h:80/dir/p.xml"],
)
def test_spellings_of_one_path(http, ask, target):
    http.serve("/dir/p.xml", PROFILE)

    assert ask(target)[2] == PROFILE


def test_path_may_have_any_printable_characters(bench, http, ask):
    http.serve("/Füße/100%.xml", PROFILE)

    assert ask("/F%C3%BC%C3%9Fe/100%25.xml")[2] == PROFILE
