"""TFTP reads, the server's session alone."""

from __future__ import annotations

import pytest
from tftp_steps import FILE, packets, session

from hil.errors import RemoteProtocolError
from hil.wire.tftp import Ack, Data, Error, Mode, OptionAck, Packet, Request, decode, encode
from hil.wire.tftp_server import ReadSession, refuse_stranger, refuse_write
from hil.wire.tftp_terms import Done, Event, Failed, Send, Terms

SECOND = 1_000_000_000


def blocks(events: list[Event]) -> list[int]:
    return [packet.block for packet in packets(events) if isinstance(packet, Data)]


def ack(block: int) -> bytes:
    return encode(Ack(block))


class TestTheServer:
    def test_sends_block_after_block_and_is_done_with_the_last_ack(self) -> None:
        server = session()
        assert packets(server.start(0)) == [Data(1, FILE[:512])]
        assert packets(server.receive(ack(1), 0)) == [Data(2, FILE[512:1024])]
        assert packets(server.receive(ack(2), 0)) == [Data(3, FILE[1024:1536])]
        assert packets(server.receive(ack(3), 0)) == [Data(4, FILE[1536:])]
        assert server.receive(ack(4), 0) == [Done(2000)]
        assert server.finished
        assert server.next_deadline() is None
        assert server.receive(ack(4), 0) == []

    @pytest.mark.parametrize(("size", "sizes"), [(0, [0]), (512, [512, 0]), (513, [512, 1])])
    def test_ends_with_a_block_that_is_not_full(self, size: int, sizes: list[int]) -> None:
        server = session(FILE[:size])
        sent = packets(server.start(0))
        for number in range(1, len(sizes)):
            sent += packets(server.receive(ack(number), 0))
        assert [len(packet.payload) for packet in sent if isinstance(packet, Data)] == sizes
        assert server.receive(ack(len(sizes)), 0) == [Done(size)]

    def test_acknowledges_the_options_it_takes_and_waits_for_ack_0(self) -> None:
        server = session(
            FILE, ("tsize", "0"), ("blksize", "1468"), ("timeout", "3"), ("multicast", "")
        )
        accepted = (("tsize", "2000"), ("blksize", "1468"), ("timeout", "3"))
        assert packets(server.start(0)) == [OptionAck(accepted)]
        assert server.next_deadline() == 3 * SECOND
        assert server.terms == Terms(blksize=1468, windowsize=1, timeout=3 * SECOND, tsize=2000)
        assert packets(server.receive(ack(0), 0)) == [Data(1, FILE[:1468])]

    @pytest.mark.parametrize(
        ("name", "value", "granted"),
        [
            ("blksize", "8", "8"),
            ("blksize", "65464", "1428"),
            ("windowsize", "16", "16"),
            ("windowsize", "65535", "64"),
            ("timeout", "255", "255"),
        ],
    )
    def test_lowers_values_to_its_limits(self, name: str, value: str, granted: str) -> None:
        server = session(FILE, (name, value), max_blksize=1428)
        assert server.accepted == ((name, granted),)

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("blksize", "7"), ("blksize", "65465"), ("blksize", "x"), ("blksize", ""),
            ("blksize", "-9"), ("blksize", "5_0"), ("blksize", " 512"), ("blksize", "²"),
            ("blksize", "9" * 400), ("windowsize", "0"), ("windowsize", "65536"),
            ("timeout", "0"), ("timeout", "256"), ("tsize", "huge"),
        ],
    )  # fmt: skip
    def test_leaves_out_values_that_no_rfc_permits(self, name: str, value: str) -> None:
        server = session(FILE, (name, value))
        assert server.accepted == ()
        assert blocks(server.start(0)) == [1]

    def test_never_answers_a_repeated_ack(self) -> None:
        server = session()
        server.start(0)
        assert blocks(server.receive(ack(1), 0)) == [2]
        for stale in (1, 1, 0, 3, 65535):
            assert server.receive(ack(stale), 0) == []

    def test_repeats_a_lost_block_until_its_budget_is_used_up(self) -> None:
        server = session(retries=3)
        server.start(0)
        for second in (1, 2, 3):
            assert server.timeout(second * SECOND - 1) == []
            assert blocks(server.timeout(second * SECOND)) == [1]
        (failed,) = server.timeout(4 * SECOND)
        assert failed == Failed(None, "no ACK after 3 repetitions")
        assert server.finished

    def test_forgets_past_time_outs_when_there_is_progress(self) -> None:
        server = session(retries=1)
        server.start(0)
        for number in (1, 2, 3):
            server.timeout(number * 10 * SECOND)
            assert blocks(server.receive(ack(number), number * 10 * SECOND)) == [number + 1]

    def test_sends_a_window_and_goes_on_behind_what_was_acknowledged(self) -> None:
        server = session(FILE, ("blksize", "100"), ("windowsize", "4"))
        server.start(0)
        assert blocks(server.receive(ack(0), 0)) == [1, 2, 3, 4]
        assert blocks(server.receive(ack(4), 0)) == [5, 6, 7, 8]
        assert blocks(server.receive(ack(6), 0)) == [7, 8, 9, 10]
        assert server.receive(ack(6), 0) == []
        assert blocks(server.timeout(SECOND)) == [7, 8, 9, 10]

    def test_stops_at_the_clients_error(self) -> None:
        server = session()
        server.start(0)
        assert server.receive(encode(Error(3, "full")), 0) == [Failed(3, "full")]

    @pytest.mark.parametrize("packet", [Data(1, b""), Request("g"), OptionAck((("a", "b"),))])
    def test_refuses_what_a_reader_does_not_send(self, packet: Packet) -> None:
        server = session()
        server.start(0)
        send, failed = server.receive(encode(packet), 0)
        assert isinstance(send, Send)
        error = decode(send.data)
        assert isinstance(error, Error)
        assert error.code == 4
        assert isinstance(failed, Failed)

    def test_outlives_malformed_bytes(self) -> None:
        server = session()
        server.start(0)
        with pytest.raises(RemoteProtocolError):
            server.receive(b"\0\x09xx", 0)
        assert blocks(server.receive(ack(1), 0)) == [2]

    def test_translates_for_netascii_and_tells_the_translated_size(self) -> None:
        request = Request("f", Mode.NETASCII, (("tsize", "0"),))
        server = ReadSession(request, b"a\nb\r")
        assert server.accepted == (("tsize", "6"),)
        server.start(0)
        assert packets(server.receive(ack(0), 0)) == [Data(1, b"a\r\nb\r\0")]

    def test_refuses_writes_and_strangers_by_the_codes_of_rfc_1350(self) -> None:
        write, stranger = decode(refuse_write()), decode(refuse_stranger())
        assert isinstance(write, Error)
        assert isinstance(stranger, Error)
        assert (write.code, stranger.code) == (2, 5)
