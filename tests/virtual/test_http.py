"""The handset's HTTP(S) client against servers whose every byte is written by the test."""

from __future__ import annotations

import gzip

import pytest

from hil.net.stream import Listener
from hil.net.virtual import LAB_ADDRESS
from hil.reference.identity import Identity
from hil.reference.macros import MacroTable
from hil.reference.parameters import Parameters
from hil.reference.user_agent import user_agent
from hil.virtual import http
from hil.virtual.transfer import Failed, Fetched, NotFound, Redirected, Unauthorized

SECOND = 1_000_000_000
HOST = "prov.example"
AGENT = user_agent(MacroTable(Identity("000e08aabbcc"), Parameters()))
PROFILE = b"<flat-profile/>"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + PROFILE
PLAIN = http.Request(HOST, "/7832-3PCC.xml")


@pytest.fixture
def run(lab, fetching):
    """Fetches, and lets the bench come to rest."""

    def fetched(request=PLAIN, **options):
        return lab.clock.run(fetching(request, **options), timeout=2000)

    return fetched


def answer(status, *headers, body=b""):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


# -- what is asked, and what arrives -----------------------------------------------------------------


def test_the_request_names_the_host_and_the_phone_and_the_connection_is_used_once(
    lab, serve_http, run
):
    server = serve_http(OK)
    assert run().body == PROFILE
    assert server.requests == [
        (
            "GET /7832-3PCC.xml HTTP/1.1",
            {
                "host": HOST,
                "user-agent": "Cisco-CP-7832-3PCC/11.3.2 (000e08aabbcc)",
                "accept": "*/*",
                "connection": "close",
            },
            b"",
        )
    ]
    assert server.failed == "", "both ends ended the connection in order"
    assert lab.clock.now() == 0


def test_a_post_has_its_body_and_headers(serve_http, run):
    server = serve_http(OK)
    body = bytes(range(256)) * 4096
    headers = (("Content-Type", "text/xml"), ("Authorization", "Basic eDp5"))
    run(http.Request(HOST, "/report?mac=1", "POST", body, headers))
    ((line, seen, received),) = server.requests
    assert line == "POST /report?mac=1 HTTP/1.1"
    assert (seen["content-type"], seen["authorization"]) == ("text/xml", "Basic eDp5")
    assert received == body


def test_another_port_is_part_of_the_host_header(lab, serve_http, run):
    async def listen():
        return Listener(lab.server, 8080, server._accepted)

    server = serve_http(OK)
    other = lab.clock.run(listen())
    run(port=8080)
    other.close()
    assert server.requests[0][1]["host"] == f"{HOST}:8080"


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/a b", "/a%20b"),
        ("/ü", "/%C3%BC"),
        ("/%20?x=$MA&y=[1]", "/%20?x=$MA&y=[1]"),
        ("/x HTTP/1.1\r\nEvil: yes", "/x%20HTTP/1.1%0D%0AEvil:%20yes"),
    ],
)
def test_what_a_target_cannot_hold_is_percent_encoded(serve_http, path, target, run):
    server = serve_http(OK)
    run(http.Request(HOST, path))
    assert server.requests[0][0] == f"GET {target} HTTP/1.1"
    assert "evil" not in server.requests[0][1]


def test_a_header_that_cannot_be_written_fails_before_anything_is_sent(serve_http, run):
    server = serve_http(OK)
    outcome = run(http.Request("a\r\nEvil: yes", "/"))
    assert outcome == Failed("http: request cannot be written")
    assert server.requests == []


@pytest.mark.parametrize(
    "parts",
    [
        [OK],
        [bytes([octet]) for octet in OK],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<flat\r\nA;x=y\r\n-profile/>"],
        [b"HTTP/1.1 200 OK\r\n\r\n" + PROFILE],
        [b"HTTP/1.0 200 OK\r\n\r\n", 5, PROFILE],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\n\r\n", OK],
        [OK + b"more than promised"],
    ],
    ids=["length", "octets", "chunked", "close", "1.0", "informational", "beyond"],
)
def test_a_whole_body_is_fetched_however_it_is_framed(serve_http, parts, run):
    if b"chunked" in parts[0]:
        parts = [parts[0] + b"\r\n0\r\n\r\n"]
    serve_http(*parts)
    outcome = run()
    assert isinstance(outcome, Fetched)
    assert outcome.body == PROFILE


def test_headers_and_content_encoding_are_handed_on_and_nothing_is_decoded(serve_http, run):
    body = gzip.compress(PROFILE)
    serve_http(answer(200, "Content-Encoding: AES128GCM ", "X-Two: a", "X-Two: b", body=body))
    outcome = run()
    assert outcome.content_encoding == "aes128gcm"
    assert outcome.body == body
    assert [value for name, value in outcome.headers if name == "x-two"] == ["a", "b"]


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        (answer(204), Fetched(b"", "", (("content-length", "0"),), status=204)),
        (answer(404, body=b"<html>gone</html>"), NotFound("http: status 404")),
        (answer(301, "Location: /new.xml"), Redirected("/new.xml", 301)),
        (answer(302, "Location: https://b/c?d"), Redirected("https://b/c?d", 302)),
        (answer(302), Failed("http: status 302", 302)),
        (answer(303, "Location: /new.xml"), Redirected("/new.xml", 303)),
        (answer(307, "Location: /new.xml"), Redirected("/new.xml", 307)),
        (answer(304), Failed("http: status 304", 304)),
        (
            answer(401, 'WWW-Authenticate: Basic realm="a"', "WWW-Authenticate: Digest x=y"),
            Unauthorized('Basic realm="a", Digest x=y', 401),
        ),
        (answer(407, "Proxy-Authenticate: Basic"), Unauthorized("Basic", 407)),
        (answer(403), Failed("http: status 403", 403)),
        (answer(503), Failed("http: status 503", 503)),
    ],
)
def test_the_status_decides_what_the_answer_is(serve_http, parts, outcome, run):
    serve_http(parts)
    assert run() == outcome


# -- what breaks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parts", "text"),
    [
        ([], "http: truncated"),
        ([OK[:10]], "http: truncated"),
        ([OK[:-1]], "http: truncated"),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n<fl"], "http: truncated"),
        (
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
            "http: malformed answer",
        ),
        ([b"TFTP/2 what\r\n\r\n", None], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000, None], "http: malformed answer"),
        ([b"HTTP/1.1 101 Switching\r\n\r\n", None], "http: malformed answer"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 9, None], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"x", None], "http: timeout"),
        ([None], "http: timeout"),
    ],
)
def test_an_answer_that_is_broken_or_not_whole_is_a_failure(serve_http, parts, text, run):
    serve_http(*parts)
    assert run() == Failed(text)


def test_a_reset_is_a_failure(serve_http, run):
    serve_http(OK[:-1], abort=True)
    assert run() == Failed("http: connection reset")


def test_a_body_beyond_the_limit_is_broken_off(serve_http, run):
    serve_http(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000)
    assert run(largest=99_999) == Failed("http: too large")


def test_30_s_without_a_byte_are_too_long_and_29_are_not(lab, serve_http, run):
    serve_http(OK[:20], 29, OK[20:50], 29, OK[50:])
    assert run().body == PROFILE
    assert lab.clock.now() == 58 * SECOND


def test_an_idle_server_is_given_up_after_30_s(lab, serve_http, run):
    serve_http(OK[:20], None)
    assert run() == Failed("http: timeout")
    assert lab.clock.now() == 30 * SECOND


def test_a_server_that_trickles_is_given_up_after_ten_minutes(lab, serve_http, run):
    serve_http(*[part for octet in OK for part in (bytes([octet]), 20)])
    assert run() == Failed("http: timeout")
    assert lab.clock.now() == 600 * SECOND


def test_a_server_that_does_not_end_the_connection_costs_a_second_and_not_the_file(
    lab, serve_http, run
):
    serve_http(OK, None)
    assert run().body == PROFILE
    assert lab.clock.now() <= SECOND


def test_a_port_where_nobody_listens_refuses(serve_http, run):
    assert run(port=81) == Failed("http: connect refused", unreachable=True)


def test_a_host_that_does_not_answer_is_given_up_after_10_s(lab):
    lab.configure()
    silent = http.fetch(lab.place, LAB_ADDRESS + 76, 80, http.Request(HOST, "/"), agent=AGENT)
    assert lab.clock.run(silent) == Failed("http: connect timeout", unreachable=True)
    assert lab.clock.now() == 10 * SECOND


def test_without_a_network_it_fails_at_once(run):
    assert run() == Failed("http: connect unreachable", unreachable=True)
