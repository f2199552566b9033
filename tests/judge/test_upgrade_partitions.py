"""What the monitor holds against a phone whose partitions, or whose load, it cannot look into."""

from __future__ import annotations

import pytest
from histories import LAB, Story, findings, monitored
from upgrade_stories import (
    ALONE,
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

from hil.history import events as ev
from hil.loads import load_files


def test_a_load_of_unknown_format_is_the_phone_s_own_affair() -> None:
    vendor = b"\x7fLOADS 11-3-2 opaque"
    quiet = fetches(idle(**LOG), 10, LOADS, vendor)
    rebooted = fetches(idle(), 10, LOADS, vendor)
    fetches(rebooted, 11, "/fw/rootfs7832.sbn", b"x" * 1000)
    fetches(rebooted, 12, "/fw/kernel7832.sbn", b"y" * 1000).boots(90)
    rebooted.fetch(91, f"/{OTHER}.xml")
    for story in (quiet, rebooted):
        monitor = monitored(story.ended(3000))
        assert monitor.findings == []
        assert "the inside of the load that it was given is not published" in monitor.lost


def test_it_is_found_again_when_it_is_prepared_anew() -> None:
    story = fetches(idle(), 10, LOADS, b"opaque").power(20, "off")
    story.prepared(21, **ALONE).power(30, "on").lease(40)
    fetches(story, 41, LOADS, FILES[f"{NEW}.loads"])
    assert only(story.ended(50)).requirement == "upgrade.rule"


def test_a_large_loads_file_that_nobody_kept_is_of_unknown_format_too() -> None:
    story = idle()
    ended = ev.TransferEnded(
        source="tftp",
        scheme="tftp",
        path=LOADS,
        peer="",
        transfer=story.request(10, LOADS),
        outcome=ev.Outcome.COMPLETE,
        sent=9_000_000,
        size=9_000_000,
        sha256="00" * 32,
    )
    assert monitored(story.tell(20, ended)).lost


# --- the other partition


def started_back(story: Story, at: float) -> Story:
    """A profile asks for the former load; the phone has it in its other partition."""
    rule = f"tftp://{LAB}/fw/{RUNNING}.loads"
    return story.web(at, "/admin/resync").fetch(at + 0.1, Upgrade_Rule=rule)


def test_a_load_in_the_other_partition_needs_nothing_but_a_reboot() -> None:
    story = started_back(downloads(idle(), 10).boots(40), 100)
    checks = clean(story.boots(260).ended(300))
    assert checks["upgrade.install"] == 2
    late = started_back(downloads(idle(), 10).boots(40), 100)
    assert only(late.ended(400)).what == "the upgrade did not begin"
    fetched = started_back(downloads(idle(), 10).boots(40), 100)
    number = fetched.request(101, f"/fw/{RUNNING}.loads")
    fetched.end(101.1, number, body=load_files(RUNNING, 1000)[f"{RUNNING}.loads"])
    assert [f.requirement for f in findings(fetched.ended(400))] != []


def test_its_messages_are_due_all_the_same() -> None:
    def told(*texts: str) -> Story:
        upgraded = idle(Log_Upgrade_Request_Msg="begins", Log_Upgrade_Success_Msg="", **LOG)
        downloads(upgraded.log(10, "begins"), 10).boots(40)
        started_back(upgraded, 100)
        upgraded.log(100.1, f"{PHONE} -- Requesting resync tftp://{LAB}:69/7832-3PCC.xml")
        upgraded.log(100.2, f"{PHONE} -- Successful resync tftp://{LAB}:69/7832-3PCC.xml -- OK")
        for text in texts:
            upgraded.log(100.4, text)
        return upgraded.boots(105).ended(200)

    clean(told("begins"))
    # The message is the first thing that would have shown of it.
    assert only(told()).what == "the upgrade did not begin"


@pytest.mark.parametrize("standby", [None, NEW])
def test_a_lab_that_does_not_know_the_other_partition_takes_what_comes(standby: str | None) -> None:
    story = Story().started()
    story.prepared(standby=standby, Upgrade_Rule=RULE, **ALONE).power(1, "on").lease(10)
    clean(story.boots(60).ended(100))


def test_unknown_it_may_be_downloaded_as_well() -> None:
    story = Story().started().prepared(standby=None, Upgrade_Rule=RULE, **ALONE)
    clean(downloads(story.power(1, "on").lease(10), 10).boots(60).ended(100))


# --- loss of power


@pytest.mark.parametrize("boots", [NEW, RUNNING])
def test_a_loss_of_power_in_the_installation_leaves_either_load(boots: str) -> None:
    story = downloads(idle(), 10).power(15, "off").power(20, "on").lease(30)
    if boots == RUNNING:
        downloads(story, 30).boots(60)
    clean(story.ended(300))


def test_one_in_the_download_leaves_the_old_one() -> None:
    story = fetches(idle(), 10, LOADS, FILES[f"{NEW}.loads"])
    story.request(11, IMAGE)
    story.power(12, "off").power(20, "on").lease(30)
    assert only(story.ended(300)).what == "the upgrade did not begin"


def test_a_load_that_was_written_before_the_power_went_may_be_started_at_once() -> None:
    story = downloads(idle(), 10).power(15, "off").power(20, "on").lease(30)
    clean(story.boots(35).ended(300))
