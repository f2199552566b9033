"""When an equation turns true: by a boot, by a profile, and when it is no equation any more."""

from __future__ import annotations

import pytest

from hil.clients.web import PhoneWeb
from hil.history.events import ProvisioningRequest
from hil.marks import reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testing import DEFAULT_PATH, expect_reboot, soon
from hil.testing.calls import Telephone

QUIET = {"Resync_Periodic": "0", "Forced_Resync_Delay": "0"}
"""A phone that resyncs only if something triggers it."""
DAY = 86_400


@reading(resync_trigger="becomes-true")
@requirement("resync.trigger")
@pytest.mark.parametrize("name", ["Resync_Trigger_1", "Resync_Trigger_2"])
def test_an_equation_that_is_true_when_the_phone_has_booted_triggers_a_resync_each_time(
    name: str, telephone: Telephone, web: PhoneWeb
) -> None:
    telephone.tftp.serve(DEFAULT_PATH, flat_profile())
    equation = {name: '"$A" eq "go"'}
    up, _ = telephone.boot(Resync_On_Reset="No", GPP_A="go", **equation, **QUIET)
    history, handset = telephone.history, telephone.handset
    history.expect(ProvisioningRequest, after=up, within=handset.boot_limit)
    telephone.expect_none(3600)
    mark = history.mark()
    web.reboot()
    booted = expect_reboot(history, handset, mark, requirement="web.reboot")
    history.expect(ProvisioningRequest, after=booted, within=soon(handset) + handset.timing.trigger)
    telephone.expect_none(3600)


READINGS = {
    "random_delay_unit": "seconds",
    "resync_trigger": ("becomes-true", "as-periodic"),
    "empty_element": ("set-empty", "default"),
}


@reading(**READINGS)
@requirement("resync.trigger")
@pytest.mark.parametrize(
    ("equation", "profile"),
    [
        ('"$A" eq "go"', {"GPP_A": '"'}),
        ("$PRVTMR ge 1000", {"Resync_Trigger_1": ""}),
    ],
)
def test_one_that_is_none_any_more_triggers_nothing(
    equation: str, profile: dict[str, str], telephone: Telephone
) -> None:
    up, _ = telephone.boot(Resync_Trigger_1=equation, Resync_Random_Delay="600", **QUIET)
    other = {"Resync_Trigger_2": "$PRVTMR ge 50000"}
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(**profile, **other))
    history, timing = telephone.history, telephone.handset.timing
    first = history.wait(ProvisioningRequest, after=up, within=700)
    within = 50_000 + timing.trigger + timing.late
    history.expect(ProvisioningRequest, after=first, not_before=49_990, within=within)
