"""What the monitor must find of upgrades, each beside its clean twin in which it must find nothing.

The phone runs sip7832.11-3-2MPP0001-609 and has its lease at 10 s; an upgrade is due then, and nothing
else. A load has one image of a thousand octets. `TIMING` allows 10 s a step and 180 s to a reboot.
"""

from __future__ import annotations

import pytest
import tellings
from histories import LAB, TIMING, Story, booted, findings, monitored

from hil.history import events as ev
from hil.judge.findings import Finding
from hil.loads import Flaws, load_files
from hil.reference.interpretations import DEFAULT

RUNNING = "sip7832.11-3-2MPP0001-609"
NEW = "sip7832.11-3-2MPP0001-610"
OTHER = "sip7832.11-3-2MPP0001-611"
RULE = f"tftp://{LAB}/fw/{NEW}.loads"
LOADS, IMAGE = f"/fw/{NEW}.loads", f"/fw/{NEW}.sbn"
FILES = load_files(NEW, 1000)
ALONE = {
    "Resync_On_Reset": "No",
    "Resync_Periodic": "0",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "600",
}
LOG = {"Syslog_Server": LAB}
PHONE = "CP-7832-3PCC 00:0e:08:aa:bb:cc"


def idle(rule: str = RULE, **parameters: str) -> Story:
    return booted(**ALONE | {"Upgrade_Rule": rule} | parameters)


def fetches(story: Story, at: float, path: str, body: bytes, *, seconds: float = 0.1) -> Story:
    return story.end(at + seconds, story.request(at, path), body=body)


def downloads(story: Story, at: float, files: dict[str, bytes] = FILES, name: str = NEW) -> Story:
    """Both files of a load, one second after the other."""
    fetches(story, at, f"/fw/{name}.loads", files[f"{NEW}.loads"])
    return fetches(story, at + 1, IMAGE, files[f"{NEW}.sbn"])


def only(story: Story) -> Finding:
    found = findings(story)
    assert len(found) == 1, "\n".join(map(str, found))
    return found[0]


def clean(story: Story) -> dict[str, int]:
    monitor = monitored(story)
    assert monitor.findings == [], "\n".join(map(str, monitor.findings))
    assert not monitor.lost, monitor.lost
    return monitor.checks


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


# --- messages


def test_the_messages_of_an_upgrade_are_due() -> None:
    request = f"{PHONE} -- Requesting upgrade tftp://{LAB}:69{LOADS}"
    success = f"{PHONE} -- Successful upgrade tftp://{LAB}:69{LOADS} -- done"

    def told(*texts: str) -> Story:
        story = idle(**LOG)
        if request in texts:
            story.log(10, request)
        downloads(story, 10)
        if success in texts:
            story.log(30, success)
        return story.boots(60).ended(300)

    checks = clean(told(request, success))
    assert (checks["log.upgrade_request"], checks["log.upgrade_success"]) == (1, 1)
    assert only(told(success)).requirement == "log.upgrade_request"
    assert only(told(request)).requirement == "log.upgrade_success"


def test_a_message_whose_first_word_looks_like_a_tag_is_the_message() -> None:
    story = idle(Log_Upgrade_Request_Msg="upgrade: $MA", Log_Upgrade_Failure_Msg="", **LOG)
    tagged = ev.SyslogMessage(source="syslog", text="000e08aabbcc", tag="upgrade", peer="")
    clean(story.tell(10, tagged).not_found(10, LOADS).ended(60))


def test_a_rule_that_cannot_be_followed_fails_without_a_trace() -> None:
    clean(idle(f"/fw/{NEW}.loads").ended(50_000))
    log = {"Log_Upgrade_Failure_Msg": "failed", **LOG}
    failing = idle(f"/fw/{NEW}.loads", **log).log(10, "failed").log(610, "failed")
    assert clean(failing.ended(700))["log.upgrade_failure"] == 2
    assert only(idle(f"/fw/{NEW}.loads", **log).ended(60)).requirement == "upgrade.rule"


def test_a_url_that_tells_the_seconds_is_not_compared() -> None:
    story = idle(f"tftp://{LAB}/$UPGTMR/x.loads").not_found(10, "/0/x.loads")
    clean(story.not_found(610.1, "/601/x.loads").ended(620))


# --- the log server of the peers


PEERS = {"Peer_Firmware_Sharing_Log_Server": f"{LAB}:5140"}


def report(story: Story, at: float, text: str = "CPPDP: image received", port: int = 5140) -> Story:
    return story.tell(at, ev.SyslogMessage(source="peer-log", text=text, peer="", port=port))


@pytest.mark.parametrize("at", [10.005, 10.5, 11.5, 20, 40.5])
def test_a_phone_that_takes_part_may_report_in_an_upgrade(at: float) -> None:
    story = idle(**PEERS)
    timely = Story()
    for event in downloads(story, 10.01).boots(40).ended(60).events:
        if event.at / 1e9 >= at and not any(e.source == "peer-log" for e in timely.events):
            report(timely, at)
        timely.tell(event.at / 1e9, event)
    checks = clean(timely)
    assert checks["upgrade.peer_sharing_log"] == 1


@pytest.mark.parametrize("at", [8.0, 200.0])
def test_at_any_other_time_it_may_not(at: float) -> None:
    story = idle(**PEERS)
    if at < 10:
        story = Story().started().prepared(Upgrade_Rule=RULE, **PEERS, **ALONE).power(1, "on")
        assert only(report(story, at)).requirement == "upgrade.peer_sharing_log"
        return
    finding = only(report(downloads(story, 10).boots(40), at).ended(300))
    assert (finding.requirement, finding.due) == (
        "upgrade.peer_sharing_log",
        "none but in an upgrade",
    )


def test_one_that_takes_no_part_may_never() -> None:
    story = report(idle(Peer_Firmware_Sharing="No", **PEERS), 10.05)
    finding = only(downloads(story, 10.1).boots(40).ended(60))
    assert finding.due == "none: the phone takes no part in the sharing"


def test_where_the_syslog_server_is_nobody_can_tell_whose_message_it_is() -> None:
    shared = {"Peer_Firmware_Sharing": "No", "Peer_Firmware_Sharing_Log_Server": LAB, **LOG}
    story = idle("", Log_Upgrade_Request_Msg="", **shared)
    clean(report(story, 50, "something of its own", port=514).ended(60))


def test_read_as_upgrade_messages_they_are_due_there() -> None:
    reading = DEFAULT.choose(peer_sharing_log="upgrade-messages")
    named = {
        "Peer_Firmware_Sharing_Log_Server": LAB,
        "Log_Upgrade_Request_Msg": "begins",
        "Log_Upgrade_Failure_Msg": "fails",
    }

    def told(*texts: str) -> list[str]:
        story = idle(**named)
        report(story, 10, texts[0], port=514).not_found(10, LOADS)
        for text in texts[1:]:
            report(story, 10.2, text, port=514)
        found = findings(story.ended(60), TIMING, reading)
        return [finding.requirement for finding in found]

    assert told("begins", "fails") == []
    assert told("begins") == ["log.upgrade_failure"]
