"""Each fault of HTTP does on the wire what its name says, is recorded, and leaves the rest alone."""

from __future__ import annotations

import asyncio
import base64

import pytest

from hil.endpoints import faults as fl
from hil.endpoints.http import HttpEndpoint
from hil.errors import UsageError
from hil.history import events as ev

BODY = b"0123456789" * 10
GET = b"GET /p.xml HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n"


@pytest.fixture
def http(bench):
    bench.configure_phone()
    endpoint = bench.start(HttpEndpoint)
    endpoint.serve("/p.xml", BODY)
    return endpoint


@pytest.fixture
def ask(bench, http):
    """Ask for the profile; what came, how it ended, and how the server says that it ended."""

    def asking(data=GET, within=30.0):
        client = bench.phone.tcp(80)
        answer = client.ask(data, within)
        return answer, client.ending, bench.history.last(ev.TransferEnded)

    return asking


def body_of(answer):
    return answer.partition(b"\r\n\r\n")[2]


def injected(bench):
    return [event.fault for event in bench.history.all(ev.FaultInjected)]


def test_silence(bench, http, ask):
    http.inject(fl.Silence())

    answer, ending, _ = ask(within=300)

    assert (answer, ending) == (b"", "open")
    assert injected(bench) == ["Silence"]
    ended = bench.history.wait(ev.TransferEnded, within=400)
    assert ended.outcome is ev.Outcome.TIMED_OUT


def test_silence_towards_a_phone_that_gives_up(bench, http):
    http.inject(fl.Silence())
    client = bench.phone.tcp(80)
    client.ask(GET, within=20)
    client.finish()

    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.ABORTED
    assert bench.history.last(ev.Disconnected).at == pytest.approx(20e9)


def test_delay(bench, http, ask):
    http.inject(fl.Delay(12.5))

    answer, _, ended = ask()

    asked = bench.history.last(ev.HttpRequest)
    assert body_of(answer) == BODY
    assert ended.at - asked.at == 12_500_000_000
    assert ended.outcome is ev.Outcome.COMPLETE


def test_delay_outlasts_a_phone_that_gives_up(bench, http, ask):
    http.inject(fl.Delay(20))
    client = bench.phone.tcp(80)
    client.ask(GET, within=10)
    client.finish()
    bench.let_pass(20)

    ended = bench.history.last(ev.TransferEnded)
    assert (ended.outcome, ended.sent) == (ev.Outcome.ABORTED, 0)


@pytest.mark.parametrize("at", [0, 42, 99])
@pytest.mark.parametrize(
    ("kind", "how"),
    [(fl.Truncate, "fin"), (fl.Close, "fin"), (fl.Reset, "reset"), (fl.Stall, "open")],
)
def test_body_is_cut_at_the_octet(bench, http, ask, kind, how, at):
    http.inject(kind(at=at))

    answer, ending, ended = ask()

    assert b"Content-Length: 100\r\n" in answer
    assert body_of(answer) == BODY[:at]
    assert ending == how
    assert injected(bench) == [kind.__name__]
    if how != "open":
        assert (ended.outcome, ended.status, ended.sent) == (ev.Outcome.ABORTED, 200, at)
        assert ended.body == b""


@pytest.mark.parametrize(("kind", "how"), [(fl.Close, "fin"), (fl.Reset, "reset")])
def test_connection_ends_before_the_answer(bench, http, ask, kind, how):
    http.inject(kind())

    answer, ending, ended = ask()

    assert (answer, ending) == (b"", how)
    assert (ended.outcome, ended.status) == (ev.Outcome.ABORTED, 0)


def test_large_body_arrives_up_to_the_octet_at_which_it_is_reset(bench, http, ask):
    firmware = bytes(range(256)) * 4096
    http.serve("/p.xml", firmware)
    http.inject(fl.Reset(at=700_000))

    answer, ending, _ = ask()

    assert ending == "reset"
    assert body_of(answer) == firmware[:700_000]


def test_chunked_body_is_cut_inside_a_chunk(bench, http, ask):
    http.serve("/p.xml", BODY, chunked=True)
    http.inject(fl.Truncate(at=42))

    assert body_of(ask()[0]) == b"64\r\n" + BODY[:42]


@pytest.mark.parametrize(
    ("by", "announced", "outcome", "given"),
    [
        (5, b"105", ev.Outcome.ABORTED, b""),
        (-30, b"70", ev.Outcome.COMPLETE, BODY[:70]),
        (-1000, b"0", ev.Outcome.COMPLETE, b""),
    ],
)
def test_wrong_content_length(bench, http, ask, by, announced, outcome, given):
    http.inject(fl.WrongLength(by))

    answer, ending, ended = ask()

    assert b"Content-Length: " + announced + b"\r\n" in answer
    assert (body_of(answer), ending) == (BODY, "fin")
    assert (ended.outcome, ended.body) == (outcome, given)


def test_corrupt_octet_is_in_what_the_phone_was_given(bench, http, ask):
    http.inject(fl.Corrupt(at=3, xor=0x01))

    answer, _, ended = ask()

    assert body_of(answer) == b"0122456789" + BODY[10:]
    assert ended.outcome is ev.Outcome.COMPLETE
    assert ended.body == body_of(answer)


@pytest.mark.parametrize(
    ("fault", "line", "outcome"),
    [
        (fl.Status(503), b"HTTP/1.1 503 Service Unavailable\r\n", ev.Outcome.ERROR),
        (fl.Status(404, "Gone fishing"), b"HTTP/1.1 404 Gone fishing\r\n", ev.Outcome.NOT_FOUND),
        (fl.Status(401), b"HTTP/1.1 401 Unauthorized\r\n", ev.Outcome.UNAUTHORIZED),
        (fl.Status(999), b"HTTP/1.1 999 Unknown\r\n", ev.Outcome.ERROR),
        (fl.Status(204), b"HTTP/1.1 204 No Content\r\n", ev.Outcome.COMPLETE),
        (fl.MalformedStatusLine(), b"THIS IS NO STATUS LINE\r\n", ev.Outcome.ERROR),
    ],
)
def test_wrong_status(bench, http, ask, fault, line, outcome):
    http.inject(fault)

    answer, _, ended = ask()

    assert answer.startswith(line)
    assert ended.outcome is outcome
    assert injected(bench) == [type(fault).__name__]


@pytest.mark.parametrize("status", [301, 302, 307])
def test_redirect_loop_leads_to_its_own_url(bench, http, ask, status):
    http.inject(fl.RedirectLoop(status))

    answer, _, ended = ask(GET.replace(b"/p.xml", b"/p.xml?a=1"))

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert b"Location: http://lab/p.xml?a=1\r\n" in answer
    assert ended.outcome is ev.Outcome.REDIRECTED


def test_bad_chunk(bench, http, ask):
    http.inject(fl.BadChunk())

    answer, ending, ended = ask()

    assert b"Transfer-Encoding: chunked\r\n" in answer
    assert body_of(answer) == b"32\r\n" + BODY[:50] + b"\r\nno size\r\n" + BODY[50:] + b"\r\n"
    assert (ending, ended.outcome) == ("fin", ev.Outcome.ABORTED)


@pytest.mark.parametrize("chunked", [False, True])
def test_drip(bench, http, ask, chunked):
    http.serve("/p.xml", BODY, chunked=chunked)
    http.inject(fl.Drip(seconds=2, octets=10))

    answer, _, ended = ask()

    asked = bench.history.last(ev.HttpRequest)
    assert body_of(answer) == (b"a\r\n0123456789\r\n" * 10 + b"0\r\n\r\n" if chunked else BODY)
    assert ended.at - asked.at == 20_000_000_000
    assert (ended.outcome, ended.sent) == (ev.Outcome.COMPLETE, 100)


def test_drip_stops_when_the_phone_goes(bench, http):
    http.inject(fl.Drip(seconds=1))
    client = bench.phone.tcp(80)

    async def read_ten_seconds_and_go():
        async with asyncio.timeout(10.5):
            while True:
                await client.stream.read(within=20)

    client.send(GET)
    with pytest.raises(TimeoutError):
        bench.clock.run(read_ten_seconds_and_go())
    client.finish()
    bench.let_pass(2)

    ended = bench.history.last(ev.TransferEnded)
    assert (ended.outcome, ended.sent) == (ev.Outcome.ABORTED, 10)


def test_faults_add_up(bench, http, ask):
    http.inject(fl.Delay(3))
    http.inject(fl.Corrupt(at=0, xor=0xFF))
    http.inject(fl.Truncate(at=5))

    answer, _, ended = ask()

    assert body_of(answer) == b"\xcf1234"
    assert ended.at == 3_000_000_000
    assert injected(bench) == ["Delay", "Corrupt", "Truncate"]


def test_fault_that_cannot_be_applied_is_noted_and_never_recorded_as_a_stimulus(bench, http, ask):
    http.inject(fl.Corrupt(at=100))
    http.inject(fl.Truncate(at=100))
    http.inject(fl.Stall(at=101))

    assert body_of(ask()[0]) == BODY

    assert injected(bench) == []
    assert len(bench.history.all(ev.Note)) == 3


@pytest.mark.parametrize(
    ("nth", "bad"), [(1, [1]), (3, [3]), (range(2, 4), [2, 3]), (None, [1, 2, 3, 4])]
)
def test_the_nth_request_only(bench, http, ask, nth, bad):
    http.inject(fl.Status(500), nth=nth)

    statuses = [ask()[2].status for _ in range(4)]

    assert [number for number, status in enumerate(statuses, 1) if status == 500] == bad


def test_one_path_only_whatever_its_spelling_and_query(bench, http, ask):
    http.serve("/other", b"")
    http.inject(fl.Status(500), name="/p.xml", nth=2)

    targets = [b"/p.xml?mac=1", b"/other", b"/./%70.xml", b"/p.xml"]
    statuses = [ask(GET.replace(b"/p.xml", target))[2].status for target in targets]

    assert statuses == [200, 200, 500, 200]


def test_fault_comes_before_authentication_is_looked_at_again(bench, http, ask):
    http.require_basic("/p.xml", "u", "p")
    http.inject(fl.Status(500), nth=2)
    shown = b"Authorization: Basic " + base64.b64encode(b"u:p") + b"\r\n\r\n"

    first = ask()[2]
    second = ask(GET[:-2] + shown)[2]
    third = ask(GET[:-2] + shown)[2]

    assert [e.status for e in (first, second, third)] == [401, 500, 200]


def test_reset_ends_faults_and_the_exchanges_that_they_hold_up(bench, http, ask):
    http.inject(fl.Silence())
    client = bench.phone.tcp(80)
    client.ask(GET, within=1)

    http.reset()

    assert client.receive() == b""
    assert client.ending == "reset"
    assert bench.history.last(ev.TransferEnded).outcome is ev.Outcome.ABORTED
    http.serve("/p.xml", BODY)
    assert body_of(ask()[0]) == BODY


@pytest.mark.parametrize(
    "fault", [fl.Nak(), fl.TftpError(1), fl.Rcode("SERVFAIL"), fl.ExpiredCertificate()]
)
def test_fault_of_another_protocol_is_refused_to_the_test(http, fault):
    with pytest.raises(UsageError, match="http cannot apply"):
        http.inject(fault)
