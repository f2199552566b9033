"""A link that goes away: by our power command, by a start that is due, or for no reason that shows."""

from __future__ import annotations

import pytest
from histories import TIMING, Story, booted, monitored, phone
from upgrade_stories import downloads, idle

from hil.history import events as ev
from hil.history.events import Cause
from hil.judge import Conduct, Judgement, Word, judge

DECLARED = ("resync.on_reset",)
LONG_AFTER = TIMING.restart + 20


def bounces(story: Story, at: float, *, for_s: float = 1.0, powered: bool | None = None) -> Story:
    story.tell(at, ev.LinkChanged(source="link", up=False, powered=powered))
    return story.tell(at + for_s, ev.LinkChanged(source="link", up=True))


def lost_at(story: Story) -> list[float]:
    return [loss.at / 1e9 for loss in monitored(story).link_losses]


def judged(story: Story) -> Judgement:
    return judge(story.events, Conduct(DECLARED), phone(), TIMING)


def resynced() -> Story:
    """It holds what it held before: it has no reason to restart."""
    return booted(Resync_Periodic="0").fetch(10, Resync_Periodic="0", Resync_Random_Delay="0")


def updated() -> Story:
    return booted().fetch(10, GPP_A="new", Resync_Periodic="0", Resync_Random_Delay="0")


def late() -> Story:
    """It breaks a rule: its power-up resync comes 100 s late."""
    return booted().fetch(110, Resync_Periodic="0", GPP_A="new")


def test_a_link_that_goes_with_the_power_is_as_it_should_be() -> None:
    story = resynced().power(100, "off").tell(100.5, ev.LinkChanged(source="link", up=False))
    assert lost_at(story) == []


@pytest.mark.parametrize("told_s", [0.05, 0.9])
def test_it_may_go_before_the_outlet_is_read_back(told_s: float) -> None:
    story = resynced()
    off = ev.PowerAction.OFF
    story.tell(100, ev.PowerRequested(source="power", outlet="1", action=off))
    story.tell(100 + told_s, ev.LinkChanged(source="link", up=False))
    story.tell(101, ev.PowerSwitched(source="power", outlet="1", action=off))
    assert lost_at(story) == []


def test_a_phone_that_starts_may_take_its_link_down_and_up() -> None:
    story = Story().started().prepared(Resync_Random_Delay="0").power(1, "on")
    bounces(bounces(story, 3), 6, for_s=2)
    story.lease(10)
    # Switches are asked once a second.
    bounces(story, 10.9, for_s=0.0)
    assert lost_at(story) == []


@pytest.mark.parametrize(("asked_at", "lost"), [(11.9, []), (12.2, []), (13.9, [15.0])])
def test_what_a_switch_said_before_the_power_was_back_is_told_late(
    asked_at: float, lost: list[float]
) -> None:
    """A cycle waits for no link: a look may begin before the power is back and be told after it."""
    story = resynced().power(11, "off").power(12, "on").lease(12.5)
    down = ev.LinkChanged(source="link", up=False, powered=False, asked_at=round(asked_at * 1e9))
    assert lost_at(story.tell(15, down)) == lost


def test_a_link_that_was_seen_down_after_the_start_is_lost() -> None:
    assert lost_at(bounces(resynced(), 10.9)) == [10.9]
    assert lost_at(resynced().tell(10.9, ev.LinkChanged(source="link", up=False))) == [10.9]


def test_a_restart_into_a_new_load_is_as_it_should_be() -> None:
    story = downloads(idle(), 10)
    assert lost_at(bounces(story, 40)) == []


@pytest.mark.parametrize("after", [resynced, late])
def test_without_a_reason_it_is_the_laboratorys_trouble(after: object) -> None:
    assert callable(after)
    seen = judged(bounces(after(), 10.2 + LONG_AFTER + 100).ended(500))
    assert (seen.word, seen.cause) == (Word.ERROR, Cause.LAB)
    assert "no command of ours" in seen.remarks[-1]
    assert judged(after().ended(500)).word is (Word.PASS if after is resynced else Word.FAIL)


def test_after_an_update_a_pass_stays_one_and_says_it() -> None:
    seen = judged(bounces(updated(), 40).ended(500))
    assert seen.word is Word.PASS
    assert seen.remarks[-1].startswith(
        "its link went down at 40.000 s: it restarted after an update"
    )


def test_after_an_update_a_phone_is_not_blamed() -> None:
    seen = judged(bounces(late(), 140).ended(500))
    assert (seen.word, seen.cause) == (Word.ERROR, Cause.LAB)
    assert seen.findings


@pytest.mark.parametrize("story", [updated, resynced])
def test_a_port_that_was_seen_without_power_says_whose_doing_it_was(story: object) -> None:
    assert callable(story)
    for at in (10.9, 40.0):
        seen = judged(bounces(story(), at, powered=False).ended(500))
        assert (seen.word, seen.cause) == (Word.ERROR, Cause.LAB)
        assert "its port gave no power" in seen.remarks[-1]


def test_a_port_without_power_is_no_news_where_we_have_cut_it() -> None:
    story = resynced().power(100, "off")
    story.tell(100.5, ev.LinkChanged(source="link", up=False, powered=False))
    assert lost_at(story) == []


def test_what_happens_while_it_is_prepared_is_nobodys_loss() -> None:
    story = Story().started()
    bounces(story, 1, powered=False)
    story.prepared(5, Resync_Random_Delay="0")
    assert lost_at(story) == []
