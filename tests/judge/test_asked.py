"""What the phone is asked for by its pages and its screen, and what the monitor makes of it.

All stories have their lease at 10 s and no resync but those that are asked for; each finding stands
beside its clean twin. `TIMING` allows 10 s a step, and 1 s besides.
"""

from __future__ import annotations

import pytest
from histories import LAB, TIMING, Story, booted, findings, monitored

from hil.history import events as ev
from hil.judge import Finding, Timing
from hil.reference.profile_builder import flat_profile

PATH = "/asked.xml"
RESYNC, REBOOT, SUBMIT = "/admin/resync", "/admin/reboot", "/admin/config.xml"
LIMIT = TIMING.restart


def idle(**parameters: str) -> Story:
    return booted(**{"Resync_On_Reset": "No", "Resync_Periodic": "0"} | parameters)


def only(story: Story) -> Finding:
    found = findings(story)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def clean(story: Story) -> dict[str, int]:
    monitor = monitored(story)
    assert monitor.findings == [], "\n".join(map(str, monitor.findings))
    assert not monitor.lost
    return monitor.checks


# --- a resync that is asked for by the web page


def test_an_explicit_resync_in_time_is_checked() -> None:
    story = idle().web(100, f"{RESYNC}?{PATH}").fetch(101, PATH)
    assert clean(story.ended(200))["web.resync"] == 1


def test_an_explicit_resync_that_does_not_come() -> None:
    finding = only(idle().web(100, RESYNC).ended(200))
    assert finding.requirement == "web.resync"
    assert finding.what == "the explicit resync did not begin"


def test_an_explicit_resync_that_comes_late() -> None:
    clean(idle().web(100, RESYNC).fetch(110).ended(200))
    assert only(idle().web(100, RESYNC).fetch(130)).requirement == "web.resync"


def test_one_that_begins_before_its_answer_has_ended() -> None:
    story = idle().ask(100, f"{RESYNC}?{PATH}")
    story.fetch(100.05, PATH).answered(100.3)
    assert clean(story.ended(200))["web.resync"] == 1


def test_a_request_that_was_refused_leads_to_nothing() -> None:
    clean(idle().web(100, RESYNC, 403).ended(200))
    found = findings(idle().web(100, RESYNC, 403).fetch(101))
    assert [each.requirement for each in found] == ["web.access"]


def test_one_that_was_begun_and_then_refused() -> None:
    story = idle().ask(100, RESYNC)
    story.fetch(100.05).answered(100.3, 403)
    finding = only(story.ended(200))
    assert finding.requirement == "web.access"
    assert finding.what == "the phone refused a request and obeyed it all the same"


def test_without_an_answer_the_phone_may_obey_or_not() -> None:
    clean(idle().web(100, RESYNC, 0, answered=108).ended(200))
    clean(idle().web(100, RESYNC, 0, answered=108).fetch(104).ended(200))
    clean(idle().web(100, RESYNC, 0, answered=108).fetch(112).ended(200))


def test_what_was_never_sent_cannot_be_obeyed() -> None:
    clean(idle().web(100, RESYNC, 0, unsent=True).ended(200))
    assert findings(idle().web(100, RESYNC, 0, unsent=True).fetch(101))


def test_a_rule_of_the_request_that_is_not_followed() -> None:
    finding = only(idle().web(100, f"{RESYNC}?{PATH}").fetch(101))
    assert finding.what == "Profile_Rule was fetched wrongly (path)"


def test_a_rule_without_a_server_means_the_bench() -> None:
    elsewhere = {66: b"192.0.2.99"}
    story = booted(elsewhere, Resync_On_Reset="No").web(100, f"{RESYNC}?{PATH}")
    clean(story.fetch(101, PATH, Resync_Periodic="0").ended(200))
    story = booted(elsewhere, Resync_On_Reset="No").web(100, f"{RESYNC}?{PATH}").ended(200)
    assert only(story).requirement == "web.resync"


@pytest.mark.parametrize(
    ("switch", "clause"),
    [("Provision_Enable", "provision.enable"), ("Enable_Direct_Action_Url", "web.access")],
)
def test_a_phone_that_agrees_although_it_may_not(switch: str, clause: str) -> None:
    clean(idle(**{switch: "No"}).web(100, RESYNC).ended(200))
    found = findings(idle(**{switch: "No"}).web(100, RESYNC).fetch(101))
    assert [each.requirement for each in found] == [clause]


def test_prvst_of_an_explicit_resync() -> None:
    rule = {"Profile_Rule": f"tftp://{LAB}/$PRVST"}
    clean(idle(**rule).web(100, RESYNC).fetch(101, "/-1").ended(200))
    assert findings(idle(**rule).web(100, RESYNC).fetch(101, "/1"))


def test_the_timers_go_on_from_an_explicit_resync() -> None:
    story = idle(Resync_Periodic="600").web(100, RESYNC).fetch(101)
    assert clean(story.fetch(701.1).ended(800))["resync.periodic"] == 1
    story = idle(Resync_Periodic="600").web(100, RESYNC).fetch(101)
    assert only(story.ended(800)).requirement == "resync.periodic"
    story = idle(Resync_Error_Retry_Delay="60").web(100, RESYNC).not_found(101)
    assert only(story.ended(200)).requirement == "resync.error_retry_delay"


def test_a_request_during_a_resync_is_met_after_it() -> None:
    def slow() -> tuple[Story, int]:
        story = idle(Profile_Rule="/own").web(100, RESYNC)
        return story, story.request(101, "/own")

    story, number = slow()
    story.web(102, f"{RESYNC}?{PATH}").end(105, number, body=flat_profile())
    clean(story.fetch(106, PATH).ended(200))
    story, number = slow()
    story.web(102, f"{RESYNC}?{PATH}").end(105, number, body=flat_profile())
    assert only(story.ended(200)).requirement == "web.resync"


@pytest.mark.parametrize("again", [True, False])
def test_a_request_without_a_rule_during_a_resync_may_be_met_by_it(again: bool) -> None:
    story = idle(Profile_Rule="/own").web(100, RESYNC)
    number = story.request(101, "/own")
    story.web(102, RESYNC).end(105, number, body=flat_profile())
    clean((story.fetch(106, "/own") if again else story).ended(200))


def test_passwords_are_the_test_s_affair_and_no_guess_of_the_monitor() -> None:
    story = idle(Admin_Password="s3cret").web(100, f"{RESYNC}?{PATH}&xuser=admin&xpassword=s3cret")
    clean(story.fetch(101, PATH).ended(200))
    clean(idle(Admin_Password="s3cret").web(100, RESYNC, 401).ended(200))


def test_whatever_is_asked_of_the_pages_the_monitor_goes_on() -> None:
    story = idle()
    for at, target in enumerate(("/", "/admin/resync?" + "[" * 99, "/admin/x", "/%00", "/admin/")):
        story.web(100 + at, target, 404)
    story.web(110, SUBMIT, 400, method="POST", body=b"\xff<")
    story.answered(111, 200)
    clean(story.ended(200))


# --- the screen


def used(story: Story, at: float, action: str, *, offered: bool = True, detail: str = "") -> Story:
    event = ev.ScreenUsed(source="screen", action=action, offered=offered, detail=detail)
    return story.tell(at, event)


def test_a_key_that_was_pressed_and_one_that_is_not_there() -> None:
    checks = clean(used(idle(), 100, "resync").fetch(101).ended(200))
    assert checks["resync.user_configurable"] == 1
    assert only(used(idle(), 100, "resync").ended(200)).requirement == "resync.user_configurable"
    clean(used(idle(), 100, "resync", offered=False).ended(200))


def test_a_rule_that_was_typed() -> None:
    clean(used(idle(), 100, "resync", detail=f"tftp://{LAB}{PATH}").fetch(101, PATH).ended(200))
    assert findings(used(idle(), 100, "resync", detail=f"tftp://{LAB}{PATH}").fetch(101))


def test_a_key_that_ought_not_to_be_there() -> None:
    story = used(idle(User_Configurable_Resync="No"), 100, "resync").fetch(101)
    assert [each.requirement for each in findings(story)] == ["resync.user_configurable"]


def test_a_reboot_by_the_menu() -> None:
    clean(used(idle(), 100, "reboot").boots(110).ended(200))


# --- reboots


def test_a_reboot_that_was_asked_for_is_checked() -> None:
    assert clean(idle().web(100, REBOOT).boots(120).ended(200))["web.reboot"] == 1


def test_a_reboot_that_does_not_come() -> None:
    finding = only(idle().web(100, REBOOT).ended(101 + LIMIT + 1))
    assert finding.requirement == "web.reboot"
    assert finding.what == "the phone did not reboot (restart)"
    clean(idle().web(100, REBOOT).ended(100 + LIMIT))


def test_a_reboot_may_take_the_answer_with_it() -> None:
    clean(idle().web(100, REBOOT, 0, answered=108).boots(104).ended(200))
    clean(idle().web(100, REBOOT, 0, answered=108).ended(101 + LIMIT + 1))


def test_a_reboot_that_was_refused_does_not_come() -> None:
    clean(idle().web(100, REBOOT, 401).ended(101 + LIMIT + 1))


def test_the_resync_after_a_reboot_that_was_asked_for() -> None:
    def rebooted() -> Story:
        story = booted(Resync_Periodic="0").fetch(10, Resync_Periodic="0")
        return story.web(100, REBOOT).boots(120)

    assert clean(rebooted().fetch(121).ended(200))["resync.on_reset"] == 2
    assert only(rebooted().ended(200)).requirement == "resync.on_reset"
    assert only(idle().web(100, REBOOT).boots(120).fetch(121)).requirement == "resync.on_reset"


# --- a configuration that is submitted


def submitted(story: Story, at: float = 100, status: int = 200, **values: str) -> Story:
    return story.web(at, SUBMIT, status, method="POST", body=flat_profile(**values))


def synced(**parameters: str) -> Story:
    return booted(**parameters).fetch(10)


def test_an_update_reboots_the_phone_and_no_resync_follows() -> None:
    checks = clean(submitted(synced(Resync_Periodic="0"), GPP_A="x").boots(110).ended(400))
    assert checks["web.submit"] == 1
    story = submitted(synced(Resync_Periodic="0"), GPP_A="x").boots(110).fetch(111)
    assert only(story).requirement == "resync.after_update"


def test_an_update_without_a_reboot() -> None:
    finding = only(submitted(synced(Resync_Periodic="0"), GPP_A="x").ended(101 + LIMIT + 1))
    assert finding.requirement == "web.submit"
    assert finding.what == "the phone did not reboot (parameter update)"


def test_an_update_that_was_refused_changes_nothing() -> None:
    story = submitted(synced(Resync_Periodic="600"), status=401, Resync_Periodic="0")
    assert clean(story.fetch(610.1).ended(700))["resync.periodic"] == 1


@pytest.mark.parametrize("at", [610.1, 680, 711])
def test_periodic_resyncs_go_on_from_before_the_reboot_or_from_it(at: float) -> None:
    story = submitted(synced(Resync_Periodic="600"), GPP_A="x").boots(110)
    clean(story.fetch(at).ended(at + 60))


@pytest.mark.parametrize("at", [500, 800])
def test_periodic_resyncs_that_do_neither(at: float) -> None:
    story = submitted(synced(Resync_Periodic="600"), GPP_A="x").boots(110).fetch(at)
    assert only(story).requirement == "resync.periodic"


def test_the_rule_that_was_submitted_is_the_one_that_counts() -> None:
    story = submitted(idle(), Profile_Rule=f"tftp://{LAB}/new").boots(110).web(200, RESYNC)
    clean(story.fetch(201, "/new").ended(300))
    story = submitted(idle(), Profile_Rule=f"tftp://{LAB}/new").boots(110).web(200, RESYNC)
    assert findings(story.fetch(201))


def test_many_requests_do_not_wear_the_monitor_out() -> None:
    story = idle()
    for minute in range(1, 40):
        at = 100.0 * minute
        submitted(story, at, GPP_A=str(minute)).boots(at + 10)
        story.web(at + 20, RESYNC).fetch(at + 21)
    clean(story.ended(5000))


def test_what_is_stored_when_the_power_goes_at_once() -> None:
    """The change may be in the flash or not; what the phone asks for then shows which."""
    for path in ("/old", "/new"):
        story = booted(Profile_Rule=f"tftp://{LAB}/old", Resync_Periodic="0").fetch(10, "/old")
        submitted(story, 100, Profile_Rule=f"tftp://{LAB}/new")
        story.power(100.2, "off").power(110, "on").lease(115)
        assert findings(story.fetch(115, path).ended(150), Timing(store=1.0)) == []
