"""A wire that loses frames or doubles them is found out; one that is only busy or cut is not."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable

import pytest
import scenario

from hil.history.events import Cause
from hil.judge import Word
from hil.net.interposer import Interposer
from hil.net.relay import Manner, faithful
from hil.witness.crossing import Crossing, Way

TFTP, IPV4 = b"\x00\x45", b"\x08\x00"


class Meter:
    """A meter whose readings are given."""

    def __init__(self) -> None:
        self.waiting = 0
        self.open = True

    def counted(self) -> int:
        counted, self.waiting = self.waiting, 0
        return counted

    def close(self) -> None:
        self.open = False


def crossing(*, linked: Callable[[], bool] = lambda: True) -> tuple[Crossing, Meter, Meter]:
    sent, arrived = Meter(), Meter()
    made = Crossing([Way("to the handset", sent, arrived)], linked, "port1")
    # Seen quiet once: from here on frames count.
    assert not made.look()
    return made, sent, arrived


def looked(made: Crossing) -> list[str]:
    """What it tells after two looks, the second at a quiet wire."""
    made.look()
    made.look()
    return [f"{trouble.what}: {trouble.evidence}" for trouble in made.trouble()]


def test_what_arrives_once_is_no_trouble():
    made, sent, arrived = crossing()
    sent.waiting = arrived.waiting = 7
    assert looked(made) == []


def test_a_frame_under_way_is_not_lost():
    made, sent, arrived = crossing()
    sent.waiting = 3
    assert made.look()
    arrived.waiting = 3
    assert not made.look()
    assert looked(made) == []


def test_of_traffic_that_never_rests_some_is_always_under_way():
    made, sent, arrived = crossing()
    for under_way in (3, 1, 4, 1, 5, 9, 2, 6):
        sent.waiting += under_way
        assert made.look()
        arrived.waiting = under_way
    assert looked(made) == []


def test_one_frame_lost_among_busy_traffic_is_told():
    made, sent, arrived = crossing()
    sent.waiting, arrived.waiting = 9, 8
    for under_way in (3, 1, 4, 1, 5, 9, 2, 6):
        sent.waiting += under_way
        assert made.look()
        arrived.waiting = under_way
    (told,) = looked(made)
    assert told.startswith("the wire lost frames: 1 to the handset")


def test_a_frame_that_arrives_twice_is_told():
    made, sent, arrived = crossing()
    sent.waiting, arrived.waiting = 1, 2
    (told,) = looked(made)
    assert "duplicated" in told
    assert "1 to the handset" in told


def test_each_test_has_its_own_trouble():
    made, sent, _ = crossing()
    sent.waiting = 1
    assert looked(made)
    made.begin()
    assert looked(made) == []


@pytest.mark.parametrize("up_again", [False, True])
def test_frames_toward_a_link_that_is_cut_as_planned_are_not_lost(up_again):
    up = True
    made, sent, _ = crossing(linked=lambda: up)
    sent.waiting = 4
    made.link_changes()
    up = False
    sent.waiting = 5
    assert looked(made) == []
    if up_again:
        made.link_changes()
        up = True
        sent.waiting = 2
        assert looked(made) == []
        sent.waiting = 1
        assert len(looked(made)) == 1


def test_closing_closes_the_meters():
    made, sent, arrived = crossing()
    made.close()
    assert not sent.open
    assert not arrived.open
    assert not made.look()


# -- on the wire -----------------------------------------------------------------------------------


def every(nth: int, copies: int, *, to_handset: bool) -> Manner:
    """Every ``nth`` IPv4 frame of one direction crosses as often as ``copies``."""
    numbers = itertools.count(1)

    def manner(frame: bytes, toward: bool) -> int:
        if toward is not to_handset or frame[12:14] != IPV4:
            return 1
        return copies if next(numbers) % nth == 0 else 1

    return manner


@pytest.mark.parametrize("to_handset", [True, False])
@pytest.mark.parametrize(("copies", "word"), [(0, "lost"), (2, "duplicated")])
def test_a_bad_bridge_is_the_labs_fault(stage, copies, word, to_handset):
    port = stage.bench.site.network.ports[0]
    bad = Interposer(stage.bench.site.network, port, every(3, copies, to_handset=to_handset))
    told = stage.judged(stage.resyncs_again)
    assert (told.word, told.cause) == (Word.ERROR, Cause.LAB)
    assert any(word in remark for remark in told.remarks), told.remarks
    bad.remove()
    assert stage.judged(stage.resyncs_again, "after").word is Word.PASS


def test_a_bridge_is_put_in_and_taken_out_while_the_phone_works(stage):
    port = stage.bench.site.network.ports[0]

    def around() -> None:
        stage.in_loop(lambda: inserted.append(Interposer(stage.bench.site.network, port, faithful)))

    inserted: list[Interposer] = []
    assert stage.judged(lambda: stage.resyncs_again(around)).word is Word.PASS
    assert stage.judged(stage.resyncs_again).word is Word.PASS
    stage.in_loop(inserted[0].remove)
    assert stage.judged(stage.resyncs_again).word is Word.PASS


@pytest.mark.parametrize("delay_ms", [0.0, 2.0])
def test_power_cuts_in_the_middle_of_transfers_are_no_losses(delay_ms):
    with contextlib.closing(scenario.make_bench(delay_ms)) as bench:
        verdict, _ = scenario.run(bench)
        assert verdict.startswith("PASS"), verdict
