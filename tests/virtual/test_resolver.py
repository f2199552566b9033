"""The handset's resolver against servers that answer, fall silent, refuse and lie."""

from __future__ import annotations

import asyncio
import random
import struct
from ipaddress import IPv4Address

import pytest
from dnslib import CNAME, QTYPE, RCODE, RR, SRV, TXT, A, DNSRecord

from hil.net.stream import Listener
from hil.reference.phone import Destination
from hil.virtual.dns_answers import Service, in_order
from hil.virtual.resolver import Addresses, NameFailed, NoAnswer, Resolver, ResolverConfig

SECOND = 1_000_000_000
FIRST, SECOND_SERVER, NOBODY = map(IPv4Address, ("192.0.2.1", "192.0.2.2", "192.0.2.77"))
HOST = "prov.example"
FOUND = Addresses((IPv4Address("192.0.2.1"),))


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


@pytest.fixture
def serve(lab):
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


def failing(query, rcode):
    reply = query.reply()
    reply.header.rcode = getattr(RCODE, rcode)
    return reply


def test_a_host_has_the_addresses_that_the_server_says(lab, serve):
    def two(query):
        reply = address_of(query, "192.0.2.9")
        reply.add_answer(RR(HOST, QTYPE.A, rdata=A("192.0.2.8"), ttl=60))
        yield reply

    server = serve(two)
    expected = Addresses((IPv4Address("192.0.2.9"), IPv4Address("192.0.2.8")))
    assert lab.clock.run(resolver(lab).resolve("Prov.Example.")) == expected
    ((_, (client, _), query),) = server.queries
    assert client == "192.0.2.16"
    assert (str(query.q.qname), query.q.qtype, query.header.rd) == (f"{HOST}.", QTYPE.A, 1)


def test_a_dotted_quad_asks_nobody(lab, serve):
    server = serve(lambda query: [])
    outcome = lab.clock.run(resolver(lab).resolve("203.0.113.7"))
    assert outcome == Addresses((IPv4Address("203.0.113.7"),))
    assert server.queries == []


@pytest.mark.parametrize(
    "host", ["", ".", "a..b", "x" * 64, "ü.example", "a b", ".".join("x" * 130)]
)
def test_what_is_no_host_name_asks_nobody(lab, serve, host):
    server = serve(lambda query: [])
    assert lab.clock.run(resolver(lab).resolve(host)) == NameFailed("FORMERR")
    assert server.queries == []


def test_aliases_are_followed_within_the_answer(lab, serve):
    def chain(query):
        reply = query.reply()
        reply.add_answer(RR(HOST, QTYPE.CNAME, rdata=CNAME("a.example"), ttl=60))
        reply.add_answer(RR("A.Example", QTYPE.CNAME, rdata=CNAME("b.example"), ttl=60))
        reply.add_answer(RR("b.example", QTYPE.A, rdata=A("192.0.2.1"), ttl=60))
        yield reply

    serve(chain)
    assert lab.clock.run(resolver(lab).resolve(HOST)) == FOUND


@pytest.mark.parametrize("records", ["none", "loop", "other", "text"])
def test_an_answer_without_an_address_of_the_host_is_nodata(lab, serve, records):
    def useless(query):
        reply = query.reply()
        if records == "loop":
            reply.add_answer(RR(HOST, QTYPE.CNAME, rdata=CNAME("a.example"), ttl=60))
            reply.add_answer(RR("a.example", QTYPE.CNAME, rdata=CNAME(HOST), ttl=60))
        if records == "other":
            reply.add_answer(RR("other.example", QTYPE.A, rdata=A("192.0.2.1"), ttl=60))
        if records == "text":
            reply.add_answer(RR(HOST, QTYPE.TXT, rdata=TXT("192.0.2.1"), ttl=60))
        yield reply

    serve(useless)
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NameFailed("NODATA")


def test_silence_is_met_with_two_tries_of_3_s(lab, serve):
    server = serve(lambda query: [])
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NoAnswer()
    assert [at for at, _, _ in server.queries] == [0, 3]
    assert lab.clock.now() == 6 * SECOND


def test_the_second_server_is_asked_when_the_first_is_silent(lab, serve):
    silent = serve(lambda query: [])
    second = serve(lambda query: [address_of(query)], SECOND_SERVER)
    assert lab.clock.run(resolver(lab, FIRST, SECOND_SERVER).resolve(HOST)) == FOUND
    assert [len(server.queries) for server in (silent, second)] == [1, 1]
    assert lab.clock.now() == 3 * SECOND


@pytest.mark.parametrize("rcode", ["SERVFAIL", "REFUSED", "NOTIMP"])
def test_a_servers_own_trouble_is_worth_the_next_server(lab, serve, rcode):
    serve(lambda query: [failing(query, rcode)])
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NameFailed(rcode)
    serve(lambda query: [address_of(query)], SECOND_SERVER)
    assert lab.clock.run(resolver(lab, FIRST, SECOND_SERVER).resolve(HOST)) == FOUND
    assert lab.clock.now() == 0


def test_that_the_name_does_not_exist_is_final(lab, serve):
    serve(lambda query: [failing(query, "NXDOMAIN")])
    second = serve(lambda query: [address_of(query)], SECOND_SERVER)
    outcome = lab.clock.run(resolver(lab, FIRST, SECOND_SERVER).resolve(HOST))
    assert outcome == NameFailed("NXDOMAIN")
    assert second.queries == []


def test_a_host_where_nobody_serves_dns_is_left_at_once(lab, serve):
    serve(lambda query: [address_of(query)], SECOND_SERVER)
    assert lab.clock.run(resolver(lab, FIRST, SECOND_SERVER).resolve(HOST)) == FOUND
    assert lab.clock.now() == 0


def test_without_a_server_or_a_network_there_is_no_answer(lab):
    assert lab.clock.run(resolver(lab, NOBODY).resolve(HOST)) == NoAnswer()
    lab.configure()
    assert lab.clock.run(Resolver(lab.port.far, (), lab.clock, lab.chance).resolve(HOST)) == (
        NoAnswer()
    )


def test_an_address_is_remembered_for_its_ttl_and_no_longer(lab, serve):
    server = serve(lambda query: [address_of(query, ttl=60)])
    asking = resolver(lab)

    async def at(*instants):
        for instant in instants:
            await asyncio.sleep(instant - lab.clock.now() / SECOND)
            assert await asking.resolve(HOST) == FOUND

    lab.clock.run(at(0, 1, 59.9, 60, 61), timeout=100)
    assert [at for at, _, _ in server.queries] == [0, 60]


@pytest.mark.parametrize("ttl", [0, 1 << 31])
def test_a_ttl_of_nothing_and_one_beyond_all_bounds_are_not_remembered(lab, serve, ttl):
    server = serve(lambda query: [address_of(query, ttl=ttl)])
    asking = resolver(lab)
    for _ in range(2):
        assert lab.clock.run(asking.resolve(HOST)) == FOUND
    assert len(server.queries) == 2


def test_the_shortest_ttl_of_the_chain_counts(lab, serve):
    def chain(query):
        reply = address_of(query, name="a.example", ttl=1000)
        reply.add_answer(RR(HOST, QTYPE.CNAME, rdata=CNAME("a.example"), ttl=5))
        yield reply

    server = serve(chain)
    asking = resolver(lab)

    async def twice():
        await asking.resolve(HOST)
        await asyncio.sleep(6)
        await asking.resolve(HOST)

    lab.clock.run(twice())
    assert len(server.queries) == 2


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


@pytest.mark.parametrize("lie", LIES)
def test_what_does_not_answer_the_question_is_as_if_it_had_not_come(lab, serve, lie):
    serve(lambda query: [LIES[lie](query), address_of(query)])
    assert lab.clock.run(resolver(lab).resolve(HOST)) == FOUND
    assert lab.clock.now() == 0


def test_an_answer_to_another_question_is_no_answer(lab, serve):
    def other(query):
        wrong = DNSRecord.question("other.example")
        wrong.header.id = query.header.id
        yield address_of(wrong, name="other.example")

    serve(other)
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NoAnswer()


def test_an_answer_from_another_server_is_no_answer(lab, serve):
    stranger = lab.udp(53, address=str(SECOND_SERVER))
    port = []

    def remember(query):
        port.append(server.queries[-1][1])
        stranger.sendto(address_of(query).pack(), port[-1])
        return []

    server = serve(remember)
    assert lab.clock.run(resolver(lab).resolve(HOST)) == NoAnswer()
    assert len(port) == 2
    stranger.close()


# -- services ----------------------------------------------------------------------------------------

SERVICE = f"_http._tcp.{HOST}"


def services_of(query, *records, ttl=60):
    """Priority, weight, port, target."""
    reply = query.reply()
    for record in records:
        reply.add_answer(RR(query.q.qname, QTYPE.SRV, rdata=SRV(*record), ttl=ttl))
    return reply


def zone(records, *addresses):
    """Answers SRV questions with these records, A questions with these addresses."""

    def answer(query):
        if query.q.qtype == QTYPE.SRV:
            return [services_of(query, *records) if records else query.reply()]
        reply = query.reply()
        for address in addresses:
            reply.add_answer(RR(query.q.qname, QTYPE.A, rdata=A(address), ttl=60))
        return [reply]

    return answer


def test_a_service_has_the_port_of_its_record_and_the_addresses_of_its_target(lab, serve):
    server = serve(zone([(0, 0, 8080, "Web.Example.")], "192.0.2.9", "192.0.2.8"))
    found = lab.clock.run(resolver(lab).locate(HOST, SERVICE))
    assert found == (Destination("192.0.2.9", 8080), Destination("192.0.2.8", 8080))
    asked = [(str(query.q.qname), query.q.qtype) for _, _, query in server.queries]
    assert asked == [(f"{SERVICE}.", QTYPE.SRV), ("web.example.", QTYPE.A)]


def test_services_are_tried_by_priority(lab, serve):
    records = [(20, 0, 8020, "c.example"), (5, 0, 8005, "a.example"), (10, 0, 8010, "b.example")]
    serve(zone(records, "192.0.2.9"))
    found = lab.clock.run(resolver(lab).locate(HOST, SERVICE))
    assert [each.port for each in found] == [8005, 8010, 8020]


def test_a_host_has_its_addresses_without_a_port(lab, serve):
    serve(zone([], "192.0.2.9", "192.0.2.8"))
    found = lab.clock.run(resolver(lab).locate(HOST))
    assert found == (Destination("192.0.2.9"), Destination("192.0.2.8"))


@pytest.mark.parametrize("fallback", [True, False])
def test_where_there_is_no_service_the_host_may_stand_in_for_it(lab, serve, fallback):
    serve(zone([], "192.0.2.9"))
    found = lab.clock.run(resolver(lab).locate(HOST, SERVICE, fallback=fallback))
    assert found == ((Destination("192.0.2.9"),) if fallback else ())


def test_a_service_that_is_said_not_to_be_there_is_nowhere(lab, serve):
    server = serve(zone([(0, 0, 0, ".")], "192.0.2.9"))
    assert lab.clock.run(resolver(lab).locate(HOST, SERVICE)) == ()
    assert len(server.queries) == 1


def test_a_silent_server_settles_nothing_so_nothing_stands_in(lab, serve):
    serve(lambda query: [] if query.q.qtype == QTYPE.SRV else [address_of(query)])
    assert lab.clock.run(resolver(lab).locate(HOST, SERVICE)) == ()


def test_services_and_addresses_are_remembered_each_for_its_own_ttl(lab, serve):
    def answer(query):
        if query.q.qtype == QTYPE.SRV:
            return [services_of(query, (0, 0, 80, HOST), ttl=100)]
        return [address_of(query, ttl=10)]

    server = serve(answer)
    asking = resolver(lab)

    async def at(*instants):
        for instant in instants:
            await asyncio.sleep(instant - lab.clock.now() / SECOND)
            assert await asking.locate(HOST, SERVICE) == (Destination("192.0.2.1", 80),)

    lab.clock.run(at(0, 9, 11, 101), timeout=200)
    assert [(round(at), query.q.qtype) for at, _, query in server.queries] == [
        (0, QTYPE.SRV),
        (0, QTYPE.A),
        (11, QTYPE.A),
        (101, QTYPE.SRV),
        (101, QTYPE.A),
    ]


def test_weights_are_chances_within_a_priority():
    heavy, light, later = Service(1, 9, 1, "a"), Service(1, 1, 2, "b"), Service(2, 50, 3, "c")
    chance = random.Random(7)  # noqa: S311
    orders = [tuple(in_order([later, light, heavy], chance)) for _ in range(1000)]
    assert set(orders) == {(heavy, light, later), (light, heavy, later)}
    assert 750 < orders.count((heavy, light, later)) < 950


def test_a_service_of_weight_0_has_a_small_chance():
    heavy, weightless = Service(1, 9, 1, "a"), Service(1, 0, 2, "b")
    chance = random.Random(7)  # noqa: S311
    first = [in_order([heavy, weightless], chance)[0] for _ in range(1000)]
    assert 50 < first.count(weightless) < 200


# -- TCP ---------------------------------------------------------------------------------------------


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


# -- power -------------------------------------------------------------------------------------------


def test_a_power_cut_while_asking_is_silent_for_ever(lab, serve):
    serve(lambda query: [])
    asking = resolver(lab)

    async def cut_after(seconds):
        task = asyncio.ensure_future(asking.resolve(HOST))
        await asyncio.sleep(seconds)
        lab.cut()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        lab.counter.frames()
        lab.configure()
        await asyncio.sleep(3600)

    lab.clock.run(cut_after(1), timeout=4000)
    assert lab.counter.frames() == []
