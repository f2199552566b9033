"""A power cut in the middle of HTTP or HTTPS: the handset says nothing more, ever."""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
import struct

import pytest
import trustme

from hil.net.virtual import LAB_ADDRESS
from hil.virtual import http
from hil.virtual.trust import TrustConfig, client_context

HOST = "prov.example"
PROFILE = b"<flat-profile/>"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + PROFILE
PLAIN = http.Request(HOST, "/7832-3PCC.xml")
SECOND = 1_000_000_000


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


CUTS = {
    "connecting": (0.0, []),
    "waiting": (1.0, [None]),
    "in the body": (1.0, [OK[:-1], None]),
    "at the end": (0.5, [OK, None]),
}


@pytest.mark.parametrize("secure", [False, True])
@pytest.mark.parametrize("moment", CUTS)
def test_a_power_cut_is_silent_for_ever(lab, serve_http, authority, moment, secure, fetching):
    seconds, parts = CUTS[moment]
    server = serve_http(*parts, tls=server_context(authority) if secure else None)
    tls = phone_context(authority) if secure else None

    async def cut():
        task = asyncio.ensure_future(fetching(PLAIN, tls=tls))
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
def test_after_a_power_cut_the_kernel_has_nothing_to_send_again(wall_lab, moment, fetching):
    """In real time, since a kernel retransmits in its own: after 0.2 s, 0.4 s, and so on."""
    lab = wall_lab
    lab.configure()
    listening = lab.server.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((str(LAB_ADDRESS), 80))
    listening.listen()
    upload = http.Request(HOST, "/report", "POST", bytes(8 << 20))

    async def cut():
        task = asyncio.ensure_future(fetching(upload))
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
