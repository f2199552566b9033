"""The HTTP endpoint serves the handset, records what it asked for, and survives what is hostile."""

from __future__ import annotations

import base64
import contextlib

import h11
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.endpoints.http import MOST_CONNECTIONS, HttpEndpoint
from hil.endpoints.http_request import BODY_LIMIT, HEAD_LIMIT
from hil.endpoints.http_response import Response
from hil.errors import EndpointError, StreamClosed, StreamTimeout, UsageError
from hil.history import events as ev

PROFILE = b"<flat-profile><Resync_Periodic>3600</Resync_Periodic></flat-profile>"


def request(path="/p.xml", method="GET", version="1.1", body=b"", **headers):
    fields = {"host": "prov.example", "connection": "close", **headers}
    if body:
        fields["content-length"] = str(len(body))
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value)
    return f"{method} {path} HTTP/{version}\r\n{lines}\r\n".encode("latin-1") + body


def parse(data, method="GET"):
    """The status, headers and body that an independent client reads out of a response."""
    parser = h11.Connection(h11.CLIENT)
    parser.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
    parser.send(h11.EndOfMessage())
    parser.receive_data(data)
    parser.receive_data(b"")
    head = parser.next_event()
    body = b""
    while isinstance(event := parser.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    headers = {name.decode(): value.decode() for name, value in head.headers}
    return head.status_code, headers, body


@pytest.fixture
def http(bench):
    bench.configure_phone()
    return bench.start(HttpEndpoint)


@pytest.fixture
def ask(bench, http):
    """Send a request on a connection of its own and read the answer."""

    def asking(*args, **fields):
        data = bench.phone.tcp(http.port).ask(request(*args, **fields))
        return parse(data, fields.get("method", "GET"))

    return asking


# -- what is served ----------------------------------------------------------------------------------


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


# -- who is served -----------------------------------------------------------------------------------


def test_stranger_gets_nothing_and_is_recorded(bench, http):
    bench.stranger.configure()

    with pytest.raises(StreamClosed, match="reset"):
        bench.stranger.tcp(80)

    assert bench.history.last(ev.Stranger).peer.startswith(f"{bench.stranger.address}:")
    assert bench.history.all(ev.Connected) == ()


def test_connections_are_bounded(bench, http):
    http.serve("/p.xml", PROFILE)
    clients = [bench.phone.tcp(80) for _ in range(MOST_CONNECTIONS)]

    with pytest.raises(StreamClosed, match="reset"):
        bench.phone.tcp(80)

    assert f"more than {MOST_CONNECTIONS}" in bench.history.last(ev.Refused).reason
    assert parse(clients[0].ask(request()))[2] == PROFILE


# -- what is hostile ---------------------------------------------------------------------------------

CLIMBING = [
    "/../etc/passwd",
    "/a/../../etc/passwd",
    "/%2e%2e/etc/passwd",
    "/a/%2E%2e/%2e./etc/passwd",
    "/..%2fetc/passwd",
    "/..%5cetc/passwd",
    "/..\\etc\\passwd",
    "http://lab/../etc/passwd",
]
BROKEN = ["/a%00.xml", "/a%0d%0aX:y", "/%zz", "/%", "/%ff", "*", "no-slash", "ftp://lab/x"]


@pytest.mark.parametrize(
    ("target", "status"), [*((path, 403) for path in CLIMBING), *((path, 400) for path in BROKEN)]
)
def test_path_that_leads_out_of_the_tree_is_refused(bench, http, ask, target, status):
    http.serve("/etc/passwd", b"root")

    got, _, body = ask(target)

    assert got == status
    assert b"root" not in body
    assert bench.history.last(ev.Refused).reason != ""
    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.ERROR
    assert ask("/etc/passwd")[0] == 200


@pytest.mark.parametrize(
    "target",
    ["/dir/p.xml", "/dir/./p.xml", "/x/../dir/p.xml", "/dir/%70.xml", "http://h:80/dir/p.xml"],
)
def test_spellings_of_one_path(http, ask, target):
    http.serve("/dir/p.xml", PROFILE)

    assert ask(target)[2] == PROFILE


HOSTILE = {
    "endless header": (b"GET / HTTP/1.1\r\nx: " + b"a" * (HEAD_LIMIT + 1), 431),
    "long header": (request(x="a" * HEAD_LIMIT), 431),
    "endless request line": (b"GET /" + b"a" * (HEAD_LIMIT + 1), 431),
    "many headers": (b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * HEAD_LIMIT, 431),
    "no request": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "two lengths": (
        request("/", "POST", **{"content-length": "3"})[:-2] + b"Content-Length: 4\r\n\r\n",
        400,
    ),
    "bad length": (request("/", "POST", **{"content-length": "-1"}), 400),
    "huge length": (request("/", "POST", **{"content-length": "9" * 19}), 413),
    "length over the limit": (request("/", "POST", **{"content-length": str(BODY_LIMIT + 1)}), 413),
    "chunks over the limit": (
        request("/", "POST", **{"transfer-encoding": "chunked"})
        + (b"10000\r\n" + bytes(0x10000) + b"\r\n") * 17,
        413,
    ),
    "bad chunk": (request("/", "POST", **{"transfer-encoding": "chunked"}) + b"zz\r\n", 400),
    "no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "folded nonsense": (b"GET / HTTP/1.1\r\nHost: x\r\n\x00: y\r\n\r\n", 400),
    "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_request_is_refused_and_recorded_and_the_endpoint_goes_on(bench, http, ask, name):
    data, status = HOSTILE[name]
    http.serve("/p.xml", PROFILE)
    client = bench.phone.tcp(80)

    answer = client.ask(data)

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert client.ending == "fin"
    refused = bench.history.last(ev.Refused)
    assert refused.reason
    assert 0 < len(refused.data) <= 2048
    assert bench.history.all(ev.HttpRequest) == ()
    assert ask()[2] == PROFILE


def test_request_that_never_gets_whole_is_refused_after_thirty_seconds(bench, http, ask):
    http.serve("/p.xml", PROFILE)
    client = bench.phone.tcp(80)
    start = bench.history.mark()

    async def drip():
        # One octet every second, so that the connection is never idle.
        answer = b""
        for octet in request(x="a" * 100)[:-1]:
            await client.stream.write(bytes([octet]), within=1)
            with contextlib.suppress(StreamTimeout):
                answer += await client.stream.read(within=1)
            if answer:
                break
        return answer

    answer = bench.clock.run(drip(), timeout=200)

    assert answer.startswith(b"HTTP/1.1 408 ")
    refused = bench.history.all(ev.Refused, after=start)
    assert [round((e.at - start.at) / 1e9) for e in refused] == [30]
    assert ask()[2] == PROFILE


def test_connection_that_ends_inside_a_request_is_recorded(bench, http):
    client = bench.phone.tcp(80)
    client.send(b"GET /p.xml HT")
    client.finish()

    assert "closed" in bench.history.last(ev.Refused).reason


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.lists(
            st.sampled_from(
                [b"GET ", b"POST ", b"/", b"p.xml", b" HTTP/1.1\r\n", b"Host: x\r\n", b"\r\n", b"%2e",
                 b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"5\r\n", b"0\r\n",
                 b"\xff", b"Connection: close\r\n", b"Expect: 100-continue\r\n", b"http://", b"\0"]
            ),
            max_size=14,
        ).map(b"".join),
    )
)  # fmt: skip
def test_any_octets_leave_the_endpoint_serving(bench, http, data):
    http.serve("/p.xml", PROFILE)
    hostile = bench.phone.tcp(80)
    hostile.send(data)
    hostile.finish()

    assert parse(bench.phone.tcp(80).ask(request()))[2] == PROFILE
    connected = bench.history.all(ev.Connected)
    bench.let_pass(40)
    assert len(bench.history.all(ev.Disconnected)) == len(connected)


# -- configuration -----------------------------------------------------------------------------------


def test_reset_forgets_everything_and_aborts_what_is_open(bench, http):
    http.serve("/p.xml", PROFILE)
    http.serve("/fw", bytes(8 << 20))
    http.require_basic("/p.xml", "a", "b")
    idle = bench.phone.tcp(80)
    busy = bench.phone.tcp(80)
    busy.send(request("/fw"))

    http.reset()

    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.ABORTED
    assert [e.reason for e in bench.history.all(ev.Disconnected)] == ["closed", "closed"]
    idle.receive()
    busy.receive()
    assert (idle.ending, busy.ending) == ("reset", "reset")
    assert parse(bench.phone.tcp(80).ask(request()))[0] == 404


def test_reset_takes_less_than_five_milliseconds(wall_bench):
    http = wall_bench.start(HttpEndpoint)
    wall_bench.configure_phone()
    taken = []
    for _ in range(20):
        clients = [wall_bench.phone.tcp(80) for _ in range(4)]
        start = wall_bench.clock.now()
        http.reset()
        taken.append(wall_bench.clock.now() - start)
        for client in clients:
            client.receive()
    assert sorted(taken)[len(taken) // 2] < 5_000_000


def test_close_ends_open_connections_and_frees_the_port(bench, http):
    client = bench.phone.tcp(80)

    bench.clock.run(http.close())

    client.receive()
    assert client.ending == "reset"
    bench.start(HttpEndpoint)


def test_port_that_is_taken_is_an_error_that_says_so(bench, http):
    with pytest.raises(EndpointError, match="port 80"):
        bench.start(HttpEndpoint)


@pytest.mark.parametrize("path", ["p.xml", "/a/../b", "/a?b", "", "/a\0", "/a\r\n"])
def test_path_that_no_request_can_name_is_refused_to_the_test(http, path):
    with pytest.raises(UsageError):
        http.serve(path, b"")


def test_path_may_have_any_printable_characters(bench, http, ask):
    http.serve("/Füße/100%.xml", PROFILE)

    assert ask("/F%C3%BC%C3%9Fe/100%25.xml")[2] == PROFILE


@pytest.mark.parametrize(
    "options",
    [
        {"status": 99},
        {"headers": {"X": "a\r\nY: b"}},
        {"headers": {"Content-Length": "3"}},
        {"content_type": "a\n"},
    ],
)
def test_response_that_cannot_be_is_refused_to_the_test(http, options):
    with pytest.raises(UsageError):
        http.serve("/p", b"", **options)


def test_url(bench, http):
    assert http.url("/p.xml") == "http://192.0.2.1/p.xml"
    other = bench.start(HttpEndpoint, port=8080)
    assert other.url("/p.xml", host="prov.example") == "http://prov.example:8080/p.xml"
