"""TFTP reads, the client's transfer alone."""

from __future__ import annotations

import pytest
from tftp_steps import FILE, packets, transfer

from hil.errors import LocalProtocolError
from hil.wire.tftp import Ack, Data, Error, Mode, OptionAck, Request, decode, encode
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_terms import Block, Complete, Failed, Send

SECOND = 1_000_000_000


class TestTheClient:
    def test_asks_with_its_options(self) -> None:
        client = ReadTransfer("/x.xml", options=(("blksize", "1468"), ("tsize", "0")))
        assert packets(client.start(0)) == [
            Request("/x.xml", options=(("blksize", "1468"), ("tsize", "0")))
        ]

    def test_takes_plain_data_where_the_server_knows_no_options(self) -> None:
        client = transfer(("blksize", "1468"))
        assert packets(client.receive(encode(Data(1, FILE[:512])), 0)) == [Ack(1)]
        send, complete = client.receive(encode(Data(2, b"end")), 0)
        assert isinstance(send, Send)
        assert decode(send.data) == Ack(2)
        assert complete == Complete(FILE[:512] + b"end")

    def test_confirms_an_oack_with_ack_0_each_time(self) -> None:
        client = transfer(("blksize", "1468"))
        oack = encode(OptionAck((("blksize", "1000"),)))
        assert packets(client.receive(oack, 0)) == [Ack(0)]
        assert packets(client.receive(oack, 0)) == [Ack(0)]
        assert client.terms.blksize == 1000

    @pytest.mark.parametrize(
        "answer",
        [
            (("tsize", "9"),), (("blksize", "1469"),), (("blksize", "7"),), (("blksize", "x"),),
            (("timeout", "4"),), (("timeout", "6"),), (("windowsize", "0"),),
            (("windowsize", "9"),),
        ],
    )  # fmt: skip
    def test_refuses_an_oack_that_the_proposal_does_not_permit(
        self, answer: tuple[tuple[str, str], ...]
    ) -> None:
        client = transfer(("blksize", "1468"), ("timeout", "5"), ("windowsize", "8"))
        send, failed = client.receive(encode(OptionAck(answer)), 0)
        assert isinstance(send, Send)
        error = decode(send.data)
        assert isinstance(error, Error)
        assert error.code == 8
        assert isinstance(failed, Failed)
        assert failed.code == 8

    def test_acknowledges_the_last_of_each_window(self) -> None:
        client = transfer(("windowsize", "3"))
        client.receive(encode(OptionAck((("windowsize", "3"),))), 0)
        answers = [
            packets(client.receive(encode(Data(number, bytes(512))), 0)) for number in range(1, 7)
        ]
        assert answers == [[], [], [Ack(3)], [], [], [Ack(6)]]

    def test_reports_a_gap_in_a_window_once(self) -> None:
        client = transfer(("windowsize", "5"))
        client.receive(encode(OptionAck((("windowsize", "5"),))), 0)
        answers = [
            packets(client.receive(encode(Data(number, bytes(512))), 0))
            for number in (1, 2, 4, 5, 3)
        ]
        assert answers == [[], [], [Ack(2)], [], []]

    def test_acknowledges_a_repeated_block_again_but_no_older_one(self) -> None:
        client = transfer()
        client.receive(encode(Data(1, bytes(512))), 0)
        client.receive(encode(Data(2, bytes(512))), 0)
        assert packets(client.receive(encode(Data(2, bytes(512))), 0)) == [Ack(2)]
        assert client.receive(encode(Data(1, bytes(512))), 0) == []
        assert client.receive(encode(Data(4, bytes(512))), 0) == []

    def test_passes_over_a_copy_in_mid_window_which_would_begin_a_second_one(self) -> None:
        client = transfer(("windowsize", "4"))
        client.receive(encode(OptionAck((("windowsize", "4"),))), 0)
        for block in (1, 2, 2, 3):
            assert client.receive(encode(Data(block, bytes(512))), 0) == []
        assert packets(client.receive(encode(Data(4, bytes(512))), 0)) == [Ack(4)]
        assert packets(client.receive(encode(Data(4, bytes(512))), 0)) == [Ack(4)]

    def test_hands_on_piece_by_piece_and_keeps_nothing(self) -> None:
        client = ReadTransfer("f", piecewise=True)
        client.start(0)
        assert client.receive(encode(Data(1, b"a" * 512)), 0) == [
            Block(b"a" * 512),
            Send(encode(Ack(1))),
        ]
        assert client.receive(encode(Data(1, b"a" * 512)), 0) == [Send(encode(Ack(1)))]
        assert client.receive(encode(Data(2, b"b")), 0) == [
            Block(b"b"),
            Send(encode(Ack(2))),
            Complete(b""),
        ]

    def test_hands_on_nothing_beyond_its_limit(self) -> None:
        client = ReadTransfer("f", piecewise=True, patience=Patience(largest=1000))
        client.start(0)
        client.receive(encode(Data(1, bytes(512))), 0)
        events = client.receive(encode(Data(2, bytes(512))), 0)
        assert not any(isinstance(event, Block) for event in events)
        assert isinstance(events[-1], Failed)

    def test_only_octets_come_piece_by_piece(self) -> None:
        with pytest.raises(LocalProtocolError, match="octets"):
            ReadTransfer("f", mode=Mode.NETASCII, piecewise=True)

    def test_acknowledges_the_last_block_after_the_end(self) -> None:
        client = transfer()
        client.receive(encode(Data(1, b"x")), 0)
        assert client.finished
        assert packets(client.receive(encode(Data(1, b"x")), 0)) == [Ack(1)]
        assert client.receive(encode(Data(2, b"x")), 0) == []
        assert client.next_deadline() is None

    def test_repeats_the_request_and_then_gives_up(self) -> None:
        client = transfer(retries=2)
        assert packets(client.timeout(SECOND)) == [Request("f")]
        assert packets(client.timeout(2 * SECOND)) == [Request("f")]
        assert client.timeout(3 * SECOND) == [Failed(None, "no answer after 2 repetitions")]

    def test_repeats_the_last_ack_when_the_server_falls_silent(self) -> None:
        client = transfer()
        client.receive(encode(Data(1, bytes(512))), 0)
        assert packets(client.timeout(SECOND)) == [Ack(1)]

    def test_ends_at_its_total_time_however_slowly_data_drips(self) -> None:
        client, now, number = transfer(total=60 * SECOND), 0, 0
        while not client.finished:
            number += 1
            now += SECOND // 2
            deadline = client.next_deadline()
            assert deadline is not None
            if deadline <= now:
                assert isinstance(client.timeout(now)[-1], Failed)
                break
            client.receive(encode(Data(number, bytes(512))), now)
        assert now == 60 * SECOND

    @pytest.mark.parametrize("told", [True, False])
    def test_refuses_a_file_beyond_its_limit(self, told: bool) -> None:
        client = transfer(("tsize", "0"), largest=1000)
        if told:
            events = client.receive(encode(OptionAck((("tsize", "1001"),))), 0)
        else:
            client.receive(encode(Data(1, bytes(512))), 0)
            events = client.receive(encode(Data(2, bytes(512))), 0)
        assert isinstance(events[-1], Failed)
        assert events[-1].code == 3
        assert isinstance(packets(events)[0], Error)

    def test_refuses_a_block_larger_than_agreed(self) -> None:
        client = transfer()
        events = client.receive(encode(Data(1, bytes(513))), 0)
        assert isinstance(events[-1], Failed)
        assert events[-1].code == 4

    def test_fails_with_the_servers_error(self) -> None:
        client = transfer()
        failed = Failed(1, "File not found")
        assert client.receive(encode(Error(1, "File not found")), 0) == [failed]

    def test_is_started_once(self) -> None:
        with pytest.raises(LocalProtocolError, match="once"):
            transfer().start(0)
