"""The handset's HTTP(S) client against servers whose every byte is written by the test."""

from __future__ import annotations

import asyncio
import gzip
import select
import socket
import ssl
import struct

import pytest
import trustme

from hil.errors import StreamClosed, TransportError, UsageError
from hil.net.stream import Listener
from hil.net.tls import TlsStream
from hil.net.virtual import LAB_ADDRESS
from hil.virtual import http
from hil.virtual.transfer import Failed, Fetched, NotFound, Redirected, Unauthorized
from hil.virtual.trust import TrustConfig, client_context

SECOND = 1_000_000_000
HOST = "prov.example"
AGENT = http.user_agent("00:0E:08:AA:BB:CC")
PROFILE = b"<flat-profile/>"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + PROFILE
STALL = object()
PLAIN = http.Request(HOST, "/7832-3PCC.xml")


class HttpServer:
    """Reads a request's head and body, then writes ``answer``, part by part, and closes.

    A number in ``answer`` is a pause in seconds; STALL never ends, an empty answer just closes.
    """

    def __init__(self, lab, answer, *, tls=None, abort=False):
        self.requests = []
        self.connections = []
        self.tasks = []
        self.failed = ""
        self.client_certificate = None
        self._answer = answer
        self._tls = tls
        self._abort = abort

        async def listen():
            self.listener = Listener(lab.server, 443 if tls else 80, self._accepted)

        lab.clock.run(listen())

    def _accepted(self, stream):
        self.connections.append(stream)
        self.tasks.append(asyncio.ensure_future(self._serve(stream)))

    async def _serve(self, stream):
        carrier = stream
        try:
            if self._tls is not None:
                carrier = TlsStream(stream, self._tls, server_side=True)
                await carrier.handshake(within=100)
                self.client_certificate = carrier.certificate
            await self._read(carrier)
            for part in self._answer:
                if part is STALL:
                    await asyncio.Event().wait()
                elif isinstance(part, int | float):
                    await asyncio.sleep(part)
                else:
                    await carrier.write(part, within=100)
            if self._abort:
                carrier.abort()
            else:
                await carrier.finish(within=100)
        except TransportError as error:
            self.failed = str(error)
        finally:
            stream.close()

    async def _read(self, carrier):
        data = b""
        while b"\r\n\r\n" not in data:
            data += await self._some(carrier)
        head, _, body = data.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ") for line in lines[1:])}
        while len(body) < int(headers.get("content-length", 0)):
            body += await self._some(carrier)
        self.requests.append((lines[0], headers, body))

    async def _some(self, carrier):
        data = await carrier.read(within=100)
        if not data:
            raise StreamClosed("closed")
        return data


@pytest.fixture
def serve(lab):
    lab.configure()
    servers = []

    def start(*answer, **options):
        servers.append(HttpServer(lab, answer, **options))
        return servers[-1]

    yield start

    async def end():
        for server in servers:
            server.listener.close()
            for task in server.tasks:
                task.cancel()
            if server.tasks:
                await asyncio.wait(server.tasks)

    lab.clock.run(end())


def fetching(lab, request=PLAIN, *, tls=None, port=None, **config):
    return http.fetch(
        lab.place,
        LAB_ADDRESS,
        port or (443 if tls else 80),
        request,
        agent=AGENT,
        tls=tls,
        config=http.HttpConfig(**config),
    )


def run(lab, *arguments, **options):
    return lab.clock.run(fetching(lab, *arguments, **options), timeout=2000)


def answer(status, *headers, body=b""):
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


# -- what is asked, and what arrives -----------------------------------------------------------------


def test_the_request_names_the_host_and_the_phone_and_the_connection_is_used_once(lab, serve):
    server = serve(OK)
    assert run(lab).body == PROFILE
    assert server.requests == [
        (
            "GET /7832-3PCC.xml HTTP/1.1",
            {
                "host": HOST,
                "user-agent": "Cisco-CP-7832-3PCC/11.3.1 (000e08aabbcc)",
                "accept": "*/*",
                "connection": "close",
            },
            b"",
        )
    ]
    assert server.failed == "", "both ends ended the connection in order"
    assert lab.clock.now() == 0


def test_a_post_has_its_body_and_headers(lab, serve):
    server = serve(OK)
    body = bytes(range(256)) * 4096
    headers = (("Content-Type", "text/xml"), ("Authorization", "Basic eDp5"))
    run(lab, http.Request(HOST, "/report?mac=1", "POST", body, headers))
    ((line, seen, received),) = server.requests
    assert line == "POST /report?mac=1 HTTP/1.1"
    assert (seen["content-type"], seen["authorization"]) == ("text/xml", "Basic eDp5")
    assert received == body


def test_another_port_is_part_of_the_host_header(lab, serve):
    async def listen():
        return Listener(lab.server, 8080, server._accepted)

    server = serve(OK)
    other = lab.clock.run(listen())
    run(lab, port=8080)
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
def test_what_a_target_cannot_hold_is_percent_encoded(lab, serve, path, target):
    server = serve(OK)
    run(lab, http.Request(HOST, path))
    assert server.requests[0][0] == f"GET {target} HTTP/1.1"
    assert "evil" not in server.requests[0][1]


def test_a_header_that_cannot_be_written_fails_before_anything_is_sent(lab, serve):
    server = serve(OK)
    outcome = run(lab, http.Request("a\r\nEvil: yes", "/"))
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
def test_a_whole_body_is_fetched_however_it_is_framed(lab, serve, parts):
    if b"chunked" in parts[0]:
        parts = [parts[0] + b"\r\n0\r\n\r\n"]
    serve(*parts)
    outcome = run(lab)
    assert isinstance(outcome, Fetched)
    assert outcome.body == PROFILE


def test_headers_and_content_encoding_are_handed_on_and_nothing_is_decoded(lab, serve):
    body = gzip.compress(PROFILE)
    serve(answer(200, "Content-Encoding: AES128GCM ", "X-Two: a", "X-Two: b", body=body))
    outcome = run(lab)
    assert outcome.content_encoding == "aes128gcm"
    assert outcome.body == body
    assert [value for name, value in outcome.headers if name == "x-two"] == ["a", "b"]


@pytest.mark.parametrize(
    ("parts", "outcome"),
    [
        (answer(204), Fetched(b"", "", (("content-length", "0"),))),
        (answer(404, body=b"<html>gone</html>"), NotFound("http: status 404")),
        (answer(301, "Location: /new.xml"), Redirected("/new.xml", 301)),
        (answer(302, "Location: https://b/c?d"), Redirected("https://b/c?d", 302)),
        (answer(302), Failed("http: status 302", 302)),
        (answer(303, "Location: /new.xml"), Failed("http: status 303", 303)),
        (answer(307, "Location: /new.xml"), Failed("http: status 307", 307)),
        (
            answer(401, 'WWW-Authenticate: Basic realm="a"', "WWW-Authenticate: Digest x=y"),
            Unauthorized('Basic realm="a", Digest x=y', 401),
        ),
        (answer(407, "Proxy-Authenticate: Basic"), Unauthorized("Basic", 407)),
        (answer(403), Failed("http: status 403", 403)),
        (answer(503), Failed("http: status 503", 503)),
    ],
)
def test_the_status_decides_what_the_answer_is(lab, serve, parts, outcome):
    serve(parts)
    assert run(lab) == outcome


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
        ([b"TFTP/2 what\r\n\r\n", STALL], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nA: " + b"x" * 20_000, STALL], "http: malformed answer"),
        ([b"HTTP/1.1 101 Switching\r\n\r\n", STALL], "http: malformed answer"),
        ([b"HTTP/1.1 100 Continue\r\n\r\n" * 9, STALL], "http: malformed answer"),
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", b"x", STALL], "http: timeout"),
        ([STALL], "http: timeout"),
    ],
)
def test_an_answer_that_is_broken_or_not_whole_is_a_failure(lab, serve, parts, text):
    serve(*parts)
    assert run(lab) == Failed(text)


def test_a_reset_is_a_failure(lab, serve):
    serve(OK[:-1], abort=True)
    assert run(lab) == Failed("http: connection reset")


def test_a_body_beyond_the_limit_is_broken_off(lab, serve):
    serve(b"HTTP/1.1 200 OK\r\n\r\n", b"x" * 100_000)
    assert run(lab, largest=99_999) == Failed("http: too large")


def test_30_s_without_a_byte_are_too_long_and_29_are_not(lab, serve):
    serve(OK[:20], 29, OK[20:50], 29, OK[50:])
    assert run(lab).body == PROFILE
    assert lab.clock.now() == 58 * SECOND


def test_an_idle_server_is_given_up_after_30_s(lab, serve):
    serve(OK[:20], STALL)
    assert run(lab) == Failed("http: timeout")
    assert lab.clock.now() == 30 * SECOND


def test_a_server_that_trickles_is_given_up_after_ten_minutes(lab, serve):
    serve(*[part for octet in OK for part in (bytes([octet]), 20)])
    assert run(lab) == Failed("http: timeout")
    assert lab.clock.now() == 600 * SECOND


def test_a_server_that_does_not_end_the_connection_costs_a_second_and_not_the_file(lab, serve):
    serve(OK, STALL)
    assert run(lab).body == PROFILE
    assert lab.clock.now() <= SECOND


def test_a_port_where_nobody_listens_refuses(lab, serve):
    assert run(lab, port=81) == Failed("http: connect refused")


def test_a_host_that_does_not_answer_is_given_up_after_10_s(lab):
    lab.configure()
    silent = http.fetch(lab.place, LAB_ADDRESS + 76, 80, http.Request(HOST, "/"), agent=AGENT)
    assert lab.clock.run(silent) == Failed("http: connect timeout")
    assert lab.clock.now() == 10 * SECOND


def test_without_a_network_it_fails_at_once(lab):
    assert run(lab) == Failed("http: connect unreachable")


# -- TLS ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, *names, ask_client=False):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names or (HOST,)).configure_cert(context)
    if ask_client:
        authority.configure_trust(context)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def phone_context(authority, **config):
    return client_context(TrustConfig(authorities=authority.cert_pem.bytes(), **config))


def test_a_server_with_the_right_name_from_a_known_authority_is_trusted(lab, serve, authority):
    server = serve(OK, tls=server_context(authority))
    assert run(lab, tls=phone_context(authority)).body == PROFILE
    assert server.requests[0][1]["host"] == HOST
    assert server.failed == ""


@pytest.mark.parametrize("case", ["wrong name", "unknown authority", "no authority"])
def test_a_server_that_cannot_prove_itself_gets_no_request(lab, serve, authority, case):
    name = "other.example" if case == "wrong name" else HOST
    server = serve(OK, tls=server_context(authority, name))
    trusted = {"unknown authority": trustme.CA().cert_pem.bytes(), "no authority": b""}
    tls = client_context(TrustConfig(authorities=trusted.get(case, authority.cert_pem.bytes())))
    assert run(lab, tls=tls) == Failed("tls: certificate verify failed")
    assert server.requests == []


def test_a_phone_that_does_not_check_is_fooled(lab, serve, authority):
    serve(OK, tls=server_context(trustme.CA(), "other.example"))
    assert run(lab, tls=phone_context(authority, verify=False)).body == PROFILE


def test_a_phone_that_does_not_check_names_is_fooled_by_another_host(lab, serve, authority):
    serve(OK, tls=server_context(authority, "other.example"))
    assert run(lab, tls=phone_context(authority, check_host_name=False)).body == PROFILE


@pytest.mark.parametrize("asked", [True, False])
def test_the_client_certificate_is_shown_to_a_server_that_asks(lab, serve, authority, asked):
    issued = authority.issue_cert("000e08aabbcc.phone.example")
    own = issued.private_key_pem.bytes() + b"".join(
        certificate.bytes() for certificate in issued.cert_chain_pems
    )
    server = serve(OK, tls=server_context(authority, ask_client=asked))
    assert run(lab, tls=phone_context(authority, certificate=own)).body == PROFILE
    shown = server.client_certificate
    expected = ssl.PEM_cert_to_DER_cert(issued.cert_chain_pems[0].bytes().decode())
    assert shown == (expected if asked else None)


def test_an_old_version_of_tls_is_refused(lab, serve, authority):
    context = server_context(authority)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    server = serve(OK, tls=context)
    tls = phone_context(authority, minimum_version=ssl.TLSVersion.TLSv1_3)
    assert run(lab, tls=tls) == Failed("tls: tlsv1 alert protocol version")
    assert server.requests == []


def test_a_server_that_does_not_speak_tls_fails(lab, serve, authority):
    serve(OK)
    outcome = run(lab, tls=phone_context(authority), port=80)
    assert isinstance(outcome, Failed)
    assert outcome.text.startswith(("tls: ", "http: "))


def test_a_handshake_that_stalls_is_given_up_after_10_s(lab, serve, authority):
    async def listen():
        return Listener(lab.server, 443, held.append)

    held = []
    listener = lab.clock.run(listen())
    serve(OK)
    assert run(lab, tls=phone_context(authority)) == Failed("tls: timeout")
    assert lab.clock.now() == 10 * SECOND
    listener.close()
    held[0].close()


def test_a_body_that_ends_without_close_notify_is_not_whole(lab, serve, authority):
    serve(OK[:-1], tls=server_context(authority), abort=True)
    outcome = run(lab, tls=phone_context(authority))
    assert isinstance(outcome, Failed)


@pytest.mark.parametrize("pem", [b"not PEM", "ä".encode()])
def test_certificates_that_cannot_be_read_are_the_inventorys_fault(pem):
    with pytest.raises(UsageError):
        client_context(TrustConfig(authorities=pem))
    with pytest.raises(UsageError):
        client_context(TrustConfig(certificate=pem))


# -- the power cut -----------------------------------------------------------------------------------


CUTS = {
    "connecting": (0.0, []),
    "waiting": (1.0, [STALL]),
    "in the body": (1.0, [OK[:-1], STALL]),
    "at the end": (0.5, [OK, STALL]),
}


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("moment", CUTS)
def test_a_power_cut_is_silent_for_ever(lab, serve, authority, moment, secure):
    seconds, parts = CUTS[moment]
    server = serve(*parts, tls=server_context(authority) if secure else None)
    tls = phone_context(authority) if secure else None

    async def cut():
        task = asyncio.ensure_future(fetching(lab, tls=tls))
        await asyncio.sleep(seconds)
        assert not task.done()
        lab.cut()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        for stream in server.connections:
            stream.abort()
        lab.counter.frames()
        lab.configure()
        await asyncio.sleep(3600)

    lab.clock.run(cut(), timeout=4000)
    assert lab.counter.frames() == []


@pytest.mark.parametrize("moment", ["established", "uploading"])
def test_after_a_power_cut_the_kernel_has_nothing_to_send_again(wall_lab, moment):
    """In real time, since a kernel retransmits in its own: after 0.2 s, 0.4 s, and so on."""
    lab = wall_lab
    lab.configure()
    listening = lab.server.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((str(LAB_ADDRESS), 80))
    listening.listen()
    upload = http.Request(HOST, "/report", "POST", bytes(8 << 20))

    async def cut():
        task = asyncio.ensure_future(fetching(lab, upload))
        if moment == "uploading":
            connection, _ = await lab.clock.loop.sock_accept(listening)
            await lab.clock.loop.sock_recv(connection, 100_000)
        else:
            # The loop gets no turn between the handshake and the cut.
            await asyncio.sleep(0)
            assert select.select([listening], [], [], 5.0)[0]
            connection, _ = listening.accept()
        lab.cut()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("@ii", 1, 0))
        connection.close()
        lab.counter.frames()
        lab.configure()
        await asyncio.sleep(0.7)

    lab.clock.run(cut())
    listening.close()
    assert lab.counter.frames() == []
