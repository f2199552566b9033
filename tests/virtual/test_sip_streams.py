"""SIP over TCP and TLS: connections are kept, both sides use them, and their ends are X00."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme
from sip_peer import SipPeer, ok, refuse, silent
from sip_stream_peer import StreamPeer

from hil.errors import StreamClosed
from hil.net.stream import connect
from hil.reference.notify import NotifyAction
from hil.virtual.sip_streams import MOST_CONNECTIONS
from hil.virtual.trust import TrustConfig, client_context
from hil.wire.sip_codec import decode, encode
from hil.wire.sip_message import with_header

TCP = {"SIP_Transport_1_": "TCP", "Auth_Resync_Reboot_1_": "No"}
TLS = {"SIP_Transport_1_": "TLS", "Proxy_1_": "sip.example", "Auth_Resync_Reboot_1_": "No"}


@pytest.fixture
def stream_peer(lab):
    made = []

    def make(*arguments, **options):
        made.append(StreamPeer(lab, *arguments, **options))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


def server_context(authority, name="sip.example"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority):
    return lambda: client_context(TrustConfig(authorities=authority.cert_pem.bytes()))


def notify(lab, event):
    """A NOTIFY as it is written on a stream."""
    maker = SipPeer(lab, port=5999)
    message = with_header(maker.notify(event), "Via", "SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK-s1")
    maker.close()
    return encode(message)


def test_it_registers_over_one_connection_and_keeps_it(phone, stream_peer):
    server = stream_peer(lambda request: ok(request, expires=100))
    phone(**TCP).start().wait("registered", 1)
    register = server.expect("REGISTER", 5, within=500)
    assert len(server.connections) == 1
    assert register.via.transport == "TCP"
    assert register.contacts[0].uri == "sip:1001@192.0.2.16:5060;transport=tcp"


def test_a_notify_comes_over_the_connection_that_the_phone_made(phone, stream_peer, lab):
    server = stream_peer()
    ours = phone(**TCP).start().wait("registered", 1)
    data = notify(lab, "resync")
    server.send(data[:40])
    server.send(data[40:] + b"\r\n\r\n")
    server.answered(200)
    ours.wait("asked", NotifyAction.RESYNC, "", 1)


def test_a_notify_comes_over_a_connection_of_the_servers(phone, stream_peer, lab):
    stream_peer()
    ours = phone(**TCP).start().wait("registered", 1)

    async def deliver():
        stream = await connect(lab.server, lab.port.address, 5060, within=10)
        await stream.write(notify_bytes, within=10)
        answer = decode(await stream.read(within=10))
        stream.abort()
        return answer

    notify_bytes = notify(lab, "report")
    assert lab.clock.run(deliver()).status == 200
    ours.wait("asked", NotifyAction.REPORT, "", 1)


def test_nobody_listening_is_x00(phone):
    phone(**TCP).start().wait("failed", 1, "REGISTER", "X00", within=1)


def test_a_reset_before_the_answer_is_x00(phone, stream_peer):
    server = stream_peer(silent)
    ours = phone(**TCP).start()
    server.expect("REGISTER")
    server.abort()
    ours.wait("failed", 1, "REGISTER", "X00", within=1)


def test_a_reset_between_requests_only_makes_a_new_connection(phone, stream_peer):
    server = stream_peer(lambda request: ok(request, expires=100))
    ours = phone(**TCP).start().wait("registered", 1)
    server.abort()
    server.expect("REGISTER", 2, within=100)
    assert len(server.connections) == 2
    assert ours.told.events == [("registered", 1)]


def test_silence_over_tcp_is_x20_and_nothing_is_repeated(phone, stream_peer):
    server = stream_peer(silent)
    phone(SIP_T1="0.25", **TCP).start().wait("failed", 1, "REGISTER", "X20", within=17)
    assert len(server.came) == 1


@pytest.mark.parametrize("data", [b"x" * 70000, b"BYE\r\n\r\n", b"\x16\x03\x01\r\n\r\n"])
def test_a_stream_without_meaning_is_closed(phone, stream_peer, data):
    server = stream_peer(lambda request: ok(request, expires=100))
    ours = phone(**TCP).start().wait("registered", 1)
    server.send(data)
    server.expect("REGISTER", 2, within=100)
    assert len(server.connections) == 2
    assert ours.told.events == [("registered", 1)]


def test_more_connections_than_a_phone_takes_are_reset(phone, lab, stream_peer):
    stream_peer()
    phone(**TCP).start().wait("registered", 1)

    streams = []

    async def enter():
        streams.append(await connect(lab.server, lab.port.address, 5060, within=10))
        return streams[-1]

    async def one_too_many():
        await (await enter()).read(within=10)

    async def crowd():
        # The phone's own connection to its server is one of them.
        for _ in range(MOST_CONNECTIONS - 1):
            await enter()
        try:
            with pytest.raises(StreamClosed, match="reset"):
                await one_too_many()
        finally:
            for stream in streams:
                stream.abort()

    lab.clock.run(crowd())


def test_it_registers_over_tls_and_verifies_the_name(phone, stream_peer, authority, lab):
    server = stream_peer(port=5061, tls=server_context(authority))
    names = {"sip.example": lab.server.address}
    ours = phone(tls=trusting(authority), names=names, **TLS).start().wait("registered", 1)
    register = server.expect("REGISTER")
    assert register.via.transport == "TLS"
    assert register.contacts[0].uri.endswith(";transport=tls")
    server.send(notify(lab, "resync"))
    ours.wait("asked", NotifyAction.RESYNC, "", 1)


@pytest.mark.parametrize("case", ["another name", "another authority"])
def test_a_server_that_cannot_prove_itself_is_x00(phone, stream_peer, authority, lab, case):
    name = "other.example" if case == "another name" else "sip.example"
    trusted = trustme.CA() if case == "another authority" else authority
    server = stream_peer(port=5061, tls=server_context(authority, name))
    names = {"sip.example": lab.server.address}
    ours = phone(tls=trusting(trusted), names=names, **TLS).start()
    ours.wait("failed", 1, "REGISTER", "X00")
    assert server.came == []


def test_a_refusal_over_tcp_is_its_own_code(phone, stream_peer):
    stream_peer(refuse(403))
    phone(**TCP).start().wait("failed", 1, "REGISTER", "403")


def test_a_cut_leaves_nothing_of_its_connections(phone, stream_peer, lab):
    server = stream_peer()
    ours = phone(**TCP).start().wait("registered", 1)
    lab.cut()
    lab.counter.frames()
    ours.stop()
    lab.clock.run(asyncio.sleep(100), timeout=200)
    assert lab.counter.frames() == []
    assert len(server.connections) == 1
