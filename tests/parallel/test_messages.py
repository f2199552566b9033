"""What a worker tells arrives as it was, whatever pieces it comes in; anything else is an error."""

from __future__ import annotations

import socket
import threading

import pytest

from hil.errors import LabError
from hil.evidence.results import TestResult
from hil.history.events import Cause
from hil.judge import Finding, Judgement, Word
from hil.judge.readings import Reading
from hil.parallel.messages import (
    Bye,
    Channel,
    FromWorker,
    Idle,
    Remarked,
    Run,
    Told,
    ToWorker,
    Unfit,
)

FOUND = Finding("resync.on_reset", "no resync", "one", "none", "3 s", at=7, missed_at=9)
READING = Reading("I16", "psn", "7832-3PCC")
RESULT = TestResult(
    "m.py::t",
    Judgement(Word.FAIL, Cause.DEVICE, (FOUND,), ("a",), ("remark",), (READING,), (READING,)),
    ("resync.on_reset",),
    1.5,
    7200.0,
    "a01",
)


def pair() -> tuple[Channel[ToWorker], Channel[FromWorker]]:
    worker, crew = socket.socketpair()
    return Channel(worker, ToWorker), Channel(crew, FromWorker)


def test_a_result_arrives_as_it_was() -> None:
    worker, crew = pair()
    with worker.socket, crew.socket:
        worker.send(Told(RESULT, baseline=True))
        assert crew.receive() == Told(RESULT, baseline=True)
        crew.send(Run(3))
        assert worker.receive() == Run(3)


def test_messages_are_put_together_from_pieces() -> None:
    worker, crew = pair()
    with worker.socket, crew.socket:
        worker.send(Unfit("no power"))
        worker.send(Bye(("a", "b")))
        data = crew.socket.recv(1 << 16)
        told: list[FromWorker] = []
        for octet in data:
            worker.socket.send(bytes([octet]))
            told += crew.arrived()
        assert told == [Unfit("no power"), Bye(("a", "b"))]


def test_the_end_of_the_stream_is_told() -> None:
    worker, crew = pair()
    with crew.socket:
        worker.send(Idle())
        worker.socket.close()
        assert crew.receive() == Idle()
        with pytest.raises(EOFError):
            crew.receive()


@pytest.mark.parametrize("data", [b"\xff\xff\xff\xff", b"\0\0\0\1\xc1", b"\0\0\0\2{}"])
def test_what_is_no_message_is_an_error_of_the_lab(data: bytes) -> None:
    worker, crew = pair()
    with worker.socket, crew.socket:
        worker.socket.send(data)
        with pytest.raises(LabError, match="a process sent"):
            crew.receive()


def test_remarks_of_another_thread_come_between_messages_and_never_within() -> None:
    worker, crew = pair()
    remark, long = Remarked("waiting for its lease"), Unfit("x" * 1_000_000)
    with worker.socket, crew.socket:
        both = [
            threading.Thread(target=lambda each=each: [worker.send(each) for _ in range(20)])
            for each in (remark, long)
        ]
        for thread in both:
            thread.start()
        told = [crew.receive() for _ in range(40)]
        for thread in both:
            thread.join(timeout=10)
    assert (told.count(remark), told.count(long)) == (20, 20)
