"""What a phone is asked to do by web page, SIP and screen, and a configuration that is submitted.

All phones have their lease at 10 s and resync only when they are asked to.
"""

from __future__ import annotations

import pytest
from lives import MISSING, SERVER, Life

from hil.reference.due import Action, Asker, BootCause, Purpose
from hil.reference.interpretations import DEFAULT, Interpretations
from hil.reference.phone import Apply, Asked, Phase, Reboot
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import TftpAnswer

PROFILE = TftpAnswer(flat_profile(GPP_A="new"))
CLAUSES = {
    Asker.WEB: "web.resync",
    Asker.SIP: "resync.from_sip",
    Asker.SCREEN: "resync.user_configurable",
}


def phone(reading: Interpretations = DEFAULT, **parameters: str) -> Life:
    usual = {"Resync_On_Reset": "No", "Resync_Periodic": "0"}
    return Life(interpretations=reading, **usual | parameters).power_on().lease(10)


# -- resyncs


@pytest.mark.parametrize("by", list(Asker))
def test_a_resync_that_is_asked_for_is_due_now_and_explicit(by: Asker) -> None:
    life = phone().ask(100, by=by)
    assert (life.due, life.clause) == ((100, 100, "-1"), CLAUSES[by])


@pytest.mark.parametrize(
    ("by", "parameter"),
    [
        (Asker.WEB, "Provision_Enable"),
        (Asker.SIP, "Provision_Enable"),
        (Asker.SIP, "Resync_From_SIP"),
        (Asker.SCREEN, "Provision_Enable"),
        (Asker.SCREEN, "User_Configurable_Resync"),
    ],
)
def test_what_is_switched_off_is_not_done(by: Asker, parameter: str) -> None:
    life = phone(**{parameter: "No"}).ask(100, by=by)
    assert life.due is None
    assert life.phone.wanted == ()


def test_a_reading_lets_somebody_ask_although_provisioning_is_disabled() -> None:
    reading = DEFAULT.choose(provision_disabled="allows-explicit")
    life = phone(reading, Provision_Enable="No").ask(100)
    assert life.due == (100, 100, "-1")
    assert life.begin(100).url is not None


def test_the_rule_of_a_request_stands_in_for_the_phone_s_own() -> None:
    life = phone(Profile_Rule="/a", Profile_Rule_B="/b").ask(100, rule="/asked").begin(100)
    assert life.url == f"tftp://{SERVER}:69/asked"
    assert life.given(101).url is None
    assert life.phone.synced


def test_without_a_server_it_means_the_host_that_asks_and_dhcp_s_where_nobody_says() -> None:
    for requester, server in (("192.0.2.77", "192.0.2.77"), ("", SERVER)):
        life = phone().happens(Asked(100 * 10**9, Asker.WEB, Action.RESYNC, "/asked", requester))
        assert life.begin(100).fetching.server == server


def test_a_rule_that_is_none_is_a_failure_that_is_retried_by_the_phone_s_own_rules() -> None:
    life = phone(Resync_Error_Retry_Delay="60").ask(100, rule="no://rule").begin(100)
    assert life.finished is not None
    assert not life.finished.succeeded
    assert life.due == (160, 160, "2")
    assert life.begin(160).url == f"tftp://{SERVER}:69/7832-3PCC.xml"


def test_a_request_counts_from_now_and_takes_the_place_of_what_was_due_later() -> None:
    life = phone(Resync_Periodic="600").ask(20).begin(20).given(21)
    assert life.due == (621, 621, "1")
    assert life.ask(300).due == (300, 300, "-1")
    assert life.begin(300).given(301).due == (901, 901, "1")


def test_a_request_during_a_resync_is_met_after_it() -> None:
    life = phone(Profile_Rule="/own").ask(100).begin(100).ask(101, rule="/asked")
    assert life.phone.phase is Phase.RESYNCING
    life.answer(105, PROFILE)
    assert life.due == (105, 105, "-1")
    assert life.begin(105).url == f"tftp://{SERVER}:69/asked"
    assert life.given(106).due is None


def test_a_request_during_a_resync_that_fails_is_met_before_the_retry() -> None:
    life = phone(Resync_Error_Retry_Delay="60").ask(100).begin(100).ask(101, rule="/asked")
    life.answer(105, MISSING)
    assert life.due == (105, 105, "-1")
    assert life.begin(105).url == f"tftp://{SERVER}:69/asked"


def test_a_request_waits_for_idle_lines() -> None:
    life = phone(Forced_Resync_Delay="0").call(50).ask(100)
    assert life.due is None
    assert life.hang_up(200).due == (200, 200, "-1")


@pytest.mark.parametrize("trigger", ["gate", "becomes-true"])
def test_triggers_do_not_stand_in_its_way(trigger: str) -> None:
    reading = DEFAULT.choose(resync_trigger=trigger)
    life = phone(reading, Resync_Trigger_1='"$A" eq "never"').ask(100)
    assert life.due == (100, 100, "-1")


@pytest.mark.parametrize("phase", [Phase.OFF, Phase.BOOTING, Phase.REBOOTING])
def test_a_phone_that_is_not_there_is_not_asked(phase: Phase) -> None:
    life = Life()
    if phase is Phase.BOOTING:
        life.power_on()
    if phase is Phase.REBOOTING:
        life.power_on().lease(10).submit(20)
    assert life.phone.phase is phase
    before = life.phone
    life.ask(100).submit(101, GPP_A="new")
    assert (life.phone, life.duties) == (before, ())


# -- reboots


@pytest.mark.parametrize(
    ("by", "clause"),
    [(Asker.WEB, "web.reboot"), (Asker.SIP, "sip.notify"), (Asker.SCREEN, "web.reboot")],
)
def test_it_reboots_when_it_is_asked_to(by: Asker, clause: str) -> None:
    life = phone().ask(100, Action.REBOOT, by)
    assert life.duties == (Reboot(BootCause.RESTART, clause),)
    assert life.phone.phase is Phase.REBOOTING


def test_a_reboot_waits_for_the_end_of_a_call() -> None:
    life = phone().call(50).ask(100, Action.REBOOT)
    assert not life.reboots
    assert life.hang_up(200).reboots


def test_a_reboot_waits_for_the_end_of_a_resync() -> None:
    life = phone().ask(100).begin(100).ask(101, Action.REBOOT)
    assert not life.reboots
    assert life.answer(102, PROFILE).reboots
    assert life.phone.parameters["GPP_A"] == "new"


def test_a_reboot_that_was_asked_for_is_a_reboot_for_resync_on_reset() -> None:
    life = phone(Resync_On_Reset="Yes", Resync_Random_Delay="40")
    life.begin(10).given(11)
    life.ask(100, Action.REBOOT).boots(105)
    assert life.due == (110, 150, "0")


# -- a configuration that is submitted


def test_what_is_submitted_is_stored_and_the_phone_reboots() -> None:
    life = phone(GPP_A="old", GPP_B="kept").submit(100, GPP_A="new")
    apply, reboot = life.duties
    assert isinstance(apply, Apply)
    assert apply.parameters.items_set()["GPP_A"] == "new"
    assert apply.parameters.items_set()["GPP_B"] == "kept"
    assert reboot == Reboot(BootCause.UPDATE, "web.submit")
    assert life.phone.phase is Phase.REBOOTING


def test_no_resync_follows_that_reboot_and_periodic_ones_go_on() -> None:
    life = phone(Resync_On_Reset="Yes", Resync_Periodic="600").begin(11).given(12)
    life.submit(100, GPP_A="new").boots(105)
    # Whether the time before the reboot counts is not published.
    assert life.due == (612, 710, "1")


def test_without_a_resync_before_there_is_none_after_it() -> None:
    life = phone(Resync_Periodic="600").submit(100, GPP_A="new").boots(105)
    assert life.due is None


def test_a_reading_has_it_resync_as_after_any_reboot() -> None:
    reading = DEFAULT.choose(resync_after_update="performed")
    life = phone(reading, Resync_On_Reset="Yes", Resync_Random_Delay="0").submit(100)
    assert life.boots(105).due == (110, 110, "0")


def test_the_reboot_after_it_is_one_like_any_other() -> None:
    life = phone(Resync_On_Reset="Yes", Resync_Random_Delay="0").submit(100).boots(105)
    assert life.due is None
    assert life.power_off(200).power_on(210).lease(220).due == (220, 220, "0")


def test_it_ends_what_is_going_on() -> None:
    life = phone().ask(100).begin(100).submit(101, GPP_A="new")
    assert life.phone.attempt is None
    assert life.answer(102, PROFILE).duties == ()


def test_names_and_values_that_are_none_leave_what_was() -> None:
    life = phone(Resync_Periodic="600").submit(100, No_Such_Name="x", Resync_Periodic="soon")
    assert life.phone.parameters["Resync_Periodic"] == "600"
    assert life.reboots


def test_reports_and_upgrades_are_asked_for_apart() -> None:
    life = phone(Upgrade_Enable="No", Report_Rule=f"http://{SERVER}/r")
    assert life.ask(100, Action.UPGRADE, rule="/x.loads").upgrade_due is None
    assert life.ask(100, Action.REPORT).begin(100, Purpose.REPORT).url is not None
