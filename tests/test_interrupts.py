"""What is put in order is not left half done because somebody asks for an end in the middle of it."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from hil.interrupts import held_back, unheard


class Asked(BaseException):
    """What a handler of the tests raises."""


@pytest.fixture(autouse=True)
def sigterm() -> Iterator[None]:
    """SIGTERM raises `Asked`."""

    def ask(number: int, frame: object) -> None:
        raise Asked

    before = signal.signal(signal.SIGTERM, ask)
    yield
    signal.signal(signal.SIGTERM, before)


def test_a_signal_is_heard_after_the_block_and_a_second_one_at_once() -> None:
    done = []

    def asked(times: int) -> None:
        with held_back():
            for _ in range(times):
                signal.raise_signal(signal.SIGTERM)
            done.append(times)

    for times in (1, 2):
        with pytest.raises(Asked):
            asked(times)
    assert done == [1]
    with pytest.raises(Asked):
        signal.raise_signal(signal.SIGTERM)


def test_a_block_with_an_end_of_its_own_hears_no_signal_however_often() -> None:
    with unheard():
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            signal.raise_signal(number)
    with pytest.raises(Asked):
        signal.raise_signal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_an_error_in_the_block_leaves_the_handlers_as_they_were() -> None:
    for block in (held_back, unheard):
        before = signal.getsignal(signal.SIGTERM)
        with pytest.raises(ValueError, match="in the block"), block():
            raise ValueError("in the block")
        assert signal.getsignal(signal.SIGTERM) is before


def test_nothing_is_held_back_for_which_there_is_no_handler() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with held_back():
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("block", [held_back, unheard])
def test_another_thread_may_use_it_and_changes_nothing(
    block: Callable[[], AbstractContextManager[None]],
) -> None:
    found: list[object] = []

    def look() -> None:
        with block():
            found.append(signal.getsignal(signal.SIGTERM))

    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=look)
    thread.start()
    thread.join()
    assert found == [before]
