"""DNS over TCP: for what does not fit in a datagram, and against clients that mean harm."""

from __future__ import annotations

import shutil
import struct

import dnslib
import pytest

from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.dns_tcp import MOST_CONNECTIONS
from hil.endpoints.faults import Delay, Rcode, Silence, TruncatedAnswer
from hil.errors import StreamClosed
from hil.history import Mark
from hil.history import events as ev

MANY = [f"192.0.2.{number}" for number in range(1, 101)]


@pytest.fixture
def dns(bench):
    started = bench.start(DnsEndpoint)
    bench.configure_phone()
    return started


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


def query(name: str, qtype: str = "A") -> bytes:
    return framed(dnslib.DNSRecord.question(name, qtype).pack())


def answers(data: bytes) -> list[dnslib.DNSRecord]:
    found = []
    while data:
        (size,) = struct.unpack_from("!H", data)
        found.append(dnslib.DNSRecord.parse(data[2 : 2 + size]))
        data = data[2 + size :]
    return found


def over_udp(bench, name: str) -> dnslib.DNSRecord:
    client = bench.phone.udp()
    client.send(dnslib.DNSRecord.question(name).pack(), 53)
    bench.let_pass(0.1)
    return dnslib.DNSRecord.parse(client.received[0][0])


def ended(machine) -> str:
    """How a connection ended on which nothing was said; it may be over before it is made."""
    try:
        client = machine.tcp(53)
    except StreamClosed as error:
        return error.reason
    assert client.receive(within=1) == b""
    return client.ending


def test_what_is_too_large_for_a_datagram_is_truncated_there_and_whole_over_tcp(bench, dns):
    dns.answer("many.example", *MANY)
    short = over_udp(bench, "many.example")
    assert (short.header.tc, short.rr) == (1, [])
    (whole,) = answers(bench.phone.tcp(53).ask(query("many.example"), within=1))
    assert (whole.header.tc, [str(record.rdata) for record in whole.rr]) == (0, MANY)
    udp, tcp = bench.history.all(ev.DnsAnswer)
    assert (udp.transport, udp.truncated, udp.answers) == ("udp", True, ())
    assert (tcp.transport, tcp.truncated, tcp.answers) == ("tcp", False, tuple(MANY))
    assert [asked.transport for asked in bench.history.all(ev.DnsQuery)] == ["udp", "tcp"]
    assert bench.history.last(ev.DnsQuery).kernel_ns > 0


def test_a_small_answer_can_be_truncated_over_udp_alone(bench, dns):
    dns.answer("a.example", "192.0.2.9")
    dns.inject(TruncatedAnswer())
    assert over_udp(bench, "a.example").header.tc == 1
    (whole,) = answers(bench.phone.tcp(53).ask(query("a.example"), within=1))
    assert str(whole.rr[0].rdata) == "192.0.2.9"
    assert len(bench.history.all(ev.FaultInjected)) == 1


def test_several_questions_share_a_connection_and_may_come_in_any_pieces(bench, dns):
    dns.answer("a.example", "192.0.2.9")
    both = query("a.example") + query("b.example")
    client = bench.phone.tcp(53)
    for octet in both[:-1]:
        client.send(bytes([octet]))
    first, second = answers(client.ask(both[-1:], within=1))
    assert str(first.rr[0].rdata) == "192.0.2.9"
    assert dnslib.RCODE[second.header.rcode] == "NXDOMAIN"
    assert client.ending == "open"


def test_a_client_that_asks_nothing_is_left_after_a_while(bench, dns):
    client = bench.phone.tcp(53)
    assert client.receive(within=60) == b""
    assert client.ending == "fin"
    assert bench.history.all(ev.Refused) == ()


def test_faults_hold_over_tcp_as_well(bench, dns):
    dns.answer("a.example", "192.0.2.9")
    dns.inject(Silence(), nth=1)
    dns.inject(Rcode("REFUSED"), nth=2)
    dns.inject(Delay(3), nth=2)
    client = bench.phone.tcp(53)
    assert client.ask(query("a.example"), within=1) == b""
    client.send(query("a.example"))
    assert client.receive(within=2) == b""
    (late,) = answers(client.receive(within=2))
    assert dnslib.RCODE[late.header.rcode] == "REFUSED"


def test_a_client_that_is_gone_gets_its_late_answer_nowhere(bench, dns):
    dns.inject(Delay(3))
    client = bench.phone.tcp(53)
    client.send(query("a.example"))
    bench.let_pass(1)
    bench.clock.run(_abort(client))
    bench.let_pass(5)
    assert bench.history.all(ev.DnsAnswer) == ()


async def _abort(client) -> None:
    client.stream.abort()


@pytest.mark.parametrize(
    "left",
    [b"\x00", b"\xff\xff\x00", query("a.example")[:-1]],
    ids=["half a length", "less than its length", "all but an octet"],
)
def test_a_message_that_is_not_whole_is_refused_and_the_endpoint_goes_on(bench, dns, left):
    client = bench.phone.tcp(53)
    client.send(left)
    client.finish()
    bench.let_pass(1)
    assert bench.history.last(ev.Refused).reason == "the connection ended within a message"
    (other,) = answers(bench.phone.tcp(53).ask(query("a.example"), within=1))
    assert dnslib.RCODE[other.header.rcode] == "NXDOMAIN"


def test_a_malformed_message_is_refused_and_the_next_one_answered(bench, dns):
    sent = framed(b"") + framed(b"\xff" * 20) + query("a.example")
    (answer,) = answers(bench.phone.tcp(53).ask(sent, within=1))
    assert dnslib.RCODE[answer.header.rcode] == "NXDOMAIN"
    assert len(bench.history.all(ev.Refused)) == 2


def test_only_so_many_connections_at_a_time(bench, dns):
    clients = [bench.phone.tcp(53) for _ in range(MOST_CONNECTIONS)]
    assert ended(bench.phone) == "reset"
    assert "connections" in bench.history.last(ev.Refused).reason
    assert answers(clients[0].ask(query("a.example"), within=1))


def test_reset_and_close_end_what_is_open(bench, dns):
    client = bench.phone.tcp(53)
    assert client.receive(within=0.1) == b""
    dns.reset()
    assert client.receive(within=1) == b""
    assert client.ending == "reset"
    bench.clock.run(dns.close())
    assert not dns.listening


def test_a_stranger_gets_nothing(bench, dns):
    bench.stranger.configure()
    assert ended(bench.stranger) == "reset"
    assert bench.history.last(ev.Stranger) is not None
    assert bench.history.all(ev.DnsQuery) == ()


@pytest.fixture
def dig(wall_bench):
    """Runs dig on the handset; what it says of the answer, without its remarks."""
    wall_bench.configure_phone()
    dns = wall_bench.start(DnsEndpoint)

    def digging(*arguments: str) -> list[str]:
        done = wall_bench.phone.run(
            "dig", f"@{dns.address}", "+short", "+time=2", "+tries=1", "+noedns", *arguments
        )
        return done.stdout.split("\n")[:-1]

    return dns, digging


@pytest.mark.peer("bind9-dnsutils")
@pytest.mark.skipif(shutil.which("dig") is None, reason="needs dig (package bind9-dnsutils)")
def test_dig_reads_every_record_and_comes_back_over_tcp(wall_bench, dig):
    dns, ask = dig
    dns.answer("many.example", *MANY)
    dns.answer("both.example", "192.0.2.9", "2001:db8::9")
    dns.alias("alias.example", "both.example")
    dns.service("_http._tcp.example", "both.example", 8080, priority=1, weight=2)
    dns.authority_pointer("example", "_sip._udp.example", "SIP+D2U")
    assert ask("many.example") == MANY
    # dig may have its answer before the endpoint has written down that it sent it.
    wall_bench.history.wait(ev.DnsAnswer, within=5, after=Mark(-1, 0), transport="tcp")
    assert ask("alias.example") == ["both.example.", "192.0.2.9"]
    assert ask("AAAA", "both.example") == ["2001:db8::9"]
    assert ask("SRV", "_http._tcp.example") == ["1 2 8080 both.example."]
    assert ask("NAPTR", "example") == ['0 0 "s" "SIP+D2U" "" _sip._udp.example.']
    assert ask("gone.example") == []
