"""The files of a load: which ``.loads`` files are none, and where those that one names lie.

What a release has inside is not published; these are test loads, which a virtual phone can read.
"""

from __future__ import annotations

import hashlib

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, Direction, ProvisioningRequest, SyslogMessage
from hil.marks import needs, requirement
from hil.reference.load_builder import sign
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease, expect_reboot, idle_phone, soon
from hil.testing.upgrades import check_load, expect_upgrade

NEWER = "sip7832.11-3-2MPP0001-610"
PATH = f"/firmware/{NEWER}.loads"
ALONE = {
    "Resync_On_Reset": "No",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "0",
}
IMAGE = b"image" * 200
FIRST = "hil test load 1"
MODEL = "model 7832"
VERSION = f"version {NEWER}"
DIGEST = hashlib.sha256(IMAGE).hexdigest()
MEMBER = f"member image.sbn 1000 {DIGEST}"


def signed(*lines: str, key: bytes = b"hil: for tests only, not secret!") -> bytes:
    return sign("".join(f"{line}\n" for line in lines).encode(), key)


GOOD = signed(FIRST, MODEL, VERSION, MEMBER)
NO_LOADS = {
    "empty": b"",
    "page": b"<html><body>Please log in</body></html>",
    "another-format": signed("hil test load 2", MODEL, VERSION, MEMBER),
    "no-format": signed(MODEL, VERSION, MEMBER),
    "another-model": signed(FIRST, "model 8832", VERSION, MEMBER),
    "no-model": signed(FIRST, VERSION, MEMBER),
    "no-version": signed(FIRST, MODEL, MEMBER),
    "model-alone": signed(FIRST, MODEL),
    "no-member": signed(FIRST, MODEL, VERSION),
    "version-with-slash": signed(FIRST, MODEL, "version a/b", MEMBER),
    "not-ascii": signed(FIRST, MODEL, "version löad", MEMBER),
    "more-lines": signed(FIRST, MODEL, VERSION, MEMBER, "now"),
    "size-in-words": signed(FIRST, MODEL, VERSION, f"member image.sbn ten {DIGEST}"),
    "short-digest": signed(FIRST, MODEL, VERSION, MEMBER[:-1]),
    "empty-member": signed(
        FIRST, MODEL, VERSION, f"member image.sbn 0 {hashlib.sha256().hexdigest()}"
    ),
    "elsewhere": signed(FIRST, MODEL, VERSION, f"member ../image.sbn 1000 {DIGEST}"),
    "hidden": signed(FIRST, MODEL, VERSION, f"member .image.sbn 1000 {DIGEST}"),
    "itself-a-load": signed(FIRST, MODEL, VERSION, f"member image.loads 1000 {DIGEST}"),
    "twice": signed(FIRST, MODEL, VERSION, MEMBER, MEMBER),
    "unsigned": GOOD.partition(b"signature ")[0],
    "another-key": signed(FIRST, MODEL, VERSION, MEMBER, key=bytes(32)),
    "another-signature": GOOD[:-130] + b" " + signed(FIRST)[-129:],
    "signature-cut": GOOD[:-2] + b"\n",
    "no-newline": GOOD[:-1],
    "signature-alone": signed(),
    "more-after-it": GOOD + b"\n",
    "changed": GOOD.replace(b"image.sbn", b"imago.sbn"),
}


@needs("test_loads")
@requirement("upgrade.corrupt_load")
def test_of_a_file_that_is_no_load_nothing_is_fetched_or_installed(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    """One command after another; the phone says of each that it failed."""
    log = {"Syslog_Server": syslog.address, "Log_Upgrade_Failure_Msg": "failed"}
    booted = idle_phone(history, handset, **ALONE, **log)
    for path in ("/a/image.sbn", "/image.sbn", "/a/.image.sbn", "/a/image.loads", "/a/imago.sbn"):
        http.serve(path, IMAGE)
    for name, body in NO_LOADS.items():
        http.serve(f"/a/{name}.loads", body)
        asked = history.mark()
        web.upgrade(f"{http.url('/a/')}{name}.loads")
        within = soon(handset) + handset.timing.message
        history.expect(SyslogMessage, after=asked, text="failed", within=within)
        seen = [each.path for each in history.all(ProvisioningRequest, after=asked)]
        history.check("the files", seen=seen, due=[f"/a/{name}.loads"])
    history.expect_none(
        DhcpMessage, after=booted, direction=Direction.RECEIVED, kind="DISCOVER", within=60
    )
    check_load(history, handset, web, handset.identity.swver)


@needs("test_loads")
@requirement("upgrade.load")
@pytest.mark.parametrize("size", [1000, 1])
def test_all_the_files_that_a_load_names_are_fetched_in_turn_from_beside_it(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History, size: int
) -> None:
    bodies = {f"{number}.sbn": bytes([number]) * size for number in (2, 1, 3)}
    lines = [
        f"member {name} {size} {hashlib.sha256(body).hexdigest()}" for name, body in bodies.items()
    ]
    http.serve("/firmware/latest.loads", signed(FIRST, MODEL, VERSION, *lines))
    for name, body in bodies.items():
        http.serve(f"/firmware/{name}", body)
    rule = http.url("/firmware/latest.loads")
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, "/firmware/latest.loads")
    seen = [each.path for each in history.all(ProvisioningRequest, after=lease)]
    due = [f"/firmware/{name}" for name in ("latest.loads", "2.sbn", "1.sbn", "3.sbn")]
    history.check("the files", seen=seen, due=due)
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize("damaged", [1, 2], ids=["the-second", "the-last"])
def test_a_load_of_which_a_later_file_is_damaged_is_not_installed(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    damaged: int,
) -> None:
    bodies = [bytes([number]) * 1000 for number in range(3)]
    lines = [
        f"member {number}.sbn 1000 {hashlib.sha256(body).hexdigest()}"
        for number, body in enumerate(bodies)
    ]
    tftp.serve(PATH, signed(FIRST, MODEL, VERSION, *lines))
    for number, body in enumerate(bodies):
        right = number != damaged
        tftp.serve(f"/firmware/{number}.sbn", body if right else body[:-1] + b"\xff")
    rule = f"tftp://{tftp.address}{PATH}"
    log = {"Syslog_Server": syslog.address, "Log_Upgrade_Failure_Msg": "failed"}
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE, **log)
    within = soon(handset) + handset.timing.give_up
    history.expect(SyslogMessage, after=lease, text="failed", within=within)
    seen = [each.path for each in history.all(ProvisioningRequest, after=lease)]
    due = [PATH, *(f"/firmware/{number}.sbn" for number in range(damaged + 1))]
    history.check("the files", seen=seen, due=due, requirement="upgrade.load")
    history.expect_none(
        DhcpMessage, after=lease, direction=Direction.RECEIVED, kind="DISCOVER", within=300
    )
    check_load(history, handset, web, handset.identity.swver)


@needs("test_loads")
@requirement("upgrade.load")
def test_a_query_is_no_part_of_the_names_of_a_load_and_its_files(
    handset: HandsetControl, http: HttpEndpoint, web: PhoneWeb, history: History
) -> None:
    http.serve(PATH, GOOD)
    http.serve("/firmware/image.sbn", IMAGE)
    asked = idle_phone(history, handset, **ALONE)
    web.upgrade(f"{http.url('/firmware/')}{handset.identity.swver}.loads?from=/a/b")
    history.expect_none(ProvisioningRequest, after=asked, within=60)
    asked = history.mark()
    web.upgrade(f"{http.url(PATH)}?from=/a/b")
    expect_reboot(history, handset, asked)
    seen = [each.path for each in history.all(ProvisioningRequest, after=asked)]
    history.check("the files", seen=seen, due=[f"{PATH}?from=/a/b", "/firmware/image.sbn"])
    check_load(history, handset, web, NEWER)


@needs("test_loads")
@requirement("upgrade.install", "upgrade.load")
def test_a_load_whose_name_has_no_release_is_installed(
    handset: HandsetControl, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    tftp.serve("/x.loads", signed(FIRST, MODEL, "version sip7832.next", MEMBER))
    tftp.serve("/image.sbn", IMAGE)
    rule = f"tftp://{tftp.address}/x.loads"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    expect_upgrade(history, handset, lease, "/x.loads")
    check_load(history, handset, web, "sip7832.next")
