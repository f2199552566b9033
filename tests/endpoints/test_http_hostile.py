"""The HTTP endpoint survives what is hostile, and serves nobody but the handset."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from raw_http import PROFILE, asking_of, parse, request

from hil.endpoints.http import MOST_CONNECTIONS
from hil.endpoints.http_request import BODY_LIMIT, HEAD_LIMIT
from hil.errors import StreamClosed, StreamTimeout
from hil.history import events as ev


@pytest.fixture
def ask(bench, http):
    return asking_of(bench.phone, http.port)


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
