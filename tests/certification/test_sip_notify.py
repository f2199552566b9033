"""NOTIFYs that ask a phone to act: the challenge, the events, and what each of them leads to.

How a NOTIFY is refused is not published, so any final answer but a success will do; what counts is
that nothing follows from it.
"""

from __future__ import annotations

import pytest

from hil.endpoints.http import HttpEndpoint
from hil.endpoints.sip import SipEndpoint
from hil.endpoints.sip_inquiry import Final
from hil.endpoints.sip_settings import Shown
from hil.endpoints.tftp import TftpEndpoint
from hil.history import History, Moment
from hil.history.events import DhcpMessage, HttpRequest, ProvisioningRequest
from hil.marks import needs, quick, requirement
from hil.reference.profile_builder import flat_profile
from hil.testbed.control import HandsetControl
from hil.testing import expect_reboot, soon
from hil.testing.sip import account, boot, boot_registered, registered

QUIET_S = 300.0
"""How long a phone is watched for what it must not do."""


def obeyed(history: History, handset: HandsetControl, after: Moment, path: str) -> None:
    """Expect the resync that was asked for: a request for this file."""
    history.expect(ProvisioningRequest, after=after, within=soon(handset), path=path)


def left_alone(history: History, handset: HandsetControl, after: Moment) -> None:
    """Expect neither a resync nor a reboot."""
    history.expect_none(ProvisioningRequest, after=after, within=QUIET_S)
    history.expect_none(DhcpMessage, after=after, within=QUIET_S, kind="DISCOVER")


def accepted(history: History, final: Final) -> None:
    """Check the answer to a NOTIFY that is obeyed."""
    good = 200 <= final.status < 300
    history.check("the answer to the NOTIFY", seen=final.status, due="a success", passed=good)


def refused(history: History, final: Final) -> None:
    """Check the answer to a NOTIFY that is not."""
    good = final.status >= 300
    history.check("the answer to the NOTIFY", seen=final.status, due="a refusal", passed=good)


def rule(tftp: TftpEndpoint, path: str = "/own.xml") -> dict[str, str]:
    """A profile rule that names a file of the TFTP server's."""
    tftp.serve(path, flat_profile())
    return {"Profile_Rule": f"tftp://{tftp.address}{path}"}


@quick
@requirement("sip.notify")
@pytest.mark.parametrize("transport", ["UDP", "TCP", pytest.param("TLS", marks=needs("https"))])
def test_a_notify_is_challenged_and_obeyed_with_the_lines_credentials(
    handset: HandsetControl,
    sip: SipEndpoint,
    tftp: TftpEndpoint,
    history: History,
    transport: str,
) -> None:
    boot_registered(history, handset, sip, SIP_Transport_1_=transport, **rule(tftp))
    marked = history.mark()
    final = sip.notify("resync")
    history.check("whether it was challenged", seen=final.challenged, due=True)
    accepted(history, final)
    obeyed(history, handset, marked, "/own.xml")


@requirement("sip.notify")
@pytest.mark.parametrize("shown", [Shown.WRONG, Shown.NONE], ids=str)
@pytest.mark.parametrize("event", ["resync", "reboot_now", "report"])
def test_who_does_not_know_the_password_is_not_obeyed(
    handset: HandsetControl,
    sip: SipEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    history: History,
    event: str,
    shown: Shown,
) -> None:
    http.serve("/report", b"")
    report = {"Report_Rule": f"http://{http.address}/report"}
    boot_registered(history, handset, sip, **rule(tftp), **report)
    # After boot-up it reports by itself.
    history.sleep(handset.timing.boot)
    marked = history.mark()
    refused(history, sip.notify(event, credentials=shown))
    left_alone(history, handset, marked)


@requirement("sip.notify")
def test_auth_resync_reboot_no_obeys_without_credentials(
    handset: HandsetControl, sip: SipEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    values = {"Auth_Resync-Reboot_1_": "No"}
    boot_registered(history, handset, sip, **rule(tftp), **values)
    marked = history.mark()
    final = sip.notify("resync", credentials=Shown.NONE)
    history.check("whether it was challenged", seen=final.challenged, due=False)
    accepted(history, final)
    obeyed(history, handset, marked, "/own.xml")


@requirement("sip.notify")
def test_each_line_challenges_for_its_own_account(
    handset: HandsetControl, sip: SipEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    up = boot(history, handset, sip, **account(sip, 2), **rule(tftp))
    registered(history, handset, up, line=2)
    marked = history.mark()
    final = sip.notify("resync", line=2)
    history.check("whether it was challenged", seen=final.challenged, due=True)
    accepted(history, final)
    obeyed(history, handset, marked, "/own.xml")


@requirement("sip.notify")
def test_the_switch_of_one_line_is_not_that_of_the_other(
    handset: HandsetControl, sip: SipEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    switch = {"Auth_Resync-Reboot_1_": "No"}
    up = boot(history, handset, sip, **account(sip, 2), **rule(tftp), **switch)
    registered(history, handset, up, line=2)
    marked = history.mark()
    refused(history, sip.notify("resync", line=2, credentials=Shown.NONE))
    left_alone(history, handset, marked)


@requirement("sip.notify")
@pytest.mark.parametrize(
    "event",
    [
        "resync;profile={}",
        'resync;profile="{}"',
        "resync ; profile = {}",
        "resync;id=7;profile={}",
    ],
    ids=["bare", "quoted", "with blanks", "after another parameter"],
)
def test_the_profile_of_a_resync_event_is_fetched(
    handset: HandsetControl,
    sip: SipEndpoint,
    tftp: TftpEndpoint,
    http: HttpEndpoint,
    history: History,
    event: str,
) -> None:
    """A parameter of the Event header is written by RFC 3261 section 25.1: gen-value, EQUAL."""
    http.serve("/named.xml", flat_profile())
    boot_registered(history, handset, sip, **rule(tftp))
    marked = history.mark()
    accepted(history, sip.notify(event.format(f"http://{http.address}/named.xml")))
    obeyed(history, handset, marked, "/named.xml")
    own = [each.path for each in history.all(ProvisioningRequest, after=marked)]
    history.check("what is fetched", seen=own, due=["/named.xml"])


@quick
@requirement("sip.notify")
@pytest.mark.parametrize("event", ["reboot_now", "restart_now"])
def test_an_event_that_asks_for_a_reboot_reboots_the_phone(
    handset: HandsetControl, sip: SipEndpoint, history: History, event: str
) -> None:
    boot_registered(history, handset, sip)
    marked = history.mark()
    accepted(history, sip.notify(event))
    expect_reboot(history, handset, marked)


@requirement("sip.notify")
@pytest.mark.parametrize("event", ["reboot_now", "restart_now"])
def test_resync_from_sip_no_is_about_resyncs_alone(
    handset: HandsetControl, sip: SipEndpoint, history: History, event: str
) -> None:
    boot_registered(history, handset, sip, Resync_From_SIP="No")
    marked = history.mark()
    accepted(history, sip.notify(event))
    expect_reboot(history, handset, marked)


@requirement("sip.notify")
def test_a_report_event_has_the_phone_report(
    handset: HandsetControl, sip: SipEndpoint, http: HttpEndpoint, history: History
) -> None:
    http.serve("/report", b"")
    boot_registered(history, handset, sip, Report_Rule=f"http://{http.address}/report")
    # After boot-up it reports by itself.
    history.sleep(handset.timing.boot)
    marked = history.mark()
    accepted(history, sip.notify("report"))
    history.expect(HttpRequest, after=marked, within=soon(handset), path="/report")


@requirement("sip.notify")
@pytest.mark.parametrize(
    "event", ["resync_later", "reboot", "message-summary", "resync-now;profile=x", "x-unknown"]
)
def test_an_event_that_is_unknown_has_no_effect(
    handset: HandsetControl, sip: SipEndpoint, tftp: TftpEndpoint, history: History, event: str
) -> None:
    boot_registered(history, handset, sip, **rule(tftp))
    marked = history.mark()
    sip.notify(event)
    left_alone(history, handset, marked)


@requirement("sip.check_sync", "sip.notify")
def test_check_sync_resyncs_if_the_phone_knows_it(
    handset: HandsetControl, sip: SipEndpoint, tftp: TftpEndpoint, history: History
) -> None:
    """Whether it does is not published; its answer says so, and it does what its answer says."""
    boot_registered(history, handset, sip, **rule(tftp))
    marked = history.mark()
    final = sip.notify("check-sync")
    if 200 <= final.status < 300:
        obeyed(history, handset, marked, "/own.xml")
    else:
        left_alone(history, handset, marked)
