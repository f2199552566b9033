"""The NTP endpoint tells the time that a test gave it, and what a test wants of a bad server."""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import struct
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hil.endpoints.faults import Delay, KissOfDeath, RawAnswer, Status
from hil.endpoints.ntp import NtpEndpoint
from hil.errors import UsageError
from hil.history import Mark
from hil.history import events as ev
from hil.wire.ntp import Leap, Mode, Packet, unusable, utc_ns

SECOND = 1_000_000_000
NONCE = 0x0123456789ABCDEF
QUESTION = Packet(Mode.CLIENT, poll=6, transmit=NONCE)


def ns(text):
    since = datetime.fromisoformat(text).replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1) * 1000


@pytest.fixture
def server(bench):
    bench.configure_phone()
    return bench.start(NtpEndpoint)


@pytest.fixture
def ask(bench):
    client = bench.phone.udp(40123)
    client.on_receive = lambda data, peer: bench.clock.notify()

    def asking(question=QUESTION, within=1.0):
        """The answer to a question, or None if there is none for that long."""
        before = len(client.received)
        client.send(question if isinstance(question, bytes) else question.pack(), 123)
        until = bench.clock.now() + round(within * SECOND)
        bench.clock.wait(lambda: len(client.received) > before, until)
        return Packet.parse(client.received[-1][0]) if len(client.received) > before else None

    return asking


def test_it_tells_epoch_and_lab_time_as_a_primary_server(bench, server, ask):
    bench.let_pass(90.5)
    answer = ask()

    assert answer.mode is Mode.SERVER
    assert (answer.version, answer.poll, answer.stratum, answer.leap) == (4, 6, 1, Leap.NO_WARNING)
    assert answer.origin == NONCE
    assert utc_ns(answer.receive) == utc_ns(answer.transmit) == ns("2026-01-01T00:01:30.5")
    assert utc_ns(answer.reference) == ns("2026-01-01T00:01:30")
    assert unusable(answer, QUESTION) == ""


def test_query_and_answer_are_in_the_history(bench, server, ask):
    answer = ask(Packet(Mode.CLIENT, version=3, transmit=NONCE))

    query = bench.history.last(ev.NtpQuery)
    assert (query.source, query.peer, query.version) == ("ntp", f"{bench.phone.address}:40123", 3)
    assert Packet.parse(query.data).transmit == NONCE
    assert query.kernel_ns > 0
    told = bench.history.last(ev.NtpAnswer)
    assert (told.peer, told.utc_ns) == (query.peer, ns("2026-01-01T00:00:00"))
    assert (told.stratum, told.leap) == (1, 0)
    assert Packet.parse(told.data) == answer
    assert answer.version == 3


def test_the_epoch_may_be_another(bench, ask):
    bench.configure_phone()
    server = bench.start(NtpEndpoint, epoch=datetime(2040, 2, 29, 23, 59, tzinfo=UTC))
    bench.let_pass(60)
    assert utc_ns(ask().transmit) == server.utc_ns == ns("2040-03-01T00:00:00")


def test_a_clock_that_is_set_runs_on_and_can_be_shifted_and_reset(bench, server, ask):
    bench.let_pass(10)
    zone = timezone(timedelta(hours=-8))
    server.set(datetime(2026, 3, 8, 1, 59, 59, tzinfo=zone))
    bench.let_pass(2)
    assert utc_ns(ask().transmit) == ns("2026-03-08T10:00:01")
    server.shift(3600)
    server.shift(-0.5)
    assert utc_ns(ask().transmit) == ns("2026-03-08T11:00:00.5")
    server.reset()
    assert utc_ns(ask().transmit) == ns("2026-01-01T00:00:12")
    whats = [each.what for each in bench.history.all(ev.Configured)]
    assert whats == [
        "it is 2026-03-08T09:59:59+00:00",
        "the clock is put forward by 3600 s",
        "the clock is put back by 0.5 s",
        "reset",
    ]


@pytest.mark.parametrize(
    "wrong",
    [datetime(2026, 1, 1), datetime(1968, 1, 20, tzinfo=UTC), datetime(2104, 1, 1, tzinfo=UTC)],
)
def test_a_time_that_no_client_could_read_is_the_tests_error(bench, server, ask, wrong):
    with pytest.raises(UsageError):
        server.set(wrong)
    with pytest.raises(UsageError):
        server.shift(100 * 366 * 86_400)
    with pytest.raises(UsageError):
        NtpEndpoint(bench.place, bench.clock, bench.history, bench.admission, epoch=wrong)
    assert utc_ns(ask().transmit) == ns("2026-01-01T00:00:00")


# -- misbehaviour ------------------------------------------------------------------------------------


def test_silence_is_stimulus_until_the_reset(bench, server, ask):
    server.silent()
    assert ask() is None
    assert len(bench.history.all(ev.FaultInjected, fault="Silence")) == 1
    assert len(bench.history.all(ev.NtpQuery)) == 1
    assert len(bench.history.all(ev.NtpAnswer)) == 0
    server.reset()
    assert ask() is not None


def test_an_unsynchronized_server_says_so(bench, server, ask):
    server.unsynchronized()
    answer = ask()
    assert (answer.leap, answer.stratum) == (Leap.UNSYNCHRONIZED, 0)
    assert answer.reference_id == b"INIT"
    assert answer.origin == NONCE
    told = bench.history.last(ev.NtpAnswer)
    assert (told.leap, told.stratum) == (3, 0)
    assert len(bench.history.all(ev.FaultInjected, fault="Unsynchronized")) == 1


def test_a_kiss_of_death_has_its_code(server, ask):
    server.inject(KissOfDeath("DENY"), nth=2)
    assert ask().kiss_code == ""
    assert ask().kiss_code == "DENY"
    assert ask().kiss_code == ""


@pytest.mark.parametrize("code", ["", "TOOLONG", "RÄT", "A B"])
def test_what_is_no_kiss_code_is_the_tests_error(code):
    with pytest.raises(UsageError):
        KissOfDeath(code)


def test_a_late_answer_tells_the_time_at_which_it_goes(bench, server, ask):
    server.inject(Delay(2.5))
    assert ask(within=2.4) is None
    bench.let_pass(0.2)
    late = bench.history.last(ev.NtpAnswer)
    assert late.utc_ns == ns("2026-01-01T00:00:02.5")
    assert utc_ns(Packet.parse(late.data).receive) == ns("2026-01-01T00:00:00")


def test_a_reset_forgets_late_answers(bench, server, ask):
    server.inject(Delay(2.5))
    assert ask() is None
    server.reset()
    bench.let_pass(10)
    assert len(bench.history.all(ev.NtpAnswer)) == 0


def test_any_octets_can_be_the_answer(bench, server):
    server.inject(RawAnswer(b"\xff\x00garbage"))
    client = bench.phone.udp()
    client.send(QUESTION.pack(), 123)
    bench.let_pass(1)
    assert [data for data, _ in client.received] == [b"\xff\x00garbage"]
    assert len(bench.history.all(ev.NtpAnswer)) == 0
    (fault,) = bench.history.all(ev.FaultInjected)
    assert "garbage" in fault.detail


def test_a_fault_of_another_protocol_is_refused(server):
    with pytest.raises(UsageError, match="ntp cannot apply Status"):
        server.inject(Status(500))


# -- who asks ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "0 octets"),
        (QUESTION.pack()[:47], "47 octets"),
        (b"\x3b" + QUESTION.pack()[1:], "version 7"),
        (b"\x26" + QUESTION.pack()[1:], "mode 6"),
        (Packet(Mode.SERVER, transmit=1).pack(), "mode server"),
        (Packet(Mode.SYMMETRIC_ACTIVE, transmit=1).pack(), "mode symmetric_active"),
    ],
)
def test_what_is_no_clients_query_is_refused(bench, server, ask, data, reason):
    client = bench.phone.udp()
    client.send(data, 123)
    refused = bench.history.expect(ev.Refused, within=1)
    assert reason in refused.reason
    assert refused.data == data
    assert client.received == []
    assert ask() is not None


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.binary(max_size=100))
def test_hostile_queries_stop_nothing(bench, server, ask, data):
    bench.phone.udp().send(data, 123)
    assert ask().origin == NONCE


def test_a_stranger_gets_no_answer(bench, server):
    bench.stranger.configure()
    client = bench.stranger.udp()
    client.send(QUESTION.pack(), 123)
    bench.history.expect(ev.Stranger, within=1)
    assert client.received == []
    assert len(bench.history.all(ev.NtpQuery)) == 0


def test_it_listens_where_it_was_told_and_stops(bench):
    server = bench.start(NtpEndpoint, port=10123)
    assert server.listening
    assert server.address == "192.0.2.1"
    bench.clock.run(server.close())
    assert not server.listening


# -- others' programs --------------------------------------------------------------------------------


@pytest.fixture
def ntpdig(wall_bench):
    if shutil.which("ntpdig") is None:
        pytest.skip("needs the Debian package ntpsec-ntpdig")
    wall_bench.configure_phone()
    server = wall_bench.start(NtpEndpoint)

    def asking(*options):
        return server, wall_bench.phone.run("ntpdig", "-4", *options, "192.0.2.1")

    return asking


@pytest.mark.peer("ntpsec-ntpdig")
def test_ntpdig_takes_the_time_from_it(wall_bench, ntpdig):
    server, done = ntpdig("-j", "-t", "2")
    here = datetime.now(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    assert done.returncode == 0, done.stdout
    told = json.loads(done.stdout)
    away = (server.utc_ns - here // timedelta(microseconds=1) * 1000) / SECOND
    assert told["offset"] == pytest.approx(away, abs=1)
    assert told["stratum"] == 1
    # ntpdig may have its answer before the endpoint has written down that it sent it.
    wall_bench.history.wait(ev.NtpAnswer, within=5, after=Mark(-1, 0))
    assert len(wall_bench.history.all(ev.NtpQuery)) == 1


@pytest.mark.peer("ntpsec-ntpdig")
def test_ntpdig_takes_no_time_from_an_unsynchronized_server(wall_bench, ntpdig):
    server, _ = ntpdig("-t", "2")
    server.unsynchronized()
    _, done = ntpdig("-t", "2")
    assert len(wall_bench.history.all(ev.FaultInjected)) >= 1
    assert done.returncode == 1
    assert "Response dropped: stratum 0, probable KOD packet" in done.stdout


@pytest.mark.peer("tshark")
def test_tshark_reads_query_and_answer_without_complaint(bench, server, ask, tmp_path):
    if shutil.which("tshark") is None:
        pytest.skip("needs the Debian package tshark")
    capture = bench.phone.interface.namespace.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    capture.bind((bench.phone.interface.name, 0x0003))
    server.set(datetime(2026, 3, 8, 9, 59, 59, 500_000, tzinfo=UTC))
    with capture:
        assert ask() is not None
        server.inject(KissOfDeath("RATE"))
        assert ask() is not None
        frames = []
        with contextlib.suppress(BlockingIOError):
            while True:
                frames.append(capture.recv(1 << 16))
    file = tmp_path / "capture.pcap"
    records = (struct.pack("<IIII", 0, 0, len(frame), len(frame)) + frame for frame in frames)
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 1 << 16, 1)
    file.write_bytes(header + b"".join(records))

    done = bench.phone.run(
        *("tshark", "-r", str(file), "-Y", "ntp", "-T", "fields", "-E", "separator=|"),
        *("-e", "ntp.flags.mode", "-e", "ntp.flags.vn", "-e", "ntp.flags.li", "-e", "ntp.stratum"),
        *("-e", "ntp.xmt", "-e", "ntp.refid", "-e", "_ws.malformed", "-e", "_ws.expert.message"),
    )
    lines = [line.split("|") for line in done.stdout.splitlines() if line.count("|") == 7]
    told = "Mar  8, 2026 09:59:59.500000000 UTC"
    assert [[*line[:4], *line[5:]] for line in lines] == [
        ["3", "4", "0", "0", "00000000", "", ""],
        ["4", "4", "0", "1", "4c4f434c", "", ""],
        ["3", "4", "0", "0", "00000000", "", ""],
        ["4", "4", "3", "0", "52415445", "", ""],
    ], done.stdout
    assert [line[4] for line in lines[1::2]] == [told, told]
