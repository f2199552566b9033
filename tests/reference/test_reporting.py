"""Reports as attempts of the machine: when one is due, whom it goes to, and what comes of it.

All phones have their lease at 10 s and resync only when they are asked to.
"""

from __future__ import annotations

import pytest
from lives import NANOSECONDS, SERVER, Life

from hil.reference import machine
from hil.reference.due import Action, Asker, BootCause
from hil.reference.phone import Finished, Phase, Purpose
from hil.reference.profile_builder import flat_profile
from hil.reference.responses import HttpAnswer, TftpAnswer

URL = f"http://{SERVER}/report"
REPORTED = HttpAnswer(200)


def phone(**parameters: str) -> Life:
    usual = {"Resync_On_Reset": "No", "Resync_Periodic": "0", "Report_Rule": URL}
    return Life(**usual | parameters).power_on().lease(10)


def due(life: Life) -> tuple[float, float] | None:
    found = machine.due_of(life.phone, Purpose.REPORT)
    return found and (found.earliest / NANOSECONDS, found.latest / NANOSECONDS)


def report(life: Life, at: float) -> Life:
    return life.begin(at, Purpose.REPORT)


# -- when one is due


@pytest.mark.parametrize(
    ("mode", "window"),
    [("On Request", (10, 10)), ("On Local Change", None), ("Periodically", (910, 910))],
)
def test_after_boot_up(mode: str, window: tuple[float, float] | None) -> None:
    life = phone(Report_To_Server=mode, Periodic_Upload_To_Server="900")
    assert due(life) == window


@pytest.mark.parametrize("mode", ["On Request", "On Local Change", "Periodically"])
def test_a_request_is_met_at_once_whatever_the_mode(mode: str) -> None:
    life = phone(Report_To_Server=mode)
    if mode == "On Request":
        report(life, 10).answer(11, REPORTED)
    life.ask(100, Action.REPORT, Asker.SIP)
    assert due(life) == (100, 100)


def test_a_request_without_report_rule_asks_for_nothing() -> None:
    assert due(phone(Report_Rule="").ask(100, Action.REPORT, Asker.SIP)) is None


def test_a_report_that_is_due_later_makes_way_for_a_request_and_comes_after_it_again() -> None:
    life = phone(Report_To_Server="Periodically", Periodic_Upload_To_Server="900")
    assert due(life.ask(100, Action.REPORT, Asker.SIP)) == (100, 100)
    assert due(report(life, 100).answer(101, REPORTED)) == (1001, 1001)


def test_a_refused_report_is_not_repeated_before_its_time() -> None:
    life = phone(Report_To_Server="Periodically", Periodic_Upload_To_Server="600")
    report(life, 610).answer(611, HttpAnswer(500))
    assert life.finished == Finished(False, "HTTP 500", Purpose.REPORT)
    assert due(life) == (1211, 1211)


def test_a_report_waits_for_the_resync_that_is_going_on_and_may_then_begin_late() -> None:
    life = phone().ask(20, rule="/slow.xml")
    report(life, 10).answer(20, REPORTED)
    life.begin(20).ask(25, Action.REPORT, Asker.SIP)
    assert (life.phone.phase, due(life)) == (Phase.RESYNCING, None)
    assert due(life.answer(40, TftpAnswer(flat_profile()))) == (25, 40)


# -- a change at the phone itself


@pytest.mark.parametrize("booted", [15, 200])
def test_a_local_change_counts_from_itself_or_from_the_boot_that_it_causes(booted: float) -> None:
    life = phone(Report_To_Server="On Local Change", Upload_Delay_On_Local_Change="60")
    life.submit(10, GPP_A="new").boots(booted - 5)
    assert due(life) == (max(70, booted), booted + 60)


def test_the_mode_that_was_submitted_is_the_one_that_counts() -> None:
    life = phone(Report_To_Server="Periodically").submit(10, Report_To_Server="On Request")
    assert due(life.boots(15)) == (20, 20)
    life = phone().submit(10, Report_To_Server="On Local Change")
    assert due(life.boots(15)) == (70, 80)


def test_another_reboot_is_no_local_change() -> None:
    life = phone(Report_To_Server="On Local Change")
    assert due(life.power_on(100, BootCause.RESTART).lease(110)) is None


def test_neither_is_what_a_profile_changes() -> None:
    life = phone(Report_To_Server="On Local Change").ask(20, rule="/a.xml").begin(20)
    assert due(life.given(21, GPP_A="new")) is None


# -- where it goes


def test_two_rules_are_reported_to_one_after_another_by_the_configured_method() -> None:
    life = phone(
        Report_Rule=f"{URL}/$MA [--status] {URL}/$A", GPP_A="two", HTTP_Report_Method="PUT"
    )
    report(life, 10)
    assert (life.fetching.rule, life.fetching.method) == ("Report_Rule", "PUT")
    assert life.url == f"http://{SERVER}:80/report/000e08aabbcc"
    life.answer(11, HttpAnswer(404))
    assert (life.url, life.fetching.method) == (f"http://{SERVER}:80/report/two", "PUT")
    assert life.answer(12, REPORTED).finished == Finished(True, "", Purpose.REPORT)


def test_the_server_may_be_looked_up_and_may_redirect() -> None:
    life = report(phone(Report_Rule="http://reports.example/x"), 10)
    assert life.looking_for == "reports.example"
    life.located(11, SERVER).answer(12, HttpAnswer(302, location="/y"))
    assert life.looking_for == "reports.example"
    assert life.located(12, SERVER).url == "http://reports.example:80/y"


def test_a_rule_whose_conditions_do_not_hold_is_passed_over() -> None:
    life = report(phone(Report_Rule=f'("$A" eq "x")? {URL}/x {URL}/y'), 10)
    assert life.url == f"http://{SERVER}:80/report/y"


@pytest.mark.parametrize(
    "rule", [f"{URL} {URL} {URL}", "tftp://192.0.2.1/x", '("$A" eq "x")? http://192.0.2.1/x']
)
def test_a_rule_that_leads_nowhere_ends_the_report_at_once(rule: str) -> None:
    life = report(phone(Report_Rule=rule), 10)
    assert life.phone.phase is Phase.WAITING
    assert life.finished is not None
    assert life.finished.purpose is Purpose.REPORT


def test_a_report_says_nothing_in_the_log_and_changes_no_resync() -> None:
    life = phone(Syslog_Server=SERVER, Resync_Periodic="600")
    report(life, 10)
    assert life.logged == []
    assert life.answer(11, HttpAnswer(500)).logged == []
    assert (life.due, life.phone.failures) == (None, 0)


def test_what_was_reported_is_remembered_over_a_restart_where_it_arrived() -> None:
    life = report(phone(GPP_A="one"), 10).answer(11, HttpAnswer(500))
    assert life.phone.reported is None
    report(life.ask(20, Action.REPORT, Asker.SIP), 20).answer(21, REPORTED)
    assert life.phone.reported is not None
    assert life.power_on(30, BootCause.RESTART).phone.reported == life.phone.reported
    assert life.phone.reported["GPP_A"] == "one"
