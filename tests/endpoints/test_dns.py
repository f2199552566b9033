"""The DNS endpoint knows the names that a test configured; its answers are read with dnslib."""

from __future__ import annotations

import dnslib
import pytest

from hil.endpoints.dns import DnsEndpoint
from hil.endpoints.faults import GARBAGE, Delay, Garbage, Rcode, Silence, Truncate
from hil.errors import UsageError
from hil.history import events as ev

SECOND = 1_000_000_000


@pytest.fixture
def dns(bench):
    started = bench.start(DnsEndpoint)
    bench.configure_phone()
    return started


@pytest.fixture
def ask(bench):
    """Asks as the handset and gives the answer, or None."""
    client = None

    def asking(name: str, qtype: str = "A", seconds: float = 0.1) -> dnslib.DNSRecord | None:
        nonlocal client
        client = client or bench.phone.udp()
        client.received.clear()
        client.send(dnslib.DNSRecord.question(name, qtype).pack(), 53)
        bench.let_pass(seconds)
        return dnslib.DNSRecord.parse(client.received[0][0]) if client.received else None

    return asking


def texts(answer: dnslib.DNSRecord) -> list[str]:
    return [str(record.rdata) for record in answer.rr]


def rcode(answer: dnslib.DNSRecord) -> str:
    return str(dnslib.RCODE[answer.header.rcode])


def test_configured_name_has_its_addresses_in_order_with_their_ttl(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9", "192.0.2.8", ttl=300)
    answer = ask("pv.example.com")
    assert rcode(answer) == "NOERROR"
    assert texts(answer) == ["192.0.2.9", "192.0.2.8"]
    assert {record.ttl for record in answer.rr} == {300}
    assert (answer.header.qr, answer.header.aa, answer.header.rd, answer.header.ra) == (1, 1, 1, 1)


def test_answer_belongs_to_its_question(dns, bench):
    dns.answer("pv.example.com", "192.0.2.9")
    query = dnslib.DNSRecord.question("pv.example.com")
    client = bench.phone.udp()
    client.send(query.pack(), 53)
    bench.let_pass(0.1)
    ((data, peer),) = client.received
    answer = dnslib.DNSRecord.parse(data)
    assert answer.header.id == query.header.id
    assert answer.q == query.q
    assert peer == (dns.address, 53)


def test_name_that_nobody_configured_does_not_exist(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    assert rcode(ask("other.example.com")) == "NXDOMAIN"


def test_name_above_a_configured_one_exists_without_records(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    answer = ask("example.com")
    assert (rcode(answer), texts(answer)) == ("NOERROR", [])


def test_names_are_compared_without_regard_to_case(dns, ask):
    dns.answer("PV.Example.com.", "192.0.2.9")
    assert texts(ask("pv.eXample.COM")) == ["192.0.2.9"]


@pytest.mark.parametrize("qtype", ["AAAA", "TXT", "SRV", "NAPTR", "TYPE65280"])
def test_other_types_of_a_name_that_exists_are_empty(dns, ask, qtype):
    dns.answer("pv.example.com", "192.0.2.9")
    answer = ask("pv.example.com", qtype)
    assert (rcode(answer), texts(answer)) == ("NOERROR", [])


def test_new_answer_replaces_the_addresses_and_no_address_empties_the_name(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.answer("pv.example.com", "192.0.2.10")
    assert texts(ask("pv.example.com")) == ["192.0.2.10"]
    dns.answer("pv.example.com")
    answer = ask("pv.example.com")
    assert (rcode(answer), texts(answer)) == ("NOERROR", [])


def test_forgotten_name_does_not_exist(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.forget("PV.example.com")
    assert rcode(ask("pv.example.com")) == "NXDOMAIN"


def test_service_has_one_srv_record_a_call(dns, ask):
    dns.service("_http._tcp.example.com", "a.example.com", 80, priority=1, weight=5)
    dns.service("_http._tcp.example.com", "b.example.com", 8080, priority=2)
    answer = ask("_http._tcp.example.com", "SRV")
    assert texts(answer) == ["1 5 80 a.example.com.", "2 0 8080 b.example.com."]


def test_a_service_that_is_not_available_has_the_root_as_its_target(dns, ask):
    dns.service("_http._tcp.example.com", ".", 0)
    assert texts(ask("_http._tcp.example.com", "SRV")) == ["0 0 0 ."]


def test_addresses_of_both_families(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9", "2001:db8::9")
    assert texts(ask("pv.example.com")) == ["192.0.2.9"]
    assert texts(ask("pv.example.com", "AAAA")) == ["2001:db8::9"]


def test_naptr_leads_to_a_service(dns, ask):
    dns.authority_pointer("example.com", "_sip._udp.example.com", "SIP+D2U", order=10)
    dns.authority_pointer("example.com", "_sip._tcp.example.com", "SIP+D2T", order=20, preference=1)
    assert texts(ask("example.com", "NAPTR")) == [
        '10 0 "s" "SIP+D2U" "" _sip._udp.example.com.',
        '20 1 "s" "SIP+D2T" "" _sip._tcp.example.com.',
    ]


def test_an_alias_is_followed_to_the_addresses_within_one_answer(bench, dns, ask):
    dns.alias("pv.example.com", "A.example.com", ttl=5)
    dns.alias("a.example.com", "b.example.com")
    dns.answer("b.example.com", "192.0.2.9")
    answer = ask("pv.example.com")
    assert texts(answer) == ["A.example.com.", "b.example.com.", "192.0.2.9"]
    assert str(answer.rr[0].rname) == "pv.example.com."
    assert [record.ttl for record in answer.rr] == [5, 60, 60]
    assert bench.history.last(ev.DnsAnswer).answers[-1] == "192.0.2.9"
    assert texts(ask("pv.example.com", "CNAME")) == ["A.example.com."]


def test_an_alias_of_nothing_does_not_exist_and_one_in_circles_ends(dns, ask):
    dns.alias("pv.example.com", "gone.example.com")
    answer = ask("pv.example.com")
    assert (rcode(answer), texts(answer)) == ("NXDOMAIN", ["gone.example.com."])
    dns.alias("gone.example.com", "pv.example.com")
    assert rcode(ask("pv.example.com")) == "NOERROR"


def test_an_address_takes_the_place_of_an_alias_and_an_alias_that_of_an_address(dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.alias("pv.example.com", "a.example.com")
    assert texts(ask("pv.example.com", "ANY")) == ["a.example.com."]
    dns.answer("pv.example.com", "192.0.2.8")
    assert texts(ask("pv.example.com")) == ["192.0.2.8"]


def test_question_for_all_types_gets_all_records(dns, ask):
    dns.answer("example.com", "192.0.2.9")
    dns.service("example.com", "a.example.com", 80)
    assert len(texts(ask("example.com", "ANY"))) == 2


def test_query_and_answer_are_recorded_in_order(bench, dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    ask("PV.example.com")
    ask("other.example.com", "SRV")
    seen = [e for e in bench.history if isinstance(e, ev.DnsQuery | ev.DnsAnswer)]
    assert [type(e).__name__ for e in seen] == ["DnsQuery", "DnsAnswer"] * 2
    query, answer, _, missing = seen
    assert (query.name, query.qtype) == ("PV.example.com", "A")
    assert query.kernel_ns > 0
    assert dnslib.DNSRecord.parse(query.data).q.qtype == 1
    assert (answer.rcode, answer.answers) == ("NOERROR", ("192.0.2.9",))
    assert answer.peer == query.peer
    assert (missing.qtype, missing.rcode, missing.answers) == ("SRV", "NXDOMAIN", ())


def test_other_operations_and_classes_are_declined(bench, dns):
    client = bench.phone.udp()
    status = dnslib.DNSRecord.question("example.com")
    status.header.opcode = dnslib.OPCODE.STATUS
    chaos = dnslib.DNSRecord.question("version.bind", "TXT", "CH")
    client.send(status.pack(), 53)
    client.send(chaos.pack(), 53)
    bench.let_pass(0.1)
    answers = [rcode(dnslib.DNSRecord.parse(data)) for data, _ in client.received]
    assert answers == ["NOTIMP", "REFUSED"]


def test_query_with_edns_is_answered(bench, dns):
    dns.answer("pv.example.com", "192.0.2.9")
    query = dnslib.DNSRecord.question("pv.example.com")
    query.add_ar(dnslib.EDNS0(udp_len=4096))
    client = bench.phone.udp()
    client.send(query.pack(), 53)
    bench.let_pass(0.1)
    assert texts(dnslib.DNSRecord.parse(client.received[0][0])) == ["192.0.2.9"]


def test_stranger_gets_nothing_and_is_recorded(bench, dns):
    bench.stranger.configure()
    client = bench.stranger.udp()
    client.send(dnslib.DNSRecord.question("pv.example.com").pack(), 53)
    bench.history.expect(ev.Stranger, within=1)
    assert client.received == []
    assert bench.history.all(ev.DnsQuery) == ()


# -- faults ----------------------------------------------------------------------------------------


def test_silence_for_the_second_query_only(bench, dns, ask):
    dns.inject(Silence(), nth=2)
    assert [ask("a.example") is None for _ in range(3)] == [False, True, False]
    assert len(bench.history.all(ev.FaultInjected, fault="Silence")) == 1
    assert len(bench.history.all(ev.DnsQuery)) == 3


def test_delayed_answer_comes_so_much_later(bench, dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.inject(Delay(3), name="pv.example.com")
    assert ask("pv.example.com", seconds=2.9) is None
    bench.let_pass(0.2)
    query, answer = bench.history.last(ev.DnsQuery), bench.history.last(ev.DnsAnswer)
    assert answer.at - query.at == pytest.approx(3 * SECOND, abs=1000)


@pytest.mark.parametrize("name", ["SERVFAIL", "REFUSED", "FORMERR", "NXDOMAIN"])
def test_failing_name_has_that_rcode_and_no_records(bench, dns, ask, name):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.fail("PV.example.com", name)
    answer = ask("pv.example.com")
    assert (rcode(answer), texts(answer)) == (name, [])
    assert bench.history.last(ev.DnsAnswer).rcode == name
    assert len(bench.history.all(ev.FaultInjected, fault="Rcode")) == 1


def test_failure_of_one_name_leaves_others_alone(dns, ask):
    dns.answer("b.example.com", "192.0.2.9")
    dns.fail("a.example.com")
    assert rcode(ask("b.example.com")) == "NOERROR"


@pytest.mark.parametrize("fault", [Truncate(5), Rcode("NICE")])
def test_fault_that_makes_no_sense_here_is_refused(dns, fault):
    with pytest.raises(UsageError):
        dns.inject(fault)


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_does_not_answer_and_is_no_answer_on_record(bench, dns, kind):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.inject(Garbage(kind), nth=1)
    query = dnslib.DNSRecord.question("pv.example.com")
    client = bench.phone.udp()
    client.send(query.pack(), 53)
    bench.let_pass(0.1)
    ((data, _),) = client.received
    try:
        answer = dnslib.DNSRecord.parse(data)
    except dnslib.DNSError:
        answer = None
    assert answer is None or answer.header.id != query.header.id or answer.q != query.q
    assert (answer is None) == (kind in ("noise", "cut-short", "looping-name"))
    assert bench.history.all(ev.DnsAnswer) == ()
    assert bench.history.last(ev.FaultInjected).fault == "Garbage"


def test_garbage_of_no_known_kind_is_refused():
    with pytest.raises(UsageError):
        Garbage("rubbish")


# -- reset and refusals ----------------------------------------------------------------------------


def test_reset_knows_no_name_has_no_fault_and_forgets_delayed_answers(bench, dns, ask):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.inject(Delay(2))
    assert ask("pv.example.com", seconds=1) is None
    dns.reset()
    bench.let_pass(5)
    assert bench.history.all(ev.DnsAnswer) == ()
    assert rcode(ask("pv.example.com")) == "NXDOMAIN"


def test_each_configuration_is_an_event(bench, dns):
    dns.answer("pv.example.com", "192.0.2.9")
    dns.service("_sip._udp.example.com", "a.example.com", 5060)
    dns.fail("a.example.com")
    dns.forget("pv.example.com")
    dns.reset()
    told = [c.what for c in bench.history.all(ev.Configured, source="dns")]
    assert told[0] == "pv.example.com A 192.0.2.9, ttl 60"
    assert told[1] == "_sip._udp.example.com SRV 0 0 5060 a.example.com, ttl 60"
    assert told[2:] == ["pv.example.com is gone", "reset"]
    (armed,) = bench.history.all(ev.FaultArmed, source="dns")
    assert "SERVFAIL" in armed.detail


@pytest.mark.parametrize(
    "configure",
    [
        lambda dns: dns.answer("pv.example.com", "192.0.2"),
        lambda dns: dns.answer("", "192.0.2.1"),
        lambda dns: dns.answer("a..b", "192.0.2.1"),
        lambda dns: dns.answer("x" * 64 + ".com", "192.0.2.1"),
        lambda dns: dns.answer(".".join(["x" * 63] * 5), "192.0.2.1"),
        lambda dns: dns.answer("pv.example.com", "192.0.2.1", ttl=-1),
        lambda dns: dns.answer("pv.example.com", *["192.0.2.1"] * 5000),
        lambda dns: dns.alias("pv.example.com", ""),
        lambda dns: dns.alias("pv.example.com", "a.example", ttl=1 << 31),
        lambda dns: dns.authority_pointer("pv.example.com", "a.example", "SIP+D2U", order=65536),
        lambda dns: dns.authority_pointer("pv.example.com", "a.example", "SIP+Ü"),
        lambda dns: dns.authority_pointer("pv.example.com", "", "SIP+D2U"),
        lambda dns: dns.service("_a._b.c", "d", 65536),
        lambda dns: dns.service("_a._b.c", "", 5060),
    ],
)
def test_what_cannot_be_answered_is_refused(dns, ask, configure):
    with pytest.raises(UsageError):
        configure(dns)
    assert rcode(ask("pv.example.com")) == "NXDOMAIN"


HEADER = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 octets"),
        (HEADER[:11], "11 octets"),
        (HEADER, "runs past the end"),
        (HEADER + b"\x05abc", "runs past the end"),
        (HEADER + b"\x01a\xc0\x0c\x00\x01\x00\x01", "label of length octet 0xc0"),
        (HEADER + b"\x40" + bytes(70), "label of length octet 0x40"),
        (HEADER + b"\x3f" + b"x" * 63, "runs past the end"),
        (HEADER + (b"\x3f" + b"x" * 63) * 4 + b"\0\0\1\0\1", "257 octets"),
        (HEADER + b"\x02\xff\xfe\0\0\1\0\1", "Invalid label"),
        (HEADER[:2] + b"\x81\x80" + HEADER[4:] + b"\x01a\0\0\1\0\1", "a response"),
        (HEADER[:5] + b"\x02" + HEADER[6:] + b"\x01a\0\0\1\0\1", "2 questions"),
        (HEADER[:5] + b"\x00" + HEADER[6:] + b"\x01a\0\0\1\0\1", "0 questions"),
    ],
)
def test_malformed_queries_are_refused_and_the_endpoint_goes_on(bench, dns, ask, data, reason):
    dns.answer("pv.example.com", "192.0.2.9")
    client = bench.phone.udp()
    client.send(data, 53)
    refused = bench.history.expect(ev.Refused, within=1)
    assert reason in refused.reason
    assert refused.data == data
    assert client.received == []
    assert texts(ask("pv.example.com")) == ["192.0.2.9"]
