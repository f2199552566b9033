"""What each TFTP fault does to the wire, in theory and on the link."""

from __future__ import annotations

import pytest

from hil.endpoints import faults as fl
from hil.endpoints.tftp import TftpEndpoint
from hil.endpoints.tftp_faults import Disturbance, spoil
from hil.errors import UsageError
from hil.history import events as ev
from hil.wire import tftp
from hil.wire.tftp_terms import Complete, Failed

SECOND = 1_000_000_000
BODY = bytes(range(256)) * 10 + b"the end"
WINDOWED = (("blksize", "256"), ("windowsize", "4"), ("tsize", "0"))


@pytest.fixture
def server(bench):
    started = bench.start(TftpEndpoint)
    bench.configure_phone()
    started.serve("/7832.xml", BODY)
    return started


def injected(bench) -> list[str]:
    return [event.fault for event in bench.history.all(ev.FaultInjected)]


def sent(bench) -> list[tuple[str, int]]:
    packets = bench.history.all(ev.TftpPacket, direction=ev.Direction.SENT)
    return [(p.kind, p.block) for p in packets]


def last_end(bench) -> ev.TransferEnded:
    end = bench.history.last(ev.TransferEnded)
    assert end is not None
    return end


# -- in theory -------------------------------------------------------------------------------------


def test_spoilt_body_is_cut_and_changed_where_the_faults_say():
    assert spoil(b"abcdef", (fl.Truncate(3),)) == b"abc"
    assert spoil(b"abcdef", (fl.Corrupt(1, 3),)) == b"aacdef"
    assert spoil(b"abcdef", (fl.Truncate(9), fl.Corrupt(9))) == b"abcdef"


def test_fault_behind_the_end_of_the_file_is_not_injected():
    told: list[fl.Fault] = []
    faults = (fl.Truncate(6), fl.Corrupt(6), fl.Stall(6), fl.LoseBlock(3), fl.WrongLength(1))
    disturbance = Disturbance(faults, 6, told.append)
    for number, payload in ((1, b"abc"), (2, b"def")):
        data = tftp.encode(tftp.Data(number, payload))
        assert disturbance.passes(data).packets == (data,)
    oack = tftp.encode(tftp.OptionAck((("blksize", "8"),)))
    assert disturbance.passes(oack).packets == (oack,)
    assert told == []


def test_fault_is_told_with_the_first_block_that_it_touches():
    told: list[fl.Fault] = []
    faults = (fl.Truncate(5), fl.Corrupt(3))
    disturbance = Disturbance(faults, 9, told.append)
    disturbance.passes(tftp.encode(tftp.Data(1, b"abc")))
    assert told == []
    disturbance.passes(tftp.encode(tftp.Data(2, b"\x9be")))
    assert told == [fl.Truncate(5), fl.Corrupt(3)]
    disturbance.passes(tftp.encode(tftp.Data(2, b"\x9be")))
    assert len(told) == 2


def test_blocks_are_counted_past_the_wrap_of_their_numbers():
    told: list[fl.Fault] = []
    disturbance = Disturbance((fl.LoseBlock(65_537),), 10**6, told.append)
    for number in range(1, 65_537):
        data = tftp.encode(tftp.Data(number % 65_536, b"x"))
        assert disturbance.passes(data).packets == (data,)
    wrapped = tftp.encode(tftp.Data(1, b"x"))
    assert disturbance.passes(wrapped).packets == ()
    assert disturbance.passes(wrapped).packets == (wrapped,)
    assert disturbance.sent == 65_537


# -- on the link -----------------------------------------------------------------------------------


def test_silence(bench, server, read):
    server.inject(fl.Silence(), nth=1)
    assert read("/7832.xml", 0.5) is None
    assert injected(bench) == ["Silence"]
    assert last_end(bench).detail == "silent as told"
    assert sent(bench) == []
    assert read("/7832.xml") == Complete(BODY)


def test_delay_counts_from_the_request_and_takes_repeated_requests_as_one(bench, server, read):
    server.inject(fl.Delay(2.5))
    assert read("/7832.xml") == Complete(BODY)
    (request,) = bench.history.all(ev.TftpRequest)
    packets = bench.history.all(ev.TftpPacket)
    assert [p.kind for p in packets[:3]] == ["RRQ", "RRQ", "DATA"]
    assert packets[2].at - request.at == pytest.approx(2.5 * SECOND, abs=1000)
    assert injected(bench) == ["Delay"]


def test_delay_of_a_missing_file(bench, server, read):
    server.inject(fl.Delay(1.5))
    result = read("/other.xml")
    assert isinstance(result, Failed)
    assert last_end(bench).at - bench.history.last(ev.TftpRequest).at >= 1.5 * SECOND


def test_other_request_during_a_delay_replaces_the_delayed_one(bench, server):
    server.serve("/b", "short")
    server.inject(fl.Delay(2), name="/7832.xml")
    client = bench.phone.udp()
    client.send(tftp.encode(tftp.Request("/7832.xml")), 69)
    bench.let_pass(1)
    client.send(tftp.encode(tftp.Request("/b")), 69)
    bench.let_pass(5)
    (aborted,) = bench.history.all(ev.TransferEnded, outcome=ev.Outcome.ABORTED)
    assert aborted.path == "/7832.xml"
    assert {data for data, _ in client.received} == {tftp.encode(tftp.Data(1, b"short"))}


@pytest.mark.parametrize("at", [0, 100, 512, 1000])
def test_truncated_file_ends_early_and_looks_whole(bench, server, read, at):
    server.inject(fl.Truncate(at))
    assert read("/7832.xml") == Complete(BODY[:at])
    assert injected(bench) == ["Truncate"]
    assert last_end(bench).body == BODY[:at]


def test_truncated_netascii_is_cut_on_the_wire(bench, server, read):
    server.serve("/a.txt", "one\ntwo\nthree\n")
    server.inject(fl.Truncate(5), name="/a.txt")
    assert read("/a.txt", mode=tftp.Mode.NETASCII) == Complete(b"one\n")
    assert injected(bench) == ["Truncate"]


@pytest.mark.parametrize("options", [(), WINDOWED])
def test_stalled_transfer_stops_before_the_block_of_the_offset(bench, server, read, options):
    server.inject(fl.Stall(1100))
    result = read("/7832.xml", options=options)
    assert isinstance(result, Failed)
    assert result.code is None
    bench.let_pass(30)
    size = 256 if options else 512
    assert max(block for _, block in sent(bench)) == 1100 // size
    assert injected(bench) == ["Stall"]
    end = last_end(bench)
    assert (end.outcome, end.sent) == (ev.Outcome.TIMED_OUT, 1100 // size * size)


def test_wrong_length_is_told_in_tsize_and_the_body_is_whole(bench, server, new_reading):
    server.inject(fl.WrongLength(-100))
    reading = new_reading("/7832.xml", options=(("tsize", "0"),))
    assert reading.run() == Complete(BODY)
    assert reading.transfer.terms.tsize == len(BODY) - 100
    assert injected(bench) == ["WrongLength"]


def test_wrong_length_is_not_injected_where_nobody_asks_for_it(bench, server, read):
    server.inject(fl.WrongLength(5))
    assert read("/7832.xml") == Complete(BODY)
    assert injected(bench) == []


def test_corrupt_octet(bench, server, read):
    server.inject(fl.Corrupt(600, 0x01))
    expected = bytearray(BODY)
    expected[600] ^= 1
    assert read("/7832.xml") == Complete(bytes(expected))
    assert injected(bench) == ["Corrupt"]
    assert last_end(bench).body == bytes(expected)


@pytest.mark.parametrize("code", [0, 1, 2, 3, 4, 6, 7, 8, 4711])
def test_error_in_place_of_the_answer(bench, server, read, code):
    server.inject(fl.TftpError(code, "as told"))
    result = read("/7832.xml")
    assert isinstance(result, Failed)
    assert (result.code, result.text) == (code, "as told")
    assert injected(bench) == ["TftpError"]
    assert (last_end(bench).outcome, last_end(bench).status) == (ev.Outcome.ERROR, code)


def test_error_in_place_of_a_block(bench, server, read):
    server.inject(fl.TftpError(3, "disk full", block=3))
    result = read("/7832.xml")
    assert isinstance(result, Failed)
    assert (result.code, result.text) == (3, "disk full")
    assert sent(bench) == [("DATA", 1), ("DATA", 2), ("ERROR", 3)]
    assert (last_end(bench).outcome, last_end(bench).sent) == (ev.Outcome.ERROR, 1024)


@pytest.mark.parametrize("options", [(), WINDOWED])
def test_lost_block_is_repeated_and_the_file_arrives(bench, server, read, options):
    server.inject(fl.LoseBlock(2))
    assert read("/7832.xml", options=options) == Complete(BODY)
    assert injected(bench) == ["LoseBlock"]
    assert sent(bench).count(("DATA", 2)) == 1
    # In lock-step only the time-out repeats it; in a window the reader sees the gap at once.
    assert (last_end(bench).at >= SECOND) == (options == ())


@pytest.mark.parametrize("options", [(), WINDOWED])
def test_doubled_block_changes_nothing_for_the_reader(bench, server, read, options):
    server.inject(fl.DuplicateBlock(2))
    assert read("/7832.xml", options=options) == Complete(BODY)
    assert injected(bench) == ["DuplicateBlock"]
    assert sent(bench).count(("DATA", 2)) == 2
    assert last_end(bench).outcome is ev.Outcome.COMPLETE


def test_second_request_for_the_path_only(bench, server, read):
    server.serve("/other", "x")
    server.inject(fl.TftpError(1), nth=2, name="7832.xml")
    assert read("/7832.xml") == Complete(BODY)
    assert read("/other") == Complete(b"x")
    assert isinstance(read("/7832.xml"), Failed)
    assert read("/7832.xml") == Complete(BODY)
    assert injected(bench) == ["TftpError"]


def test_several_faults_at_once(bench, server, read):
    server.inject(fl.Delay(1))
    server.inject(fl.Truncate(700))
    server.inject(fl.Corrupt(0, 0xFF))
    assert read("/7832.xml") == Complete(b"\xff" + BODY[1:700])
    assert sorted(injected(bench)) == ["Corrupt", "Delay", "Truncate"]


@pytest.mark.parametrize("fault", [fl.Status(404), fl.Reset(), fl.Nak(), fl.ExpiredCertificate()])
def test_fault_that_makes_no_sense_here_is_refused(server, fault):
    with pytest.raises(UsageError, match="tftp cannot apply"):
        server.inject(fault)
