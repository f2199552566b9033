"""What the macros stand for while an attempt is going on: timers, causes, results."""

from __future__ import annotations

import pytest
from lives import MISSING, SERVER, Life, booted

TOLD = {"Syslog_Server": SERVER, "Log_Success_Msg": "", "Log_Failure_Msg": ""}


def asked(template: str, **parameters: str) -> Life:
    """A phone that resyncs only when it is asked to, and says ``template`` then."""
    quiet = {"Resync_On_Reset": "No", "Resync_Periodic": "0", "Log_Request_Msg": template}
    return booted(**TOLD | quiet | parameters)


def resync(life: Life, at: float) -> str:
    life.ask(at).begin(at)
    (told,) = life.logged
    life.answer(at, MISSING)
    return told


@pytest.mark.parametrize("line", [1, 2])
def test_regtmr_counts_whole_seconds_since_the_line_lost_its_registration(line: int) -> None:
    life = asked("$REGTMR1 $REGTMR2")
    life.registered(20, 1).registered(20, 2).unregistered(100, line)
    due = ["0", "0"]
    due[line - 1] = "299"
    assert resync(life, 399.9) == " ".join(due)


def test_regtmr_counts_from_the_first_refusal_and_anew_after_a_registration() -> None:
    life = asked("$REGTMR1", Resync_Error_Retry_Delay="0")
    life.registered(20).unregistered(100).unregistered(200)
    assert resync(life, 400) == "300"
    life.registered(500)
    assert resync(life, 600) == "0"
    life.unregistered(700)
    assert resync(life, 710) == "10"


def test_prvtmr_counts_from_the_beginning_of_the_last_attempt_whatever_came_of_it() -> None:
    life = asked("$PRVTMR", Resync_Error_Retry_Delay="0")
    assert resync(life, 100) == "0"
    assert resync(life, 350) == "250"


def test_a_posted_register_is_expanded_without_secrets() -> None:
    life = booted(
        Profile_Rule=f"[--post c] http://{SERVER}/x",
        GPP_C="$MA $$ $SA $(A:1)",
        GPP_A="AB",
        GPP_SA="secret",
    ).begin(10)
    assert life.fetching.body == "000e08aabbcc $ $SA B"
