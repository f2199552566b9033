"""A file that arrives is kept, or handed on and measured; the reference gets the same answer."""

from __future__ import annotations

import hashlib

import pytest

from hil.reference.responses import HttpAnswer, TftpAnswer
from hil.virtual.answers import http_answer, tftp_answer
from hil.virtual.transfer import Fetched, Receiving, discard

PIECES = [b"abc", b"", b"def"]
DIGEST = hashlib.sha256(b"abcdef").hexdigest()


def received(sink=None) -> Fetched:
    receiving = Receiving(sink)
    for piece in PIECES:
        receiving.add(piece)
    assert receiving.size == 6
    return receiving.fetched("gzip", (("x", "y"),))


def test_without_a_sink_the_file_is_kept():
    assert received() == Fetched(b"abcdef", "gzip", (("x", "y"),))


def test_with_a_sink_the_pieces_are_handed_on_and_only_their_measure_stays():
    got = []
    assert received(got.append) == Fetched(b"", "gzip", (("x", "y"),), 6, DIGEST)
    assert got == PIECES


def test_a_sink_may_want_nothing():
    assert received(discard).sha256 == DIGEST


def test_an_empty_file_has_a_measure_too():
    empty = Receiving(discard).fetched()
    assert (empty.size, empty.sha256) == (0, hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize(
    ("sink", "http", "tftp"),
    [
        (None, HttpAnswer(200, b"abcdef", content_encoding="gzip"), TftpAnswer(b"abcdef")),
        (
            discard,
            HttpAnswer(200, content_encoding="gzip", size=6, sha256=DIGEST),
            TftpAnswer(size=6, sha256=DIGEST),
        ),
    ],
)
def test_the_reference_is_told_the_same(sink, http, tftp):
    assert http_answer(received(sink)) == http
    assert tftp_answer(received(sink)) == tftp
