"""The TFTP endpoint serves a tree in memory over the link, to `hil.wire`'s client and raw packets."""

from __future__ import annotations

import pytest

from hil.endpoints import faults as fl
from hil.endpoints.tftp import MOST_TRANSFERS, TftpEndpoint
from hil.errors import UsageError
from hil.history import events as ev
from hil.wire import tftp
from hil.wire.tftp import Mode
from hil.wire.tftp_server import Limits
from hil.wire.tftp_terms import Complete, Failed

SECOND = 1_000_000_000
BODY = bytes(range(256)) * 10 + b"the end"


@pytest.fixture
def server(bench):
    started = bench.start(TftpEndpoint)
    bench.configure_phone()
    return started


def ended(bench) -> ev.TransferEnded:
    return bench.history.wait(ev.TransferEnded, within=60, after=_first(bench))


def _first(bench) -> ev.Event:
    return next(iter(bench.history))


def packets(bench, **fields) -> list[tuple[str, int]]:
    return [(p.kind, p.block) for p in bench.history.all(ev.TftpPacket, **fields)]


# -- files -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 5120])
def test_file_arrives_whole_at_every_size_around_a_block(server, read, size):
    server.serve("/7832.xml", BODY[:size] if size <= len(BODY) else BODY * 2)
    expected = BODY[:size] if size <= len(BODY) else BODY * 2
    assert read("/7832.xml") == Complete(expected)


@pytest.mark.parametrize(
    "options",
    [
        (("blksize", "1468"),),
        (("blksize", "8"),),
        (("windowsize", "4"),),
        (("blksize", "100"), ("windowsize", "16"), ("timeout", "2"), ("tsize", "0")),
    ],
)
def test_options_are_negotiated(bench, server, read, options):
    server.serve("/7832.xml", BODY)
    assert read("/7832.xml", options=options) == Complete(BODY)
    assert packets(bench, direction=ev.Direction.SENT)[0] == ("OACK", 0)
    assert bench.history.last(ev.TftpRequest).options == dict(options)


@pytest.mark.parametrize(
    ("limits", "first"),
    [
        (Limits(options=frozenset()), ("DATA", 512)),
        (Limits(options=frozenset(("windowsize",))), ("DATA", 512)),
        (Limits(max_blksize=64), ("DATA", 64)),
        (Limits(max_windowsize=1), ("DATA", 1024)),
    ],
)
def test_limits_lower_what_is_granted_until_reset(bench, server, read, limits, first):
    server.limit(limits)
    server.serve("/7832.xml", BODY)
    proposed = (("blksize", "1024"), ("windowsize", "4"), ("tsize", "0"))
    assert read("/7832.xml", options=proposed) == Complete(BODY)
    packets = bench.history.all(ev.TftpPacket, direction=ev.Direction.SENT)
    oack = packets[0].kind == "OACK"
    assert oack is bool(limits.options)
    data = packets[int(oack)]
    assert (data.kind, data.size) == first
    server.reset()
    server.serve("/7832.xml", BODY)
    before = len(packets)
    assert read("/7832.xml", options=proposed) == Complete(BODY)
    usual = bench.history.all(ev.TftpPacket, direction=ev.Direction.SENT)[before:]
    assert (usual[0].kind, usual[1].size) == ("OACK", 1024)


def test_tsize_tells_the_size_of_the_file(server, new_reading):
    server.serve("/7832.xml", BODY)
    reading = new_reading("/7832.xml", options=(("tsize", "0"),))
    reading.run()
    assert reading.transfer.terms.tsize == len(BODY)


def test_netascii_translates_line_ends(bench, server, read):
    server.serve("/a.txt", "one\ntwo\r\n")
    assert read("/a.txt", mode=Mode.NETASCII) == Complete(b"one\ntwo\r\n")
    assert ended(bench).body == b"one\ntwo\r\n"
    assert ended(bench).sent == len(b"one\r\ntwo\r\0\r\n")


def test_file_longer_than_65535_blocks_wraps_the_block_number(bench, server, read):
    body = bytes(8 * 65_540)
    server.serve("/large", body)
    options = (("blksize", "8"), ("windowsize", "64"))
    assert read("/large", options=options) == Complete(body)
    assert ended(bench).sent == len(body)


@pytest.mark.parametrize(
    "asked", ["/a/7832.xml", "a/7832.xml", "//a/./7832.xml", "/b/../a/7832.xml"]
)
def test_path_is_understood_in_every_spelling(bench, server, read, asked):
    server.serve("a/7832.xml", BODY)
    assert read(asked) == Complete(BODY)
    request = bench.history.last(ev.TftpRequest)
    assert request.path == "/a/7832.xml"
    assert asked.encode() in request.data


def test_new_body_is_served_from_the_next_request_on(server, read):
    server.serve("/7832.xml", "one")
    assert read("/7832.xml") == Complete(b"one")
    server.serve("/7832.xml", "two")
    assert read("/7832.xml") == Complete(b"two")
    server.remove("7832.xml")
    assert read("/7832.xml").code == tftp.ErrorCode.FILE_NOT_FOUND


# -- events ----------------------------------------------------------------------------------------


def test_whole_transfer_is_recorded_in_order(bench, server, read):
    server.serve("/7832.xml", BODY[:600])
    read("/7832.xml", options=(("tsize", "0"),))
    wire = (ev.TftpRequest, ev.TftpPacket, ev.TransferEnded)
    seen = [e for e in bench.history if isinstance(e, wire)]
    request, *between, end = seen
    assert isinstance(request, ev.TftpRequest)
    assert (request.scheme, request.path, request.port) == ("tftp", "/7832.xml", 69)
    assert request.kernel_ns > 0
    assert [(p.direction.value, p.kind, p.block, p.size) for p in between] == [
        ("sent", "OACK", 0, 0),
        ("received", "ACK", 0, 0),
        ("sent", "DATA", 1, 512),
        ("received", "ACK", 1, 0),
        ("sent", "DATA", 2, 88),
        ("received", "ACK", 2, 0),
    ]
    assert isinstance(end, ev.TransferEnded)
    assert (end.outcome, end.sent, end.body) == (ev.Outcome.COMPLETE, 600, BODY[:600])
    assert {e.transfer for e in seen} == {request.transfer}
    assert {e.peer for e in seen} == {request.peer}


def test_missing_file_is_error_1(bench, server, read):
    result = read("/other.xml")
    assert isinstance(result, Failed)
    assert result.code == tftp.ErrorCode.FILE_NOT_FOUND
    end = ended(bench)
    assert (end.outcome, end.status, end.body) == (ev.Outcome.NOT_FOUND, 1, b"")


@pytest.mark.parametrize("path", ["../etc/passwd", "/a/../../x", "..", "/" + "x" * 300])
def test_path_out_of_the_tree_is_error_2_and_recorded(bench, server, read, path):
    result = read(path)
    assert isinstance(result, Failed)
    assert result.code == tftp.ErrorCode.ACCESS_VIOLATION
    refused = bench.history.last(ev.Refused)
    assert "climbs out" in refused.reason or "255 is most" in refused.reason
    assert ended(bench).outcome is ev.Outcome.ERROR
    server.serve("/7832.xml", BODY)
    assert read("/7832.xml") == Complete(BODY)


def test_write_request_is_refused_with_error_2(bench, server):
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml", write=True)), 69)
    bench.history.expect(ev.TftpRefused, within=1, path="/7832.xml")
    ((data, _),) = client.received
    assert tftp.decode(data).code == tftp.ErrorCode.ACCESS_VIOLATION


def test_stranger_gets_nothing_and_is_recorded(bench, server, new_reading):
    server.serve("/7832.xml", BODY)
    bench.stranger.configure()
    reading = new_reading("/7832.xml", machine=bench.stranger)
    assert reading.run(3) is None
    assert reading.udp.received == []
    assert bench.history.all(ev.Stranger)
    assert bench.history.all(ev.TftpRequest) == ()


def test_repeated_request_belongs_to_the_same_transfer(bench, server):
    server.serve("/7832.xml", BODY)
    client = bench.phone.udp()
    request = tftp.encode(tftp.Request("/7832.xml"))
    client.send(request, 69)
    client.send(request, 69)
    bench.let_pass(0.1)
    assert len(bench.history.all(ev.TftpRequest)) == 1
    assert packets(bench, direction=ev.Direction.RECEIVED) == [("RRQ", 0)]
    assert len(client.received) == 1


def test_other_file_from_the_same_port_ends_the_transfer_before(bench, server):
    server.serve("/a", BODY)
    server.serve("/b", "short")
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/a")), 69)
    bench.let_pass(0.1)
    client.send(tftp.encode(tftp.Request("/b")), 69)
    bench.let_pass(0.1)
    (end,) = bench.history.all(ev.TransferEnded)
    assert (end.path, end.outcome) == ("/a", ev.Outcome.ABORTED)
    assert tftp.decode(client.received[-1][0]) == tftp.Data(1, b"short")


def test_transfer_to_a_handset_that_falls_silent_is_repeated_and_times_out(bench, server):
    server.serve("/7832.xml", BODY)
    bench.phone.udp().send(tftp.encode(tftp.Request("/7832.xml")), 69)
    end = ended(bench)
    assert (end.outcome, end.sent) == (ev.Outcome.TIMED_OUT, 512)
    assert packets(bench) == [("DATA", 1)] * 6
    request = bench.history.last(ev.TftpRequest)
    assert end.at - request.at == pytest.approx(6 * SECOND, abs=1000)


def test_transfer_that_the_handset_aborts_ends_with_its_error(bench, server):
    server.serve("/7832.xml", BODY)
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    _, (_, port) = client.received[0]
    client.send(tftp.encode(tftp.Error(3, "disk full")), port)
    end = ended(bench)
    assert (end.outcome, end.status, end.detail) == (ev.Outcome.ABORTED, 3, "disk full")


def test_packet_of_another_transfer_id_is_error_5_and_disturbs_nothing(bench, server):
    server.serve("/7832.xml", b"short")
    client, other = bench.phone.udp(), bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    _, (_, port) = client.received[0]
    other.send(tftp.encode(tftp.Ack(1)), port)
    bench.let_pass(0.1)
    assert tftp.decode(other.received[0][0]).code == tftp.ErrorCode.UNKNOWN_TRANSFER_ID
    assert bench.history.last(ev.Refused).reason == "unknown transfer id"
    client.send(tftp.encode(tftp.Ack(1)), port)
    assert ended(bench).outcome is ev.Outcome.COMPLETE


def test_one_handset_cannot_use_up_the_ports(bench, server):
    server.serve("/7832.xml", BODY)
    clients = [bench.phone.udp() for _ in range(MOST_TRANSFERS + 1)]
    for client in clients:
        client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    assert tftp.decode(clients[-1].received[0][0]).code == tftp.ErrorCode.NOT_DEFINED
    assert "64 transfers are open" in bench.history.last(ev.Refused).reason
    assert all(len(client.received) == 1 for client in clients)


def test_handset_that_loses_its_link_leaves_no_error_behind(bench, server):
    server.serve("/7832.xml", BODY)
    bench.phone.udp().send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    bench.network.bridge.down()
    assert ended(bench).outcome is ev.Outcome.TIMED_OUT
    assert bench.history.all(ev.Undelivered)


# -- reset and refusals ----------------------------------------------------------------------------


def test_reset_aborts_transfers_and_serves_nothing(bench, server, read):
    server.serve("/7832.xml", BODY)
    server.inject(fl.Silence())
    bench.phone.udp().send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    server.reset()
    assert read("/7832.xml").code == tftp.ErrorCode.FILE_NOT_FOUND

    server.serve("/7832.xml", BODY)
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    server.reset()
    end = bench.history.last(ev.TransferEnded)
    assert (end.outcome, end.detail) == (ev.Outcome.ABORTED, "reset")
    bench.let_pass(10)
    assert len(client.received) == 1


def test_each_configuration_is_an_event(bench, server):
    server.serve("/7832.xml", "five.")
    server.inject(fl.Stall(5), nth=2)
    server.remove("/7832.xml")
    server.reset()
    told = [c.what for c in bench.history.all(ev.Configured, source="tftp")]
    assert told[0] == "serve /7832.xml, 5 octets"
    assert told[1:] == ["remove /7832.xml", "reset"]
    (armed,) = bench.history.all(ev.FaultArmed, source="tftp")
    assert (armed.fault, "Stall(at=5)" in armed.detail) == ("Stall", True)


@pytest.mark.parametrize("path", ["../x", "x" * 300, "a\0b"])
def test_path_that_nobody_could_ask_for_is_refused(server, path):
    with pytest.raises(UsageError):
        server.serve(path, b"")
    with pytest.raises(UsageError):
        server.inject(fl.Silence(), name=path)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\0\1", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\0\1/7832.xml\0octet", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\0\1/78\0" + b"32.xml\0octet\0", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\0\1" + b"x" * 600 + b"\0octet\0", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\0\1x\0mail\0", tftp.ErrorCode.ILLEGAL_OPERATION),
        (b"\xff\xff\xff\xff", tftp.ErrorCode.ILLEGAL_OPERATION),
        (tftp.encode(tftp.Ack(1)), None),
        (tftp.encode(tftp.Data(1, b"x")), None),
        (tftp.encode(tftp.Error(1, "x")), None),
        (b"\0\5\0", None),
    ],
)
def test_malformed_requests_are_refused_and_the_endpoint_goes_on(bench, server, read, data, answer):
    server.serve("/7832.xml", BODY)
    client = bench.phone.udp()
    client.send(data, 69)
    refused = bench.history.expect(ev.Refused, within=1)
    assert refused.data == data
    assert [tftp.decode(got).code for got, _ in client.received] == (
        [] if answer is None else [answer]
    )
    assert read("/7832.xml") == Complete(BODY)


def test_malformed_packet_inside_a_transfer_is_refused_and_the_transfer_goes_on(bench, server):
    server.serve("/7832.xml", b"short")
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(0.1)
    _, (_, port) = client.received[0]
    client.send(b"\0\4\0", port)
    bench.history.expect(ev.Refused, within=1)
    client.send(tftp.encode(tftp.Ack(1)), port)
    assert ended(bench).outcome is ev.Outcome.COMPLETE
