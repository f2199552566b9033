"""TLS over a pair of streams: agreement, endings, and failures that name their reason."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import trustme

from hil.errors import StreamClosed, StreamTimeout, TlsFailed
from hil.net.interface import Place
from hil.net.stream import Listener, connect
from hil.net.tls import TlsStream, load_credential
from hil.net.virtual import LAB_ADDRESS
from hil.virtual_clock import VirtualClock

NAME = "prov.example"
CA = trustme.CA()
PORT = 8443


def server_context():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    load_credential(context, CA.issue_cert(NAME).private_key_and_cert_chain_pem.bytes())
    return context


def client_context():
    return ssl.create_default_context(cadata=CA.cert_pem.bytes().decode())


@pytest.fixture
def play(network):
    """Run a scenario with the two raw ends of a connection, which are closed after it."""
    clock = VirtualClock()
    clock.attach(network)
    port = network.ports[0]
    place = Place(port.far, port.address, network.netmask)

    async def playing(scenario):
        accepted = asyncio.Queue()
        listener = Listener(network.place(), PORT, accepted.put_nowait)
        client = await connect(place, LAB_ADDRESS, PORT, within=5)
        server = await accepted.get()
        listener.close()
        try:
            return await scenario(client, server)
        finally:
            client.close()
            server.close()

    yield lambda scenario: clock.run(playing(scenario), timeout=100)
    clock.close()


async def shaken(client, server, for_client=None, for_server=None):
    """Both ends after the handshake."""
    mine = TlsStream(client, for_client or client_context(), server_name=NAME)
    theirs = TlsStream(server, for_server or server_context(), server_side=True)
    await asyncio.gather(mine.handshake(within=5), theirs.handshake(within=5))
    return mine, theirs


def test_both_sides_know_what_was_agreed(play):
    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        assert mine.version == theirs.version == "TLSv1.3"
        assert mine.cipher == theirs.cipher != ""
        assert theirs.asked_for == NAME
        assert mine.certificate is not None
        assert theirs.certificate is None
        assert theirs.subject == ""
        assert mine.peer == (str(LAB_ADDRESS), PORT)

    play(scenario)


@pytest.mark.parametrize("size", [0, 1, 16_384, 3_000_000])
def test_bytes_arrive_whole(play, size):
    sent = bytes(range(251)) * (size // 251) + bytes(size % 251)

    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        writing = asyncio.ensure_future(theirs.write(sent, within=5))
        received = bytearray()
        while len(received) < size:
            received += await mine.read(within=5)
        await writing
        assert received == sent
        assert mine.stamp > 0

    play(scenario)


def test_orderly_end_is_an_empty_read(play):
    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        await theirs.write(b"last", within=5)
        ending = asyncio.ensure_future(theirs.finish(within=5))
        assert await mine.read(within=5) == b"last"
        assert await mine.read(within=5) == b""
        await mine.finish(within=5)
        await ending
        assert not mine.open

    play(scenario)


def test_connection_that_just_ends_may_have_been_cut(play):
    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        await theirs.write(b"half", within=5)
        theirs.close()
        assert await mine.read(within=5) == b"half"
        with pytest.raises(StreamClosed, match="ended"):
            await mine.read(within=5)

    play(scenario)


def test_reset_is_a_reset(play):
    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        theirs.abort()
        with pytest.raises(StreamClosed, match="reset"):
            await mine.read(within=5)

    play(scenario)


def test_altered_record_is_a_failure_of_tls(play):
    async def scenario(client, server):
        mine, theirs = await shaken(client, server)
        await theirs.raw.write(b"\x17\x03\x03\x00\x20" + bytes(32), within=5)
        with pytest.raises(TlsFailed, match="decryption failed or bad record mac"):
            await mine.read(within=5)

    play(scenario)


def test_each_side_is_told_why_a_certificate_was_refused(play):
    async def scenario(client, server):
        stranger = ssl.create_default_context(cadata=trustme.CA().cert_pem.bytes().decode())
        mine = TlsStream(client, stranger, server_name=NAME)
        theirs = TlsStream(server, server_context(), server_side=True)
        answers = await asyncio.gather(
            mine.handshake(within=5), theirs.handshake(within=5), return_exceptions=True
        )
        assert [type(answer) for answer in answers] == [TlsFailed, TlsFailed]
        assert "unable to get local issuer certificate" in str(answers[0])
        assert "unknown ca" in str(answers[1])

    play(scenario)


def test_name_that_is_not_in_the_certificate(play):
    async def scenario(client, server):
        mine = TlsStream(client, client_context(), server_name="other.example")
        theirs = TlsStream(server, server_context(), server_side=True)
        serving = asyncio.ensure_future(theirs.handshake(within=5))
        with pytest.raises(TlsFailed, match="Hostname mismatch"):
            await mine.handshake(within=5)
        with pytest.raises(TlsFailed):
            await serving

    play(scenario)


@pytest.mark.parametrize("server_newest", [ssl.TLSVersion.TLSv1_2])
def test_no_version_in_common(play, server_newest):
    async def scenario(client, server):
        modern, old = client_context(), server_context()
        modern.minimum_version = ssl.TLSVersion.TLSv1_3
        old.maximum_version = server_newest
        with pytest.raises(TlsFailed, match=r"protocol"):
            await shaken(client, server, modern, old)

    play(scenario)


def test_handshake_has_a_deadline(play):
    async def scenario(client, server):
        loop = asyncio.get_running_loop()
        start = loop.time()
        with pytest.raises(StreamTimeout, match="handshake took longer than 30 s"):
            await TlsStream(client, client_context(), server_name=NAME).handshake(within=30)
        assert loop.time() - start == pytest.approx(30)

    play(scenario)


@pytest.mark.parametrize(
    "garbage", [b"HTTP/1.1 400 Bad Request\r\n\r\n", bytes(64), b"\x16\x03\x01"]
)
def test_garbage_in_the_handshake(play, garbage):
    async def scenario(client, server):
        await server.write(garbage, within=5)
        server.end()
        with pytest.raises((TlsFailed, StreamClosed)):
            await TlsStream(client, client_context(), server_name=NAME).handshake(within=5)

    play(scenario)


def test_clients_certificate_is_shown_and_its_subject_told(play):
    async def scenario(client, server):
        asking, showing = server_context(), client_context()
        CA.configure_trust(asking)
        asking.verify_mode = ssl.CERT_REQUIRED
        leaf = CA.issue_cert(common_name="000e08aabbcc", organization_name="Acme")
        load_credential(showing, leaf.private_key_and_cert_chain_pem.bytes())
        _, theirs = await shaken(client, server, showing, asking)
        assert theirs.subject.startswith("O=Acme, ")
        assert theirs.subject.endswith("CN=000e08aabbcc")

    play(scenario)


@pytest.mark.parametrize("pem", [b"", b"nonsense", CA.cert_pem.bytes()])
def test_credential_that_is_none(pem):
    with pytest.raises(TlsFailed, match="not a certificate with its key"):
        load_credential(ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), pem)
