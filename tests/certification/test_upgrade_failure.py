"""Loads that must not be installed, and what a failed upgrade leaves: a phone that runs as before."""

from __future__ import annotations

import re

import pytest

from hil.clients.web import PhoneWeb
from hil.endpoints.dhcp import DhcpEndpoint
from hil.endpoints.faults import Close, Fault, Silence, Stall, Status, TftpError, Truncate
from hil.endpoints.http import HttpEndpoint
from hil.endpoints.syslog import SyslogEndpoint
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History
from hil.history.events import DhcpMessage, Direction, ProvisioningRequest, SyslogMessage
from hil.loads import Flaws
from hil.marks import needs, reading, requirement
from hil.testbed.control import HandsetControl
from hil.testing import boot_to_lease
from hil.testing.upgrades import check_load, expect_upgrade, serve_load

NEWER = "sip7832.11-3-2MPP0001-610"
IMAGE = f"/firmware/{NEWER}.sbn"
SIZE = 20_000
ALONE = {
    "Resync_On_Reset": "No",
    "Resync_After_Upgrade_Attempt": "No",
    "Upgrade_Error_Retry_Delay": "600",
    "Log_Upgrade_Request_Msg": "",
    "Log_Upgrade_Failure_Msg": "upgrade failed <$ERR>",
}


def expect_failure_and_repair(
    history: History,
    handset: HandsetControl,
    web: PhoneWeb,
    syslog: SyslogEndpoint,
    server: TftpEndpoint | HttpEndpoint,
    url: str,
) -> None:
    """The upgrade fails and leaves the phone as it is; once the load is good, the retry installs it."""
    rule = f"{url}/firmware/{NEWER}.loads"
    log = {"Syslog_Server": syslog.address}
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE, **log)
    failed = history.expect(
        SyslogMessage,
        after=lease,
        within=2 * handset.timing.give_up,
        text=re.compile("^upgrade failed <.+>$"),
    )
    history.expect_none(
        DhcpMessage, after=lease, direction=Direction.RECEIVED, kind="DISCOVER", within=300
    )
    check_load(history, handset, web, handset.identity.swver)
    server.reset()
    path = serve_load(server, NEWER)
    retry = history.expect(
        ProvisioningRequest,
        after=failed,
        path=path,
        within=600 + handset.timing.message + handset.timing.late,
        requirement="upgrade.error_retry_delay",
    )
    history.expect(DhcpMessage, after=retry, kind="ACK", within=handset.timing.restart)
    check_load(history, handset, web, NEWER)


# -- the file itself ---------------------------------------------------------------------------------


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize(
    ("model", "flaws"),
    [
        ("7832", Flaws(truncate=SIZE - 1)),
        ("7832", Flaws(truncate=0)),
        ("7832", Flaws(corrupt=0)),
        ("7832", Flaws(corrupt=SIZE - 1)),
        ("7832", Flaws(unsigned=True)),
        ("8832", Flaws()),
    ],
    ids=["cut-short", "empty", "first-octet", "last-octet", "unsigned", "another-model"],
)
def test_a_load_that_is_not_what_it_should_be_is_not_installed(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    model: str,
    flaws: Flaws,
) -> None:
    serve_load(tftp, NEWER, SIZE, model=model, flaws=flaws)
    url = f"tftp://{tftp.address}"
    expect_failure_and_repair(history, handset, web, syslog, tftp, url)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize("gone", [f"/firmware/{NEWER}.loads", IMAGE], ids=["loads", "image"])
def test_a_load_that_is_missing_by_tftp_is_not_installed(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    gone: str,
) -> None:
    serve_load(tftp, NEWER)
    tftp.remove(gone)
    url = f"tftp://{tftp.address}"
    expect_failure_and_repair(history, handset, web, syslog, tftp, url)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize("gone", [f"/firmware/{NEWER}.loads", IMAGE], ids=["loads", "image"])
def test_a_load_that_is_missing_by_http_is_not_installed(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    gone: str,
) -> None:
    serve_load(http, NEWER)
    http.inject(Status(404), name=gone)
    url = f"http://{http.address}"
    expect_failure_and_repair(history, handset, web, syslog, http, url)


# -- the way here ------------------------------------------------------------------------------------


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize(
    "fault",
    [Truncate(9000), Stall(9000), Silence(), TftpError(2), TftpError(0, block=5)],
    ids=["truncated", "stalled", "silent", "refused", "broken-off"],
)
def test_an_image_that_does_not_arrive_whole_by_tftp_is_not_installed(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    fault: Fault,
) -> None:
    serve_load(tftp, NEWER)
    tftp.inject(fault, name=IMAGE)
    url = f"tftp://{tftp.address}"
    expect_failure_and_repair(history, handset, web, syslog, tftp, url)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load")
@pytest.mark.parametrize(
    "fault",
    [Truncate(9000), Stall(9000), Close(9000), Status(503)],
    ids=["truncated", "stalled", "closed", "unavailable"],
)
def test_an_image_that_does_not_arrive_whole_by_http_is_not_installed(
    handset: HandsetControl,
    http: HttpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
    fault: Fault,
) -> None:
    serve_load(http, NEWER)
    http.inject(fault, name=IMAGE)
    url = f"http://{http.address}"
    expect_failure_and_repair(history, handset, web, syslog, http, url)


@needs("test_loads")
@reading(upgrade_reattempt="after-failure")
@requirement("upgrade.corrupt_load", "upgrade.error_retry_delay")
def test_a_server_that_is_silent_from_the_first_request_leaves_the_phone_as_it_is(
    handset: HandsetControl,
    tftp: TftpEndpoint,
    syslog: SyslogEndpoint,
    web: PhoneWeb,
    history: History,
) -> None:
    serve_load(tftp, NEWER)
    tftp.inject(Silence())
    url = f"tftp://{tftp.address}"
    expect_failure_and_repair(history, handset, web, syslog, tftp, url)


@needs("test_loads")
@requirement("upgrade.corrupt_load")
def test_a_failed_upgrade_does_not_keep_the_phone_from_another_load(
    handset: HandsetControl, dhcp: DhcpEndpoint, tftp: TftpEndpoint, web: PhoneWeb, history: History
) -> None:
    serve_load(tftp, NEWER, flaws=Flaws(corrupt=7))
    other = serve_load(tftp, "sip7832.11-0-1MPP-312")
    url = f"tftp://{tftp.address}"
    rule = f"{url}/firmware/{NEWER}.loads"
    lease = boot_to_lease(history, handset, Upgrade_Rule=rule, **ALONE)
    history.expect(ProvisioningRequest, after=lease, path=IMAGE, within=handset.timing.give_up)
    history.expect_none(
        DhcpMessage, after=lease, direction=Direction.RECEIVED, kind="DISCOVER", within=300
    )
    check_load(history, handset, web, handset.identity.swver)
    asked = history.mark()
    web.upgrade(f"{url}{other}")
    expect_upgrade(history, handset, asked, other)
    check_load(history, handset, web, "sip7832.11-0-1MPP-312")
