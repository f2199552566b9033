"""Octets of a line become lines: none is lost, none is endless, none can hurt a terminal."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from hil.console.lines import LineSplitter, shown
from hil.history.events import LineEnd


def lines_of(*chunks: bytes, longest: int = 64, secret: bytes = b"") -> list[tuple[bytes, LineEnd]]:
    splitter = LineSplitter(longest)
    splitter.hide(secret)
    found = [line for chunk in chunks for line in splitter.feed(chunk)]
    rest = splitter.rest()
    return [(line.raw, line.end) for line in [*found, *([rest] if rest else [])]]


def test_a_line_ends_with_lf_wherever_it_was_torn() -> None:
    assert lines_of(b"boo", b"ting\r", b"\nready\n>") == [
        (b"booting\r\n", LineEnd.EOL),
        (b"ready\n", LineEnd.EOL),
        (b">", LineEnd.LOST),
    ]


def test_cr_nul_and_escapes_belong_to_the_line() -> None:
    assert lines_of(b"10%\r20%\x00\x1b[2J\n") == [(b"10%\r20%\x00\x1b[2J\n", LineEnd.EOL)]


def test_a_line_without_an_end_is_cut_and_goes_on() -> None:
    assert lines_of(b"a" * 150 + b"\nb\n") == [
        (b"a" * 64, LineEnd.FULL),
        (b"a" * 64, LineEnd.FULL),
        (b"a" * 22 + b"\n", LineEnd.EOL),
        (b"b\n", LineEnd.EOL),
    ]


@given(st.lists(st.binary(max_size=200), max_size=20), st.integers(64, 90))
def test_nothing_is_lost_doubled_or_reordered(chunks: list[bytes], longest: int) -> None:
    splitter = LineSplitter(longest)
    lines = [line for chunk in chunks for line in splitter.feed(chunk)]
    rest = splitter.rest()
    if rest is not None:
        lines.append(rest)
    assert b"".join(line.raw for line in lines) == b"".join(chunks)
    offset = 0
    for line in lines:
        assert line.offset == offset
        assert 0 < len(line.raw) <= longest
        assert b"\n" not in line.raw[:-1]
        assert (line.end is LineEnd.EOL) == line.raw.endswith(b"\n")
        offset += len(line.raw)


def test_what_rests_is_told_once_as_far_as_it_goes_and_whole_at_its_end() -> None:
    splitter = LineSplitter(64)
    assert splitter.preview() is None
    assert splitter.feed(b"x\nlog") != []
    told = splitter.preview()
    assert told is not None
    assert (told.raw, told.offset, told.end) == (b"log", 2, LineEnd.QUIET)
    assert splitter.preview() is None
    assert splitter.feed(b"in: ") == []
    told = splitter.preview()
    assert told is not None
    assert told.raw == b"login: "
    (whole,) = splitter.feed(b"root\n")
    assert (whole.raw, whole.offset, whole.end) == (b"login: root\n", 2, LineEnd.EOL)


@given(st.integers(0, 130), st.lists(st.integers(1, 7), min_size=1, max_size=40))
def test_a_secret_is_never_given_away_however_it_is_torn_or_cut(
    before: int, steps: list[int]
) -> None:
    told = b"." * before + b"hunter2" + b"." * 80
    splitter = LineSplitter(64)
    splitter.hide(b"hunter2")
    found, at = [], 0
    for step in steps:
        found += splitter.feed(told[at : at + step])
        at += step
    found += splitter.feed(told[at:] + b"\n")
    assert b"".join(line.raw for line in found) == told.replace(b"hunter2", b"*******") + b"\n"


def test_a_megabyte_without_an_end_takes_no_memory_worth_mentioning() -> None:
    splitter = LineSplitter(4096)
    block = b"x" * 65_536
    tracemalloc.start()
    for _ in range(16):
        for line in splitter.feed(block):
            assert len(line.raw) == 4096
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 400_000


@given(st.binary(max_size=100))
def test_what_is_shown_has_nothing_that_moves_a_cursor(raw: bytes) -> None:
    assert shown(raw).isprintable()


def test_what_is_shown_says_what_was_there() -> None:
    assert shown(b"\x1b[31mErr\xffr\x00\r\n") == r"\x1b[31mErr\xffr\x00"
    assert shown("Grüße \u202egnp".encode()) == r"Grüße \u202egnp"
