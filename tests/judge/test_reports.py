"""Reports, held against what Report_Rule and Report_To_Server make due.

All stories have their lease at 10 s and no resync; each finding stands beside its clean twin.
`TIMING` allows 10 s a step, and 1 s besides.
"""

from __future__ import annotations

import pytest
from histories import LAB, Story, booted, findings, monitored

from hil.judge import Finding
from hil.reference.profile_builder import flat_profile

PATH = "/report"
RULE = f"http://{LAB}{PATH}"


def phone(**parameters: str) -> Story:
    usual = {"Resync_On_Reset": "No", "Resync_Periodic": "0", "Report_Rule": RULE}
    return booted(**usual | parameters)


def report(story: Story, at: float, path: str = PATH, *, method: str = "POST", **told) -> Story:
    """The phone sends a report, and is answered 0.1 s later."""
    number = story.request(at, path, scheme="http", method=method, body=b"<flat-profile/>", **told)
    return story.end(at + 0.1, number, scheme="http")


def only(story: Story) -> Finding:
    found = findings(story)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def clean(story: Story) -> dict[str, int]:
    monitor = monitored(story)
    assert monitor.findings == [], "\n".join(map(str, monitor.findings))
    return monitor.checks


# --- when


def test_a_report_after_a_restart_in_time_is_checked() -> None:
    checks = clean(report(phone(), 11).ended(100))
    assert (checks["report.when"], checks["report.rule"]) == (1, 1)


def test_a_report_after_a_restart_that_does_not_come() -> None:
    finding = only(phone().ended(100))
    assert finding.requirement == "report.when"
    assert finding.what == "the report did not begin"


def test_a_report_that_nobody_asked_for() -> None:
    clean(report(phone(), 11).ended(4000))
    finding = only(report(report(phone(), 11), 3600).ended(4000))
    assert finding.requirement == "report.when"
    assert finding.what == "a report although none is due"


@pytest.mark.parametrize("mode", ["On Local Change", "Periodically"])
def test_a_report_after_a_restart_in_another_mode(mode: str) -> None:
    clean(phone(Report_To_Server=mode).ended(100))
    assert only(report(phone(Report_To_Server=mode), 11).ended(100)).requirement == "report.when"


def test_periodic_reports_are_held_to_their_period() -> None:
    def periodic() -> Story:
        return phone(Report_To_Server="Periodically", Periodic_Upload_To_Server="600")

    assert clean(report(report(periodic(), 610), 1210.1).ended(1700))["report.when"] == 2
    assert only(report(periodic(), 500).ended(1000)).margin == "110.000 s early"
    assert only(report(report(periodic(), 610), 1300).ended(1500)).requirement == "report.when"
    assert only(periodic().ended(700)).what == "the report did not begin"


def test_a_report_of_a_local_change_comes_its_delay_after_the_change_or_the_boot() -> None:
    def changed() -> Story:
        story = phone(Report_To_Server="On Local Change", Upload_Delay_On_Local_Change="60")
        body = flat_profile(GPP_A="x")
        return story.web(100, "/admin/config.xml", method="POST", body=body).boots(130)

    for at in (160.2, 180, 191):
        clean(report(changed(), at).ended(400))
    for at in (140, 250):
        assert only(report(changed(), at).ended(400)).requirement == "report.when"
    assert only(changed().ended(400)).what == "the report did not begin"


def test_a_report_that_the_lab_cannot_see_is_not_missed() -> None:
    clean(phone(Report_Rule="http://192.0.2.99/x").ended(100))
    clean(phone(Report_Rule=f"http://{LAB}:8080/x").ended(100))


def test_a_rule_that_leads_nowhere_is_no_report() -> None:
    clean(phone(Report_Rule=f"tftp://{LAB}/x").ended(100))
    clean(phone(Report_Rule=f"{RULE} {RULE} {RULE}").ended(100))


# --- how, and where to


@pytest.mark.parametrize("method", ["PUT", "POST"])
def test_the_method_is_the_configured_one(method: str) -> None:
    other = {"PUT": "POST", "POST": "PUT"}[method]
    clean(report(phone(HTTP_Report_Method=method), 11, method=method).ended(100))
    finding = only(report(phone(HTTP_Report_Method=method), 11, method=other).ended(100))
    assert finding.requirement == "report.when"
    assert finding.what == "Report_Rule was fetched wrongly (method)"


def test_the_path_is_the_rule_s() -> None:
    finding = only(report(phone(), 11, "/elsewhere").ended(100))
    assert finding.requirement == "report.rule"


def test_each_destination_gets_its_report() -> None:
    rules = {"Report_Rule": f"{RULE} http://{LAB}/two"}
    clean(report(report(phone(**rules), 11), 11.5, "/two").ended(100))
    assert only(report(phone(**rules), 11).ended(100)).requirement == "report.rule"


def test_the_second_destination_does_not_depend_on_the_first() -> None:
    story = phone(Report_Rule=f"{RULE} http://{LAB}/two")
    number = story.request(11, PATH, scheme="http", method="POST")
    story.end(11.1, number, "not-found", scheme="http", status=404)
    clean(report(story, 11.5, "/two").ended(100))


def test_a_server_that_refuses_gets_no_report_before_the_next_is_due() -> None:
    def refused() -> Story:
        story = phone(Report_To_Server="Periodically", Periodic_Upload_To_Server="600")
        number = story.request(610, PATH, scheme="http", method="POST")
        return story.end(610.1, number, scheme="http", status=500)

    clean(report(refused(), 1210.1).ended(1300))
    assert only(report(refused(), 700).ended(1000)).requirement == "report.when"


def test_reports_and_resyncs_do_not_disturb_each_other() -> None:
    usual = {"Report_To_Server": "Periodically", "Periodic_Upload_To_Server": "600"}
    story = booted(Report_Rule=RULE, Resync_Periodic="300", **usual).fetch(10).fetch(310.1)
    number = story.request(610.2)
    report(story.end(612, number, body=flat_profile()), 613)
    checks = clean(story.fetch(912).ended(1000))
    assert (checks["resync.periodic"], checks["report.when"]) == (3, 1)
