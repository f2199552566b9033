"""Resync_From_SIP: a resync that is triggered by a SIP NOTIFY."""

from __future__ import annotations

import pytest

from hil.endpoints.sip import Final
from hil.endpoints.sip_settings import Shown
from hil.history import History
from hil.marks import quick, reading, requirement
from hil.reference.profile_builder import flat_profile
from hil.testing import DEFAULT_PATH, expect_resyncs, fetched
from hil.testing.calls import Telephone

QUIET = {"Resync_Periodic": "0"}
OWN = "/own.xml"


def check_challenged(telephone: Telephone, outcome: Final) -> None:
    """Check that a NOTIFY was challenged with 401 and then accepted."""
    telephone.history.check(
        "the answer to the NOTIFY",
        seen=f"{outcome.status}, {'challenged' if outcome.challenged else 'not challenged'}",
        due="200, challenged",
    )


@requirement("resync.from_sip")
@pytest.mark.parametrize("line", [1, 2])
def test_a_notify_triggers_a_resync_once_its_sender_has_shown_who_it_is(
    line: int, telephone: Telephone, history: History
) -> None:
    telephone.synced((line,), **QUIET)
    mark = history.mark()
    outcome = telephone.sip.notify("resync", line=line)
    asked = telephone.expect_soon(mark)
    check_challenged(telephone, outcome)
    telephone.expect_none(3600, after=asked)


@requirement("resync.from_sip")
def test_the_phone_s_own_rules_are_followed(telephone: Telephone, history: History) -> None:
    for path in ("/a.xml", "/b.xml"):
        telephone.tftp.serve(path, flat_profile())
    telephone.synced(Profile_Rule="/a.xml", Profile_Rule_B="/b.xml", **QUIET)
    history.sleep(telephone.handset.timing.step)
    mark = history.mark()
    telephone.sip.notify("resync")
    paths = fetched(history, telephone.handset, mark, 2)
    history.check("what is asked for", seen=paths, due=["/a.xml", "/b.xml"])


@requirement("resync.from_sip")
def test_a_profile_of_its_own_is_fetched_alone(telephone: Telephone, history: History) -> None:
    telephone.tftp.serve(OWN, flat_profile())
    telephone.synced(**QUIET)
    mark = history.mark()
    telephone.sip.notify(f"resync;profile=tftp://{telephone.tftp.address}{OWN}")
    paths = fetched(history, telephone.handset, mark, 1)
    history.check("what is asked for", seen=paths, due=[OWN])
    telephone.expect_none(3600)


@requirement("resync.from_sip")
def test_with_no_a_notify_triggers_none(telephone: Telephone, history: History) -> None:
    telephone.synced(Resync_From_SIP="No", **QUIET)
    mark = history.mark()
    telephone.sip.notify("resync")
    telephone.expect_none(3600, after=mark)


@requirement("resync.from_sip")
def test_with_no_a_profile_of_its_own_is_not_fetched_either(
    telephone: Telephone, history: History
) -> None:
    telephone.tftp.serve(OWN, flat_profile())
    telephone.synced(Resync_From_SIP="No", **QUIET)
    mark = history.mark()
    telephone.sip.notify(f"resync;profile=tftp://{telephone.tftp.address}{OWN}")
    telephone.expect_none(3600, after=mark)


@requirement("resync.from_sip")
def test_a_profile_switches_it_off_and_on(telephone: Telephone, history: History) -> None:
    telephone.synced(**QUIET)
    telephone.tftp.serve(DEFAULT_PATH, flat_profile(Resync_From_SIP="No"))
    mark = history.mark()
    telephone.sip.notify("resync")
    asked = telephone.expect_soon(mark)
    history.sleep(telephone.handset.timing.step)
    telephone.sip.notify("resync")
    telephone.expect_none(3600, after=asked)


@requirement("resync.from_sip")
@pytest.mark.parametrize("shown", [Shown.WRONG, Shown.NONE])
def test_whoever_does_not_show_the_line_s_password_triggers_none(
    shown: Shown, telephone: Telephone, history: History
) -> None:
    telephone.synced(**QUIET)
    mark = history.mark()
    outcome = telephone.sip.notify("resync", credentials=shown)
    telephone.expect_none(3600, after=mark)
    history.check("the final answer to the NOTIFY", seen=outcome.status, due=401)


@quick
@requirement("resync.from_sip")
def test_without_auth_resync_reboot_nobody_is_challenged(
    telephone: Telephone, history: History
) -> None:
    telephone.synced(**{"Auth_Resync-Reboot_1_": "No"}, **QUIET)
    mark = history.mark()
    outcome = telephone.sip.notify("resync", credentials=Shown.NONE)
    telephone.expect_soon(mark)
    history.check("the answer to the NOTIFY", seen=outcome.status, due=200)


@requirement("resync.from_sip")
def test_a_resync_that_fails_is_retried(telephone: Telephone, history: History) -> None:
    telephone.synced(Resync_Error_Retry_Delay="300", **QUIET)
    telephone.tftp.remove(DEFAULT_PATH)
    mark = history.mark()
    telephone.sip.notify("resync")
    asked = telephone.expect_soon(mark)
    expect_resyncs(history, telephone.handset, asked, 300, 300)


@reading(resync_trigger=("becomes-true", "as-periodic"))
@requirement("resync.from_sip", "resync.trigger")
def test_a_trigger_that_is_false_does_not_hinder_it(telephone: Telephone, history: History) -> None:
    telephone.synced(Resync_Trigger_1='"$A" eq "go"', **QUIET)
    mark = history.mark()
    telephone.sip.notify("resync")
    telephone.expect_soon(mark)


@requirement("resync.from_sip", "resync.periodic")
def test_a_period_counts_from_the_resync_that_was_asked_for(
    telephone: Telephone, history: History
) -> None:
    telephone.synced(Resync_Periodic="3000")
    history.sleep(1000)
    mark = history.mark()
    telephone.sip.notify("resync")
    asked = telephone.expect_soon(mark)
    expect_resyncs(history, telephone.handset, asked, 3000)


@requirement("macros.prvst", "resync.from_sip")
@pytest.mark.parametrize("event", ["resync", "resync;profile=tftp://{server}/state$PRVST.cfg"])
def test_prvst_is_minus_1(event: str, telephone: Telephone, history: History) -> None:
    telephone.tftp.serve("/state0.cfg", flat_profile())
    telephone.tftp.serve("/state-1.cfg", flat_profile())
    telephone.synced(Profile_Rule="/state$PRVST.cfg", **QUIET)
    mark = history.mark()
    telephone.sip.notify(event.format(server=telephone.tftp.address))
    paths = fetched(history, telephone.handset, mark, 1)
    history.check("$PRVST", seen=paths, due=["/state-1.cfg"])
