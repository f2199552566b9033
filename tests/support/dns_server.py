"""A DNS server that answers what a test says, the truth or not, and the resolver that asks it."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address

from dnslib import QTYPE, RR, A, DNSRecord

from hil.virtual.resolver import Resolver

SECOND = 1_000_000_000
FIRST, SECOND_SERVER, NOBODY = map(IPv4Address, ("192.0.2.1", "192.0.2.2", "192.0.2.77"))
HOST = "prov.example"


class DnsServer:
    """Answers with what ``answer(query)`` gives: records or bytes to send one after another."""

    def __init__(self, lab, address, answer):
        self.queries = []
        self._clock = lab.clock
        self._answer = answer
        self._socket = lab.udp(53, address=str(address))
        lab.clock.loop.call_soon_threadsafe(lab.clock.loop.add_reader, self._socket, self._serve)

    def _serve(self):
        data, peer = self._socket.recvfrom(2048)
        query = DNSRecord.parse(data)
        self.queries.append((self._clock.now() / SECOND, peer, query))
        for reply in self._answer(query):
            self._socket.sendto(
                bytes(reply.pack() if isinstance(reply, DNSRecord) else reply), peer
            )

    def close(self):
        self._socket.close()


def serving(lab):
    """Give what starts a server at an address of the lab, for a handset that has its own."""
    lab.configure()
    servers = []

    def start(answer, address=FIRST):
        servers.append(DnsServer(lab, address, answer))
        return servers[-1]

    yield start
    lab.clock.close()
    for server in servers:
        server.close()


def resolver(lab, *servers):
    return Resolver(lab.port.far, servers or (FIRST,), lab.clock, lab.chance)


def address_of(query, address="192.0.2.1", ttl=60, name=HOST):
    reply = query.reply()
    reply.add_answer(RR(name, QTYPE.A, rdata=A(address), ttl=ttl))
    return reply


def pointers(query):
    """A name of compression pointers, each to the one before it."""
    head = struct.pack("!HHHHHH", query.header.id, 0x8180, 1, 1, 0, 0)
    data = head + query.pack()[12:]
    start = len(data)
    data += b"\1a" + struct.pack("!H", 0xC00C)
    while len(data) < 20_000 and (at := len(data)) < 0x4000:
        data += struct.pack("!H", 0xC000 | (start + 2 if at == start + 4 else at - 2))
    return data


LIES = {
    "empty": lambda query: b"",
    "another id": lambda query: struct.pack("!H", query.header.id ^ 1) + good(query)[2:],
    "a query": lambda query: query.pack(),
    "cut short": lambda query: good(query)[:-2],
    "no question": lambda query: good(query)[:4] + b"\0\0" + good(query)[6:],
    "a longer record": lambda query: good(query)[:-6] + b"\0\xff" + good(query)[-4:],
    "an address of three": lambda query: good(query)[:-6] + b"\0\3" + good(query)[-4:-1],
    "more records than bytes": lambda query: good(query)[:6] + b"\xff\xff" + good(query)[8:],
    "a chain of pointers": pointers,
    "a name that points ahead": lambda query: good(query)[:-16] + b"\xc0\xff" + good(query)[-14:],
    "a name that points at itself": lambda query: (
        good(query)[:-16] + struct.pack("!H", 0xC000 | (len(good(query)) - 16)) + good(query)[-14:]
    ),
    "a name beyond the end": lambda query: good(query)[:-16] + b"\x3f" + good(query)[-14:],
    "a label of length octet 0x80": lambda query: good(query)[:-16] + b"\x80" + good(query)[-15:],
    "513 octets": lambda query: good(query) + bytes(513 - len(good(query))),
}


def good(query):
    return address_of(query, "203.0.113.66").pack()
