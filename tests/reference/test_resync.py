"""What a resync logs, what ends it, and what a phone without power owes.

All phones have their lease at 10 s of lab time and, unless a test is about it, no random delay.
"""

from __future__ import annotations

from dataclasses import replace

import pytest
from lives import MISSING, SERVER, Life, booted

from hil.reference.phone import Action, Phase, Purpose
from hil.reference.responses import HttpAnswer

LOAD = "http://192.0.2.1/sip7832.11-3-2MPP0001-700.loads"

# --- log messages of an attempt

LOG = {
    "Syslog_Server": SERVER,
    "Log_Request_Msg": "ask $SCHEME $SERVIP $PORT $PATH",
    "Log_Success_Msg": "good $PATH",
    "Log_Failure_Msg": "bad $ERR",
}


def test_one_request_message_at_the_start_and_one_result() -> None:
    life = booted(**LOG, Profile_Rule_B="/b").begin(10)
    assert life.logged == [f"ask tftp {SERVER} 69 /7832-3PCC.xml"]
    assert life.given(11).logged == []
    assert life.given(12).logged == ["good /b"]


def test_a_redirected_attempt_announces_itself_once() -> None:
    life = booted(**LOG, Profile_Rule=f"http://{SERVER}/0").begin(10)
    assert life.logged == [f"ask http {SERVER} 80 /0"]
    assert life.answer(10, HttpAnswer(302, location="/1")).logged == []
    assert life.given(11).logged == ["good /1"]


def test_a_failure_is_logged_with_its_reason() -> None:
    assert booted(**LOG).begin(10).answer(11, MISSING).logged == ["bad File not found"]
    assert booted(**LOG, Profile_Rule="http://x/").begin(10).located(11, None).logged == [
        "bad x has no address"
    ]


def test_a_resync_with_nothing_to_fetch_is_logged_as_a_success_alone() -> None:
    assert booted(**LOG, Profile_Rule="").begin(10).logged == ["good "]


def test_the_request_message_knows_the_address_that_was_looked_up() -> None:
    life = booted(**LOG, Profile_Rule="http://prov.example:8080/x").begin(10)
    assert life.logged == []
    assert life.located(11, "192.0.2.7").logged == ["ask http 192.0.2.7 8080 /x"]


def test_the_result_goes_where_the_profile_says() -> None:
    life = booted(**LOG).begin(10).given(11, Log_Success_Msg="new $MAU")
    assert life.logged == ["new 000E08AABBCC"]


# --- Provision_Enable, half-way


def test_provision_enable_turned_off_by_a_profile_ends_all_resyncs_after_this_one() -> None:
    life = booted(Profile_Rule_B="/b").begin(10).given(11, Provision_Enable="No")
    assert life.url == f"tftp://{SERVER}:69/b"
    assert life.given(12).due is None
    assert life.begin(5000).duties == ()


def test_neither_does_it_try_again_after_a_failure() -> None:
    life = booted(Profile_Rule_B="/b").begin(10).given(11, Provision_Enable="No").fails(12)
    assert life.due is None


# --- power


def lives() -> dict[Phase, Life]:
    """A phone in each phase, with something to lose."""
    upgrading = booted(GPP_A="kept", Upgrade_Rule=LOAD).begin(10).given(11)
    upgrading.begin(11, Purpose.UPGRADE)
    reporting = booted(GPP_A="kept", Report_Rule="http://192.0.2.1/report").begin(10).given(11)
    reporting.ask(12, Action.REPORT).begin(12, Purpose.REPORT)
    return {
        Phase.OFF: Life(GPP_A="kept"),
        Phase.BOOTING: Life(GPP_A="kept").power_on(),
        Phase.WAITING: booted(GPP_A="kept", Resync_Periodic="600").begin(10).given(11),
        Phase.RESYNCING: booted(GPP_A="kept", Profile_Rule="http://prov.example/x").begin(10),
        Phase.UPGRADING: upgrading,
        Phase.REPORTING: reporting,
        Phase.REBOOTING: booted(GPP_A="kept").begin(10).given(11).submit(12),
    }


@pytest.mark.parametrize("phase", list(Phase))
def test_a_phone_without_power_owes_nothing_and_keeps_its_parameters(phase: Phase) -> None:
    life = lives()[phase]
    assert life.phone.phase is phase
    life.power_off(100)
    phone = life.phone
    assert (phone.phase, phone.due, phone.attempt, phone.address, life.duties) == (
        Phase.OFF,
        None,
        None,
        None,
        (),
    )
    assert (phone.synced, phone.failures, phone.periods, phone.options) == (False, 0, 0, {})
    assert phone.parameters.raw("GPP_A") == "kept"


@pytest.mark.parametrize("phase", [Phase.OFF, Phase.BOOTING])
def test_what_cannot_happen_in_a_phase_changes_nothing(phase: Phase) -> None:
    life = lives()[phase]
    before = life.phone
    life.begin(100).located(100, "192.0.2.7").answer(100, MISSING)
    assert (life.phone, life.duties) == (before, ())
    if phase is Phase.OFF:
        assert life.lease(100).phone == before


def test_nobody_waits_for_an_answer_to_a_look_up_or_for_a_look_up_of_a_request() -> None:
    looking = booted(Profile_Rule="http://prov.example/x").begin(10)
    before = looking.phone
    assert looking.answer(11, HttpAnswer(200, b"")).phone == before
    fetching = looking.located(11, "192.0.2.7")
    before = fetching.phone
    assert fetching.located(12, None).phone == before
    assert fetching.duties == ()


def test_a_resync_under_way_is_not_begun_again() -> None:
    life = booted().begin(10)
    before = life.phone
    assert life.begin(11).phone == before
    assert life.duties == ()


# --- readings and decisions


def test_a_handset_with_another_psn_asks_for_another_file() -> None:
    life = booted()
    life.phone = replace(life.phone, identity=replace(life.phone.identity, psn="V03"))
    assert life.begin(10).url == f"tftp://{SERVER}:69/V03.xml"


def test_seconds_since_the_last_attempt_are_prvtmr() -> None:
    rule = f"tftp://{SERVER}/$PRVTMR.xml"
    life = booted(Profile_Rule=rule, Resync_Periodic="600").begin(10)
    assert life.url == f"tftp://{SERVER}:69/0.xml"
    assert life.given(14).begin(614).url == f"tftp://{SERVER}:69/604.xml"
