"""What the monitor must find of upgrades, each beside its clean twin in which it must find nothing.

The phone runs sip7832.11-3-2MPP0001-609 and has its lease at 10 s; an upgrade is due then, and nothing
else. `TIMING` allows 10 s a step and 180 s to a reboot.
"""

from __future__ import annotations

import pytest
import tellings
from histories import LAB, Story, findings
from upgrade_stories import (
    FILES,
    IMAGE,
    LOADS,
    LOG,
    NEW,
    OTHER,
    PHONE,
    RULE,
    RUNNING,
    clean,
    downloads,
    fetches,
    idle,
    only,
)

from hil.loads import Flaws, load_files

# --- when it begins


def test_an_upgrade_that_is_due_is_checked_and_one_that_does_not_come_is_overdue() -> None:
    checks = clean(downloads(idle(), 10).boots(40).ended(60))
    assert (checks["upgrade.rule"], checks["upgrade.install"]) == (3, 1)
    assert only(idle().ended(60)).what == "the upgrade did not begin"
    clean(idle().ended(20.9))


def test_it_does_not_ask_for_provision_enable() -> None:
    clean(downloads(idle(Provision_Enable="No"), 10).boots(40).ended(60))
    assert only(idle(Provision_Enable="No").ended(60)).requirement == "upgrade.rule"


@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"Upgrade_Enable": "No"}, "upgrade.enable"),
        ({"Upgrade_Rule": ""}, "upgrade.rule"),
        ({"Upgrade_Rule": f"($SWVER gt {NEW})? {RULE}"}, "upgrade.rule"),
        ({"Upgrade_Rule": f"tftp://{LAB}/fw/{RUNNING}.loads"}, "upgrade.load"),
    ],
)
def test_an_upgrade_although_none_is_due(changes: dict[str, str], clause: str) -> None:
    asked = changes.get("Upgrade_Rule", RULE)
    path = f"/fw/{RUNNING}.loads" if RUNNING in asked and "$" not in asked else LOADS
    story = idle(**changes)
    fetches(story, 11, path, FILES[f"{NEW}.loads"])
    fetches(story, 12, IMAGE, FILES[f"{NEW}.sbn"])
    finding = only(story.boots(40).ended(60))
    assert (finding.requirement, finding.what) == (clause, "an upgrade although none is due")
    clean(idle(**changes).ended(7200))


def test_an_upgrade_in_a_call() -> None:
    def says(story: Story, at: float, method: str, status: int = 0) -> None:
        sent = status == 0
        direction = tellings.SENT if sent else tellings.RECEIVED
        story.tell(at, tellings.sip(method, direction, user="line1", call="c", status=status))

    def calling() -> Story:
        story = idle("", User_ID_1_="line1")
        says(story, 20, "INVITE")
        says(story, 21, "INVITE", 200)
        says(story, 21.1, "ACK")
        return story.web(30, "/admin/upgrade?" + RULE)

    early = downloads(calling(), 40).boots(60).ended(100)
    assert only(early).requirement == "upgrade.idle"
    late = calling()
    says(late, 400, "BYE")
    says(late, 400.1, "BYE", 200)
    clean(downloads(late, 400.2).boots(440).ended(450))


# --- what it fetches


@pytest.mark.parametrize(
    ("asked", "clause"),
    [
        ({"path": f"/fw/{OTHER}.loads"}, "upgrade.rule"),
        ({"path": LOADS, "port": 6900}, "upgrade.url"),
        ({"path": LOADS, "scheme": "http"}, "upgrade.url"),
    ],
)
def test_another_file_than_the_rule_s(asked: dict[str, object], clause: str) -> None:
    story = idle()
    story.request(10, **asked)
    assert only(story).requirement == clause


def test_the_image_is_due_after_the_loads_file() -> None:
    story = fetches(idle(), 10, LOADS, FILES[f"{NEW}.loads"]).ended(60)
    finding = only(story)
    assert finding.what == "Upgrade_Rule was not fetched"
    assert finding.due == f"a request for tftp://{LAB}:69{IMAGE} from {LAB}"


def test_a_load_whose_image_takes_long_is_waited_for() -> None:
    story = fetches(idle(), 10, LOADS, FILES[f"{NEW}.loads"])
    fetches(story, 11, IMAGE, FILES[f"{NEW}.sbn"], seconds=3000)
    clean(story.boots(3040).ended(3060))


# --- what becomes of it


def test_a_reboot_is_due_after_the_installation() -> None:
    finding = only(downloads(idle(), 10).ended(400))
    assert finding.requirement == "upgrade.install"
    assert finding.what == "the phone did not reboot (firmware upgrade)"
    clean(downloads(idle(), 10).boots(190).ended(400))


def test_a_load_that_is_not_right_is_not_installed() -> None:
    spoilt = load_files(NEW, 1000, flaws=Flaws(corrupt=5))
    told = f"{PHONE} -- Upgrade failed: corrupt"
    request = f"{PHONE} -- Requesting upgrade tftp://{LAB}:69{LOADS}"
    failed = downloads(idle(**LOG).log(10, request), 10, spoilt).log(11.2, told)
    failed.log(611.3, request).not_found(611.4, LOADS).log(611.6, told)
    checks = clean(failed.ended(620))
    assert checks["upgrade.error_retry_delay"] == 1
    assert checks["log.upgrade_failure"] == 2
    installed = downloads(idle(**LOG).log(10, request), 10, spoilt).boots(40)
    assert only(installed.ended(60)).requirement == "log.upgrade_failure"


# --- retries


@pytest.mark.parametrize(("at", "margin"), [(500.1, "110.000 s early"), (640.1, "30.000 s late")])
def test_a_retry_outside_its_window(at: float, margin: str) -> None:
    story = idle().not_found(10, LOADS)
    story.not_found(at, LOADS)
    found = findings(story)
    assert {finding.requirement for finding in found} == {"upgrade.error_retry_delay"}
    if "early" in margin:
        assert found[0].margin == margin
    clean(idle().not_found(10, LOADS).not_found(610.1, LOADS).ended(620))


def test_a_retry_although_the_delay_is_zero() -> None:
    zero = {"Upgrade_Error_Retry_Delay": "0"}
    story = idle(**zero).not_found(10, LOADS).not_found(300, LOADS)
    assert only(story).requirement == "upgrade.error_retry_delay"
    clean(idle(**zero).not_found(10, LOADS).ended(50_000))


def test_a_retry_after_a_silent_server_may_come_as_much_later() -> None:
    for retry in (620, 640):
        story = idle()
        story.fault(10.1, "Silence", "tftp").end(10.2, story.request(10, LOADS), "aborted")
        clean(story.not_found(retry, LOADS).ended(retry + 5))


def test_what_is_settled_is_not_attempted_again() -> None:
    latest = f"tftp://{LAB}/fw/latest.loads"
    changed = {"Profile_Rule": f"tftp://{LAB}/a.xml", "Resync_Periodic": "600"}
    quiet = {"Resync_On_Reset": "Yes", **changed}

    def settled() -> Story:
        story = idle(latest, **quiet).fetch(10, "/a.xml", **changed)
        downloads(story, 10.3, name="latest").boots(40)
        return story.fetch(641, "/a.xml", **changed)

    clean(settled().ended(700))
    again = fetches(settled(), 641.5, "/fw/latest.loads", FILES[f"{NEW}.loads"])
    assert only(again.ended(700)).requirement == "upgrade.settled"


def test_whether_that_outlives_a_loss_of_power_is_left_open() -> None:
    def powered() -> Story:
        story = downloads(idle(f"tftp://{LAB}/fw/latest.loads"), 10, name="latest").boots(40)
        return story.power(100, "off").power(110, "on").lease(120)

    clean(powered().ended(4000))
    clean(fetches(powered(), 121, "/fw/latest.loads", FILES[f"{NEW}.loads"]).ended(200))


# --- resyncs after it


@pytest.mark.parametrize("success", [True, False])
@pytest.mark.parametrize("after", ["Yes", "No"])
def test_a_resync_after_the_attempt(after: str, success: bool) -> None:
    def attempted() -> Story:
        story = idle(Resync_After_Upgrade_Attempt=after, Resync_Random_Delay="0")
        return downloads(story, 10).boots(40) if success else story.not_found(10, LOADS)

    at = 41 if success else 10.2
    with_one = attempted().fetch(at, Resync_Periodic="0").ended(100)
    without = attempted().ended(100)
    right, wrong = (with_one, without) if after == "Yes" else (without, with_one)
    clean(right)
    assert only(wrong).requirement == "resync.after_upgrade"
