"""Stored histories that a judge must not call PASS; `python tests/support/canaries.py` writes them.

For every checker there is a history that breaks its rule and nothing else, which must be FAIL; the
same history in which the lab failed, which must be ERROR; and the same history cut off before the
breach shows, with a phone that nobody sees alive any more, which must be INCONCLUSIVE: it may have
kept the rule or broken it. They are stored as a run stores them, so that judging an old run again
is tested with them; `hil judge tests/judge/canaries/NAME.jsonl` shows one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import tellings
from canaries_of_checks import CHECK_BREACHES, unwatched
from canaries_of_lines import LINE_BREACHES
from histories import IDENTITY, LAB, NANOSECONDS, TIMING, Story, booted, phone

from hil import digest
from hil.history import HistoryFile
from hil.history import events as ev
from hil.judge import Conduct, Finding, judge
from hil.loads import load_files

DIRECTORY = Path(__file__).parents[1] / "judge" / "canaries"

_LOG = {"Syslog_Server": LAB}
_LOAD = "sip7832.11-3-2MPP0001-610"
_UPGRADE = f"tftp://{LAB}/{_LOAD}.loads"
_IDLE = {"Resync_On_Reset": "No", "Resync_After_Upgrade_Attempt": "No"}
_REQUESTED = f"CP-7832-3PCC 00:0e:08:aa:bb:cc -- Requesting resync tftp://{LAB}:69/7832-3PCC.xml"


def _without_lease() -> Story:
    story = Story().prepared().power(1, "on")
    story.request(3)
    return story


def _wrong_path() -> Story:
    story = booted()
    story.request(10, "/other.xml")
    return story


def _failed_handshake_too_soon() -> Story:
    story = booted(Profile_Rule=f"https://{LAB}/x", Resync_Error_Retry_Delay="60")
    for at in (10, 30):
        number = story.connected(at, 443)
        failed = ev.TlsHandshake(source="https", connection=number, peer="", succeeded=False)
        story.tell(at, failed)
    return story


def _without_its_image() -> Story:
    story = booted(Upgrade_Rule=_UPGRADE, **_IDLE)
    manifest = load_files(_LOAD, 100)[f"{_LOAD}.loads"]
    return story.end(11, story.request(10, f"/{_LOAD}.loads"), body=manifest)


def _told_the_peers() -> Story:
    named = {"Peer_Firmware_Sharing_Log_Server": f"{LAB}:5140", "Peer_Firmware_Sharing": "No"}
    message = ev.SyslogMessage(source="peer-log", text="CPPDP", peer="", port=5140)
    return booted(**_IDLE, **named).tell(20, message)


def _asked_by_web(*, status: int = 200, **parameters: str) -> Story:
    story = booted(**_IDLE, **parameters).tell(20, tellings.web_requested(1, "/admin/resync"))
    return story.tell(20.1, tellings.web_answered(1, status))


def _asked_by_notify(**parameters: str) -> Story:
    """The phone agrees to what a NOTIFY asks for."""
    story = booted(User_ID_1_="101", **_IDLE, **parameters)
    for direction, status in ((tellings.SENT, 0), (tellings.RECEIVED, 200)):
        message = tellings.sip(
            "NOTIFY", direction, user="101", call="n", status=status, event="resync"
        )
        story.tell(20, message)
    return story


def _in_a_call(**parameters: str) -> Story:
    """Somebody has called the phone; the call goes on."""
    story = booted(User_ID_1_="101", **parameters).fetch(10, Resync_Periodic="20")
    for at, method, direction, status in (
        (15, "INVITE", tellings.SENT, 0),
        (16, "INVITE", tellings.RECEIVED, 200),
        (16.1, "ACK", tellings.SENT, 0),
    ):
        story.tell(at, tellings.sip(method, direction, user="101", call="c", status=status))
    return story


def _after_a_call() -> Story:
    """The call is over at 20 s, and the countdown of 30 s runs."""
    story = _in_a_call(Forced_Resync_Delay="30")
    return story.tell(20, tellings.sip("BYE", tellings.RECEIVED, user="101", call="c", cseq=2))


def _triggered() -> Story:
    return booted(Resync_Trigger_1="$PRVTMR ge 30").fetch(10, Resync_Periodic="0")


def _told_the_time() -> Story:
    """Its clock shows 07:00 at 11 s; it is to resync at ten past."""
    local = {"Time_Zone": "GMT", "Daylight_Saving_Time_Enable": "No", "Resync_At__HHmm_": "0710"}
    story = booted({51: (8 * 86_400).to_bytes(4)}, **local).fetch(10)
    return story.tell(11, tellings.time_told(1_772_434_805 * 1_000_000_000))


def _submitted() -> Story:
    """It boots since its parameters were changed."""
    story = booted(**_IDLE).tell(12, tellings.web_requested(1, "/admin/config.xml", parameters={}))
    story.tell(12.1, tellings.web_answered(1, 200)).tell(30, tellings.dhcp("DISCOVER"))
    return story.lease(31)


def _asked_to_reboot() -> Story:
    story = booted(**_IDLE).tell(20, tellings.web_requested(1, "/admin/reboot"))
    return story.tell(20.1, tellings.web_answered(1, 200)).tell(240, tellings.time_asked())


def _reports(method: str) -> Story:
    story = booted(Report_Rule=f"http://{LAB}/report", **_IDLE)
    story.request(10, "/report", scheme="http", method=method)
    return story


def _upgraded_in_silence() -> Story:
    files = load_files(_LOAD, 100)
    story = booted(
        Upgrade_Rule=_UPGRADE, Log_Upgrade_Request_Msg="", Resync_Random_Delay="0", **_LOG, **_IDLE
    )
    story.end(10.1, story.request(10, f"/{_LOAD}.loads"), body=files[f"{_LOAD}.loads"])
    story.end(10.3, story.request(10.2, f"/{_LOAD}.sbn"), body=files[f"{_LOAD}.sbn"])
    return story.tell(40, tellings.dhcp("DISCOVER")).lease(41).tell(240, tellings.time_asked())


def _registers_all_the_same() -> Story:
    story = booted(User_ID_1_="101", Proxy_1_=LAB, Register_1_="No", **_IDLE)
    return story.tell(40, tellings.sip("REGISTER", tellings.RECEIVED, user="101", call="r"))


def _obeyed_before_it_refused() -> Story:
    story = booted(**_IDLE).tell(20, tellings.web_requested(1, "/admin/resync"))
    return (
        story.fetch(20.05).tell(20.3, tellings.web_answered(1, 403)).tell(40, tellings.time_asked())
    )


def _another_password() -> Story:
    """It answers the challenge of the HTTP server, and not with the password of its rule."""
    challenge = 'Digest realm="hil", nonce="n1", algorithm=SHA-256, qop="auth"'
    story = booted(Profile_Rule=f"[--uid phone --pwd s3cret] http://{LAB}/x")
    refused = (("WWW-Authenticate", challenge),)
    number = story.request(10, "/x", scheme="http")
    story.end(10.1, number, "unauthorized", scheme="http", status=401, headers=refused)
    schemes = digest.read_schemes(challenge)
    shown = digest.answer(schemes, "phone", "wrong", method="GET", uri="/x", cnonce="c") or ""
    story.request(10.2, "/x", scheme="http", headers=(("authorization", shown),))
    return story


def _records_not_looked_up() -> Story:
    story = booted(Profile_Rule="[--srv] http://prov.example/x").look_up(10, "prov.example", LAB)
    story.request(10.2, "/x", scheme="http", host="prov.example")
    return story


BREACHES: Mapping[str, tuple[str, Callable[[], Story]]] = {
    "unexpected": ("resync.on_reset", lambda: booted(Resync_On_Reset="No").fetch(20)),
    "disabled": ("provision.enable", lambda: booted(Provision_Enable="No").fetch(10)),
    "before-the-lease": ("resync.random_delay", _without_lease),
    "power-up-missing": ("resync.on_reset", booted),
    "power-up-late": ("resync.random_delay", lambda: booted(Resync_Random_Delay="40").fetch(58)),
    "periodic-early": (
        "resync.periodic",
        lambda: booted().fetch(10, Resync_Periodic="30").fetch(25, Resync_Periodic="0"),
    ),
    "periodic-missing": ("resync.periodic", lambda: booted().fetch(10, Resync_Periodic="30")),
    "retry-early": (
        "resync.error_retry_delay",
        lambda: booted(Resync_Error_Retry_Delay="40").not_found(10).not_found(30),
    ),
    "retry-missing": (
        "resync.error_retry_delay",
        lambda: booted(Resync_Error_Retry_Delay="30").not_found(10),
    ),
    "wrong-path": ("rules.default", _wrong_path),
    "next-rule-missing": ("rules.sequence", lambda: booted(Profile_Rule_B="/b.xml").fetch(10)),
    "not-looked-up": ("rules.url", lambda: booted(Profile_Rule_B="http://a.example/b").fetch(10)),
    "request-message-missing": (
        "log.request",
        lambda: booted(**_LOG, Log_Success_Msg="").fetch(10),
    ),
    "success-message-wrong": (
        "log.success",
        lambda: booted(**_LOG).log(10, _REQUESTED).fetch(10).log(10.2, "Successful"),
    ),
    "failure-message-missing": (
        "log.failure",
        lambda: booted(**_LOG, Resync_Error_Retry_Delay="0").log(10, _REQUESTED).not_found(10),
    ),
    "handshake-too-soon": ("resync.error_retry_delay", _failed_handshake_too_soon),
    "upgrade-missing": ("upgrade.rule", lambda: booted(Upgrade_Rule=_UPGRADE, **_IDLE)),
    "upgrade-disabled": (
        "upgrade.enable",
        lambda: booted(Upgrade_Enable="No", **_IDLE).not_found(20, f"/{_LOAD}.loads"),
    ),
    "upgrade-retry-early": (
        "upgrade.error_retry_delay",
        lambda: (
            booted(Upgrade_Rule=_UPGRADE, **_IDLE)
            .not_found(10, f"/{_LOAD}.loads")
            .not_found(30, f"/{_LOAD}.loads")
        ),
    ),
    "upgrade-without-image": ("upgrade.rule", _without_its_image),
    "upgrade-untold": ("log.upgrade_success", _upgraded_in_silence),
    "asked-by-web": ("web.resync", _asked_by_web),
    "refused-and-done": ("web.access", lambda: _asked_by_web(status=403).fetch(21)),
    "asked-by-notify": ("resync.from_sip", _asked_by_notify),
    "denied-to-notify": (
        "resync.from_sip",
        lambda: _asked_by_notify(Resync_From_SIP="No").fetch(21, Resync_Periodic="0"),
    ),
    "asked-at-the-screen": (
        "resync.user_configurable",
        lambda: booted(**_IDLE).tell(20, tellings.screen("resync")),
    ),
    "in-a-call": ("resync.idle", lambda: _in_a_call().fetch(30, Resync_Periodic="0")),
    "too-soon-after-a-call": (
        "resync.forced_delay",
        lambda: _after_a_call().fetch(40, Resync_Periodic="0"),
    ),
    "trigger-missing": ("resync.trigger", _triggered),
    "trigger-early": ("resync.trigger", lambda: _triggered().fetch(20, Resync_Periodic="0")),
    "at-another-time": ("resync.at", lambda: _told_the_time().fetch(50, Resync_Periodic="0")),
    "after-an-update": ("resync.after_update", lambda: _submitted().fetch(33)),
    "reboot-missing": ("web.reboot", _asked_to_reboot),
    "report-missing": (
        "report.when",
        lambda: booted(Report_Rule=f"http://{LAB}/report", **_IDLE),
    ),
    "report-by-another-method": ("report.when", lambda: _reports("PUT")),
    "registers-all-the-same": ("sip.registration", _registers_all_the_same),
    "peers-told": ("upgrade.peer_sharing_log", _told_the_peers),
    "obeyed-before-it-refused": ("web.access", _obeyed_before_it_refused),
    "answers-with-another-password": ("transfer.authentication", _another_password),
    "records-not-looked-up": ("rules.srv", _records_not_looked_up),
    **LINE_BREACHES,
    **CHECK_BREACHES,
}
"""A breach by name: the requirement that it breaks, and the story until that shows."""


def _end(story: Story) -> float:
    return max(60.0, story.events[-1].at / 1_000_000_000 + 1)


def _seen_to_the_end(story: Story) -> Story:
    return story.ended(_end(story))


def _lab_failed(story: Story) -> Story:
    fault = ev.LabFault(source="net", what="the virtual network lost a frame")
    end = _end(story)
    return story.tell(end - 1, fault).ended(end)


def _power_lied(story: Story) -> Story:
    lied = ev.PowerFailed(outlet="1", action=ev.PowerAction.OFF, reason="it reads on")
    end = _end(story)
    return story.tell(end - 1, lied).ended(end)


def accused(requirement: str, story: Story) -> list[Finding]:
    """What the judge finds in a story that is told so far."""
    return list(judge(story.events, Conduct((requirement,)), phone(), TIMING).findings)


def not_seen(requirement: str, story: Story) -> Story:
    """The story until just before the breach shows; then nobody sees the phone alive any more."""
    found = accused(requirement, _seen_to_the_end(story))
    shown = min(f.missed_at if f.missed_at >= 0 else f.at for f in found)
    told = Story()
    for event in story.events:
        if event.at < shown and event is not story.events[-1]:
            told.tell(event.at / NANOSECONDS, event)
    last, at = told.events[-1].at, shown - 1
    while True:
        cut = Story()
        for event in told.events:
            cut.tell(event.at / NANOSECONDS, event)
        dead = ev.Alive(source="bench", alive=False, method="icmp", detail="no echo")
        ended = ev.TestEnded(source="bench", test="test")
        cut.tell(at / NANOSECONDS, dead).tell(at / NANOSECONDS, ended)
        if not accused(requirement, cut):
            return cut
        # A deadline that the finding does not tell lies before the moment at which it was noticed.
        at = (last + at) // 2


ENDINGS: Mapping[str, tuple[str, Callable[[Story], Story]]] = {
    "seen": ("FAIL", _seen_to_the_end),
    "lab-fault": ("ERROR", _lab_failed),
    "power-lied": ("ERROR", _power_lied),
}


def _innocent_but_dead() -> Story:
    """Nothing is broken, and nobody saw the phone to the end."""
    story = booted().fetch(10, Resync_Periodic="0")
    story.tell(60, ev.Alive(source="bench", alive=False, method="icmp", detail="no echo"))
    return story.tell(60, ev.TestEnded(source="bench", test="test"))


def _nothing_happened() -> Story:
    return Story().prepared().ended(60)


def canaries() -> dict[str, Story]:
    """Every canary by the name of its file, which ends in its verdict."""
    made: dict[str, Story] = {}
    for name, (requirement, tell) in BREACHES.items():
        for ending, (verdict, finish) in ENDINGS.items():
            made[f"{name}.{ending}.{verdict}"] = _declaring(requirement, finish(tell()))
        cut = not_seen(requirement, tell())
        made[f"{name}.not-seen.INCONCLUSIVE"] = _declaring(requirement, cut)
    made["innocent.not-seen.INCONCLUSIVE"] = _declaring("resync.on_reset", _innocent_but_dead())
    unlinked = _declaring("resync.on_reset", unwatched().ended(60))
    made["innocent.without-link.INCONCLUSIVE"] = unlinked
    made["innocent.no-stimulus.ERROR"] = _declaring("resync.on_reset", _nothing_happened())
    return made


def _declaring(requirement: str, story: Story) -> Story:
    """As a run stores it: who the handset is, and what it is judged by, come first."""
    run = ev.RunStarted(
        source="bench",
        version="canary",
        testbed="canaries",
        clock="told",
        wall_ns=0,
        identity=asdict(IDENTITY),
        timing=asdict(TIMING),
    )
    told = Story().tell(0, run).started(requirement)
    for event in story.events:
        if not isinstance(event, ev.TestStarted):
            told.tell(event.at / 1_000_000_000, event)
    # Its test went through: whatever is wrong shows in what happened.
    return told.tell(told.events[-1].at / NANOSECONDS, ev.Conducted(test="test"))


def write(directory: Path = DIRECTORY) -> None:
    """Write each canary into its file."""
    for name, story in canaries().items():
        with HistoryFile(directory / f"{name}.jsonl") as file:
            for event in story.events:
                file.write(event)
            file.seal(at=story.events[-1].at, seq=len(story.events), handset="phone")


if __name__ == "__main__":
    write()
