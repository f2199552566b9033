"""When an upgrade is due, when it is tried again, and what comes after it.

All phones run sip7832.11-3-2MPP0001-609 and have their lease at 10 s of lab time; unless a test is
about it, nothing but the upgrade is due then.
"""

from __future__ import annotations

import math

import pytest
from lives import MISSING, SERVER, Life

from hil.loads import load_files
from hil.reference.due import Action
from hil.reference.interpretations import Interpretations
from hil.reference.phone import Finished, Phase, Purpose

NEW = "sip7832.11-3-2MPP0001-610"
NEWER = "sip7832.11-3-2MPP0001-611"
FILES = load_files(NEW, 1000)
RULE = f"tftp://{SERVER}/fw/{NEW}.loads"
RETRY = "Upgrade_Error_Retry_Delay"


def booted(reading: str | None = None, **parameters: str) -> Life:
    usual = {
        "Resync_On_Reset": "No",
        "Upgrade_Rule": RULE,
        "Resync_After_Upgrade_Attempt": "No",
    }
    name, _, value = (reading or "").partition("=")
    chosen = Interpretations().choose(**{name: value} if reading else {})
    return Life(interpretations=chosen, **usual | parameters).power_on().lease(10)


def attempted(life: Life, at: float = 10) -> Life:
    """An attempt that fails half a second later, because the file is missing."""
    return life.upgrade(at).answer(at + 0.5, MISSING)


def upgraded(life: Life, at: float = 10, rebooted: float = 40) -> Life:
    """The attempt succeeds; the phone has its lease again 5 s after it was rebooted."""
    life.upgrade(at)
    manifest = FILES[f"{NEW}.loads"]
    name = life.fetching.fetch.path.rpartition("/")[2]
    return life.served(at, {name: manifest}).served(at, FILES).boots(rebooted)


# --- the first attempt


def test_a_resync_that_is_due_may_come_first() -> None:
    life = booted(Resync_On_Reset="Yes", Resync_Random_Delay="40")
    assert (life.due, life.upgrade_due) == ((10, 50, "0"), (10, math.inf, "first"))
    life.begin(30)
    assert life.upgrade_due is None
    life.given(31)
    assert life.upgrade_due == (10, 31, "first")


def test_a_resync_that_fails_is_over_as_well() -> None:
    life = booted(Resync_On_Reset="Yes", Resync_Random_Delay="0").begin(10).fails(40)
    assert life.upgrade_due == (10, 40, "first")


def test_a_rule_that_a_profile_sets_is_due_when_the_resync_is_over() -> None:
    life = booted(Upgrade_Rule="")
    assert life.upgrade_due is None
    assert life.given_rule(100, RULE).upgrade_due == (100, 100, "first")
    assert life.given_rule(200, "").upgrade_due is None


def test_a_resync_sets_upgrade_enable() -> None:
    life = booted(Upgrade_Enable="No")
    assert life.given_rule(100, RULE, Upgrade_Enable="Yes").upgrade_due == (100, 100, "first")
    assert life.given_rule(200, RULE, Upgrade_Enable="No").upgrade_due is None


# --- lines


def test_no_upgrade_begins_while_a_line_is_active() -> None:
    life = booted(Upgrade_Rule="").call(50)
    life.call(60, line=2).given_rule(100, RULE)
    assert life.upgrade_due is None
    assert life.hang_up(200).upgrade_due is None
    assert life.hang_up(300, line=2).upgrade_due == (300, 300, "first")


def test_a_retry_waits_for_the_lines_too() -> None:
    life = attempted(booted(**{RETRY: "600"}))
    assert life.call(500).upgrade_due is None
    assert life.hang_up(550).upgrade_due == (610.5, 610.5, "2")
    assert life.call(600).hang_up(700).upgrade_due == (700, 700, "2")


# --- Upgrade_Error_Retry_Delay


def retries(value: str, count: int) -> list[tuple[float, float] | None]:
    """How long after each of so many failures the next attempt is due."""
    life, at, found = booted(**{RETRY: value}), 10.0, []
    for _ in range(count):
        attempted(life, at)
        due = life.upgrade_due
        if due is None:
            return [*found, None]
        assert due[2] == "2"
        found.append((due[0] - at - 0.5, due[1] - at - 0.5))
        at = due[0]
    return found


@pytest.mark.parametrize(
    ("value", "delays"),
    [
        ("300", [(300, 300), (300, 300)]),
        ("600,1200,300", [(600, 600), (1200, 1200), (300, 300), (300, 300)]),
        ("2400+30", [(2400, 2430), (2400, 2430)]),
        (
            "1800,3600,7200,14400+3600",
            [(1800, 1800), (3600, 3600), (7200, 7200), (14400, 18000), (14400, 18000)],
        ),
        ("0", [None]),
        ("60,0", [(60, 60), None]),
    ],
)
def test_the_delay_is_counted_from_each_failure(
    value: str, delays: list[tuple[float, float] | None]
) -> None:
    assert retries(value, len(delays)) == delays


def test_the_default_is_an_hour() -> None:
    assert attempted(booted()).upgrade_due == (3610.5, 3610.5, "2")


def test_resyncs_in_between_do_not_bring_the_retry_forward() -> None:
    life = attempted(booted(**{RETRY: "600"}))
    assert life.given_rule(100, RULE).upgrade_due == (610.5, 610.5, "2")


def test_no_retry_by_a_delay_of_zero_is_brought_by_a_resync_either() -> None:
    assert attempted(booted(**{RETRY: "0"})).given_rule(100, RULE).upgrade_due is None


def test_another_rule_is_attempted_at_once_and_from_the_first_delay() -> None:
    life = attempted(attempted(booted(**{RETRY: "60,600"})), 70.5)
    other = f"tftp://{SERVER}/fw/{NEWER}.loads"
    assert life.given_rule(100, other).upgrade_due == (100, 100, "first")
    assert attempted(life, 100).upgrade_due == (160.5, 160.5, "2")


def test_the_same_rule_with_another_url_is_another_one() -> None:
    life = attempted(booted(Upgrade_Rule=f"tftp://{SERVER}/$A.loads", GPP_A=NEW))
    again = life.given_rule(100, f"tftp://{SERVER}/$A.loads", GPP_A=NEWER)
    assert again.upgrade_due == (100, 100, "first")


def test_a_url_that_tells_of_the_attempt_is_no_other_one() -> None:
    rule = f"tftp://{SERVER}/$UPGST/$UPGTMR/{NEW}.loads"
    life = attempted(booted(Upgrade_Rule=rule, **{RETRY: "600"}))
    assert life.given_rule(100, rule).upgrade_due == (610.5, 610.5, "2")


def test_a_rule_that_asks_for_nothing_any_more_ends_the_retries() -> None:
    life = attempted(booted(**{RETRY: "600"}))
    assert life.given_rule(100, f"# {RULE}").upgrade_due is None


def test_the_rule_is_read_again_for_a_retry() -> None:
    rule = f'("$UPGST" eq "2")? tftp://{SERVER}/second.loads | tftp://{SERVER}/first.loads'
    life = booted(Upgrade_Rule=rule).upgrade(10)
    assert life.url == f"tftp://{SERVER}:69/first.loads"
    assert life.answer(11, MISSING).upgrade(3611).url == f"tftp://{SERVER}:69/second.loads"


def test_read_as_on_change_only_a_failure_is_not_tried_again() -> None:
    assert (
        attempted(booted("upgrade_reattempt=on-change-only", **{RETRY: "60"})).upgrade_due is None
    )


# --- what has come to an end


def test_what_was_upgraded_is_not_attempted_again() -> None:
    life = upgraded(booted(Upgrade_Rule=f"tftp://{SERVER}/fw/latest.loads"))
    assert life.upgrade_due is None
    assert life.given_rule(100, f"tftp://{SERVER}/fw/latest.loads").upgrade_due is None
    changed = life.given_rule(200, f"tftp://{SERVER}/fw/other.loads")
    assert changed.upgrade_due == (200, 200, "first")


def test_whether_that_outlives_a_loss_of_power_is_left_open() -> None:
    life = upgraded(booted(Upgrade_Rule=f"tftp://{SERVER}/fw/latest.loads"))
    life.power_off(60).power_on(61).lease(70)
    assert life.upgrade_due == (70, math.inf, "first")


def test_a_loss_of_power_takes_the_memory_of_a_failure() -> None:
    life = attempted(booted(**{RETRY: "0"})).power_off(60).power_on(61).lease(70)
    assert life.upgrade_due == (70, 70, "first")


# --- resyncs after it


@pytest.mark.parametrize(("after", "due"), [("Yes", (10.5, 10.5, "1")), ("No", None)])
def test_a_resync_after_a_failed_attempt(after: str, due: tuple[float, float, str] | None) -> None:
    assert attempted(booted(Resync_After_Upgrade_Attempt=after)).due == due


def test_the_resync_after_boot_up_may_come_besides() -> None:
    waiting = {"Resync_On_Reset": "Yes", "Resync_Random_Delay": "40"}
    life = attempted(booted(Resync_After_Upgrade_Attempt="Yes", **waiting))
    assert life.due == (10.5, 10.5, "1")
    assert [each.reason.value for each in life.phone.besides] == ["0"]


def test_read_otherwise_a_failure_is_not_followed_by_a_resync() -> None:
    reading = "resync_after_failed_upgrade=skipped"
    assert attempted(booted(reading, Resync_After_Upgrade_Attempt="Yes")).due is None


@pytest.mark.parametrize("on_reset", ["Yes", "No"])
@pytest.mark.parametrize(("after", "due"), [("Yes", (45, 85, "0")), ("No", None)])
def test_a_resync_after_the_reboot_of_an_upgrade(
    after: str, on_reset: str, due: tuple[float, float, str] | None
) -> None:
    life = booted(Resync_After_Upgrade_Attempt=after, Resync_Random_Delay="40")
    life.given_rule(10, RULE, Resync_On_Reset=on_reset, Resync_Periodic="0")
    assert upgraded(life).due == due


def test_without_it_a_period_goes_on_or_begins_anew() -> None:
    life = booted().given_rule(10, RULE, Resync_Periodic="600")
    assert upgraded(life).due == (610, 645, "1")


def test_no_resync_after_it_where_provision_enable_is_no() -> None:
    life = booted(Resync_After_Upgrade_Attempt="Yes", Provision_Enable="No")
    assert attempted(life).due is None


# --- asked for


def test_an_upgrade_that_is_asked_for_follows_the_rule_of_the_request() -> None:
    life = booted(Upgrade_Rule="").ask(50, Action.UPGRADE, rule=f"http://{SERVER}/{NEW}.loads")
    assert life.upgrade_due == (50, 50, "first")
    assert life.upgrade(50).url == f"http://{SERVER}:80/{NEW}.loads"


def test_without_a_rule_it_follows_upgrade_rule() -> None:
    life = attempted(booted(**{RETRY: "0"})).ask(50, Action.UPGRADE)
    assert life.upgrade(50).url == f"tftp://{SERVER}:69/fw/{NEW}.loads"


def test_a_request_is_obeyed_when_what_is_going_on_is_over() -> None:
    life = booted().ask(20, Action.RESYNC).begin(20)
    life.ask(21, Action.UPGRADE, rule=f"tftp://{SERVER}/{NEWER}.loads")
    assert life.upgrade_due is None
    life.fails(22)
    assert life.upgrade_due == (22, 22, "first")
    assert life.upgrade(22).url == f"tftp://{SERVER}:69/{NEWER}.loads"


def test_a_retry_repeats_the_request() -> None:
    life = booted(Upgrade_Rule="", **{RETRY: "60"})
    life.ask(50, Action.UPGRADE, rule=f"tftp://{SERVER}/{NEWER}.loads")
    attempted(life, 50)
    assert life.upgrade_due == (110.5, 110.5, "2")
    assert life.given_rule(80, "").upgrade_due == (110.5, 110.5, "2")
    assert life.upgrade(110.5).url == f"tftp://{SERVER}:69/{NEWER}.loads"


def test_what_was_asked_for_settles_nothing_of_upgrade_rule() -> None:
    life = booted(**{RETRY: "0"})
    attempted(life).ask(50, Action.UPGRADE, rule=f"# {RULE}").upgrade(50)
    assert life.finished == Finished(True, "", Purpose.UPGRADE)
    assert life.phone.phase is Phase.WAITING
    assert life.given_rule(100, RULE).upgrade_due == (100, 100, "first")
