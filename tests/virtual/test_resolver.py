"""The handset's resolver against servers that answer, fall silent, refuse and lie."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Address

import pytest
from dns_server import (
    FIRST,
    HOST,
    LIES,
    NOBODY,
    SECOND,
    SECOND_SERVER,
    address_of,
    resolver,
    serving,
)
from dnslib import CNAME, QTYPE, RCODE, RR, TXT, A, DNSRecord

from hil.virtual.resolver import Addresses, NameFailed, NoAnswer, Resolver

FOUND = Addresses((IPv4Address("192.0.2.1"),))


@pytest.fixture
def serve(lab):
    yield from serving(lab)


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
