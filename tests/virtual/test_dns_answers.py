"""Whatever a server sends is read or refused, quickly."""

from __future__ import annotations

import contextlib
import struct
import time

import dnslib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.errors import RemoteProtocolError
from hil.virtual.dns_answers import SRV, A, DnsReply, Service, question, read_reply

NAME = "_http._tcp.prov.example"


def answer(*records: str) -> bytes:
    query = dnslib.DNSRecord.parse(question(NAME, SRV, 7))
    reply = query.reply()
    for record in records:
        reply.add_answer(*dnslib.RR.fromZone(record))
    return bytes(reply.pack())


def test_a_question_is_one_that_others_can_read():
    query = dnslib.DNSRecord.parse(question(NAME, SRV, 7))
    assert (query.header.id, query.header.rd, query.header.q) == (7, 1, 1)
    assert (str(query.q.qname), query.q.qtype, query.q.qclass) == (f"{NAME}.", SRV, 1)


def test_services_are_read_with_compressed_and_aliased_names():
    data = answer(
        f"{NAME} 30 IN CNAME other.prov.example.",
        "other.prov.example. 60 IN SRV 1 2 8080 Web.prov.example.",
        "other.prov.example. 90 IN SRV 3 4 80 .",
        "else.example. 5 IN SRV 0 0 1 else.example.",
    )
    services = Service(1, 2, 8080, "web.prov.example"), Service(3, 4, 80, "")
    assert read_reply(data, NAME, SRV, 7) == DnsReply("NOERROR", services, 30)


def test_a_truncated_answer_tells_nothing_else():
    data = bytearray(answer(f"{NAME} 30 IN SRV 1 2 8080 web.prov.example."))
    data[2] |= 0x02
    assert read_reply(bytes(data[:-30]), NAME, SRV, 7) == DnsReply("NOERROR", truncated=True)


@pytest.mark.parametrize(("rcode", "name"), [(3, "NXDOMAIN"), (5, "REFUSED"), (11, "RCODE11")])
def test_a_failure_has_its_name(rcode, name):
    data = bytearray(answer())
    data[3] |= rcode
    assert read_reply(bytes(data), NAME, SRV, 7) == DnsReply(name)


@given(st.binary(max_size=600))
def test_noise_is_refused_and_nothing_else(noise):
    head = question(NAME, A, 7)
    for data in (noise, head[:2] + b"\x80\0" + head[4:6] + b"\xff\xff" + head[8:] + noise):
        with contextlib.suppress(RemoteProtocolError):
            read_reply(data, NAME, A, 7)


def test_names_that_point_from_one_to_the_next_cost_no_more_than_their_size():
    """The largest answer of TCP, each record's name a chain of pointers through those before it."""
    data = bytearray(question(NAME, A, 7))
    data[2] = 0x80
    while len(data) < 65_000:
        back = max(12, min(len(data) - 2, 0x3FFF - 2))
        data += struct.pack("!HHHIH", 0xC000 | back, 5, 1, 0, 2) + struct.pack("!H", 0xC000 | back)
    data[6:8] = b"\xff\xff"
    began = time.thread_time()
    with pytest.raises(RemoteProtocolError):
        read_reply(bytes(data), NAME, A, 7)
    assert time.thread_time() - began < 1
