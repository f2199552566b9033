"""Services and their servers (RFC 2782) as the handset's resolver finds them."""

from __future__ import annotations

import asyncio
import random

import pytest
from dns_server import HOST, SECOND, address_of, resolver, serving
from dnslib import QTYPE, RR, SRV, A

from hil.reference.phone import Destination
from hil.virtual.dns_answers import Service, in_order


@pytest.fixture
def serve(lab):
    yield from serving(lab)


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
