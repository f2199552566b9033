"""The handset's resolver asks over TCP what did not fit a datagram (RFC 7766)."""

from __future__ import annotations

import asyncio
import struct
from ipaddress import IPv4Address

import pytest
from dns_server import FIRST, HOST, LIES, address_of, resolver, serving
from dnslib import QTYPE, RR, A, DNSRecord

from hil.net.stream import Listener
from hil.virtual.resolver import Addresses, NoAnswer, Resolver, ResolverConfig


@pytest.fixture
def serve(lab):
    yield from serving(lab)


class TcpServer:
    """Answers each message on a connection with what ``answer(query)`` gives, as it stands."""

    def __init__(self, lab, answer):
        self.queries = []
        self._answer = answer
        self._tasks = []

        async def listen():
            self.listener = Listener(lab.server, 53, self._accepted)

        lab.clock.run(listen())

    def _accepted(self, stream):
        self._tasks.append(asyncio.ensure_future(self._serve(stream)))

    async def _serve(self, stream):
        data = await stream.read(within=10)
        query = DNSRecord.parse(data[2:])
        self.queries.append(query)
        for piece in self._answer(query):
            await stream.write(piece, within=10)
        await stream.finish(within=10)


@pytest.fixture
def serve_tcp(lab):
    servers = []

    def start(answer):
        servers.append(TcpServer(lab, answer))
        return servers[-1]

    yield start
    for server in servers:
        lab.clock.loop.call_soon_threadsafe(server.listener.close)


def truncated(query):
    reply = query.reply()
    reply.header.tc = 1
    return reply


def framed(data):
    return struct.pack("!H", len(data)) + data


def over_tcp(lab, **config):
    return Resolver(
        lab.port.far, (FIRST,), lab.clock, lab.chance, ResolverConfig(**config), lambda: lab.place
    )


def test_a_truncated_answer_is_asked_for_again_over_tcp(lab, serve, serve_tcp):
    def many(query):
        reply = query.reply()
        for number in range(1, 101):
            reply.add_answer(RR(HOST, QTYPE.A, rdata=A(f"192.0.2.{number}"), ttl=60))
        data = framed(bytes(reply.pack()))
        return [data[:1], data[1:700], data[700:]]

    udp = serve(lambda query: [truncated(query)])
    tcp = serve_tcp(many)
    found = lab.clock.run(over_tcp(lab).resolve(HOST))
    assert found == Addresses(tuple(IPv4Address(f"192.0.2.{n}") for n in range(1, 101)))
    (asked,) = tcp.queries
    assert asked.header.id != udp.queries[0][2].header.id
    assert str(asked.q.qname) == f"{HOST}."


@pytest.mark.parametrize(
    "answer",
    [
        lambda query: [],
        lambda query: [framed(address_of(query).pack())[:-1]],
        lambda query: [framed(b"")],
        lambda query: [framed(truncated(query).pack())],
        lambda query: [framed(LIES["another id"](query))],
    ],
    ids=["nothing", "cut short", "empty", "truncated again", "another id"],
)
def test_what_is_no_answer_over_tcp_is_as_if_it_had_not_come(lab, serve, serve_tcp, answer):
    serve(lambda query: [truncated(query)])
    serve_tcp(answer)
    assert lab.clock.run(over_tcp(lab).resolve(HOST)) == NoAnswer()


def test_where_nobody_answers_over_tcp_there_is_no_answer(lab, serve):
    udp = serve(lambda query: [truncated(query)])
    assert lab.clock.run(over_tcp(lab).resolve(HOST)) == NoAnswer()
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NoAnswer()
    assert len(udp.queries) == 4
