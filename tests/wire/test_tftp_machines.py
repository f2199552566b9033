"""TFTP reads: server session and client transfer alone, and with each other over a bad link."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hil.errors import LocalProtocolError, ProtocolError, RemoteProtocolError
from hil.wire.tftp import Ack, Data, Error, Mode, OptionAck, Packet, Request, decode, encode
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_server import Limits, ReadSession, refuse_stranger, refuse_write
from hil.wire.tftp_terms import Block, Complete, Done, Event, Failed, Send, Terms

SECOND = 1_000_000_000
FILE = bytes(at % 251 for at in range(2000))


def packets(events: list[Event]) -> list[Packet]:
    return [decode(event.data) for event in events if isinstance(event, Send)]


def blocks(events: list[Event]) -> list[int]:
    return [packet.block for packet in packets(events) if isinstance(packet, Data)]


def session(content: bytes = FILE, *options: tuple[str, str], **limits: Any) -> ReadSession:
    return ReadSession(Request("f", options=options), content, Limits(**limits))


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


def transfer(*options: tuple[str, str], **patience: Any) -> ReadTransfer:
    client = ReadTransfer("f", options=options, patience=Patience(**patience))
    client.start(0)
    return client


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


def converse(link: Any, client: ReadTransfer, server: ReadSession) -> tuple[Event, Event, int]:
    """Run both to their ends; return the two ends and how many blocks were sent."""
    now, sent, first = 0, 0, True
    ends: dict[str, Event] = {}

    def perform(who: str, events: list[Event]) -> None:
        nonlocal sent
        for event in events:
            if isinstance(event, Send):
                sent += who == "server" and event.data[1] == 3
                link.send("client" if who == "server" else "server", event.data, now)
            else:
                assert who not in ends
                ends[who] = event

    perform("client", client.start(now))
    while True:
        waits = {"link": link.next_arrival(), "client": client.next_deadline()}
        waits["server"] = None if first else server.next_deadline()
        due = {who: at for who, at in waits.items() if at is not None}
        if not due:
            break
        who = min(due, key=lambda name: due[name])
        now = max(now, due[who])
        if who != "link":
            machine = client if who == "client" else server
            perform(who, machine.timeout(now))
            continue
        to, data = link.take()
        if to == "client":
            perform("client", client.receive(data, now))
        elif data[1] != 1:
            perform("server", server.receive(data, now))
        elif first:
            first = False
            perform("server", server.start(now))
    return ends["client"], ends.get("server", Failed(None, "not asked")), sent


fates = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 4_000)), max_size=80)


@given(
    fates,
    st.binary(max_size=400),
    st.sampled_from(["8", "16", "512"]),
    st.sampled_from([None, "1", "2", "7"]),
)
@settings(deadline=None, max_examples=150)
def test_a_bad_link_delivers_the_same_bytes_or_a_typed_failure(
    new_link: Any,
    fates: list[tuple[int, int]],
    content: bytes,
    blksize: str,
    windowsize: str | None,
) -> None:
    options = (("blksize", blksize), ("tsize", "0"))
    if windowsize:
        options += (("windowsize", windowsize),)
    request = Request("f", options=options)
    client = ReadTransfer("f", options=options)
    got, given, _ = converse(new_link(fates), client, ReadSession(request, content))
    if isinstance(got, Complete):
        assert got.data == content
    else:
        assert isinstance(got, Failed)
        assert got.code is None
    assert isinstance(given, Done | Failed)


@given(fates, st.integers(1, 8))
@settings(deadline=None, max_examples=60)
def test_patient_ends_always_deliver(
    new_link: Any, fates: list[tuple[int, int]], windowsize: int
) -> None:
    options = (("blksize", "16"), ("windowsize", str(windowsize)))
    client = ReadTransfer("f", options=options, patience=Patience(retries=1000, total=10**15))
    server = ReadSession(Request("f", options=options), FILE[:500], Limits(retries=1000))
    got, given, _ = converse(new_link(fates), client, server)
    assert got == Complete(FILE[:500])
    assert given == Done(500)


@pytest.mark.parametrize("windowsize", [1, 4])
def test_duplicated_datagrams_do_not_multiply(new_link: Any, windowsize: int) -> None:
    """The Sorcerer's Apprentice: each delayed block once sent each later block twice."""
    options = (("blksize", "8"), ("windowsize", str(windowsize)))
    client = ReadTransfer("f", options=options)
    server = ReadSession(Request("f", options=options), FILE[:800])
    got, _, sent = converse(new_link([(2, 1)] * 10_000), client, server)
    assert got == Complete(FILE[:800])
    assert sent == 101


@pytest.mark.parametrize("windowsize", ["1", "16"])
def test_block_numbers_wrap_past_65535_to_0(new_link: Any, windowsize: str) -> None:
    content = FILE * 263
    assert len(content) > 8 * 65536
    options = (("blksize", "8"), ("windowsize", windowsize))
    client = ReadTransfer("f", options=options, patience=Patience(total=10**15))
    server = ReadSession(Request("f", options=options), content)
    got, given, sent = converse(new_link([]), client, server)
    assert got == Complete(content)
    assert given == Done(len(content))
    assert sent == len(content) // 8 + 1


@given(st.lists(st.binary(max_size=40) | st.sampled_from([
    encode(Data(1, bytes(512))), encode(Data(2, b"")), encode(Ack(0)), encode(Ack(1)),
    encode(OptionAck((("blksize", "8"),))), encode(Error(0, "")), encode(Data(65535, b"")),
]), max_size=12), st.booleans())  # fmt: skip
@settings(deadline=None, max_examples=200)
def test_any_datagrams_leave_both_machines_with_a_deadline_or_an_end(
    datagrams: list[bytes], serving: bool
) -> None:
    machine = session(FILE, ("blksize", "600")) if serving else transfer(("blksize", "600"))
    if isinstance(machine, ReadSession):
        machine.start(0)
    for data in datagrams:
        try:
            machine.receive(data, 0)
        except ProtocolError:
            continue
    assert machine.finished == (machine.next_deadline() is None)
