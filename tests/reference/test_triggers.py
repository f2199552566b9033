"""Resync_Trigger_1 and _2, under all three published readings.

All phones have their lease at 10 s of lab time and their first resync from 10 to 11 s.
"""

from __future__ import annotations

import pytest
from lives import MISSING, PHONE, Life, booted

from hil.reference.interpretations import DEFAULT
from hil.reference.macros import MacroContext, MacroTable
from hil.reference.parameters import Parameters
from hil.reference.phone import Phase, Purpose
from hil.reference.triggers import holds, rising, true_from

SECOND = 1_000_000_000
LOAD = "http://192.0.2.1/sip7832.11-3-2MPP0001-700.loads"
GATE = {"resync_trigger": "gate"}
AS_PERIODIC = {"resync_trigger": "as-periodic"}


def synced(reading: dict[str, str] | None = None, /, **parameters: str) -> Life:
    """A phone that has done its first resync and has no period."""
    interpretations = DEFAULT.choose(**(reading or {}))
    chosen = {"Resync_Periodic": "0"} | parameters
    return booted(interpretations=interpretations, **chosen).begin(10).given(11)


# --- equations


def table(**context: str) -> MacroTable:
    parameters = Parameters({"GPP_A": "go", "GPP_B": "$MA"})
    return MacroTable(PHONE, parameters, MacroContext(**context))


@pytest.mark.parametrize(
    ("equation", "value"),
    [
        ("$PRVTMR ge 600", True),
        ("$PRVTMR gt 600", False),
        ('"$A" eq "go"', True),
        ('"$A" ne "go"', False),
        ("$PRVTMR ge 600 and $REGTMR1 gt 300", True),
        ("$PRVTMR ge 600 AND $REGTMR1 gt 301", False),
        ("$SWVER ge sip7832.11-3-2MPP0001-609", True),
        ('  "$(A:0:1)" eq "g"  ', True),
        ("", False),
        ("   ", False),
        ("# $PRVTMR ge 600", False),
        ("$PRVTMR ge", False),
        ("600", False),
        ("($PRVTMR ge 600)?", False),
        ('"$A" eq "go', False),
        ("$PRVTMR ge many", False),
        ("$NOBODY ge 600", False),
        ("$UPGTMR eq 0", True),
    ],
)
def test_an_equation_is_true_or_it_is_not(equation: str, value: bool) -> None:
    assert holds(equation, table(prvtmr="600", regtmr1="301")) is value


def turning(text: str, *origins: int | None, since: int = 0, was_true: bool = False) -> int | None:
    """When an equation turns true whose $PRVTMR counts from the first origin, $UPGTMR from the next."""

    def moment(text: str, at: int) -> bool:
        shown = [None if each is None else str(at // SECOND - each) for each in origins]
        return holds(text, table(prvtmr=shown[0], upgtmr=shown[1] if len(shown) > 1 else None))

    ends = [None if each is None else each * SECOND for each in origins]
    instant = rising(moment, text, ends, since * SECOND, was_true)
    return None if instant is None else instant // SECOND


@pytest.mark.parametrize(
    ("text", "since", "was_true", "instant"),
    [
        ("$PRVTMR ge 600", 100, False, 700),
        ("$PRVTMR gt 600", 100, False, 701),
        ("$PRVTMR eq 600", 100, False, 700),
        ("$PRVTMR eq 600", 701, False, None),
        # It was true before, and stays so.
        ("$PRVTMR ge 600", 800, True, None),
        # It was not looked at before: it turns true now.
        ("$PRVTMR ge 600", 800, False, 800),
        # It was true, is false, and turns true again.
        ("$PRVTMR ge 600", 100, True, 700),
        ("$PRVTMR lt 600", 100, True, None),
        ("$PRVTMR lt 600", 100, False, 100),
        ("$PRVTMR ge 600 and $PRVTMR lt 700", 100, False, 700),
        ("$PRVTMR ge 600 and $PRVTMR lt 600", 100, False, None),
        ('"a" eq "a"', 100, False, 100),
        ('"a" eq "a"', 100, True, None),
    ],
)
def test_when_an_equation_turns_true(
    text: str, since: int, was_true: bool, instant: int | None
) -> None:
    assert turning(text, 100, since=since, was_true=was_true) == instant


def test_the_later_of_two_timers_decides() -> None:
    assert turning("$PRVTMR ge 600 and $UPGTMR ge 300", 100, 1000) == 1300
    assert turning("$PRVTMR ge 600 and $UPGTMR ge 300", 1000, 100) == 1600


def test_a_timer_that_never_started_stands_still() -> None:
    assert turning("$PRVTMR ge 600", None) is None


def test_from_when_on_an_equation_is_true() -> None:
    def moment(text: str, at: int) -> bool:
        return holds(text, table(prvtmr=str(at // SECOND)))

    assert true_from(moment, "$PRVTMR ge 600", (0,), 100 * SECOND) == 600 * SECOND
    assert true_from(moment, "$PRVTMR ge 600", (0,), 700 * SECOND) == 700 * SECOND
    assert true_from(moment, "$PRVTMR lt 600", (0,), 700 * SECOND) is None


# --- becomes-true: "a resync is triggered when the logic equation evaluates to TRUE"


@pytest.mark.parametrize("name", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_prvtmr_counts_from_the_beginning_of_the_last_attempt(name: str) -> None:
    life = synced(**{name: "$PRVTMR ge 600"})
    assert (life.due, life.clause) == ((610, 610, "1"), "resync.trigger")
    assert life.begin(612).given(613).due == (1212, 1212, "1")


def test_an_attempt_that_failed_counts() -> None:
    life = synced(Resync_Trigger_1="$PRVTMR ge 600", Resync_Error_Retry_Delay="0")
    assert life.begin(610).answer(650, MISSING).due == (1210, 1210, "1")


def test_the_sooner_of_two_triggers_counts() -> None:
    life = synced(Resync_Trigger_1="$PRVTMR ge 900", Resync_Trigger_2="$PRVTMR ge 600")
    assert life.due == (610, 610, "1")


def test_two_triggers_turn_true_apart() -> None:
    life = synced(Resync_Trigger_1="$PRVTMR ge 600", Resync_Trigger_2='"$A" eq "go"')
    life.begin(610).given(611, GPP_A="go")
    # The second has turned true with the profile; then the first counts anew.
    assert life.due == (611, 611, "1")
    assert life.begin(611).given(612).due == (1211, 1211, "1")


def test_an_equation_that_stays_true_triggers_once() -> None:
    life = synced(Resync_Trigger_1='"$A" eq "go"')
    assert life.due is None
    life.ask(100).begin(100).given(101, GPP_A="go")
    assert life.due == (101, 101, "1")
    assert life.begin(102).given(103).due is None


def test_false_true_false_and_true_again() -> None:
    life = synced(Resync_Trigger_1='"$A" eq "go"')
    life.ask(100).begin(100).given(101, GPP_A="go").begin(101).given(102)
    life.ask(200).begin(200).given(201, GPP_A="stop")
    assert life.due is None
    life.ask(300).begin(300).given(301, GPP_A="go")
    assert life.due == (301, 301, "1")


def test_a_profile_sets_an_equation_that_is_true() -> None:
    life = synced().ask(100).begin(100).given(101, Resync_Trigger_2='"$MA" ne ""')
    assert life.due == (101, 101, "1")
    assert life.begin(101).given(102).due is None


def test_a_profile_takes_an_equation_away() -> None:
    life = synced(Resync_Trigger_1="$PRVTMR ge 600").begin(610).given(611, Resync_Trigger_1="")
    assert life.due is None


def test_an_equation_that_is_true_at_boot_up_triggers_then() -> None:
    life = booted(Resync_On_Reset="No", Resync_Trigger_1='"a" eq "a"')
    assert (life.due, life.clause) == ((10, 10, "1"), "resync.trigger")


def test_upgtmr_counts_from_the_beginning_of_the_last_upgrade_attempt() -> None:
    life = synced(
        Resync_Trigger_1="$UPGTMR ge 900",
        Upgrade_Rule=LOAD,
        Upgrade_Error_Retry_Delay="0",
        Resync_After_Upgrade_Attempt="No",
    )
    assert life.due is None
    life.begin(20, Purpose.UPGRADE).fails(50)
    assert (life.due, life.clause) == ((920, 920, "1"), "resync.trigger")
    # It stays true after that.
    assert life.begin(920).given(921).due is None


def test_what_turned_true_during_an_upgrade_is_due_after_it() -> None:
    life = synced(
        Resync_Trigger_1="$PRVTMR ge 600",
        Upgrade_Rule=LOAD,
        Upgrade_Error_Retry_Delay="0",
        Resync_After_Upgrade_Attempt="No",
    )
    life.begin(600, Purpose.UPGRADE)
    assert life.phone.phase is Phase.UPGRADING
    assert life.fails(650).due == (610, 650, "1")


@pytest.mark.parametrize("line", [1, 2])
def test_regtmr_counts_from_the_loss_of_the_registration(line: int) -> None:
    life = synced(Resync_Trigger_1=f"$REGTMR{line} gt 300").registered(20, line)
    assert life.due is None
    life.unregistered(100, line)
    assert (life.due, life.clause) == ((401, 401, "1"), "resync.trigger")
    # Another refusal of what is lost already changes nothing.
    assert life.unregistered(200, line).due == (401, 401, "1")


def test_a_line_that_comes_back_takes_the_trigger_away() -> None:
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300").registered(20).unregistered(100)
    assert life.registered(200).due is None
    assert life.unregistered(500).due == (801, 801, "1")


def test_the_other_line_does_not_matter() -> None:
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300").registered(20).registered(20, 2)
    assert life.unregistered(100, 2).due is None


def test_the_published_example() -> None:
    """ "$REGTMR1 gt 300 and $PRVTMR ge 600": at most every ten minutes while the line is lost."""
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300 and $PRVTMR ge 600").registered(20)
    life.unregistered(100)
    assert life.due == (610, 610, "1")
    assert life.begin(610).given(611).due == (1210, 1210, "1")
    assert life.begin(1210).given(1211).registered(1300).due is None


def test_a_lost_line_that_triggered_once_does_not_trigger_again() -> None:
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300").registered(20).unregistered(100)
    assert life.begin(401).given(402).due is None


def test_a_trigger_that_is_seen_a_moment_early_is_not_due_again() -> None:
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300").registered(20).unregistered(100)
    assert life.begin(400.995).given(401.5).due is None


def test_what_turned_true_waits_for_the_end_of_a_call() -> None:
    life = synced(Resync_Trigger_1="$REGTMR1 gt 300", Forced_Resync_Delay="0").registered(20)
    life.unregistered(100).call(300)
    assert life.due is None
    # The line has come back meanwhile; the resync was triggered all the same.
    assert life.registered(450).hang_up(500).due == (500, 500, "1")


def test_provision_enable_no_stops_triggers() -> None:
    life = booted(Provision_Enable="No", Resync_Trigger_1='"a" eq "a"')
    assert life.due is None


# --- gate: a resync that is due waits until a trigger is true


def test_without_a_trigger_there_is_no_gate() -> None:
    assert synced(GATE, Resync_Periodic="600").due == (611, 611, "1")


def test_a_false_trigger_keeps_every_resync_back_that_nobody_asked_for() -> None:
    life = booted(interpretations=DEFAULT.choose(**GATE), Resync_Trigger_1='"$A" eq "go"')
    assert life.due is None
    assert life.ask(100).due == (100, 100, "-1")
    life.begin(100).given(101, Resync_Periodic="600")
    assert life.due is None


def test_a_true_trigger_lets_them_pass_and_asks_for_none() -> None:
    life = synced(GATE, Resync_Trigger_1='"a" eq "a"', Resync_Periodic="600")
    assert life.due == (611, 611, "1")
    assert synced(GATE, Resync_Trigger_1='"a" eq "a"').due is None


def test_a_timer_opens_the_gate() -> None:
    life = synced(GATE, Resync_Trigger_1="$PRVTMR ge 900", Resync_Periodic="600")
    assert (life.due, life.clause) == ((910, 910, "1"), "resync.trigger")


def test_the_loss_of_a_registration_opens_the_gate() -> None:
    life = synced(GATE, Resync_Trigger_1="$REGTMR1 gt 300", Resync_Periodic="600").registered(20)
    assert life.due is None
    assert life.unregistered(1000).due == (1301, 1301, "1")


def test_either_of_two_triggers_opens_it() -> None:
    life = synced(
        GATE,
        Resync_Trigger_1='"$A" eq "go"',
        Resync_Trigger_2="$PRVTMR ge 900",
        Resync_Periodic="600",
    )
    assert life.due == (910, 910, "1")


# --- as-periodic: a true trigger acts "as though the periodic resync timer had expired"


def test_before_the_first_success_it_does_not_act() -> None:
    reading = DEFAULT.choose(**AS_PERIODIC)
    life = booted(
        interpretations=reading,
        Resync_Trigger_1="$PRVTMR ge 600",
        Resync_Error_Retry_Delay="0",
    )
    assert life.begin(10).answer(11, MISSING).due is None


def test_after_it_it_does() -> None:
    life = synced(AS_PERIODIC, Resync_Trigger_1="$PRVTMR ge 600", Resync_Periodic="3600")
    assert life.due == (610, 610, "1")
    assert life.begin(610).given(611).due == (1210, 1210, "1")
