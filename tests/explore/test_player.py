"""A scenario is played as a test would be, and judged by the monitor alone."""

from __future__ import annotations

from dataclasses import replace

from hil.endpoints import faults as fl
from hil.explore.player import Result, play
from hil.explore.scenario import LAB, Call, Codes, Profile, Scenario
from hil.history import events as ev
from hil.reference.profiles import decode

OFFER = Call("dhcp", "offer", (), (("option_66", LAB),))
SERVED = Call("tftp", "serve", ("/7832-3PCC.xml", Profile((("GPP_A", f"from {LAB}"),))))


def wait(seconds: float) -> Call:
    return Call("history", "sleep", (seconds,))


SYNCED = Scenario((OFFER, SERVED), (("Resync_Random_Delay", "0"),), (wait(60),))
MISSING = Scenario((OFFER,), (("Resync_Error_Retry_Delay", "30"),), (wait(60),))


def test_a_scenario_in_which_clauses_are_checked_and_kept_is_clean(bench) -> None:
    played = play(bench, SYNCED)
    assert played.result is Result.CLEAN
    assert "resync.on_reset" in played.judgement.checked


def test_the_labs_address_stands_where_a_scenario_has_its_place(bench) -> None:
    played = play(bench, SYNCED)
    (ended,) = [each for each in played.events if isinstance(each, ev.TransferEnded)]
    assert dict(decode(ended.body).parameters) == {"GPP_A": f"from {bench.tftp.address}"}


def test_a_clause_that_is_broken_is_a_finding(defective) -> None:
    played = play(defective, MISSING)
    assert played.result is Result.FINDING
    assert [each.requirement for each in played.findings] == ["resync.error_retry_delay"]


def test_a_phone_that_was_asked_for_nothing_proves_nothing(bench) -> None:
    silent = replace(SYNCED, parameters=(("Resync_On_Reset", "No"),))
    assert play(bench, silent).result is Result.VACUOUS


def test_a_phone_that_has_no_lease_in_the_end_leaves_all_open(bench) -> None:
    deaf = Call("dhcp", "inject", (fl.Silence(),))
    played = play(bench, replace(SYNCED, before=(*SYNCED.before, deaf)))
    assert played.result is Result.INCONCLUSIVE


def test_a_fault_that_never_came_to_pass_is_no_trouble(bench) -> None:
    tenth = Call("tftp", "inject", (fl.Silence(),), (("nth", 10),))
    assert play(bench, replace(SYNCED, before=(*SYNCED.before, tenth))).result is Result.CLEAN


def test_what_cannot_be_played_is_hils_own_trouble_and_no_finding(bench) -> None:
    played = play(bench, replace(SYNCED, after=(Call("web", "dance"),)))
    assert played.result is Result.CRASH
    assert "dance" in played.crash
    assert not played.findings


def test_no_other_function_than_those_for_tests_is_called(bench) -> None:
    assert (
        "no scenario may call open" in play(bench, replace(SYNCED, after=(Call("", "open"),))).crash
    )


def test_a_notify_is_left_out_while_the_line_is_not_registered(bench) -> None:
    notify = Call("sip", "notify", ("resync",), if_registered=1)
    played = play(bench, replace(SYNCED, after=(wait(60), notify)))
    assert played.result is Result.CLEAN
    assert not [each for each in played.events if isinstance(each, ev.SipMessage)]


def test_a_scenario_is_the_same_each_time_that_it_is_played(bench) -> None:
    late = replace(SYNCED, parameters=(("Resync_Random_Delay", "600"),), after=(wait(700),))

    def began(scenario: Scenario) -> float:
        events = play(bench, scenario).events
        first = next(each for each in events if isinstance(each, ev.ProvisioningRequest))
        up = next(each for each in events if isinstance(each, ev.PowerSwitched))
        return first.at - up.at

    assert began(late) == began(late)
    assert began(late) != began(replace(late, chance=1))


def test_options_of_dhcp_have_their_texts_by_code(bench) -> None:
    told = Codes(((2, f"http://{LAB}/own.xml"),), vendor=9)
    offer = Call("dhcp", "offer", (), (("option_125", told),))
    played = play(bench, Scenario((offer,), (), (wait(60),)))
    asked = [each for each in played.events if isinstance(each, ev.HttpRequest)]
    assert [each.path for each in asked][:1] == ["/own.xml"]
