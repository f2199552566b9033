"""How the HTTP endpoint is set up, reset and closed, and what a test may not ask of it."""

from __future__ import annotations

import pytest
from raw_http import PROFILE, parse, request

from hil.endpoints.http import HttpEndpoint
from hil.errors import EndpointError, UsageError
from hil.history import events as ev


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
