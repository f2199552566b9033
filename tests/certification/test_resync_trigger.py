"""Resync_Trigger_1 and _2: a resync is triggered when the equation evaluates to TRUE."""

from __future__ import annotations

import pytest

from hil.endpoints.sip_faults import SipStatus
from hil.history import History, Moment
from hil.history.events import Direction, ProvisioningRequest, SipMessage
from hil.lab_time import NANOSECONDS
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testing import DEFAULT_PATH, expect_resyncs
from hil.testing.calls import Telephone

QUIET = {"Resync_Periodic": "0", "Forced_Resync_Delay": "0"}
"""A phone that resyncs only if something triggers it."""
DAY = 86_400


def expect_triggered(
    telephone: Telephone, after: Moment, seconds: float, *, count: int = 1
) -> Moment:
    """Expect triggered resyncs, each so many seconds after the one before it.

    A phone looks at its triggers now and then; how often, its timing says.
    """
    timing = telephone.handset.timing
    for _ in range(count):
        after = telephone.history.expect(
            ProvisioningRequest,
            after=after,
            not_before=seconds - timing.slack_early(round(seconds * NANOSECONDS)) / NANOSECONDS - 1,
            within=seconds + timing.trigger + timing.late,
        )
    return after


# -- timers ------------------------------------------------------------------------------------------


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
@pytest.mark.parametrize("name", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_a_resync_is_triggered_600_seconds_after_the_last_attempt(
    name: str, telephone: Telephone
) -> None:
    synced = telephone.synced(**{name: "$PRVTMR ge 600"}, **QUIET)
    expect_triggered(telephone, synced, 600, count=4)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_a_resync_is_triggered_when_either_of_two_equations_is_true(telephone: Telephone) -> None:
    synced = telephone.synced(
        Resync_Trigger_1="$PRVTMR ge 5000", Resync_Trigger_2="$PRVTMR ge 600", **QUIET
    )
    expect_triggered(telephone, synced, 600, count=2)
    swapped = telephone.synced(
        Resync_Trigger_1="$PRVTMR ge 600", Resync_Trigger_2="$PRVTMR ge 5000", **QUIET
    )
    expect_triggered(telephone, swapped, 600, count=2)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_both_comparisons_of_an_equation_have_to_be_true(telephone: Telephone) -> None:
    synced = telephone.synced(Resync_Trigger_1="$PRVTMR ge 600 and $PRVTMR gt 900", **QUIET)
    expect_triggered(telephone, synced, 901)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_resync_periodic_goes_on_beside_a_trigger(telephone: Telephone) -> None:
    synced = telephone.synced(Resync_Trigger_1="$PRVTMR ge 7000", Resync_Periodic="600")
    expect_resyncs(telephone.history, telephone.handset, synced, 600, 600, 600)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_upgtmr_counts_from_the_last_upgrade_attempt(
    telephone: Telephone, history: History
) -> None:
    load = f"tftp://{telephone.tftp.address}/sip7832.11-3-2MPP0001-700.loads"
    synced = telephone.synced(
        Upgrade_Rule=load,
        Upgrade_Error_Retry_Delay="0",
        Resync_After_Upgrade_Attempt="No",
        Resync_Trigger_1="$UPGTMR ge 900",
        **QUIET,
    )
    upgrade = history.wait(
        ProvisioningRequest,
        after=synced,
        path="/sip7832.11-3-2MPP0001-700.loads",
        within=60,
    )
    resync = expect_triggered(telephone, upgrade, 900)
    # It stays true, and does not become true a second time.
    telephone.expect_none(DAY, after=resync)


def lost(telephone: Telephone, line: int = 1) -> SipMessage:
    """Have the registrar refuse the line's next registration; the refusal, a precondition."""
    mark = telephone.history.mark()
    telephone.sip.inject(SipStatus(403), name="REGISTER")
    return telephone.history.wait(
        SipMessage,
        after=mark,
        within=7200,
        direction=Direction.SENT,
        method="REGISTER",
        status=403,
        to_user=f"line{line}",
    )


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
@pytest.mark.parametrize("line", [1, 2])
def test_regtmr_counts_from_the_loss_of_the_line_s_registration(
    line: int, telephone: Telephone
) -> None:
    telephone.synced((line,), Resync_Trigger_1=f"$REGTMR{line} gt 300", **QUIET)
    refused = lost(telephone, line)
    expect_triggered(telephone, refused, 301)


@reading(regtmr_registered="zero", resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_a_line_that_keeps_its_registration_triggers_nothing(telephone: Telephone) -> None:
    equation = "$REGTMR1 gt 300 and $PRVTMR ge 600"
    synced = telephone.synced(Resync_Trigger_1=equation, **QUIET)
    telephone.expect_none(DAY, after=synced)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_the_published_example_waits_for_both_timers(telephone: Telephone) -> None:
    equation = "$REGTMR1 gt 300 and $PRVTMR ge 600"
    telephone.synced(Resync_Trigger_1=equation, **QUIET)
    refused = lost(telephone)
    first = expect_triggered(telephone, refused, 301)
    # From now on the line stays lost, so the other timer decides.
    expect_triggered(telephone, first, 600, count=2)


# -- strings -----------------------------------------------------------------------------------------


@reading(random_delay_unit="seconds", resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_a_profile_makes_an_equation_true_and_one_resync_follows(telephone: Telephone) -> None:
    telephone.tftp.serve(DEFAULT_PATH, flat_profile())
    up, _ = telephone.boot(Resync_Trigger_1='"$A" eq "go"', Resync_Random_Delay="600", **QUIET)
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(GPP_A="go"))
    first = telephone.history.wait(ProvisioningRequest, after=up, within=700)
    again = expect_triggered(telephone, first, 1)
    telephone.expect_none(DAY, after=again)


@reading(random_delay_unit="seconds", resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_the_profile_of_the_first_rule_makes_an_equation_true_while_the_second_is_fetched(
    telephone: Telephone,
) -> None:
    up, _ = telephone.boot(
        Resync_Trigger_1='"$A" eq "go"',
        Resync_Random_Delay="600",
        Profile_Rule_B="/second.xml",
        **QUIET,
    )
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(GPP_A="go"))
    telephone.tftp.serve("/second.xml", flat_profile())
    second = telephone.history.wait(ProvisioningRequest, after=up, path="/second.xml", within=700)
    again = expect_triggered(telephone, second, 1)
    last = telephone.history.wait(ProvisioningRequest, after=again, path="/second.xml", within=60)
    telephone.expect_none(DAY, after=last)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_an_equation_turns_true_again_after_it_was_false(telephone: Telephone) -> None:
    synced = telephone.synced(
        Resync_Trigger_1='"$A" eq "go" and $PRVTMR ge 60',
        GPP_A="go",
        Resync_Periodic="0",
    )
    expect_triggered(telephone, synced, 60, count=3)


@reading(random_delay_unit="seconds", resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_a_profile_sets_an_equation(telephone: Telephone) -> None:
    up, _ = telephone.boot(Resync_Random_Delay="600", **QUIET)
    profile = flat_profile(Resync_Trigger_1="$PRVTMR ge 600")
    telephone.tftp.serve(DEFAULT_PATH, profile)
    first = telephone.history.wait(ProvisioningRequest, after=up, within=700)
    expect_triggered(telephone, first, 600, count=2)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
@pytest.mark.parametrize(
    "equation",
    [
        "$PRVTMR lt 0",
        '"$MA" eq "000000000000" and $PRVTMR ge 600',
        "$PRVTMR ge 600 and",
        "# $PRVTMR ge 600",
    ],
)
def test_what_is_false_or_no_equation_triggers_nothing(equation: str, telephone: Telephone) -> None:
    synced = telephone.synced(Resync_Trigger_1=equation, **QUIET)
    telephone.expect_none(DAY, after=synced)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.trigger")
def test_one_that_is_no_equation_does_not_hinder_the_other(telephone: Telephone) -> None:
    synced = telephone.synced(
        Resync_Trigger_1="$PRVTMR ge 60 and", Resync_Trigger_2="$PRVTMR ge 600", **QUIET
    )
    expect_triggered(telephone, synced, 600, count=2)


# -- beside other things -----------------------------------------------------------------------------


@reading(resync_trigger="becomes-true")
@requirement("resync.trigger")
def test_an_attempt_that_fails_counts_as_the_last_attempt(telephone: Telephone) -> None:
    up, _ = telephone.boot(
        Resync_Trigger_1="$PRVTMR ge 600", Resync_Error_Retry_Delay="0", Resync_Periodic="0"
    )
    telephone.tftp.remove(DEFAULT_PATH)
    first = telephone.history.wait(ProvisioningRequest, after=up, within=60)
    expect_triggered(telephone, first, 600, count=3)
