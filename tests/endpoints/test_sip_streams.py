"""The SIP endpoint over TCP and TLS: framing, connections, handshakes, and the same service."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Coroutine

import pytest
from sip_phone import OFFER, SipPhone

from hil.endpoints import faults as fl
from hil.endpoints.certificates import Authority
from hil.endpoints.https import TlsConfig
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_faults import SipStatus, Unreachable
from hil.endpoints.sip_inquiry import Final
from hil.errors import StreamClosed, TlsFailed
from hil.history import events as ev
from hil.history.event import Direction
from hil.net.stream import connect
from hil.net.tls import TlsStream
from hil.net.virtual import LAB_ADDRESS
from hil.wire.sip_build import respond_to
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_message import Request, Response, with_header
from hil.wire.sip_stream import Frame, StreamFramer


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture
def sip(bench, authority) -> SipEndpoint:
    started = bench.start(SipEndpoint, tls=TlsConfig(authority, ("192.0.2.1",)))
    bench.configure_phone()
    started.authenticate(None)
    return started


@pytest.fixture
def phone(bench, sip) -> SipPhone:
    """Makes requests; what goes over a stream is sent by the tests themselves."""
    return SipPhone(bench)


@pytest.fixture
def trusting(authority) -> ssl.SSLContext:
    context = ssl.create_default_context(cadata=authority.root_pem)
    context.hostname_checks_common_name = False
    return context


def over(transport: str, request: Request) -> Request:
    via = str(request.via).replace("SIP/2.0/UDP", f"SIP/2.0/{transport}")
    contact = f"<sip:line1@192.0.2.16:5060;transport={transport.lower()}>"
    return with_header(with_header(request, "Via", via), "Contact", contact)


def begin(bench, work: Coroutine[None, None, None]) -> None:
    """Have the phone do something while the test does something else."""

    async def beginning() -> None:
        bench.clock.loop.create_task(work)

    bench.clock.run(beginning())


def messages(data: bytes) -> list:
    return [decode(f.data) for f in StreamFramer().receive(data) if isinstance(f, Frame)]


def is_turned_away(machine) -> bool:
    try:
        client = machine.tcp(5060)
    except StreamClosed:
        return True
    client.receive(0.1)
    return client.ending == "reset"


def ask(client, request: Request) -> list[Response]:
    return messages(client.ask(encode(request), within=0.5))


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_a_line_registers_and_is_notified_over_its_connection(
    bench, sip, phone, trusting, transport
):
    tls = trusting if transport == "TLS" else None
    client = bench.phone.tcp(5061 if tls else 5060, tls)
    (accepted,) = ask(client, over(transport, phone.request("REGISTER")))
    assert accepted.status == 200
    assert sip.binding(1).hop.transport == transport

    async def answering() -> None:
        notify = decode(await client.stream.read(within=5))
        await client.stream.write(encode(respond_to(notify, 200, to_tag="p")), within=5)

    begin(bench, answering())
    assert sip.notify("resync") == Final(200, "OK", False)
    events = bench.history.all(ev.SipMessage)
    assert {(m.transport, m.connection) for m in events} == {(transport, 1)}
    assert {m.port for m in events} == {5061 if tls else 5060}
    (sent,) = [m for m in events if m.method == "NOTIFY" and m.direction is Direction.SENT]
    assert f"Via: SIP/2.0/{transport} 192.0.2.1".encode() in sent.data


def test_a_connection_is_kept_and_cut_into_messages(bench, sip, phone):
    client = bench.phone.tcp(5060)
    both = encode(over("TCP", phone.request("OPTIONS")))
    both += encode(over("TCP", phone.request("OPTIONS")))
    client.send(both[:100])
    bench.let_pass(5)
    assert [m.status for m in messages(client.ask(both[100:], within=0.5))] == [200, 200]
    assert client.ending == "open"
    assert len(bench.history.all(ev.Connected)) == 1


def test_a_ping_gets_its_pong(bench, sip):
    client = bench.phone.tcp(5060)
    assert client.ask(b"\r\n\r\n", within=0.5) == b"\r\n"


def test_the_end_of_a_connection_is_told(bench, sip):
    client = bench.phone.tcp(5060)
    client.finish()
    bench.let_pass(0.1)
    (ended,) = bench.history.all(ev.Disconnected)
    assert ended.reason == "fin"


@pytest.mark.parametrize(
    "data", [b"OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\n", b"no\nsip\r\n\r\n", b"x" * 70000]
)
def test_bytes_that_cannot_be_cut_end_the_connection(bench, sip, data):
    client = bench.phone.tcp(5060)
    assert client.ask(data, within=0.5) == b""
    assert client.ending in ("reset", "fin")
    assert len(bench.history.all(ev.Refused)) == 1
    assert bench.phone.tcp(5060).ask(b"\r\n\r\n", within=0.5) == b"\r\n"


def test_a_message_that_makes_no_sense_leaves_the_connection(bench, sip, phone):
    client = bench.phone.tcp(5060)
    bad = b"OPTIONS sip:a SIP/2.0\r\nContent-Length: 0\r\n\r\n"
    client.send(bad)
    (answer,) = ask(client, over("TCP", phone.request("OPTIONS")))
    assert answer.status == 200
    assert [r.reason for r in bench.history.all(ev.Refused)] == ["no CSeq"]


def test_a_line_whose_connection_is_gone_is_reached_by_a_new_one(bench, sip, phone):
    listener = bench.phone.interface.namespace.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.bind(("192.0.2.16", 5060))
    listener.listen()
    client = bench.phone.tcp(5060)
    ask(client, over("TCP", phone.request("REGISTER")))
    client.finish()

    async def answering() -> None:
        loop = bench.clock.loop
        accepted, _ = await loop.sock_accept(listener)
        notify = decode(await loop.sock_recv(accepted, 65535))
        await loop.sock_sendall(accepted, encode(respond_to(notify, 200, to_tag="p")))
        accepted.close()

    begin(bench, answering())
    assert sip.notify("resync") == Final(200, "OK", False)
    listener.close()


@pytest.mark.parametrize("transport", ["TCP", "TLS"])
def test_a_line_that_cannot_be_reached_at_all_is_no_answer(bench, sip, phone, trusting, transport):
    tls = trusting if transport == "TLS" else None
    client = bench.phone.tcp(5061 if tls else 5060, tls)
    ask(client, over(transport, phone.request("REGISTER")))
    client.finish()
    bench.let_pass(0.1)
    assert sip.notify("resync") == Final(0, "transport", False)
    assert bench.history.all(ev.Undelivered)


def test_a_call_over_tcp_repeats_nothing_but_its_200(bench, sip, phone):
    sip.answer_calls(486)
    client = bench.phone.tcp(5060)
    invite = over("TCP", phone.request("INVITE", callee="200", body=OFFER))
    statuses = [m.status for m in messages(client.ask(encode(invite), within=20))]
    assert statuses == [100, 180, 486]


class TestFaults:
    def test_a_reset(self, bench, sip, phone):
        sip.inject(fl.Reset(), nth=1)
        client = bench.phone.tcp(5060)
        assert client.ask(encode(over("TCP", phone.request("OPTIONS"))), within=0.5) == b""
        assert client.ending == "reset"
        assert [e.fault for e in bench.history.all(ev.FaultInjected)] == ["Reset"]
        (answer,) = ask(bench.phone.tcp(5060), over("TCP", phone.request("OPTIONS")))
        assert answer.status == 200

    def test_a_reset_of_a_datagram_does_not_happen(self, bench, sip, phone):
        sip.inject(fl.Reset())
        assert phone.ask(phone.request("OPTIONS")).status == 200
        assert bench.history.all(ev.FaultInjected) == ()

    def test_icmp_for_a_stream_does_not_happen(self, bench, sip, phone):
        sip.inject(Unreachable())
        (answer,) = ask(bench.phone.tcp(5060), over("TCP", phone.request("OPTIONS")))
        assert answer.status == 200
        assert bench.history.all(ev.FaultInjected) == ()

    def test_a_status(self, bench, sip, phone):
        sip.inject(SipStatus(503))
        (answer,) = ask(bench.phone.tcp(5060), over("TCP", phone.request("OPTIONS")))
        assert answer.status == 503

    def test_a_certificate_that_is_over(self, bench, sip, trusting):
        sip.inject(fl.ExpiredCertificate(), nth=1)

        async def shake() -> None:
            raw = await connect(bench.phone.place, LAB_ADDRESS, 5061, within=5)
            try:
                await TlsStream(raw, trusting, server_name="192.0.2.1").handshake(within=5)
            finally:
                raw.close()

        with pytest.raises(TlsFailed, match="expired"):
            bench.clock.run(shake())
        bench.let_pass(0.1)
        (shaken,) = bench.history.all(ev.TlsHandshake)
        assert not shaken.succeeded
        bench.phone.tcp(5061, trusting)

    def test_reset_ends_connections(self, bench, sip, phone):
        client = bench.phone.tcp(5060)
        ask(client, over("TCP", phone.request("REGISTER")))
        sip.reset()
        assert client.receive(1) == b""
        assert client.ending == "reset"


def test_a_stranger_gets_no_connection(bench, sip):
    bench.stranger.configure()
    assert is_turned_away(bench.stranger)
    assert bench.history.all(ev.Stranger)
    assert bench.history.all(ev.Connected) == ()


def test_only_so_many_connections_are_kept(bench, sip):
    for _ in range(16):
        assert not is_turned_away(bench.phone)
    assert is_turned_away(bench.phone)
    assert len(bench.history.all(ev.Connected)) == 16
