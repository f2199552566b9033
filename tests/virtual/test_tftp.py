"""The handset's TFTP client against a server machine, and against servers that misbehave."""

from __future__ import annotations

import asyncio

import pytest

from hil.net.virtual import LAB_ADDRESS, PDU_ADDRESS
from hil.virtual import tftp
from hil.virtual.transfer import LARGEST_BODY, Failed, Fetched, NotFound
from hil.wire.tftp import Ack, Data, Error, Request, decode, encode
from hil.wire.tftp_server import ReadSession
from hil.wire.tftp_terms import Send

SECOND = 1_000_000_000
PATH = "/7832-3PCC.xml"


class TftpServer:
    """Serves ``files``; ``script(request)`` instead gives the datagrams that answer a request."""

    def __init__(self, lab, files=None, script=None, port=69):
        self.requests = []
        self.received = []
        self._lab = lab
        self._files = files or {}
        self._script = script
        self._opened = []
        self.transfers = []
        self.socket = self._open(port, self._request)

    def _open(self, port, readable):
        opened = self._lab.udp(port)
        self._opened.append(opened)
        loop = self._lab.clock.loop
        loop.call_soon_threadsafe(loop.add_reader, opened, readable)
        return opened

    def _request(self):
        data, peer = self.socket.recvfrom(1024)
        request = decode(data)
        self.requests.append((self._lab.clock.now() / SECOND, peer, request))
        transfer = self._open(0, lambda: self._take(transfer, session))
        self.transfers.append(transfer)
        session = None
        if self._script is not None:
            for reply in self._script(request):
                transfer.sendto(encode(reply) if not isinstance(reply, bytes) else reply, peer)
        elif request.filename in self._files:
            session = ReadSession(request, self._files[request.filename])
            self._send(transfer, peer, session.start(self._lab.clock.now()))
        else:
            transfer.sendto(encode(Error(1, "no such file, says the server")), peer)

    def _take(self, transfer, session):
        data, peer = transfer.recvfrom(1024)
        self.received.append(decode(data))
        if session is not None:
            self._send(transfer, peer, session.receive(data, self._lab.clock.now()))

    def _send(self, transfer, peer, events):
        for event in events:
            if isinstance(event, Send):
                transfer.sendto(event.data, peer)

    def close(self):
        for opened in self._opened:
            opened.close()


@pytest.fixture
def serve(lab):
    lab.configure()
    servers = []

    def start(*arguments, **options):
        servers.append(TftpServer(lab, *arguments, **options))
        return servers[-1]

    yield start
    lab.clock.close()
    for server in servers:
        server.close()


def fetching(lab, path=PATH, **options):
    return tftp.fetch(lab.port.far, lab.clock, LAB_ADDRESS, path, **options)


@pytest.mark.parametrize("size", [0, 1, 1467, 1468, 1469, 100_000])
def test_a_file_arrives_as_it_is(lab, serve, size):
    content = bytes(index * 7 % 256 for index in range(size))
    serve({PATH: content})
    assert lab.clock.run(fetching(lab)) == Fetched(content)
    assert lab.clock.now() == 0


def test_the_request_asks_for_octets_in_blocks_that_fill_a_frame_and_for_the_size(lab, serve):
    server = serve({PATH: b"x"})
    lab.clock.run(fetching(lab))
    ((_, (client, _), request),) = server.requests
    assert client == "192.0.2.16"
    assert request == Request(PATH, options=(("blksize", "1468"), ("tsize", "0")))


def test_a_server_without_options_is_read_in_blocks_of_512(lab, serve):
    blocks = [Data(1, b"a" * 512)]
    server = serve(script=lambda request: blocks)

    async def second_block():
        task = asyncio.ensure_future(fetching(lab))
        await asyncio.sleep(0.001)
        assert server.received == [Ack(1)]
        peer = server.requests[0][1]
        server.transfers[0].sendto(encode(Data(2, b"b")), peer)
        return await task

    assert lab.clock.run(second_block()) == Fetched(b"a" * 512 + b"b")


def test_error_1_is_not_found_whatever_the_server_calls_it(lab, serve):
    serve({})
    assert lab.clock.run(fetching(lab)) == NotFound("tftp: file not found")


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (0, "tftp: error 0"),
        (2, "tftp: access violation"),
        (8, "tftp: options refused"),
        (77, "tftp: error 77"),
    ],
)
def test_other_errors_are_failures_with_a_text_of_ours(lab, serve, code, text):
    serve(script=lambda request: [Error(code, "word\r\nfrom outside")])
    assert lab.clock.run(fetching(lab)) == Failed(text, code)


def test_silence_is_met_with_five_repetitions_then_given_up(lab, serve):
    server = serve(script=lambda request: [])
    assert lab.clock.run(fetching(lab)) == Failed("tftp: timeout", unreachable=True)
    assert [at for at, _, _ in server.requests] == [0, 2, 4, 6, 8, 10]
    assert len({peer for _, peer, _ in server.requests}) == 1
    assert lab.clock.now() == 12 * SECOND


def test_a_server_that_trickles_is_given_up_after_two_minutes(lab, serve):
    server = serve(script=lambda request: [Data(1, b"a" * 512)])

    async def trickle():
        task = asyncio.ensure_future(fetching(lab))
        block = 1
        while not task.done():
            await asyncio.sleep(1.9)
            block += 1
            peer = server.requests[0][1]
            server.transfers[0].sendto(encode(Data(block, b"a" * 512)), peer)
        return task.result()

    assert lab.clock.run(trickle(), timeout=200) == Failed("tftp: timeout")
    assert 120 <= lab.clock.now() / SECOND <= 122


def test_a_file_beyond_8_mib_is_refused_by_its_size(lab, serve):
    server = serve({PATH: bytes(LARGEST_BODY + 1)})
    assert lab.clock.run(fetching(lab)) == Failed("tftp: too large", 3)
    assert [packet.code for packet in server.received] == [3]


def test_what_is_no_tftp_packet_is_passed_over(lab, serve):
    serve(script=lambda request: [b"", b"\0", b"\0\x09junk", b"\xff" * 600, Data(1, b"good")])
    assert lab.clock.run(fetching(lab)) == Fetched(b"good")


def test_another_port_of_the_server_gets_error_5_and_does_not_disturb(lab, serve):
    server = serve(script=lambda request: [Data(1, b"a" * 512)])
    stranger = lab.udp(0)

    async def disturbed():
        task = asyncio.ensure_future(fetching(lab))
        await asyncio.sleep(0.001)
        assert server.received == [Ack(1)]
        peer = server.requests[0][1]
        stranger.sendto(encode(Data(2, b"false")), peer)
        heard = await lab.clock.loop.sock_recv(stranger, 100)
        server.transfers[0].sendto(encode(Data(2, b"true")), peer)
        return await task, decode(heard)

    outcome, heard = lab.clock.run(disturbed())
    assert outcome == Fetched(b"a" * 512 + b"true")
    assert heard.code == 5
    stranger.close()


def test_another_host_is_not_heard(lab, serve):
    other = lab.udp(69, address=str(PDU_ADDRESS))

    def intrude(request):
        other.sendto(encode(Data(1, b"false")), server.requests[-1][1])
        return [Data(1, b"true")]

    server = serve(script=intrude)
    assert lab.clock.run(fetching(lab)) == Fetched(b"true")
    other.close()


def test_towards_another_port_the_phone_uses_its_documented_local_ports(lab, serve):
    server = serve({PATH: b"x"}, port=6969)
    taken = lab.port.far.namespace.socket(2, 2)
    taken.bind(("", 53240))
    assert lab.clock.run(fetching(lab, port=6969)) == Fetched(b"x")
    assert server.requests[0][1][1] == 53241
    taken.close()


@pytest.mark.parametrize("path", ["", "/with\0nul", "/" + "x" * 600, "/\ud800"])
def test_a_name_that_no_request_can_hold_fails_at_once(lab, serve, path):
    server = serve({})
    assert lab.clock.run(fetching(lab, path)) == Failed("tftp: file name cannot be requested")
    assert server.requests == []


def test_without_a_network_it_fails_at_once(lab):
    assert lab.clock.run(fetching(lab)) == Failed("tftp: network unreachable", unreachable=True)


@pytest.mark.parametrize("moment", ["unanswered", "halfway"])
def test_a_power_cut_in_mid_transfer_is_silent_for_ever(lab, serve, moment):
    script = {"unanswered": [], "halfway": [Data(1, b"a" * 512)]}[moment]
    server = serve(script=lambda request: script)

    async def cut():
        task = asyncio.ensure_future(fetching(lab))
        await asyncio.sleep(1)
        assert len(server.received) == len(script)
        lab.cut()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        lab.counter.frames()
        lab.configure()
        await asyncio.sleep(3600)

    lab.clock.run(cut(), timeout=4000)
    assert lab.counter.frames() == []
