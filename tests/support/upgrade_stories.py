"""Histories of a phone that upgrades itself, and what the monitor finds in them.

The phone runs sip7832.11-3-2MPP0001-609 and has its lease at 10 s; an upgrade is due then, and nothing
else. A load has one image of a thousand octets.
"""

from __future__ import annotations

from histories import LAB, Story, booted, findings, monitored

from hil.judge.findings import Finding
from hil.loads import load_files

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
