"""TFTP reads: server session and client transfer with each other over a bad link."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tftp_steps import FILE, session, transfer

from hil.errors import ProtocolError
from hil.wire.tftp import Ack, Data, Error, OptionAck, Request, encode
from hil.wire.tftp_client import Patience, ReadTransfer
from hil.wire.tftp_server import Limits, ReadSession
from hil.wire.tftp_terms import Complete, Done, Event, Failed, Send


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
